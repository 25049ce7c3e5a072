"""A proposal opened for review: its hunks, and what a choice among them makes."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path

from msgspec.structs import replace

from workbench.domain.proposal import Decision, Hunk, HunkVerdict, Proposal, Split, VerdictKind
from workbench.files import FileProblem, confined, sha256
from workbench.review.compose import Result, compose, content_hash
from workbench.review.copied import TextSource
from workbench.review.disk import look
from workbench.review.evidence_texts import evidence_texts
from workbench.review.hunks import Pieces, finished, pieces_of
from workbench.review.plan import ReviewProblem
from workbench.review.reviewers import Standing, standing
from workbench.review.siblings import with_siblings
from workbench.review.splits import carried, divided
from workbench.store.proposals import ProposalStore, StoreProblem


class Review:
    """One proposal with its hunks. It reads the store; it writes nothing.

    ``hunks`` are as the last decision split them. ``splits`` are those that hold, and
    ``split_problems`` tell of splits that fit this proposal no more.
    """

    hunks: tuple[Hunk, ...]
    splits: tuple[Split, ...]
    split_problems: tuple[str, ...]

    def __init__(
        self,
        store: ProposalStore,
        proposal: Proposal,
        library: Path,
        *,
        pieces: Pieces | None = None,
    ) -> None:
        self.store = store
        self.proposal = proposal
        self.library = library
        self._pieces = pieces or pieces_of(proposal, self.read_base, self.read_blob)
        decision = self.decision
        self.split(decision.splits if decision is not None else ())

    def with_splits(self, splits: Sequence[Split]) -> Review:
        """Return the review with its hunks split otherwise."""
        other = copy.copy(self)
        other.split(splits)
        return other

    def split(self, splits: Sequence[Split]) -> None:
        """Split the hunks as a decision says."""
        division = divided(self._pieces, splits)
        self.splits, self.split_problems = division.splits, division.problems
        self.hunks = with_siblings(finished(self.proposal, division.owned))

    @cached_property
    def evidence_texts(self) -> tuple[TextSource, ...]:
        """What the traces behind the proposal say; read once, which may take a second."""
        return evidence_texts(self.proposal)

    def read_base(self, path: str) -> bytes | None:
        """Return a file as the proposal saw it, None when that version is nowhere any more."""
        digest = next((file.sha256 for file in self.proposal.base if file.path == path), None)
        if digest is None:
            return None
        try:
            return self.store.blob(digest, self.proposal.id)
        except StoreProblem:
            pass
        try:
            data = confined(self.library, path).read_bytes()
        except (OSError, FileProblem):
            return None
        return data if sha256(data) == digest else None

    def read_blob(self, digest: str) -> bytes:
        """Return a stored file of the proposal."""
        return self.store.blob(digest, self.proposal.id)

    def result(self, verdicts: Sequence[HunkVerdict]) -> Result:
        """Return the exact files that the accepted hunks make."""
        own = tuple(verdict for verdict in verdicts if verdict.hunk != WHOLE)
        if not self.hunks and not own:
            return Result((), content_hash(()))
        return compose(self.proposal, self.hunks, own, self.read_base, self.read_blob)

    def changed_on_disk(self) -> tuple[str, ...]:
        """Return the files that are not what the proposal is based on, links and folders too."""
        changed: list[str] = []
        for file in self.proposal.base:
            try:
                found = look(self.library, file.path).sha256
            except (FileProblem, ReviewProblem):
                changed.append(file.path)
                continue
            if found != file.sha256:
                changed.append(file.path)
        return tuple(changed)

    @property
    def decision(self) -> Decision | None:
        """The last decision of anybody, None when nobody decided yet."""
        return standing(self.store.decisions(self.proposal.id)).latest

    @property
    def standing(self) -> Standing:
        """The last decision of each reviewer; what one said of other parts is said of these."""
        found = standing(self.store.decisions(self.proposal.id), self.hunks)
        decisions = tuple(self._as_split_now(one) for one in found.decisions)
        return replace(found, decisions=decisions)

    def _as_split_now(self, decision: Decision) -> Decision:
        if decision.splits == self.splits or not self.hunks:
            return decision
        before = self.with_splits(decision.splits).hunks
        return replace(decision, verdicts=carried(decision.verdicts, before, self.hunks))


#: The hunk a verdict names when it is about a proposal that changes no file.
WHOLE = "*"


def open_review(store: ProposalStore, proposal_id: str, library: Path | None = None) -> Review:
    """Open a proposal; ``library`` is where its files are now, by default where they were.

    Raises:
        StoreProblem: there is no such proposal, or it is broken.
        ReviewProblem: its changes cannot be shown.
    """
    proposal = store.get(proposal_id)
    return Review(store, proposal, Path(library or proposal.library).absolute())


def open_for(
    kind: VerdictKind, store: ProposalStore, proposal_id: str, library: Path | None = None
) -> Review:
    """Open a proposal to give a verdict on it.

    One whose changes cannot be shown, such as one that leaves the library, can still be rejected
    or deferred as a whole: it is opened without hunks.

    Raises:
        StoreProblem: there is no such proposal, or it is broken.
        ReviewProblem: it is to be accepted, and its changes cannot be shown.
    """
    try:
        return open_review(store, proposal_id, library)
    except (ReviewProblem, FileProblem):
        if kind == "accept":
            raise
    proposal = store.get(proposal_id)
    where = Path(library or proposal.library).absolute()
    return Review(store, proposal, where, pieces=Pieces((), {}))
