"""What an applied proposal still has to offer: the hunks that were not accepted, proposed anew."""

from __future__ import annotations

from pathlib import Path

import msgspec

from workbench.domain.proposal import Decision, HunkVerdict, Proposal
from workbench.review.applying.revert import applied_receipt
from workbench.review.compose import ResultFile
from workbench.review.disk import look
from workbench.review.merge import Merge, merge_file
from workbench.review.plan import ReviewProblem
from workbench.review.session import Review, open_review
from workbench.store.proposals import ProposalStore


def merge_rest(store: ProposalStore, proposal_id: str, library: Path | None = None) -> Merge:
    """Merge the whole proposal with the disk, from what was applied of it; nothing is written.

    What stands between the two is what was not accepted: rejected, deferred and open hunks.

    Raises:
        ReviewProblem: it is not applied, or all of it was.
        FileProblem: a side is not there any more.
    """
    receipt = applied_receipt(store, proposal_id)
    root = Path(library or receipt.library).absolute()
    review = open_review(store, proposal_id, root)
    decision = _applied_decision(review, receipt.content_hash)
    review = review.with_splits(decision.splits)
    if not left_over(review, decision):
        raise ReviewProblem(
            f"Every hunk of proposal {proposal_id} was applied, so nothing is left of it."
        )
    applied = {file.path: file for file in review.result(decision.verdicts).files}
    whole = {file.path: file for file in review.result(_all_accepted(review, decision)).files}
    files = []
    for path in dict.fromkeys((*whole, *applied)):
        base, theirs = (_side(review, path, side.get(path)) for side in (applied, whole))
        ours = look(root, path)
        same_mode = path in applied and path in whole and applied[path].mode == whole[path].mode
        mode = whole[path].mode if path in whole else None
        if same_mode and ours.data is not None:
            mode = None
        files.append(merge_file(path, base, ours, theirs, mode))
    proposal = msgspec.structs.replace(review.proposal, library=str(root))
    return Merge(proposal, tuple(files), rest=True)


def why_no_rest(review: Review, proposal: Proposal) -> str | None:
    """Say why nothing of a proposal can be opened anew, None where something can."""
    if proposal.status != "applied":
        return "only an applied proposal has a rest; this one can still be decided on."
    receipts = review.store.receipts(proposal.id)
    if not receipts or receipts[-1].state != "committed":
        return "the receipt of its apply is not in the store."
    try:
        decision = _applied_decision(review, receipts[-1].content_hash)
    except ReviewProblem as problem:
        return str(problem)
    if left_over(review.with_splits(decision.splits), decision):
        return None
    return "every hunk of it was applied, so nothing is left."


def left_over(review: Review, decision: Decision) -> tuple[str, ...]:
    """Return the ids of the hunks that a decision does not accept."""
    taken = {one.hunk for one in decision.verdicts if one.verdict == "accept"}
    return tuple(hunk.id for hunk in review.hunks if hunk.id not in taken)


def _applied_decision(review: Review, content_hash: str) -> Decision:
    found = review.store.decisions(review.proposal.id)
    for decision in reversed(found):
        if decision.content_hash == content_hash:
            return decision
    raise ReviewProblem(
        f"The decision by which proposal {review.proposal.id} was applied is not in the store, so "
        "what is left of it is not known. Revert it and decide again."
    )


def _all_accepted(review: Review, decision: Decision) -> tuple[HunkVerdict, ...]:
    """Accept every hunk; the edited lines of those that were accepted stay."""
    edited = {one.hunk: one.edited for one in decision.verdicts if one.verdict == "accept"}
    return tuple(
        HunkVerdict(hunk.id, "accept", edited=edited.get(hunk.id)) for hunk in review.hunks
    )


def _side(review: Review, path: str, file: ResultFile | None) -> bytes | None:
    """Return a file of one side: as it is made there, or as the proposal saw it."""
    if file is not None:
        return file.data
    known = any(one.path == path and one.sha256 is not None for one in review.proposal.base)
    return review.read_base(path) if known else None
