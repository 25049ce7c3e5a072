"""Nothing is applied while reviewers differ, nor what only one of several accepted unseen."""

from __future__ import annotations

from workbench.domain.proposal import Decision
from workbench.domain.reviewer import reviewer_key
from workbench.review.plan import ReviewProblem
from workbench.review.reviewers import (
    HunkConflict,
    conflicts,
    in_force,
    standing,
)
from workbench.review.session import WHOLE, Review

_WORDS = {"accept": "accepts", "reject": "rejects", "defer": "defers"}


def open_conflicts(review: Review, decision: Decision | None = None) -> tuple[HunkConflict, ...]:
    """Return the hunks that reviewers of the proposal differ on, with ``decision`` as the last."""
    made = review.store.decisions(review.proposal.id)
    now = standing((*made, decision) if decision is not None else made, review.hunks)
    names = {hunk.id for hunk in review.hunks} or {WHOLE}
    return tuple(one for one in conflicts(now) if one.hunk in names)


def who_says_what(review: Review, conflict: HunkConflict) -> str:
    """Return a conflict in one sentence, with the number of the hunk."""
    numbers = {hunk.id: number for number, hunk in enumerate(review.hunks, 1)}
    said = []
    for one in conflict.said:
        words = f"{one.reviewer.partition(' <')[0]} {_WORDS[one.verdict.verdict]} it"
        if one.verdict.edited is not None:
            words += " with other text"
        said.append(words)
    name = f"hunk {numbers[conflict.hunk]}" if conflict.hunk in numbers else "the diagnosis"
    return f"{name}: {', '.join(said)}"


def why_differing(review: Review, decision: Decision) -> str:
    """Return why ``decision`` cannot be applied: what reviewers differ on; "" when on nothing."""
    found = open_conflicts(review, decision)
    if not found:
        return ""
    said = "; ".join(who_says_what(review, one) for one in found)
    return (
        f"Reviewers of proposal {review.proposal.id} differ on {said}. Nothing was applied: settle "
        "it in the window, or with skill-workbench share resolve."
    )


def check_agreed(review: Review, decision: Decision, *, chosen: bool) -> None:
    """Refuse to apply what reviewers differ on.

    Args:
        review: the proposal.
        decision: what is to be applied.
        chosen: the person who applies saw and chose exactly this decision. Without that, it is the
            newest, and has to hold all that anybody accepted.

    Raises:
        ReviewProblem: reviewers differ, or the newest decision leaves out what others accepted.
    """
    why = why_differing(review, decision)
    if why:
        raise ReviewProblem(why)
    if chosen:
        return
    own = {one.hunk: one.edited for one in decision.verdicts if one.verdict == "accept"}
    for verdict in in_force(review.standing):
        if verdict.verdict != "accept" or own.get(verdict.hunk, ("?",)) == verdict.edited:
            continue
        others = [
            one.reviewer
            for one in review.standing.counting(verdict.hunk)
            if reviewer_key(one.reviewer) != reviewer_key(decision.reviewer)
        ]
        if others and verdict.hunk in {hunk.id for hunk in review.hunks}:
            raise ReviewProblem(
                f"The newest decision on proposal {review.proposal.id}, by {decision.reviewer}, "
                f"leaves out what {', '.join(others)} accepted. Approve once more, so that one "
                "person signs all that is applied."
            )
