"""What a reviewer says of hunks, bound to the exact content it makes."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from workbench.domain.proposal import (
    REASON_CODES,
    Decision,
    Gate,
    Hunk,
    HunkVerdict,
    ProposalStatus,
    VerdictKind,
)
from workbench.review.dependencies import needed
from workbench.review.moments import after
from workbench.review.plan import ReviewProblem
from workbench.review.reviewers import in_force
from workbench.review.session import WHOLE, Review
from workbench.review.tested import standing_gate


def pick(review: Review, names: Sequence[str]) -> tuple[Hunk, ...]:
    """Return hunks by id, by the start of an id, or by ordinal from 1; all when none is named.

    Raises:
        ReviewProblem: a name fits no hunk or several.
    """
    if not names:
        return review.hunks
    picked: list[Hunk] = []
    for name in names:
        found = [hunk for hunk in review.hunks if hunk.id == name]
        if not found and name.isascii() and name.isdigit() and len(name) < 6:
            number = int(name)
            found = list(review.hunks[number - 1 : number]) if number else []
        if not found and len(name) >= 4:
            found = [hunk for hunk in review.hunks if hunk.id.startswith(name)]
        if len(found) != 1:
            problem = "fits several hunks" if found else "is no hunk"
            raise ReviewProblem(
                f"'{name}' {problem} of proposal {review.proposal.id}, which has "
                f"{len(review.hunks)}. Give an id or a number that 'proposals show' prints."
            )
        if found[0] not in picked:
            picked.append(found[0])
    return tuple(picked)


def with_needed(review: Review, hunks: Sequence[Hunk]) -> tuple[Hunk, ...]:
    """Return the hunks and all they depend on, in the order of the proposal."""
    names = [hunk.id for hunk in hunks]
    chosen = {*names, *needed(review.hunks, names)}
    return tuple(hunk for hunk in review.hunks if hunk.id in chosen)


def verdicts_for(
    review: Review,
    hunks: Sequence[Hunk],
    kind: VerdictKind,
    *,
    reason: str = "",
    comment: str = "",
    others: VerdictKind | None = None,
    reviewer: str = "",
) -> tuple[HunkVerdict, ...]:
    """Return verdicts: ``kind`` for ``hunks``, for the rest the one in force or ``others``.

    In force is what ``reviewer`` said before, and where that is nothing what all others agree on.

    Accepting a hunk accepts what it depends on.

    A proposal without hunks gets one verdict for the whole of it.
    """
    if not review.hunks:
        return (HunkVerdict(WHOLE, kind, reason, comment),)
    if kind == "accept":
        hunks = with_needed(review, hunks)
    earlier = {verdict.hunk: verdict for verdict in in_force(review.standing, reviewer)}
    chosen = {hunk.id for hunk in hunks}
    verdicts: list[HunkVerdict] = []
    for hunk in review.hunks:
        if hunk.id in chosen:
            before = earlier.get(hunk.id)
            # Accepting again what a person edited keeps the edit.
            edited = before.edited if before is not None and kind == "accept" else None
            verdicts.append(HunkVerdict(hunk.id, kind, reason, comment, edited))
        elif hunk.id in earlier:
            verdicts.append(earlier[hunk.id])
        elif others is not None:
            verdicts.append(HunkVerdict(hunk.id, others))
    return tuple(verdicts)


def decide(
    review: Review,
    verdicts: Sequence[HunkVerdict],
    *,
    reviewer: str,
    now: str,
    comment: str = "",
    policy: str = "",
) -> Decision:
    """Return the decision, bound to the hash of the files that the accepted hunks make.

    It is signed with the time ``now``, or a moment after what others said by a faster clock.

    ``policy`` is the hash of the one in force when the reviewer approves it expressly.

    Raises:
        ReviewProblem: a verdict names no hunk, a reason code is unknown, an edit is no text, nobody
            signs, or the proposal is applied already.
    """
    if review.proposal.status == "applied":
        raise ReviewProblem(
            f"Proposal {review.proposal.id} is applied; a decision on it changes nothing any more. "
            "Revert it first."
        )
    if not reviewer.strip():
        raise ReviewProblem(
            'Nobody signs the review. Give --reviewer "Name <mail>", or set git\'s user.name and '
            "user.email."
        )
    for verdict in verdicts:
        if verdict.reason and verdict.reason not in REASON_CODES:
            raise ReviewProblem(
                f"'{verdict.reason}' is no reason. Use one of: {', '.join(REASON_CODES)}."
            )
    _check_needed(review, verdicts)
    result = review.result(verdicts)
    signed = " ".join(reviewer.split())
    return Decision(
        review.proposal.id,
        tuple(verdicts),
        signed,
        after(now, (one.time for one in review.store.decisions(review.proposal.id))),
        result.content_hash,
        comment,
        policy,
        splits=review.splits,
    )


def _check_needed(review: Review, verdicts: Sequence[HunkVerdict]) -> None:
    last = {verdict.hunk: verdict for verdict in verdicts}
    accepted = {name for name, verdict in last.items() if verdict.verdict == "accept"}
    ordinal = {hunk.id: number for number, hunk in enumerate(review.hunks, 1)}
    for hunk in review.hunks:
        # An edited hunk stands on its own: the person saw what it would look like.
        if hunk.id not in accepted or last[hunk.id].edited is not None:
            continue
        missing = [ordinal[name] for name in hunk.depends_on if name not in accepted]
        if missing:
            raise ReviewProblem(
                f"Hunk {ordinal[hunk.id]} needs hunk {', '.join(map(str, missing))} (such as the "
                "heading it stands under). Accept that one too, or edit the hunk."
            )


def record(review: Review, decision: Decision) -> ProposalStatus:
    """Keep the decision, give the proposal the status that follows and return it.

    The status follows from what counts of all reviewers: a hunk they differ on is open.

    Rejected hunks stay with their reasons: the request of the next run hands them to engines.
    """
    review.store.add_decision(decision)
    status = status_after(review.hunks, in_force(review.standing))
    review.store.update(msgspec.structs.replace(review.proposal, status=status))
    return status


def status_after(hunks: Sequence[Hunk], verdicts: Sequence[HunkVerdict]) -> ProposalStatus:
    """Return the status that follows from the last verdict on each hunk."""
    last: dict[str, VerdictKind] = {verdict.hunk: verdict.verdict for verdict in verdicts}
    kinds = [last.get(name) for name in ([hunk.id for hunk in hunks] or [WHOLE])]
    if all(kind == "accept" for kind in kinds):
        return "accepted"
    if "accept" in kinds:
        return "partly_accepted"
    if all(kind == "reject" for kind in kinds):
        return "rejected"
    return "deferred" if "defer" in kinds else "pending"


def gate_after(review: Review, verdicts: Sequence[HunkVerdict]) -> Gate:
    """Return the gate that holds for the selection: that of exactly this content.

    An edit by a person or a part of the hunks counts as not evaluated until it was tested itself,
    whatever the whole scored.
    """
    return standing_gate(review, verdicts)
