"""What is left of a proposal that was applied in part, opened as a proposal of its own."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.review.build import LATER, NOW, SKILL, Bench, edited, make_library, tree
from workbench.domain.proposal import Change, Evidence, HunkVerdict, Lineage, Proposal
from workbench.review.applying.apply import apply_decision
from workbench.review.applying.rest import merge_rest, why_no_rest
from workbench.review.applying.revert import revert
from workbench.review.decide import decide, record
from workbench.review.merge import merged_proposal
from workbench.review.plan import ReviewProblem
from workbench.review.rules.confirmations import ALL
from workbench.review.session import open_review

WHOLE = (
    SKILL.replace(b"First line.", b"First words.")
    .replace(b"2. Two", b"2. Deux")
    .replace(b"Last line.", b"Last words.")
)
ANN = "Ann Reviewer <ann@example.invalid>"


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    library = make_library(tmp_path / "library", {"demo/SKILL.md": SKILL})
    quote = Evidence("e1", "trace-a", 3, 3, "it failed")
    change = edited("demo/SKILL.md", WHOLE, rationale="It misled.", evidence=("e1",))
    return Bench(tmp_path, library, [change], evidence=(quote,))


def rest_of(bench: Bench, **choose: str) -> Proposal:
    proposal, blobs = merged_proposal(merge_rest(bench.store, bench.id), now=LATER, **choose)
    return bench.store.add(proposal, blobs)


def apply_all(bench: Bench, proposal: Proposal) -> None:
    review = open_review(bench.store, proposal.id)
    verdicts = [HunkVerdict(hunk.id, "accept") for hunk in review.hunks]
    record(review, decide(review, verdicts, reviewer=ANN, now=NOW))
    apply_decision(bench.store, bench.history, proposal.id, now=LATER, confirmed=tuple(ALL))


def test_the_rest_is_reviewed_applied_and_reverted_in_turn(bench: Bench) -> None:
    before = tree(bench.library)
    assert len(bench.review.hunks) == 3
    bench.accept(bench.review.hunks[:1])
    bench.apply()
    between = tree(bench.library)
    rest = rest_of(bench)
    assert len(open_review(bench.store, rest.id).hunks) == 2
    assert open_review(bench.store, rest.id).changed_on_disk() == ()
    apply_all(bench, rest)
    assert (bench.library / "demo/SKILL.md").read_bytes() == WHOLE
    revert(bench.store, bench.history, rest.id, now=LATER, reviewer=ANN)
    assert tree(bench.library) == between
    revert(bench.store, bench.history, bench.id, now=LATER, reviewer=ANN)
    assert tree(bench.library) == before


def test_the_rest_keeps_why_and_says_where_it_is_from(bench: Bench) -> None:
    bench.accept(bench.review.hunks[:1])
    bench.apply()
    rest = rest_of(bench)
    assert rest.draft.lineage == Lineage((bench.id,), 0, (), bench.id)
    [change] = rest.draft.changes
    assert (change.rationale, change.evidence) == ("It misled.", ("e1",))
    assert rest.draft.evidence[0].quote == "it failed"
    assert (rest.status, rest.gate.level) == ("pending", "not_evaluated")
    assert bench.id in rest.warnings[-1]
    assert rest_of(bench).id == rest.id  # asked again it is the same one


def test_lines_that_were_edited_stay_as_they_were_applied(bench: Bench) -> None:
    first = bench.review.hunks[0]
    bench.accept([first], **{first.id: ("My own words.\n",)})
    bench.apply()
    apply_all(bench, rest_of(bench))
    wanted = WHOLE.replace(b"First words.", b"My own words.")
    assert (bench.library / "demo/SKILL.md").read_bytes() == wanted


def test_the_rest_stands_on_what_the_file_became_since(bench: Bench) -> None:
    bench.accept(bench.review.hunks[:1])
    bench.apply()
    file = bench.library / "demo/SKILL.md"
    file.write_bytes(file.read_bytes().replace(b"2. Two", b"2. Zwei").replace(b"# Demo", b"# Show"))
    with pytest.raises(ReviewProblem, match="is open"):
        rest_of(bench)
    merge = merge_rest(bench.store, bench.id)
    assert [one.ours for one in merge.conflicts] == [("2. Zwei\n",)]
    rest = rest_of(bench, prefer="ours")
    assert [hunk.new_lines for hunk in open_review(bench.store, rest.id).hunks] == [
        ("Last words.\n",)
    ]


def test_nothing_is_left_where_all_was_applied_or_nothing_yet(bench: Bench) -> None:
    with pytest.raises(ReviewProblem, match="is not applied"):
        rest_of(bench)
    assert "can still be decided" in (why_no_rest(bench.review, bench.review.proposal) or "")
    bench.accept()
    bench.apply()
    with pytest.raises(ReviewProblem, match="nothing is left"):
        rest_of(bench)
    assert "nothing is left" in (why_no_rest(bench.review, bench.review.proposal) or "")


def test_files_renames_and_modes_that_were_left_come_with_the_rest(tmp_path: Path) -> None:
    files = {"a/SKILL.md": SKILL, "a/run.sh": b"#!/bin/sh\n", "a/x.md": b"one\n", "a/y.md": b"y\n"}
    library = make_library(tmp_path / "library", files)
    changes = [
        edited("a/SKILL.md", WHOLE, "c1"),
        Change("c2", "a/run.sh", "mode", mode="100755"),
        Change("c3", "a/x.md", "rename", new_path="a/z.md"),
        Change("c4", "a/y.md", "delete"),
        edited("a/new.md", b"new\r\n", "c5"),
    ]
    whole = Bench(tmp_path / "whole", make_library(tmp_path / "other", files), changes)
    whole.accept()
    whole.apply()
    bench = Bench(tmp_path, library, changes)
    before = tree(library)
    bench.accept([one for one in bench.review.hunks if one.path == "a/SKILL.md"])
    bench.apply()
    rest = rest_of(bench)
    apply_all(bench, rest)
    assert tree(library) == tree(whole.library)
    for name in (rest.id, bench.id):
        revert(bench.store, bench.history, name, now=LATER, reviewer=ANN)
    assert tree(library) == before
