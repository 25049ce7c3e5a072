"""What several proposals contest, one verdict on many of them, and the way back."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.review.build import LATER, NOW, SKILL, edited, make_library, proposal_on
from workbench.domain.proposal import Change, Gate
from workbench.review.contests import Contest, Footprints, contests
from workbench.review.queue import Queue, Wanted, age, queue_of, sorted_entries
from workbench.review.session import open_review
from workbench.review.triage import Order, carry_out, take_back, take_none, take_side
from workbench.store.proposals import ProposalStore

PATH = "demo/SKILL.md"


def ann(_library: Path) -> str:
    return "Ann <ann@x.invalid>"


class Desk:
    """A store with proposals on one library."""

    def __init__(self, folder: Path) -> None:
        self.library = make_library(folder / "library", {PATH: SKILL}, repository=False)
        self.store = ProposalStore(folder / "store")
        self.footprints = Footprints()

    def propose(self, name: str, *changes: Change, **gate: object) -> str:
        made = proposal_on(self.library, changes, name=name)
        made = msgspec.structs.replace(made, gate=Gate(**gate))  # type: ignore[arg-type]
        return self.store.add(made).id

    def rewrite(self, name: str, *pairs: tuple[bytes, bytes], **gate: object) -> str:
        new = SKILL
        for old, text in pairs:
            assert old in new
            new = new.replace(old, text)
        return self.propose(name, edited(PATH, new), **gate)

    def contests(self) -> tuple[Contest, ...]:
        return contests(self.store, self.store.list(), self.footprints)

    def queue(self) -> Queue:
        return queue_of(self.store, self.store.list(), self.footprints)

    def verdicts(self, name: str) -> dict[str, str]:
        decision = open_review(self.store, name).decision
        return {one.hunk: one.verdict for one in decision.verdicts} if decision else {}


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


def test_the_same_lines_are_contested_and_other_lines_are_not(desk: Desk) -> None:
    desk.rewrite("a", (b"1. One", b"1. Uno"), (b"Last line.", b"Last words."))
    desk.rewrite("b", (b"1. One\n2. Two", b"1. Eins\n2. Zwei"))
    desk.rewrite("c", (b"First line.", b"Primo."))
    (contest,) = desk.contests()
    assert (contest.path, contest.start, contest.end) == (PATH, 11, 12)
    assert contest.base_lines == ("1. One\n", "2. Two\n")
    assert {side.proposal: side.lines for side in contest.sides} == {
        "a": ("1. Uno\n", "2. Two\n"),
        "b": ("1. Eins\n", "2. Zwei\n"),
    }
    assert not contest.agreed
    entries = {one.proposal.id: one for one in desk.queue().entries}
    assert {name: one.contested for name, one in entries.items()} == {"a": 1, "b": 1, "c": 0}
    assert entries["a"].rivals == ("b",)
    assert (entries["a"].added, entries["a"].removed) == (2, 2)


def test_two_additions_at_one_place_are_contested(desk: Desk) -> None:
    desk.rewrite("a", (b"Last line.\n", b"Last line.\n- One note\n"))
    desk.rewrite("b", (b"Last line.\n", b"Last line.\n- Another\n"))
    (contest,) = desk.contests()
    assert contest.base_lines == ()
    assert [side.lines for side in contest.sides] == [("- One note\n",), ("- Another\n",)]


def test_an_addition_beside_a_replaced_line_is_contested(desk: Desk) -> None:
    desk.rewrite("a", (b"2. Two\n", b"2. Zwei\n"))
    desk.rewrite("b", (b"2. Two\n", b"2. Two\n2b. Half\n"))
    desk.rewrite("c", (b"First line.\n", b"Primo.\n"))
    (contest,) = desk.contests()
    assert {side.proposal for side in contest.sides} == {"a", "b"}
    assert contest.sides[1].lines == ("2. Two\n", "2b. Half\n")


def test_the_same_change_by_two_engines_is_told_as_agreement(desk: Desk) -> None:
    desk.rewrite("a", (b"1. One", b"1. Uno"))
    desk.rewrite("b", (b"1. One", b"1. Uno"))
    (contest,) = desk.contests()
    assert contest.agreed


def test_a_deleted_file_contests_every_change_in_it(desk: Desk) -> None:
    desk.rewrite("a", (b"1. One", b"1. Uno"))
    desk.propose("b", Change("c1", PATH, "delete"))
    (contest,) = desk.contests()
    assert contest.whole
    assert {side.proposal for side in contest.sides} == {"a", "b"}
    what = {side.proposal: side.what for side in contest.sides}
    assert what["a"] == ""
    assert "delete" in what["b"].casefold()


def test_two_proposals_that_make_one_file_contest_it(desk: Desk) -> None:
    desk.propose("a", edited("demo/more.md", "one\n"))
    desk.propose("b", edited("demo/more.md", "two\n"))
    (contest,) = desk.contests()
    assert [side.lines for side in contest.sides] == [("one\n",), ("two\n",)]


def test_what_is_applied_rejected_or_based_on_another_version_contests_nothing(
    desk: Desk,
) -> None:
    desk.rewrite("a", (b"1. One", b"1. Uno"))
    desk.rewrite("b", (b"1. One", b"1. Eins"))
    proposal = desk.store.get("b")
    for status in ("applied", "rejected", "reverted"):
        desk.store.update(msgspec.structs.replace(proposal, status=status))
        assert desk.contests() == ()
    desk.store.update(proposal)
    assert len(desk.contests()) == 1
    (desk.library / PATH).write_bytes(SKILL.replace(b"# Demo", b"# Demonstration"))
    desk.rewrite("c", (b"1. One", b"1. Une"))
    assert [{side.proposal for side in one.sides} for one in desk.contests()] == [{"a", "b"}]


def test_taking_a_side_rejects_the_others_with_a_reason_and_can_be_taken_back(
    desk: Desk,
) -> None:
    desk.rewrite("a", (b"1. One", b"1. Uno"), (b"Last line.", b"Last words."))
    desk.rewrite("b", (b"1. One", b"1. Eins"))
    desk.rewrite("c", (b"1. One", b"1. Une"))
    (contest,) = desk.contests()
    taken = next(side for side in contest.sides if side.proposal == "a")
    done = carry_out(desk.store, take_side(contest, taken), sign=ann, now=NOW)
    assert done.problems == ()
    assert list(desk.verdicts("a").values()) == ["accept"]
    assert list(desk.verdicts("b").values()) == ["reject"]
    decision = open_review(desk.store, "c").decision
    assert decision is not None
    assert [(one.reason, one.comment) for one in decision.verdicts] == [
        ("duplicate", "The version of proposal a was taken.")
    ]
    assert [one.contested for one in desk.queue().entries] == [0, 0, 0]
    back = take_back(desk.store, done.before, sign=ann, now=LATER)
    assert back.problems == ()
    assert [desk.verdicts(name) for name in "abc"] == [{}, {}, {}]
    assert [one.status for one in desk.store.list()] == ["pending"] * 3
    assert [one.contested for one in desk.queue().entries] == [1, 1, 1]


def test_turning_all_sides_down(desk: Desk) -> None:
    desk.rewrite("a", (b"1. One", b"1. Uno"))
    desk.rewrite("b", (b"1. One", b"1. Eins"))
    (contest,) = desk.contests()
    done = carry_out(desk.store, take_none(contest, "wrong"), sign=ann, now=NOW)
    assert done.problems == ()
    assert [one.status for one in desk.store.list()] == ["rejected", "rejected"]


def test_one_that_cannot_be_decided_on_stops_no_other(desk: Desk) -> None:
    for name in "abc":
        desk.rewrite(name, (b"1. One", b"1. Uno"))
    desk.store.update(msgspec.structs.replace(desk.store.get("b"), status="applied"))
    orders = [Order(name, "reject", (), "style", "Too long") for name in ("a", "b", "c", "gone")]
    done = carry_out(desk.store, orders, sign=ann, now=NOW)
    assert [one.proposal for one in done.before] == ["a", "c"]
    assert len(done.problems) == 2
    assert "is applied" in done.problems[0]
    assert "gone" in done.problems[1]
    assert [one.status for one in desk.store.list()] == ["rejected", "applied", "rejected"]


def test_rejecting_a_heading_rejects_what_was_accepted_below_it(desk: Desk) -> None:
    new = SKILL + b"\n## More\n\n- A note\n"
    changes = (
        Change("c1", PATH, "edit", new.decode()),
        Change("c2", PATH, "edit", (new + b"- Another\n").decode(), depends_on=("c1",)),
    )
    try:
        desk.propose("a", *changes)
        review = open_review(desk.store, "a")
    except Exception:  # pragma: no cover - says what the fixture made
        raise
    dependent = [hunk for hunk in review.hunks if hunk.depends_on]
    assert dependent, [hunk.id for hunk in review.hunks]
    carry_out(desk.store, [Order("a", "accept")], sign=ann, now=NOW)
    (needed,) = dependent[0].depends_on
    done = carry_out(desk.store, [Order("a", "reject", (needed,), "wrong")], sign=ann, now=LATER)
    assert done.problems == ()
    assert set(desk.verdicts("a").values()) == {"reject"}


def test_what_another_reviewer_said_later_does_not_hide_what_depends_on_a_rejected_hunk(
    desk: Desk,
) -> None:
    new = SKILL + b"\n## More\n\n- A note\n"
    desk.propose(
        "a",
        Change("c1", PATH, "edit", new.decode()),
        Change("c2", PATH, "edit", (new + b"- Another\n").decode(), depends_on=("c1",)),
    )
    carry_out(desk.store, [Order("a", "accept")], sign=ann, now=NOW)
    carry_out(desk.store, [Order("a", "defer")], sign=lambda _: "Ben <ben@x.invalid>", now=LATER)
    review = open_review(desk.store, "a")
    (needed,) = next(hunk.depends_on for hunk in review.hunks if hunk.depends_on)
    order = Order("a", "reject", (needed,), "wrong")
    assert carry_out(desk.store, [order], sign=ann, now=LATER).problems == ()
    assert set(desk.verdicts("a").values()) == {"reject"}


def test_a_proposal_that_cannot_be_read_is_listed_with_why(desk: Desk) -> None:
    desk.propose("a", edited("../outside.md", "x"))
    (entry,) = desk.queue().entries
    assert "outside.md" in entry.problem
    assert entry.contested == 0


def test_filters_and_orders(desk: Desk) -> None:
    desk.rewrite("a", (b"1. One", b"1. Uno"), level="promising", repairs=2, regressions=1)
    desk.rewrite("b", (b"1. One", b"1. Eins"), level="supported", repairs=2, regressions=0)
    desk.rewrite("c", (b"First line.\n", b"1\n2\n3\n"))
    queue = desk.queue()

    def names(wanted: Wanted) -> list[str]:
        return [one.proposal.id for one in queue.entries if wanted.holds(one)]

    assert names(Wanted()) == ["a", "b", "c"]
    assert names(Wanted(levels=("supported",))) == ["b"]
    assert names(Wanted(contested=True)) == ["a", "b"]
    assert names(Wanted(statuses=("rejected",))) == []
    assert names(Wanted(words="demo/skill SAY")) == ["a", "b", "c"]
    assert names(Wanted(words="demo/skill zebra")) == []
    assert names(Wanted(engines=("nobody",))) == []
    order = {
        by: [one.proposal.id for one in sorted_entries(queue.entries, by)]  # type: ignore[arg-type]
        for by in ("level", "repairs", "largest", "smallest")
    }
    assert order["level"] == ["b", "a", "c"]
    assert order["repairs"] == ["b", "a", "c"]
    assert order["largest"][0] == "c"
    assert order["smallest"][-1] == "c"


@pytest.mark.parametrize(
    ("created", "words"),
    [
        ("2026-03-01T09:59:30+00:00", "0 min"),
        ("2026-03-01T09:15:00+00:00", "45 min"),
        ("2026-03-01T07:00:00+00:00", "3 h"),
        ("2026-02-26T10:00:00", "3 d"),
        ("2026-02-01T10:00:00Z", "4 w"),
        ("2024-02-01T10:00:00+00:00", "2 y"),
        ("2027-01-01T10:00:00+00:00", "0 min"),
        ("yesterday", ""),
    ],
)
def test_age_in_a_few_letters(created: str, words: str) -> None:
    assert age(created, NOW) == words


LINES = [f"line {number}\n" for number in range(8)]


@given(
    st.lists(
        st.lists(st.sampled_from(["same", "drop", "swap", "add"]), min_size=8, max_size=8),
        min_size=2,
        max_size=4,
    )
)
def test_what_is_not_contested_merges_without_conflict(
    tmp_path_factory: pytest.TempPathFactory, plans: list[list[str]]
) -> None:
    """The three-way merge and the contests agree on what collides."""
    from workbench.review.text_diff.diff import three_way

    folder = tmp_path_factory.mktemp("contest")
    library = make_library(folder / "library", {PATH: "".join(LINES).encode()}, repository=False)
    store = ProposalStore(folder / "store")
    texts: dict[str, list[str]] = {}
    for number, plan in enumerate(plans):
        new: list[str] = []
        for line, act in zip(LINES, plan, strict=True):
            new += {"same": [line], "drop": [], "swap": [f"{number} for {line}"]}.get(
                act, [line, f"{number} after {line}"]
            )
        if new != LINES:
            store.add(proposal_on(library, [edited(PATH, "".join(new))], name=f"p{number}"))
            texts[f"p{number}"] = new
    found = contests(store, store.list(), Footprints())
    rivals = {
        (first.proposal, second.proposal)
        for one in found
        for first in one.sides
        for second in one.sides
    }
    for first, left in texts.items():
        for second, right in texts.items():
            if first < second and (first, second) not in rivals:
                regions = three_way(tuple(LINES), tuple(left), tuple(right))
                clash = [one for one in regions if one.kind == "conflict"]
                assert not clash, (first, second)


@pytest.mark.parametrize("path", ["../outside.md", ".git/hooks/post-commit"])
def test_what_cannot_be_shown_is_rejected_as_a_whole_and_never_accepted(
    desk: Desk, path: str
) -> None:
    name = desk.propose("escape", Change("c1", path, "write", "x\n"))
    (entry,) = desk.queue().entries
    assert path in entry.problem
    refused = carry_out(desk.store, [Order(name, "accept")], sign=ann, now=NOW)
    assert refused.before == ()
    assert path in refused.problems[0]
    done = carry_out(desk.store, [Order(name, "reject", (), "unsafe")], sign=ann, now=NOW)
    assert done.problems == ()
    assert desk.store.get(name).status == "rejected"
    assert desk.store.decisions(name)[-1].verdicts[0].reason == "unsafe"
    take_back(desk.store, done.before, sign=ann, now=LATER)
    assert desk.store.get(name).status == "pending"


def test_an_open_proposal_is_stale_in_the_queue_while_its_files_are_others(desk: Desk) -> None:
    name = desk.rewrite("a", (b"1. One", b"1. Uno"))
    other = desk.propose("b", Change("c1", "demo/new.md", "write", "new\n"))
    file = desk.library / PATH

    def told() -> dict[str, tuple[str, tuple[str, ...]]]:
        return {one.proposal.id: (one.status, one.stale) for one in desk.queue().entries}

    assert told() == {name: ("pending", ()), other: ("pending", ())}
    file.write_bytes(SKILL.replace(b"2. Two", b"2. Zwei"))
    assert told()[name] == ("stale", (PATH,))
    assert [Wanted(statuses=("stale",)).holds(one) for one in desk.queue().entries] == [True, False]
    file.write_bytes(SKILL)
    assert told()[name] == ("pending", ())
    file.unlink()
    file.symlink_to(desk.library / "elsewhere.md")
    (desk.library / "demo" / "new.md").write_text("mine")
    assert told() == {name: ("stale", (PATH,)), other: ("stale", ("demo/new.md",))}
    desk.store.update(msgspec.structs.replace(desk.store.get(name), status="rejected"))
    assert told()[name] == ("rejected", ())


def test_without_its_library_a_proposal_is_not_called_stale(desk: Desk) -> None:
    desk.rewrite("a", (b"1. One", b"1. Uno"))
    desk.library.rename(desk.library.with_name("moved"))
    assert [one.status for one in desk.queue().entries] == ["pending"]


def test_proposals_made_at_once_are_in_the_order_of_their_titles(desk: Desk) -> None:
    for name, title in (("x", "Apples"), ("a", "pears"), ("m", "Plums")):
        made = desk.store.get(desk.rewrite(name, (b"1. One", b"1. Uno")))
        draft = msgspec.structs.replace(made.draft, title=title)
        desk.store.update(msgspec.structs.replace(made, draft=draft, created=NOW))
    titles = [one.proposal.draft.title for one in sorted_entries(desk.queue().entries, "newest")]
    assert titles == ["Plums", "pears", "Apples"]
