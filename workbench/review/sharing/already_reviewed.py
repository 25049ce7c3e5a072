"""Commits of the remote that apply what the person here approved in the team's queue.

The trailers of a commit are only where to look. It counts as reviewed when each file it changes is,
byte for byte, what the person's own standing decision on the proposal makes of it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from msgspec import Struct

from workbench.domain.proposal import Proposal
from workbench.files import FileProblem
from workbench.review.agreement import open_conflicts
from workbench.review.compose import Result
from workbench.review.plan import ReviewProblem
from workbench.review.reviewers import standing
from workbench.review.session import open_review
from workbench.review.sharing.form import REMOTE_ENGINE, Place
from workbench.store.git import Commit, Repository
from workbench.store.proposals import ProposalStore

#: Of each path what is before and after: bytes as a checkout has them, and mode; None is no file.
Side = tuple[str, str] | None
Sides = Mapping[str, tuple[Side, Side]]


class ReviewedHere(Struct, frozen=True):
    """Tells which commits the person here has reviewed already."""

    store: ProposalStore
    repository: Repository
    place: Place

    def proposal_of(self, commit: Commit, sides: Callable[[], Sides]) -> Proposal | None:
        """Return the proposal that a commit applies as it was approved here, else None.

        ``sides`` reads what the commit does to the files of the library.
        """
        name = commit.trailer("Skill-Workbench-Proposal")
        identity = self.repository.identity()
        if name is None or identity is None:
            return None
        try:
            proposal = self.store.get(name)
            if proposal.engine.id == REMOTE_ENGINE or not self.place.holds(proposal):
                return None
            review = open_review(self.store, name, self.place.library)
            decision = standing(self.store.decisions(name)).of(str(identity))
            if decision is None or open_conflicts(review):
                return None
            split = review.with_splits(decision.splits)
            result = split.result(decision.verdicts)
        except (FileProblem, ReviewProblem):
            return None
        if result.content_hash != decision.content_hash or not result.files:
            return None
        return proposal if _made(result) == dict(sides()) else None


def _made(result: Result) -> dict[str, tuple[Side, Side]]:
    """Return what a selection does to files, those it leaves as they are left out."""
    made: dict[str, tuple[Side, Side]] = {}
    for file in result.files:
        before_mode = file.base_mode or "100644"
        before = None if file.base_sha256 is None else (file.base_sha256, before_mode)
        digest = file.sha256
        after = None if digest is None else (digest, file.mode or before_mode)
        if before != after:
            made[file.path] = (before, after)
    return made
