"""What the screen asks of store, git and disk; every function here blocks and runs in a thread."""

from __future__ import annotations

import getpass
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path

from msgspec import Struct
from msgspec.structs import replace

from workbench.domain.comment import Thread
from workbench.domain.proposal import (
    Decision,
    EvidenceCheck,
    HunkVerdict,
    Proposal,
    ProposalStatus,
    Receipt,
)
from workbench.evolution.evidence import recheck
from workbench.files import FileProblem
from workbench.gui.review.diff.line import DiffLine, DiffOptions, Facts
from workbench.gui.review.diff.lines import diff_lines, is_long
from workbench.review.applying.recover import recover
from workbench.review.applying.rest import merge_rest, why_no_rest
from workbench.review.applying.revert import merge_revert, revert
from workbench.review.contests import Footprints
from workbench.review.decide import decide, record
from workbench.review.file_facts import file_facts
from workbench.review.merge import Choice, Merge, merge_stale, merged_proposal
from workbench.review.plan import ReviewProblem
from workbench.review.queue import Queue, queue_of
from workbench.review.reviewers import in_force
from workbench.review.session import WHOLE, Review, open_review
from workbench.review.sharing.evidence_here import TracesHere, is_wanting, look_up
from workbench.store.git import GitProblem, identity_at
from workbench.store.history import LocalHistory
from workbench.store.line_comments import threads_of
from workbench.store.proposals import ProposalStore

#: What may go wrong with a message for a person.
PROBLEMS = (FileProblem, ReviewProblem, GitProblem)


class Shelf(Struct, frozen=True):
    """Where reviews are kept: the proposals, and the versions of libraries outside git.

    ``traces`` gives those of this machine, in which quotes of others are looked up.
    """

    store: ProposalStore
    history: LocalHistory
    traces: Callable[[], TracesHere] = TracesHere


class Opened(Struct, frozen=True):
    """A proposal read for the screen. ``stale`` are files that changed since it was made.

    ``lines`` is its diff with the verdicts as they were then, a long one without words and moves.
    ``why_no_rest`` says why nothing of it can be opened as a new proposal.
    """

    review: Review
    lines: tuple[DiffLine, ...]
    verdicts: tuple[HunkVerdict, ...]
    checks: tuple[EvidenceCheck, ...]
    receipt: Receipt | None
    stale: tuple[str, ...]
    reviewer: str
    facts: Facts = {}
    threads: tuple[Thread, ...] = ()
    why_no_rest: str | None = None

    @property
    def proposal(self) -> Proposal:
        """The proposal as it was stored when it was opened."""
        return self.review.proposal


def now() -> str:
    """Return the time, ISO 8601."""
    return datetime.now(UTC).isoformat(timespec="microseconds")


class QueueRead(Struct, frozen=True):
    """What the store holds; ``problems`` cannot be read, ``mended`` tells what was put right."""

    queue: Queue
    problems: tuple[str, ...] = ()
    mended: tuple[str, ...] = ()


def read_queue(shelf: Shelf, footprints: Footprints) -> QueueRead:
    """Return all proposals, after mending what an interrupted apply left."""
    mended = recover(shelf.store, shelf.history, now=now())
    listing = shelf.store.read()
    queue = queue_of(shelf.store, listing.proposals, footprints)
    return QueueRead(queue, listing.problems, mended)


def open_proposal(shelf: Shelf, proposal_id: str) -> Opened:
    """Read a proposal with its hunks, decisions and receipts, and look its evidence up again.

    Raises:
        FileProblem, ReviewProblem: it cannot be shown.
    """
    if any(map(is_wanting, shelf.store.get(proposal_id).checks)):
        look_up(shelf.store, proposal_id, shelf.traces())
    review = open_review(shelf.store, proposal_id)
    proposal = review.proposal
    reviewer = reviewer_at(review.library)
    names = {hunk.id for hunk in review.hunks} or {WHOLE}
    verdicts = tuple(one for one in in_force(review.standing, reviewer) if one.hunk in names)
    quotes = {one.id: one.quote for one in proposal.draft.evidence}
    receipts = shelf.store.receipts(proposal_id)
    receipt = receipts[-1] if receipts else None
    applied = proposal.status == "applied"
    edited = {one.hunk: one.edited for one in verdicts}
    options = DiffOptions(quick=is_long(review.hunks, edited.get))
    facts = file_facts(review.hunks, proposal, review.read_base, review.read_blob)
    return Opened(
        review=review,
        lines=diff_lines(review.hunks, edited.get, review.read_base, options, facts),
        verdicts=verdicts,
        checks=tuple(recheck(one, quotes.get(one.evidence, "")) for one in proposal.checks),
        receipt=receipt,
        stale=() if applied else review.changed_on_disk(),
        reviewer=reviewer,
        facts=facts,
        threads=threads_of(shelf.store, proposal),
        why_no_rest=why_no_rest(review, proposal),
    )


def reviewer_at(library: Path) -> str:
    """Return who reviews: the identity git knows, else the name of the user."""
    identity = identity_at(library if library.is_dir() else Path.cwd())
    if identity is not None:
        return str(identity)
    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError):
        return "unknown"


def keep_verdicts(
    review: Review, verdicts: Sequence[HunkVerdict], reviewer: str
) -> tuple[Decision, ProposalStatus]:
    """Write the verdicts to the store; return the decision and the status that follows.

    Raises:
        FileProblem, ReviewProblem: it cannot be written, or the selection makes no sense.
    """
    decision = decide(review, verdicts, reviewer=reviewer, now=now())
    return decision, record(review, decision)


def revert_applied(shelf: Shelf, review: Review, reviewer: str) -> Receipt:
    """Take an applied proposal back.

    Raises:
        Stale: files changed since it was applied.
        ReviewProblem, GitProblem, FileProblem: refused or rolled back.
    """
    return revert(
        shelf.store,
        shelf.history,
        review.proposal.id,
        now=now(),
        reviewer=reviewer,
        library=review.library,
    )


def merge_with_disk(
    shelf: Shelf, review: Review, verdicts: Sequence[HunkVerdict], backwards: bool
) -> Merge:
    """Merge the accepted hunks (or, ``backwards``, the way back) with the files of now.

    With no hunk accepted all of them are merged, to be reviewed on the files of now.

    Raises:
        ReviewProblem, FileProblem: a side is not there any more.
    """
    if backwards:
        return merge_revert(shelf.store, review.proposal.id, review.library)
    accepted = [one for one in verdicts if one.verdict == "accept"]
    if not accepted:
        accepted = [HunkVerdict(hunk.id, "accept") for hunk in review.hunks]
    return merge_stale(review, accepted)


def merge_what_is_left(shelf: Shelf, review: Review) -> Merge:
    """Merge what was not applied of a proposal with the files of now.

    Raises:
        ReviewProblem, FileProblem: nothing is left, or a side is not there any more.
    """
    return merge_rest(shelf.store, review.proposal.id, review.library)


def keep_merge(
    shelf: Shelf, merge: Merge, choices: dict[tuple[str, int], Choice | tuple[str, ...]]
) -> Proposal:
    """Store the merged proposal, to be reviewed anew, and return it.

    Raises:
        ReviewProblem: a conflict is open or nothing is left to change.
        FileProblem: it cannot be written.
    """
    proposal, blobs = merged_proposal(merge, now=now(), choices=choices)
    added = shelf.store.add(proposal, blobs)
    old = shelf.store.get(merge.proposal.id)
    if old.status != "applied":
        shelf.store.update(replace(old, status="stale"))
    return added


def short(digest: str | None) -> str:
    """Return the start of a hash, or what stands for no file."""
    return "none" if digest is None else digest[:12]
