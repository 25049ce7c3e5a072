"""How a library stands to its remote and to the queue of its team, without asking the network."""

from __future__ import annotations

from pathlib import Path

from msgspec import Struct

from workbench.domain.text import counted
from workbench.review.sharing.form import Place
from workbench.review.sharing.forward import note_reached
from workbench.review.sharing.queue import QueueState, TeamQueue, place_of
from workbench.review.sharing.settings import read_sharing
from workbench.store.history import LocalHistory
from workbench.store.proposals import ProposalStore
from workbench.store.remotes import (
    Distance,
    Fetched,
    Upstream,
    distance,
    remotes_of,
    upstream_of,
)
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


def fetched_words(upstream: Upstream, fetched: Fetched, here: Distance) -> str:
    """Return what a fetch brought, in words."""
    if fetched.gone:
        return (
            f"{upstream} was deleted on the remote. A push would make it anew; ask whoever deleted "
            "it, or follow another branch."
        )
    if fetched.lost:
        return (
            f"{upstream} was rewritten on the remote: {counted(fetched.lost, 'commit')} that had "
            f"been in it came out. Now {distance_words(here)}; what was taken out there and is in "
            "this branch would go back with a push."
        )
    what = "nothing new" if fetched.before == fetched.after else "new commits"
    return f"{upstream}: {what}; {distance_words(here)}."


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
