"""A split changes what can be taken by itself, and no byte of what is taken."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.review.build import NOW, SKILL, Bench, edited, git, make_library
from tests.unit.review.test_hunks import PATH, TEXTS, a_proposal, accept, hunks_between, reader
from workbench.domain.proposal import Change, Decision, Evidence, Gate, Hunk, HunkVerdict, Split
from workbench.review.applying.revert import revert
from workbench.review.compose import compose
from workbench.review.cutting import cut_before, paired, suggested_cuts
from workbench.review.decide import decide, gate_after, record, status_after
from workbench.review.hunks import finished, pieces_of
from workbench.review.merge import merge_stale, merged_proposal
from workbench.review.plan import ReviewProblem
from workbench.review.reviewers import in_force
from workbench.review.session import Review, open_review
from workbench.review.siblings import with_siblings
from workbench.review.splits import carried, divided, with_split, without_split
from workbench.review.text_diff.diff import split_lines

ANN = "Ann <ann@example.invalid>"


def parts_of(base: bytes | None, new: str, *splits: Split) -> tuple[Hunk, ...]:
    proposal = a_proposal(base, Change("c", PATH, "write", new))
    division = divided(pieces_of(proposal, reader(base)), splits)
    assert not division.problems
    return with_siblings(finished(proposal, division.owned))


def drawn_splits(data: st.DataObject, hunks: tuple[Hunk, ...]) -> tuple[Split, ...]:
    """Cut each hunk at random: any staircase from its first lines to its last."""
    splits: list[Split] = []
    for hunk in hunks:
        n, m = len(hunk.base_lines), len(hunk.new_lines)
        if n + m < 2:
            continue
        steps = data.draw(st.permutations([(1, 0)] * n + [(0, 1)] * m))
        places = [(0, 0)]
        for down, along in steps:
            places.append((places[-1][0] + down, places[-1][1] + along))
        cuts = sorted({place for place in places[1:-1] if data.draw(st.booleans())})
        if cuts:
            splits.append(Split(hunk.id, tuple(cuts)))
    return tuple(splits)


def with_needs(hunks: Iterable[Hunk], picked: list[Hunk]) -> list[Hunk]:
    by_id = {hunk.id: hunk for hunk in hunks}
    chosen: set[str] = set()
    wanted = [hunk.id for hunk in picked]
    while wanted:
        name = wanted.pop()
        if name not in chosen:
            chosen.add(name)
            wanted += by_id[name].depends_on
    return [hunk for hunk in by_id.values() if hunk.id in chosen]


@given(st.none() | TEXTS, TEXTS, st.data())
@settings(max_examples=300, deadline=None)
def test_all_parts_make_the_proposal_none_the_base_and_some_with_the_rest_all(base, new, data):
    old = None if base is None else base.encode()
    proposal = a_proposal(old, Change("c", PATH, "write", new))
    read = reader(old)
    pieces = pieces_of(proposal, read)
    wholes = finished(proposal, pieces.owned)
    splits = drawn_splits(data, wholes)
    hunks = finished(proposal, divided(pieces, splits).owned)
    assert len({hunk.id for hunk in hunks}) == len(hunks)
    assert len(hunks) == len(wholes) + sum(len(split.at) for split in splits)

    def files(chosen: list[Hunk] | tuple[Hunk, ...]):
        return compose(proposal, hunks, accept(chosen), read).files

    assert files(hunks) == compose(proposal, wholes, accept(wholes), read).files
    assert files([]) == ()
    chosen = {hunk.id for hunk in hunks if data.draw(st.booleans())}
    made = files([hunk for hunk in hunks if hunk.id in chosen])
    lines = list(split_lines(base or ""))
    for first in (True, False):
        shift = 0
        for hunk in hunks:
            if (hunk.id in chosen) == first:
                start = (hunk.base_start if hunk.kind == "text" else 1) - 1 + shift
                assert tuple(lines[start : start + len(hunk.base_lines)]) == hunk.base_lines
                lines[start : start + len(hunk.base_lines)] = hunk.new_lines
            if (hunk.id in chosen) == first or hunk.id in chosen:
                shift += len(hunk.new_lines) - len(hunk.base_lines)
        if first:
            text = (made[0].data or b"").decode() if made else base or ""
            assert "".join(lines) == text
    assert "".join(lines) == new


@given(TEXTS, TEXTS, st.data())
@settings(max_examples=150, deadline=None)
def test_a_part_is_split_again_as_if_it_had_been_split_so_at_once_and_joined_it_is_whole(
    base, new, data
):
    proposal = a_proposal(base.encode(), Change("c", PATH, "write", new))
    pieces = pieces_of(proposal, reader(base.encode()))
    wholes = finished(proposal, pieces.owned)
    hunks, splits = wholes, ()
    for _ in range(3):
        able = [hunk for hunk in hunks if suggested_cuts(hunk, "lines")]
        if not able:
            break
        hunk = data.draw(st.sampled_from(able))
        cut = data.draw(st.sampled_from(suggested_cuts(hunk, "lines")))
        splits = with_split(hunks, splits, hunk.id, [cut])
        hunks = finished(proposal, divided(pieces, splits).owned)
    # One part of a whole has the same id, however the others came about.
    again = divided(pieces, tuple(reversed(splits)))
    assert finished(proposal, again.owned) == hunks
    for split in splits:
        part = next(hunk for hunk in hunks if hunk.part_of == split.hunk)
        splits = without_split(hunks, splits, part.id)
        hunks = finished(proposal, divided(pieces, splits).owned)
    assert hunks == wholes


@given(TEXTS, TEXTS)
@settings(max_examples=200, deadline=None)
def test_what_a_part_needs_keeps_every_line_apart(base: str, new: str) -> None:
    """Any choice that takes along what it needs makes whole lines of the two texts."""
    proposal = a_proposal(base.encode(), Change("c", PATH, "write", new))
    read = reader(base.encode())
    pieces = pieces_of(proposal, read)
    wholes = finished(proposal, pieces.owned)
    cut = [Split(one.id, suggested_cuts(one, "lines")) for one in wholes]
    division = divided(pieces, [one for one in cut if one.at])
    hunks = with_siblings(finished(proposal, division.owned))
    known = {line.rstrip("\r\n") for line in (*split_lines(base), *split_lines(new))}
    for hunk in hunks:
        chosen = with_needs(hunks, [hunk])
        [file] = compose(proposal, hunks, accept(chosen), read).files or [None]
        text = base if file is None else (file.data or b"").decode()
        assert {line.rstrip("\r\n") for line in split_lines(text)} <= known


def test_ends_of_lines_stay_as_they_are() -> None:
    base, new = b"a\r\nb\r\nlast", "A\r\nB\r\nlast one\r\nmore"
    [whole] = hunks_between(base, new)
    parts = parts_of(base, new, Split(whole.id, ((1, 1), (2, 2), (3, 3))))
    assert [part.new_lines for part in parts] == [
        ("A\r\n",),
        ("B\r\n",),
        ("last one\r\n",),
        ("more",),
    ]
    # "more" without the part before would run into "last".
    assert parts[3].depends_on == (parts[2].id,)
    proposal = a_proposal(base, Change("c", PATH, "write", new))
    [file] = compose(proposal, parts, accept([parts[1]]), reader(base)).files
    assert file.data == b"a\r\nB\r\nlast"


def test_new_lines_without_an_end_need_the_lines_after_them_to_go() -> None:
    base, new = b"one\ntwo\n", "ONE"
    [whole] = hunks_between(base, new)
    first, second = parts_of(base, new, Split(whole.id, ((1, 1),)))
    assert (first.depends_on, second.depends_on) == ((second.id,), ())


def test_lines_under_a_new_heading_need_it_and_a_fence_needs_its_end() -> None:
    new = (
        "k\n## Pitfalls\n\n- One.\n\n### Deep\n\ntext\n\n## Other\n\n```sh\n# no heading\nls\n```\n"
    )
    [whole] = hunks_between(b"k\n", new)
    cuts = suggested_cuts(whole, "lines")
    parts = parts_of(b"k\n", new, Split(whole.id, cuts))
    named = {part.new_lines[0].strip(): part for part in parts}

    def needs(line: str) -> set[str]:
        by_id = {part.id: part.new_lines[0].strip() for part in parts}
        return {by_id[name] for name in named[line].depends_on}

    assert needs("- One.") == {"## Pitfalls"}
    assert needs("### Deep") == {"## Pitfalls"}
    assert needs("text") == {"## Pitfalls", "### Deep"}
    assert needs("## Other") == set()
    # The last line of three backticks is the closing one.
    assert needs("ls") == {"```sh"}
    assert needs("# no heading") == {"```sh"}
    assert needs("```sh") == {"```"}
    assert "```sh" in needs("```")


def test_a_line_that_changes_its_place_goes_and_comes_together() -> None:
    base, new = b"- alpha one\n- beta two\n", "- gamma\n- alpha one, longer\n- beta two\n- delta\n"
    base = b"x\n- alpha\n- beta\ny\n"
    new = "x\n- beta\nnew\n- alpha\ny\n"
    hunks = hunks_between(base, new)
    split = [Split(one.id, cuts) for one in hunks if (cuts := suggested_cuts(one, "lines"))]
    parts = parts_of(base, new, *split)
    for part in parts:
        assert part.id not in part.depends_on
    whole = Hunk("w", "a.txt", "text", "", 1, ("one\n", "two\n"), 1, ("two\n", "2\n", "one\n"), "c")
    cut = [
        msgspec.structs.replace(whole, id="a", base_lines=("one\n",), new_lines=(), part_of="w"),
        msgspec.structs.replace(
            whole, id="b", base_lines=("two\n",), new_lines=("2\n",), part_of="w"
        ),
        msgspec.structs.replace(whole, id="c", base_lines=(), new_lines=("one\n",), part_of="w"),
    ]
    a, b, c = with_siblings(cut)
    assert (a.depends_on, b.depends_on, c.depends_on) == (("c",), (), ("a",))


def test_parts_of_a_new_skill_need_its_front_matter() -> None:
    new = "---\nname: x\n---\n# X\n\ntext\n\nmore\n"
    [whole] = hunks_between(None, new)
    parts = parts_of(None, new, Split(whole.id, suggested_cuts(whole, "paragraphs")))
    assert [part.new_lines[0] for part in parts] == ["---\n", "text\n", "more\n"]
    assert parts[0].depends_on == ()
    assert all(parts[0].id in part.depends_on for part in parts[1:])
    assert parts[1].header == "new file, lines 6 to 7"


def test_evidence_is_that_of_the_change_whose_lines_a_part_holds() -> None:
    base = b"a\nb\n"
    proposal = a_proposal(
        base,
        Change("first", PATH, "edit", "A\nb\n", evidence=("e1",), rationale="why A"),
        Change("second", PATH, "edit", "A\nB\nC\n", evidence=("e2",), rationale="why B"),
        evidence=(Evidence("e1", "t", 0, 0, "q"), Evidence("e2", "t", 1, 1, "q")),
    )
    pieces = pieces_of(proposal, reader(base))
    [whole] = finished(proposal, pieces.owned)
    assert (whole.evidence, whole.evidence_scope) == (("e1", "e2"), "hunk")
    division = divided(pieces, [Split(whole.id, ((1, 1), (2, 2)))])
    first, second, third = finished(proposal, division.owned)
    assert (first.evidence, first.evidence_scope, first.rationale) == (("e1",), "hunk", "why A")
    # The second change wrote both other parts: its evidence is that of the whole, and says so.
    assert (second.evidence, second.evidence_scope) == (("e2",), "whole")
    assert (third.evidence, third.evidence_scope) == (("e2",), "whole")


@pytest.mark.parametrize(
    ("cuts", "words"),
    [
        ((), "no line is named"),
        (((0, 0),), "without lines"),
        (((2, 3),), "without lines"),
        (((1, 1), (1, 1)), "without lines"),
        (((2, 1), (1, 2)), "cross"),
        (((3, 1),), "outside"),
        (((-1, 1),), "outside"),
    ],
)
def test_a_split_that_does_not_fit_is_told_and_the_hunk_stays_whole(cuts, words) -> None:
    base, new = b"a\nb\n", "1\n2\n3\n"
    proposal = a_proposal(base, Change("c", PATH, "write", new))
    pieces = pieces_of(proposal, reader(base))
    [whole] = finished(proposal, pieces.owned)
    division = divided(pieces, [Split(whole.id, cuts), Split("0" * 16, ((1, 1),))])
    assert finished(proposal, division.owned) == (whole,)
    assert division.splits == ()
    assert words in division.problems[0]
    assert "does not have any more" in division.problems[1]


def test_a_hunk_is_cut_into_hundreds_of_parts_and_not_into_thousands() -> None:
    new = "k\n" + "".join(f"{number}\n" for number in range(600))
    [whole] = hunks_between(b"k\n", new)
    cuts = suggested_cuts(whole, "lines")
    with pytest.raises(ReviewProblem, match="600 parts, and 500 are the most"):
        with_split((whole,), (), whole.id, cuts)
    assert len(parts_of(b"k\n", new, Split(whole.id, cuts[:499]))) == 500


def test_what_has_no_lines_of_its_own_is_not_split() -> None:
    proposal = a_proposal(b"a\nb\n", Change("d", PATH, "delete"))
    [gone] = finished(proposal, pieces_of(proposal, reader(b"a\nb\n")).owned)
    with pytest.raises(ReviewProblem, match="no lines of its own"):
        with_split((gone,), (), gone.id, [(1, 0)])
    [one] = hunks_between(b"k\n", "k\nx\n")
    with pytest.raises(ReviewProblem, match="one line"):
        with_split((one,), (), one.id, [(0, 1)])
    with pytest.raises(ReviewProblem, match="not split"):
        without_split((one,), (), one.id)


# Where to cut


def test_lines_are_paired_by_their_words_and_else_by_their_order() -> None:
    base = ["run the tests\n", "commit it\n", "push it now\n"]
    new = ["first a look\n", "run the tests twice\n", "push it now, friend\n"]
    assert paired(base, new) == ((0, 1), (2, 2))
    assert paired(["a\n", "b\n"], ["x\n", "y\n"]) == ((0, 0), (1, 1))
    assert paired([], ["x\n"]) == ()


@given(TEXTS, TEXTS)
@settings(max_examples=200, deadline=None)
def test_every_suggestion_is_a_split(base: str, new: str) -> None:
    for hunk in hunks_between(base.encode(), new) if base != new else ():
        for how in ("lines", "paragraphs"):
            cuts = suggested_cuts(hunk, how)
            if cuts:
                assert with_split((hunk,), (), hunk.id, cuts) == (Split(hunk.id, cuts),)


def test_paragraphs_end_with_their_blank_lines_and_white_space_alone_is_apart() -> None:
    [added] = hunks_between(b"k\n", "k\n\none\ntwo\n\n\nthree\n")
    assert suggested_cuts(added, "paragraphs") == ((0, 5),)
    [mixed] = hunks_between(b"  a\nold word\n  c\n", "a\nnew word\nc\n")
    assert suggested_cuts(mixed, "paragraphs") == ((1, 1), (2, 2))
    [same] = hunks_between(b"a\r\nb\r\n", "a\nb\n")
    assert suggested_cuts(same, "paragraphs") == ()


def test_a_cut_before_a_line_takes_its_counterpart_along() -> None:
    base, new = b"keep\nrun tests\npush now\n", "keep\nlook\nrun all tests\npush now, friend\n"
    [hunk] = hunks_between(base, new)
    assert cut_before(hunk, "new", 3) == (0, 1)
    assert cut_before(hunk, "old", 3) == (1, 2)
    with pytest.raises(ReviewProblem, match="begins with line 2"):
        cut_before(hunk, "new", 2)
    with pytest.raises(ReviewProblem, match="no line 9"):
        cut_before(hunk, "new", 9)


# Verdicts


def test_parts_inherit_the_verdict_and_the_joined_hunk_has_it_where_parts_agree() -> None:
    [whole] = hunks_between(b"k\n", "k\n1\n2\n3\n")
    parts = parts_of(b"k\n", "k\n1\n2\n3\n", Split(whole.id, ((0, 1), (0, 2))))
    said = (HunkVerdict(whole.id, "reject", "style", "why"),)
    down = carried(said, (whole,), parts)
    assert [(one.verdict, one.reason, one.comment) for one in down] == [
        ("reject", "style", "why")
    ] * 3
    assert carried(down, parts, (whole,)) == said
    mixed = (*down[:2], msgspec.structs.replace(down[2], verdict="accept"))
    assert carried(mixed, parts, (whole,)) == ()
    fewer = parts_of(b"k\n", "k\n1\n2\n3\n", Split(whole.id, ((0, 2),)))
    assert carried(mixed, parts, fewer) == (
        msgspec.structs.replace(down[0], hunk=fewer[0].id),
        msgspec.structs.replace(mixed[2], hunk=fewer[1].id),
    )
    edited_whole = (HunkVerdict(whole.id, "accept", edited=("mine\n",)),)
    assert carried(edited_whole, (whole,), parts) == ()


# In the store


BETTER = SKILL.replace(b"1. One\n2. Two\n", b"1. First\n2. Second\n2a. More\n")


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    library = make_library(tmp_path / "library", {PATH: SKILL})
    return Bench(tmp_path, library, [edited(PATH, BETTER)])


def split_in_store(bench: Bench, accepted: list[int] | None = None) -> Decision:
    review = bench.review
    [whole] = review.hunks
    cuts = suggested_cuts(whole, "lines")
    review = review.with_splits(with_split(review.hunks, review.splits, whole.id, cuts))
    chosen = [review.hunks[number] for number in accepted or []]
    decision = decide(review, accept(chosen), reviewer=ANN, now=NOW)
    record(review, decision)
    return decision


def test_a_split_is_kept_with_the_decision_and_the_proposal_is_not_touched(bench: Bench) -> None:
    file = bench.store.folder / bench.id / "proposal.json"
    [whole] = bench.review.hunks
    before = msgspec.json.decode(file.read_bytes())
    split_in_store(bench)
    assert msgspec.json.decode(file.read_bytes()) == before
    assert [hunk.part_of for hunk in bench.review.hunks] == [whole.id] * 3
    review = bench.review
    joined = review.with_splits(without_split(review.hunks, review.splits, review.hunks[0].id))
    record(joined, decide(joined, (), reviewer=ANN, now=NOW))
    assert bench.review.hunks == (whole,)
    assert bench.review.splits == ()


def test_a_decision_of_an_earlier_version_has_no_splits(bench: Bench) -> None:
    [whole] = bench.review.hunks
    path = bench.store.folder / bench.id / "decisions.jsonl"
    path.write_text(
        f'{{"proposal":"p1","verdicts":[{{"hunk":"{whole.id}","verdict":"accept"}}],'
        '"reviewer":"Ann","time":"2026-01-01","content_hash":"x"}\n'
    )
    assert bench.review.decision is not None
    assert bench.review.hunks == (whole,)


def test_all_parts_are_what_was_tested_and_some_are_not(bench: Bench) -> None:
    proposal = bench.store.get(bench.id)
    bench.store.update(msgspec.structs.replace(proposal, gate=Gate("supported", "weighted")))
    split_in_store(bench)
    review = bench.review
    every = accept(review.hunks)
    assert gate_after(review, every).level == "supported"
    assert status_after(review.hunks, every) == "accepted"
    assert gate_after(review, every[:2]).level == "not_evaluated"
    assert "never tested" in gate_after(review, every[:2]).reasons[0]
    own = [*every[:2], HunkVerdict(review.hunks[2].id, "accept", edited=("2b. Mine\n",))]
    assert gate_after(review, own).level == "not_evaluated"


def test_a_part_is_applied_committed_and_taken_back(bench: Bench) -> None:
    decision = split_in_store(bench, [0, 2])
    receipt = bench.apply()
    assert receipt.content_hash == decision.content_hash
    skill = bench.library / PATH
    assert skill.read_bytes() == SKILL.replace(b"1. One\n2. Two\n", b"1. First\n2. Two\n2a. More\n")
    assert "2 of 3 hunks were accepted." in git(bench.library, "log", "-1", "--format=%B")
    revert(bench.store, bench.history, bench.id, now=NOW, reviewer=ANN)
    assert skill.read_bytes() == SKILL


def test_an_approval_is_applied_with_the_split_it_was_given_under(bench: Bench) -> None:
    first = split_in_store(bench, [1])
    review = bench.review
    joined = review.with_splits(())
    record(joined, decide(joined, (), reviewer=ANN, now=NOW))
    bench.apply(decision=first)
    assert (bench.library / PATH).read_bytes() == SKILL.replace(b"2. Two\n", b"2. Second\n")


def test_a_stale_part_is_merged_and_reviewed_anew(bench: Bench) -> None:
    decision = split_in_store(bench, [0])
    skill = bench.library / PATH
    skill.write_bytes(SKILL.replace(b"First line.", b"Another line."))
    git(bench.library, "commit", "--all", "--quiet", "--message=mine")
    merge = merge_stale(bench.review, decision.verdicts)
    proposal, blobs = merged_proposal(merge, now=NOW)
    bench.store.add(proposal, blobs)
    review: Review = open_review(bench.store, proposal.id)
    assert (review.splits, review.split_problems) == ((), ())
    record(review, decide(review, accept(review.hunks), reviewer=ANN, now=NOW))
    bench.id = proposal.id
    bench.apply()
    assert skill.read_bytes() == SKILL.replace(b"First line.", b"Another line.").replace(
        b"1. One\n", b"1. First\n"
    )


def test_a_split_of_another_version_of_the_proposal_is_told(bench: Bench) -> None:
    split_in_store(bench, [0])
    proposal = bench.store.get(bench.id)
    change = msgspec.structs.replace(
        proposal.draft.changes[0], new_text=BETTER.decode() + "More.\n"
    )
    draft = msgspec.structs.replace(
        proposal.draft,
        changes=(msgspec.structs.replace(change, new_text=SKILL.decode() + "More.\n"),),
    )
    bench.store.update(msgspec.structs.replace(proposal, draft=draft))
    review = bench.review
    assert review.splits == ()
    assert "does not have any more" in review.split_problems[0]
    with pytest.raises(ReviewProblem, match="no hunk"):
        bench.apply()


def test_what_another_said_of_the_whole_or_of_other_parts_is_said_of_these(bench: Bench) -> None:
    ben = "Ben <ben@example.invalid>"
    review = bench.review
    [whole] = review.hunks
    record(review, decide(review, accept([whole]), reviewer=ben, now="2026-01-01"))
    split_in_store(bench, [0])
    review = bench.review
    assert [one.hunk for one in in_force(review.standing, ben)] == [one.id for one in review.hunks]
    # Ben cuts once where Ann cut twice: her verdict on one of two lines is none on both.
    other = review.with_splits([Split(whole.id, ((2, 2),))])
    said = {one.hunk: one.verdict for one in in_force(other.standing, ANN)}
    assert set(said) <= {one.id for one in other.hunks}
    assert len(standing_of(other, ANN)) == 0


def test_a_text_written_for_the_whole_is_not_taken_for_each_part(bench: Bench) -> None:
    review = bench.review
    [whole] = review.hunks
    mine = HunkVerdict(whole.id, "accept", edited=("mine\n", "and mine\n"))
    record(review, decide(review, [mine], reviewer="Ben <ben@example.invalid>", now="2026-01-01"))
    split_in_store(bench)
    assert in_force(bench.review.standing) == ()


def standing_of(review: Review, reviewer: str) -> tuple[HunkVerdict, ...]:
    decision = review.standing.of(reviewer)
    assert decision is not None
    return decision.verdicts
