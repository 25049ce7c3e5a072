"""Which test holds for a selection: that of exactly these files, and of no others."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from msgspec.structs import replace

from workbench.domain.proposal import Gate, Hunk, HunkVerdict, Proposal
from workbench.domain.reviewer import reviewer_key
from workbench.domain.selection_test import SelectionTest
from workbench.review.compose import accepted_hunks, compose
from workbench.review.hunks import hunks_of
from workbench.review.plan import ReviewProblem
from workbench.review.reviewers import standing
from workbench.review.session import WHOLE, Review
from workbench.store.proposals import ProposalStore


def standing_gate(review: Review, verdicts: Sequence[HunkVerdict]) -> Gate:
    """Return the gate of a selection; of one nobody tested it says why there is none.

    The engine's run tested the whole, unedited; anything else counts once it was tested itself.
    What others found on their machines is told, and counts for nothing.
    """
    tested = standing_test(review, verdicts)
    if tested is not None:
        return tested.gate
    own = _own_gate(review, verdicts)
    if own.level != "not_evaluated":
        return own
    told = tested_elsewhere(review, verdicts)
    if not told:
        return own
    newest = claimed_gate(told[-1].gate, said_by(told[-1]))
    return replace(newest, reasons=(*newest.reasons, *own.reasons))


def _own_gate(review: Review, verdicts: Sequence[HunkVerdict]) -> Gate:
    own = review.proposal.gate
    chosen = _chosen(review, verdicts)
    edited = any(hunk.edited_from for hunk in chosen)
    if not chosen or (len(chosen) == len(review.hunks) and not edited) or is_whole(review, chosen):
        return own
    if edited:
        return Gate("not_evaluated", own.rule, ("A person edited a hunk.",))
    reason = f"{len(chosen)} of {len(review.hunks)} hunks were never tested without the rest."
    return Gate("not_evaluated", own.rule, (reason,))


def is_whole(review: Review, chosen: Sequence[Hunk]) -> bool:
    """Say whether hunks make what the engine proposed: all parts of a split hunk do."""
    proposal, base, blob = review.proposal, review.read_base, review.read_blob
    try:
        own = hunks_of(proposal, base, blob)
        whole, made = (
            compose(proposal, hunks, [HunkVerdict(one.id, "accept") for one in hunks], base, blob)
            for hunks in (own, chosen)
        )
    except ReviewProblem:
        return False
    return whole.content_hash == made.content_hash


def standing_test(review: Review, verdicts: Sequence[HunkVerdict]) -> SelectionTest | None:
    """Return the test of exactly the files that these verdicts make, None when there is none."""
    tests = review.store.tests(review.proposal.id)
    if not tests or not _chosen(review, verdicts):
        return None
    try:
        return latest(tests, review.result(verdicts).content_hash)
    except ReviewProblem:
        return None


def tested_elsewhere(review: Review, verdicts: Sequence[HunkVerdict]) -> tuple[SelectionTest, ...]:
    """Return what others say tasks found of exactly these files, the last of each, oldest first."""
    tests = review.store.tests_elsewhere(review.proposal.id)
    if not tests or not _chosen(review, verdicts):
        return ()
    try:
        content = review.result(verdicts).content_hash
    except ReviewProblem:
        return ()
    people: dict[str, list[SelectionTest]] = {}
    for one in tests:
        people.setdefault(reviewer_key(one.by), []).append(one)
    found = (latest(own, content) for own in people.values())
    evaluated = [one for one in found if one and one.gate.level != "not_evaluated"]
    return tuple(sorted(evaluated, key=lambda one: one.time))


def claimed_gate(gate: Gate, who: str) -> Gate:
    """Return a gate of another machine: its figures are shown, its level does not count here."""
    if gate.level == "not_evaluated":
        return gate
    words = f"{who} found it {gate.level}; that was not run here."
    return replace(gate, level="not_evaluated", reasons=(words, *gate.reasons))


def said_by(test: SelectionTest) -> str:
    """Return who says what a test found, as the beginning of a sentence."""
    return f"{test.by.partition(' <')[0]}, on their machine on {test.time[:10]},"


def hunk_tests(review: Review, verdicts: Sequence[HunkVerdict]) -> dict[str, SelectionTest]:
    """Return the test of each hunk taken alone, as far as there is one, by the hunk's own id."""
    tests = review.store.tests(review.proposal.id)
    found: dict[str, SelectionTest] = {}
    for hunk in review.hunks if tests else ():
        try:
            content = review.result(alone(review, hunk, verdicts)).content_hash
        except ReviewProblem:
            continue
        if (one := latest(tests, content)) is not None:
            found[hunk.id] = one
    return found


def alone(review: Review, hunk: Hunk, verdicts: Sequence[HunkVerdict]) -> tuple[HunkVerdict, ...]:
    """Return verdicts that take one hunk with what it depends on, edited as a person edited it."""
    edits = {one.hunk: one.edited for one in verdicts}
    by_id = {one.id: one for one in review.hunks}
    wanted, taken = [hunk.id], set[str]()
    while wanted:
        name = wanted.pop()
        if name in by_id and name not in taken:
            taken.add(name)
            # What a person wrote stands on its own.
            wanted += by_id[name].depends_on if edits.get(name) is None else ()
    return tuple(
        HunkVerdict(one.id, "accept", edited=edits.get(one.id))
        for one in review.hunks
        if one.id in taken
    )


def latest(tests: Iterable[SelectionTest], content_hash: str) -> SelectionTest | None:
    """Return the last test of a content; one that could not be evaluated counts if all could not.

    Another try that failed for want of a server does not undo what an earlier one found.
    """
    same = [one for one in tests if one.content_hash == content_hash]
    evaluated = [one for one in same if one.gate.level != "not_evaluated"]
    return next(reversed(evaluated or same), None)


def _chosen(review: Review, verdicts: Sequence[HunkVerdict]) -> tuple[Hunk, ...]:
    own = tuple(verdict for verdict in verdicts if verdict.hunk != WHOLE)
    return accepted_hunks(review.hunks, own)


def decided_gate(store: ProposalStore, proposal: Proposal, hunks: int) -> Gate | None:
    """Return the gate of what was accepted last, None where that is the whole or nothing.

    It composes no file, so that a long queue is read fast: what was approved is bound to the hash
    of its content. ``hunks`` is how many the proposal has.
    """
    decision = standing(store.decisions(proposal.id)).latest
    if decision is None:
        return None
    accepted = {one.hunk: one.edited for one in decision.verdicts if one.verdict == "accept"}
    if not accepted:
        return None
    if (test := latest(store.tests(proposal.id), decision.content_hash)) is not None:
        return test.gate
    if any(lines is not None for lines in accepted.values()):
        return Gate("not_evaluated", proposal.gate.rule, ("A person edited a hunk.",))
    left = any(one.verdict != "accept" for one in decision.verdicts)
    if left or len(accepted) < hunks or proposal.status == "partly_accepted":
        reason = f"{len(accepted)} of {hunks} hunks were never tested without the rest."
        return Gate("not_evaluated", proposal.gate.rule, (reason,))
    return None
