"""Comments on lines and tests of selections travel with a team's queue."""

from __future__ import annotations

from pathlib import Path

import pytest
from msgspec.structs import replace

from tests.unit.review.build import LATER, git
from tests.unit.review.test_queue_from_others import write
from tests.unit.review.two_people import ANN, BEN, Person, two_people
from workbench.domain.comment import CommentRecord
from workbench.domain.proposal import Gate, HunkVerdict
from workbench.domain.selection_test import SelectionTest
from workbench.review.applying.apply import apply_decision
from workbench.review.applying.revert import revert
from workbench.review.comments import (
    anchor_at,
    begun,
    file_sides,
    keep_record,
    replied,
    resolved,
    rewritten,
    said_of,
)
from workbench.review.contests import Footprints
from workbench.review.plan import ReviewProblem
from workbench.review.queue import queue_of
from workbench.review.rules.policy import POLICY_FILE, read_policy
from workbench.review.sharing.layout import comment_path
from workbench.review.sharing.layout import test_path as path_of_test
from workbench.review.sharing.said import share_comment, share_test
from workbench.review.tested import hunk_tests, standing_gate, standing_test
from workbench.store.transport import Call

MINUTE = "2026-03-01T10:{:02}:00.000000+00:00"


@pytest.fixture
def people(tmp_path: Path) -> tuple[Person, Person]:
    ann, ben = two_people(tmp_path)
    ann.share()
    ben.share()
    ann.propose()
    ann.sync(["p1"])
    ben.sync()
    return ann, ben


def comment(person: Person, text: str, minute: int = 1) -> CommentRecord:
    sides = file_sides(person.review())
    anchor = anchor_at(sides, "demo/SKILL.md", "new", 7)
    made = begun(anchor, text, author=person.reviewer, now=MINUTE.format(minute))
    return keep_record(person.store, "p1", made)


def said(person: Person) -> list[tuple[str, str]]:
    return [
        (one.author, one.text)
        for placed in said_of(person.review())
        for one in placed.thread.comments
        if not one.deleted
    ]


def test_two_people_talk_about_a_line_and_settle_it(people: tuple[Person, Person]) -> None:
    ann, ben = people
    comment(ann, "Why better?")
    sent = ann.sync().sent
    assert [path.split("/")[2] for path in sent] == ["comments"]
    taken = ben.sync().taken
    assert (taken.comments, taken.problems) == ((("p1", ANN),), ())

    (placed,) = said_of(ben.review())
    assert (placed.line, placed.thread.anchor.text) == (7, "A better line.")
    answer = replied(placed.thread, "Shorter.", author=BEN, now=MINUTE.format(2))
    keep_record(ben.store, "p1", answer)
    keep_record(ben.store, "p1", resolved(placed.thread, author=BEN, now=MINUTE.format(3)))
    ben.sync()
    assert ann.sync().taken.comments == (("p1", BEN), ("p1", BEN))
    assert said(ann) == said(ben) == [(ANN, "Why better?"), (BEN, "Shorter.")]
    assert said_of(ann.review())[0].thread.resolved_by == BEN
    # Everything is there on both sides now.
    assert (ann.sync().sent, ben.sync().taken.comments) == ((), ())


def test_words_of_both_said_at_once_are_all_kept(people: tuple[Person, Person]) -> None:
    ann, ben = people
    comment(ann, "One thing.", 1)
    comment(ben, "Another thing.", 1)
    ann.sync()
    ben.sync()
    ann.sync()
    assert sorted(said(ann)) == sorted(said(ben)) == [(ANN, "One thing."), (BEN, "Another thing.")]


def test_keys_addresses_and_folders_in_comments_and_tests_stay_here(
    people: tuple[Person, Person],
) -> None:
    ann, _ = people
    key = f"sk-ant-api03-{'Ab3' * 31}-AAAAAA"
    comment(ann, f"See {ann.library}/x and /home/annika/y; ask bob@corp.com; {key}")
    ann.store.add_test(of_all(ann, problems=(f"No runner in /home/annika/run: {key}",)))
    more = ann.queue.publication(())
    assert sorted(one.kind for one in more.files) == ["comment", "test"]
    text = "".join(one.text or "" for one in more.files)
    for own in (str(ann.folder), "annika", "bob@corp.com", "sk-ant-api03"):
        assert own not in text, own
    # Who says it is part of it.
    assert "ann@example.org" in text
    assert dict(more.replaced)["folder"] == 1
    assert sorted(ann.sync().sent) == sorted(more.contents)
    assert ann.sync().sent == ()


def of_all(person: Person, level: str = "supported", **more: object) -> SelectionTest:
    """Return a test of everything the proposal asks for."""
    review = person.review()
    verdicts = [HunkVerdict(hunk.id, "accept") for hunk in review.hunks]
    content = review.result(verdicts).content_hash
    gate = Gate(level, "weighted", ("3 repairs",), 3, 0, 9)
    test = SelectionTest("p1", content, gate, MINUTE.format(5), person.reviewer)
    return replace(test, hunks=tuple(hunk.id for hunk in review.hunks), **more)


def test_what_tasks_said_elsewhere_is_told_and_counts_for_nothing(
    people: tuple[Person, Person],
) -> None:
    ann, ben = people
    ann.store.add_test(of_all(ann))
    ann.sync()
    assert ben.sync().taken.tests == (("p1", ANN),)
    ann_review, review = ann.review(), ben.review()
    verdicts = [HunkVerdict(hunk.id, "accept") for hunk in review.hunks]
    assert standing_gate(ann_review, verdicts).level == "supported"

    gate = standing_gate(review, verdicts)
    assert (gate.level, gate.repairs) == ("not_evaluated", 3)
    told = "Ann Author, on their machine on 2026-03-01, found it supported; that was not run here."
    assert gate.reasons[0] == told
    # It is of exactly that selection, and neither it nor its hunks were tested here.
    assert told not in standing_gate(review, verdicts[:1]).reasons
    assert standing_test(review, verdicts) is None
    assert hunk_tests(review, verdicts) == {}
    ben.decide("accept", "accept", minute=6)
    (entry,) = queue_of(ben.store, ben.store.list(), Footprints()).entries
    assert entry.gate.level == "not_evaluated"
    # Ben's own test counts, and does not travel back as Ann's.
    ben.store.add_test(of_all(ben, "promising"))
    assert standing_gate(review, verdicts).level == "promising"
    ben.sync()
    assert ann.sync().taken.tests == (("p1", BEN),)
    assert standing_gate(ann_review, verdicts).level == "supported"


def test_a_level_that_is_only_said_satisfies_no_policy(people: tuple[Person, Person]) -> None:
    ann, ben = people
    ann.store.add_test(of_all(ann))
    ann.sync()
    ben.sync()
    path = ben.library / POLICY_FILE
    path.parent.mkdir(exist_ok=True)
    path.write_text('[gate]\nlevel = "promising"\n')
    git(ben.root, "add", "--all", "skills")
    git(ben.root, "commit", "--quiet", "--message=rules")
    ben.decide("accept", "accept", minute=6)
    with pytest.raises(ReviewProblem, match="found it supported; that was not run here"):
        apply_decision(ben.store, ben.history, "p1", now=LATER)


def test_nobody_puts_words_into_anothers_mouth(people: tuple[Person, Person]) -> None:
    ann, ben = people
    own = comment(ann, "I am against it.")
    ann.sync()
    ben.sync()
    (placed,) = said_of(ben.review())
    forged = rewritten(
        placed.thread, placed.thread.comments[0], "I am for it.", author=ANN, now=MINUTE.format(9)
    )
    place = ben.queue.place
    false = replace(forged, id="e" * 32, author="Eve <eve@example.org>")
    deletion = replace(false, id="d" * 32, act="delete", text="", anchor=None)
    for record in (false, deletion, forged):
        path = comment_path("p1", record)
        write(ben, {path: share_comment(record, "p1", place).data})
    taken = ann.sync().taken
    assert len(taken.comments) == 3
    # What Eve signed as herself changes nothing of Ann's; what she signed as Ann is said.
    assert (ANN, "I am for it.") in said(ann)
    assert [one for one in taken.problems if "signed Ann Author" in one] == [
        "The comment on p1 signed Ann Author <ann@example.org> was put into the queue by "
        "eve@example.org. Ask whether it is theirs."
    ]
    assert own.text == ann.store.comments("p1")[0].text


def test_what_a_foreign_record_must_not_be_is_left_out(people: tuple[Person, Person]) -> None:
    ann, ben = people
    own = comment(ann, "Fine.")
    place = ann.queue.place
    assert own.anchor is not None
    odd = {
        "its place leaves": replace(own, id="1" * 32, anchor=replace(own.anchor, path="../x")),
        "no time": replace(own, id="2" * 32, time="9999"),
        "another zone": replace(own, id="3" * 32, time="2026-03-01T12:00:00+02:00"),
        "nobody": replace(own, id="4" * 32, author=" "),
        "no id": replace(own, id="../5"),
        "endless": replace(own, id="6" * 32, text="x" * 200_000),
    }
    files = {comment_path("p1", one): share_comment(one, "p1", place).data for one in odd.values()}
    good = replace(own, id="7" * 32)
    files[comment_path("p1", good)] = share_comment(own, "p1", place).data  # another's name
    files["proposals/p1/comments/20260301T100000Z-00-0000000000000000.json"] = b"{"
    bad_test = replace(of_all(ann), time="soon")
    files[path_of_test(bad_test)] = share_test(bad_test, place).data
    write(ann, files)
    taken = ben.sync().taken
    assert (taken.comments, taken.tests) == ((), ())
    assert len(taken.problems) == len(files)
    assert all("was left out" in one or "no file of a queue" in one for one in taken.problems)
    assert said(ben) == []


def test_two_people_on_two_machines_approve_what_the_rules_ask_two_for(
    people: tuple[Person, Person],
) -> None:
    ann, ben = people
    path = ann.library / POLICY_FILE
    path.parent.mkdir(exist_ok=True)
    path.write_text("[approvals]\npeople = 2\n")
    git(ann.root, "add", f"skills/{POLICY_FILE}")
    git(ann.root, "commit", "--quiet", "--message=rules")
    git(ann.root, "push", "--quiet")
    git(ben.root, "pull", "--quiet")
    rules = {person: read_policy(person.library).policy.hash for person in people}
    assert len(set(rules.values())) == 1

    def approve(person: Person, minute: int) -> None:
        review = person.review()
        verdicts = [HunkVerdict(hunk.id, "accept") for hunk in review.hunks]
        person.keep(review, verdicts, minute, policy=rules[person])
        person.sync()

    approve(ann, 1)
    with pytest.raises(ReviewProblem, match="approv"):
        apply_decision(ann.store, ann.history, "p1", now=LATER)
    ben.sync()
    approve(ben, 2)
    ann.sync()
    receipt = apply_decision(ann.store, ann.history, "p1", now=LATER)
    assert set(receipt.approvals) == {ANN, BEN}
    # On the other machine the same two words count as well.
    again = apply_decision(ben.store, ben.history, "p1", now=LATER)
    assert set(again.approvals) == {ANN, BEN}


def test_whoever_knows_of_the_other_comes_after_them_whatever_the_clock_says(
    people: tuple[Person, Person],
) -> None:
    ann, ben = people
    # Ann's clock is most of an hour ahead.
    ann.decide("accept", "accept", minute=50)
    first = comment(ann, "Take it.", 51)
    ann.sync()
    ben.sync()
    (thread,) = [one.thread for one in said_of(ben.review())]
    settled = keep_record(ben.store, "p1", resolved(thread, author=BEN, now=MINUTE.format(2)))
    assert settled.time > first.time
    answer = ben.decide("accept", "accept", minute=3)
    assert answer.time > ann.store.decisions("p1")[-1].time
    assert ben.store.decisions("p1")[-1] == ben.review().decision == answer
    ahead = "2026-03-01T12:00:00.000000+00:00"
    apply_decision(ann.store, ann.history, "p1", now=ahead)
    git(ann.root, "push", "--quiet")
    ann.sync()
    ben.sync()
    git(ben.root, "pull", "--quiet")
    assert ben.store.get("p1").status == "applied"


def test_a_revert_by_a_slow_clock_is_known_everywhere(people: tuple[Person, Person]) -> None:
    ann, _ = people
    ann.decide("accept", "accept", minute=1)
    apply_decision(ann.store, ann.history, "p1", now="2026-03-01T12:00:00.000000+00:00")
    back = revert(
        ann.store, ann.history, "p1", now="2026-03-01T11:00:00.000000+00:00", reviewer=ANN
    )
    ends = [one for one in ann.store.receipts("p1") if one.state in ("committed", "reverted")]
    applied, reverted = ends
    assert applied.time < reverted.time == back.time


def test_what_says_it_is_of_days_to_come_is_left_out_until_the_clock_is_right(
    people: tuple[Person, Person],
) -> None:
    ann, ben = people
    ahead = replace(ben.decide("reject", "reject", minute=1), time="9999-12-31T23:59:59+00:00")
    ben.store.add_decision(ahead)
    ben.sync()
    now = MINUTE.format(30)
    taken = ann.queue.sync(Call(), reviewer=ANN, now=now).taken
    assert len(taken.decisions) == 1
    (told,) = taken.problems
    assert "more than a day ahead of the clock here" in told
    assert len(ann.store.decisions("p1")) == 1
    mine = replace(ahead, time="2026-03-01T20:00:00+00:00")
    ben.store.add_decision(mine)
    ben.sync()
    assert len(ann.queue.sync(Call(), reviewer=ANN, now=now).taken.decisions) == 1
