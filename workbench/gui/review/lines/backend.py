"""What comments ask of the store; every function here blocks and runs in a thread."""

from __future__ import annotations

from collections.abc import Iterable

from workbench.domain.comment import CommentRecord, Thread
from workbench.domain.proposal import Proposal
from workbench.files import FileProblem
from workbench.review.session import Review
from workbench.store.line_comments import threads_of
from workbench.store.proposals import ProposalStore


def read_threads(review: Review) -> tuple[Thread, ...]:
    """Return what was said of the lines of a proposal.

    Raises:
        FileProblem: it cannot be read.
    """
    return threads_of(review.store, review.proposal)


def keep_comment(review: Review, record: CommentRecord) -> tuple[Thread, ...]:
    """Write an act on a comment and return what was said by then.

    Raises:
        FileProblem: it cannot be written.
    """
    review.store.add_comment(review.proposal.id, record)
    return read_threads(review)


def open_threads(store: ProposalStore, proposals: Iterable[Proposal]) -> dict[str, int]:
    """Return how many threads of each proposal are not settled, of those that have any."""
    counts: dict[str, int] = {}
    for proposal in proposals:
        try:
            found = sum(not thread.resolved for thread in threads_of(store, proposal))
        except FileProblem:
            continue  # the desk says so when the proposal is shown
        if found:
            counts[proposal.id] = found
    return counts
