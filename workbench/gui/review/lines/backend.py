"""What comments ask of the store; every function here blocks and runs in a thread."""

from __future__ import annotations

from workbench.domain.comment import CommentRecord, Thread
from workbench.review.comments import keep_record
from workbench.review.session import Review
from workbench.store.line_comments import threads_of


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
    keep_record(review.store, review.proposal.id, record)
    return read_threads(review)
