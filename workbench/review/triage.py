"""One verdict on many proposals, or on contested lines, and the way back from it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from msgspec import Struct

from workbench.domain.proposal import Hunk, HunkVerdict, VerdictKind
from workbench.files import FileProblem
from workbench.review.contests import Contest, Side
from workbench.review.decide import decide, record, verdicts_for
from workbench.review.plan import ReviewProblem
from workbench.review.reviewers import in_force
from workbench.review.session import Review, open_for
from workbench.store.proposals import ProposalStore

#: Says who reviews in a library.
Sign = Callable[[Path], str]


class Order(Struct, frozen=True):
    """A verdict on hunks of a proposal; on all of them when none is named."""

    proposal: str
    kind: VerdictKind
    hunks: tuple[str, ...] = ()
    reason: str = ""
    comment: str = ""


class Before(Struct, frozen=True):
    """The verdicts on a proposal before an act, for the way back."""

    proposal: str
    verdicts: tuple[HunkVerdict, ...]


class Done(Struct, frozen=True):
    """What an act on several proposals did; ``problems`` say what it could not do."""

    before: tuple[Before, ...]
    problems: tuple[str, ...] = ()


def carry_out(store: ProposalStore, orders: Iterable[Order], *, sign: Sign, now: str) -> Done:
    """Decide on each proposal by itself; one that cannot be decided on stops no other."""
    before: list[Before] = []
    problems: list[str] = []
    for order in orders:
        try:
            review = open_for(order.kind, store, order.proposal)
            reviewer = sign(review.library)
            last = in_force(review.standing, reviewer)
            verdicts = _verdicts(review, order, reviewer)
            record(review, decide(review, verdicts, reviewer=reviewer, now=now))
        except (ReviewProblem, FileProblem) as problem:
            problems.append(str(problem))
        else:
            before.append(Before(order.proposal, last))
    return Done(tuple(before), tuple(problems))


def take_back(store: ProposalStore, before: Sequence[Before], *, sign: Sign, now: str) -> Done:
    """Decide on each proposal as it was before; the decisions between stay on record."""
    undone: list[Before] = []
    problems: list[str] = []
    for one in before:
        try:
            review = open_for("reject", store, one.proposal)
            reviewer = sign(review.library)
            last = in_force(review.standing, reviewer)
            record(review, decide(review, one.verdicts, reviewer=reviewer, now=now))
        except (ReviewProblem, FileProblem) as problem:
            problems.append(str(problem))
        else:
            undone.append(Before(one.proposal, last))
    return Done(tuple(undone), tuple(problems))


def take_side(contest: Contest, taken: Side) -> tuple[Order, ...]:
    """Return the verdicts that take one side of a contest and turn the others down."""
    comment = f"The version of proposal {taken.proposal} was taken."
    orders = [
        Order(side.proposal, "reject", side.hunks, "duplicate", comment)
        for side in contest.sides
        if side.proposal != taken.proposal
    ]
    return (*orders, Order(taken.proposal, "accept", taken.hunks))


def take_none(contest: Contest, reason: str, comment: str = "") -> tuple[Order, ...]:
    """Return the verdicts that turn all sides of a contest down."""
    return tuple(
        Order(side.proposal, "reject", side.hunks, reason, comment) for side in contest.sides
    )


def _verdicts(review: Review, order: Order, reviewer: str) -> tuple[HunkVerdict, ...]:
    wanted = _hunks_of(review, order.hunks)
    if order.kind != "accept":
        wanted = _with_dependents(review, wanted)
    return verdicts_for(
        review,
        wanted,
        order.kind,
        reason=order.reason,
        comment=order.comment,
        reviewer=reviewer,
    )


def _hunks_of(review: Review, names: tuple[str, ...]) -> tuple[Hunk, ...]:
    if not names:
        return review.hunks
    found = tuple(hunk for hunk in review.hunks if hunk.id in names)
    if not found:
        raise ReviewProblem(
            f"Proposal {review.proposal.id} has other hunks by now. Open it and decide there."
        )
    return found


def _with_dependents(review: Review, hunks: tuple[Hunk, ...]) -> tuple[Hunk, ...]:
    """Return the hunks and what was accepted on top of them and cannot stand without them."""
    last = review.decision
    kept = {one.hunk for one in last.verdicts if one.edited is not None} if last else set()
    accepted = {one.hunk for one in last.verdicts if one.verdict == "accept"} if last else set()
    gone = {hunk.id for hunk in hunks}
    more = True
    while more:
        found = {
            hunk.id
            for hunk in review.hunks
            if hunk.id in accepted - kept - gone and gone & set(hunk.depends_on)
        }
        more = bool(found)
        gone |= found
    return tuple(hunk for hunk in review.hunks if hunk.id in gone)
