"""How a library stands to its remote and to the queue of its team, without asking the network."""

from __future__ import annotations

from pathlib import Path

from msgspec import Struct

from workbench.review.sharing.form import Place
from workbench.review.sharing.forward import note_reached
from workbench.review.sharing.queue import QueueState, TeamQueue, place_of
from workbench.review.sharing.settings import read_sharing
from workbench.store.history import LocalHistory
from workbench.store.proposals import ProposalStore
from workbench.store.remotes import Distance, Upstream, distance, remotes_of, upstream_of
from workbench.store.transport import TransportProblem


class Outlook(Struct, frozen=True):
    """What is known as of the last fetch.

    ``upstream`` is None where there is nothing to compare with; ``why`` says why. ``queue`` is None
    while reviews are not shared.
    """

    place: Place
    branch: str | None
    remotes: tuple[str, ...]
    upstream: Upstream | None
    distance: Distance | None
    why: str
    queue: QueueState | None


def look_around(
    store: ProposalStore,
    history: LocalHistory,
    library: Path,
    *,
    now: str,
    remote: str | None = None,
    branch: str | None = None,
) -> Outlook:
    """Return how a library stands; proposals that came in with git are noted as applied.

    Raises:
        ReviewProblem, GitProblem, FileProblem: it is in no repository, or cannot be read.
    """
    repository, place = place_of(library)
    note_reached(store, history, repository, place, now=now)
    upstream, here, why = None, None, ""
    try:
        upstream = upstream_of(repository, remote, branch)
        here = distance(repository, upstream)
    except TransportProblem as problem:
        why = str(problem)
    sharing = read_sharing(place.library)
    queue = TeamQueue(store, library).state() if sharing is not None else None
    names = remotes_of(repository)
    return Outlook(place, repository.branch(), names, upstream, here, why, queue)


def distance_words(here: Distance) -> str:
    """Return how a branch and its upstream lie to each other, in words."""
    if here.tip is None:
        return "never fetched, or not there yet"
    if here.base is None:
        return "nothing in common" + (" in this shallow clone" if here.shallow else "")
    parts = []
    if here.behind:
        parts.append(f"{here.behind} to come in")
    if here.ahead:
        parts.append(f"{here.ahead} to push")
    return ", ".join(parts) or "as it was there at the last fetch"
