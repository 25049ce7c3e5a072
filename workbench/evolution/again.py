"""Asking an engine once more after a review: what it is told, and how its answer is linked."""

from __future__ import annotations

from msgspec import Struct
from msgspec.structs import replace

from workbench.domain.proposal import Proposal


class Again(Struct, frozen=True):
    """A proposal that a reviewer sends back. ``paths`` are the files it changes.

    ``comment`` is handed to the engine with the reasons that were given before, as what became of
    this proposal in the history of the request.
    """

    proposal: str
    paths: tuple[str, ...] = ()
    comment: str = ""


def again_of(proposal: Proposal, comment: str) -> Again:
    """Return what sends a proposal back."""
    paths = dict.fromkeys(change.path for change in proposal.draft.changes)
    return Again(proposal.id, tuple(paths), " ".join(comment.split()))


def linked(proposal: Proposal, again: Again | None) -> Proposal:
    """Name the proposal that was sent back as where this one comes from.

    It takes its place where both change a file in common; the id says what is proposed and stays.
    """
    if again is None or proposal.id == again.proposal:
        return proposal
    lineage = proposal.draft.lineage
    parents = tuple(dict.fromkeys((again.proposal, *lineage.parents)))
    shared = {change.path for change in proposal.draft.changes} & set(again.paths)
    supersedes = again.proposal if shared else lineage.supersedes
    own = replace(lineage, parents=parents, supersedes=supersedes)
    return replace(proposal, draft=replace(proposal.draft, lineage=own))


def same_again(proposal: Proposal, again: Again | None) -> str:
    """Say that an engine proposes just what was sent back; empty when it does not."""
    if again is None or proposal.id != again.proposal:
        return ""
    return (
        f"The engine proposes exactly {proposal.id} again, which was sent back. Engines without a "
        "model read no comments: reject it, and it is not proposed any more."
    )
