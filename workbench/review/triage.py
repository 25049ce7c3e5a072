"""One verdict on many proposals, or on contested lines, and the way back from it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import partial
from pathlib import Path

from msgspec import Struct

from workbench.domain.proposal import Hunk, HunkVerdict, VerdictKind
from workbench.files import FileProblem
from workbench.review.contests import Contest, Side
from workbench.review.decide import decide, record, verdicts_for
from workbench.review.dependencies import stranded
from workbench.review.plan import ReviewProblem
from workbench.review.reviewers import in_force
from workbench.review.session import Review, open_for
from workbench.store.proposals import ProposalStore

#: Says who reviews in a library.
Sign = Callable[[Path], str]
#: Says the verdicts on a proposal, given who reviews.
Say = Callable[[Review, str], tuple[HunkVerdict, ...]]

#: A proposal, what is about to be said of it, and how.
Act = tuple[str, VerdictKind, Say]


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
    acts: list[Act] = [(order.proposal, order.kind, partial(_verdicts, order)) for order in orders]
    return _decide_each(store, acts, sign=sign, now=now)


def take_back(store: ProposalStore, before: Sequence[Before], *, sign: Sign, now: str) -> Done:
    """Decide on each proposal as it was before; the decisions between stay on record."""
    acts: list[Act] = [(one.proposal, "reject", partial(_as_before, one)) for one in before]
    return _decide_each(store, acts, sign=sign, now=now)


def _decide_each(
    store: ProposalStore,
    acts: Iterable[Act],
    *,
    sign: Sign,
    now: str,
) -> Done:
    before: list[Before] = []
    problems: list[str] = []
    for name, kind, say in acts:
        try:
            review = open_for(kind, store, name)
            reviewer = sign(review.library)
            last = in_force(review.standing, reviewer)
            record(review, decide(review, say(review, reviewer), reviewer=reviewer, now=now))
        except (ReviewProblem, FileProblem) as problem:
            problems.append(str(problem))
        else:
            before.append(Before(name, last))
    return Done(tuple(before), tuple(problems))


def _as_before(one: Before, _review: Review, _reviewer: str) -> tuple[HunkVerdict, ...]:
    return one.verdicts


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


def _verdicts(order: Order, review: Review, reviewer: str) -> tuple[HunkVerdict, ...]:
    wanted = _hunks_of(review, order.hunks)
    if order.kind != "accept":
        names = [hunk.id for hunk in wanted]
        now = in_force(review.standing, reviewer)
        out = {*names, *stranded(review.hunks, names, now)}
        wanted = tuple(hunk for hunk in review.hunks if hunk.id in out)
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
