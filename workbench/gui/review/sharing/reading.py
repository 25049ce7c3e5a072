"""What the page of sharing reads and does; every function blocks and runs in a thread."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

from msgspec import Struct

from workbench.domain.proposal import Proposal
from workbench.gui.review.backend import Shelf, now, reviewer_at
from workbench.review.plan import ReviewProblem
from workbench.review.sharing.forward import (
    Forward,
    ForwardPlan,
    PushPlan,
    joinable,
    plan_push,
    send,
)
from workbench.review.sharing.incoming import RemoteChanges
from workbench.review.sharing.join import ComesAlong, Joined, join
from workbench.review.sharing.outlook import Outlook, fetched_words, look_around
from workbench.review.sharing.publishing import Publication, shareable
from workbench.review.sharing.queue import Synced, TeamQueue, place_of
from workbench.review.sharing.settings import Sharing, turn_off, turn_on
from workbench.store.git import GitProblem
from workbench.store.remotes import LISTED, distance, fetch_upstream, upstream_of
from workbench.store.transport import Call


class Look(Struct, frozen=True):
    """All the page shows. ``incoming`` is None where what came cannot be told; ``why`` says why.

    ``publication`` is what a sync would send if every proposal were shared.
    """

    outlook: Outlook
    incoming: ForwardPlan | None
    push: PushPlan | None
    why: str
    proposals: tuple[Proposal, ...]
    publication: Publication | None

    @property
    def too_many(self) -> bool:
        """Whether more came than can be listed; as one proposal it can be reviewed still."""
        here = self.outlook.distance
        return self.incoming is None and here is not None and here.behind > LISTED


def look(shelf: Shelf, library: Path) -> Look:
    """Read how a library stands; asks no network.

    Raises:
        ReviewProblem, GitProblem, FileProblem: it is in no repository, or cannot be read.
    """
    outlook = look_around(shelf.store, shelf.history, library, now=now())
    repository, place = place_of(library)
    incoming, push, why = None, None, outlook.why
    if outlook.upstream is not None:
        try:
            push = plan_push(repository, outlook.upstream)
            incoming = Forward(
                shelf.store, shelf.history, repository, place, outlook.upstream
            ).plan()
        except (ReviewProblem, GitProblem) as problem:
            why = str(problem)
    proposals = shareable(shelf.store, place)
    publication = None
    if outlook.queue is not None:
        queue = TeamQueue(shelf.store, library)
        publication = queue.publication([one.id for one in proposals])
    return Look(outlook, incoming, push, why, proposals, publication)


class FetchTold(Struct, frozen=True):
    """What a fetch brought in words; ``odd`` where the branch was deleted or rewritten there."""

    words: str
    odd: bool


def fetch_all(library: Path, call: Call) -> FetchTold:
    """Fetch from the remote of the current branch."""
    repository, _ = place_of(library)
    upstream = upstream_of(repository)
    fetched = fetch_upstream(repository, upstream, call)
    words = fetched_words(upstream, fetched, distance(repository, upstream))
    return FetchTold(words, fetched.gone or fetched.lost > 0)


def take_in(
    shelf: Shelf, library: Path, commits: Collection[str], together: bool
) -> tuple[Proposal, ...]:
    """Make proposals of commits that came."""
    repository, place = place_of(library)
    changes = RemoteChanges(shelf.store, repository, place, upstream_of(repository))
    return changes.take(commits, together=together, now=now())


def move_forward(shelf: Shelf, library: Path, with_unreviewed: bool) -> tuple[Proposal, ...]:
    """Move the branch to the remote's own commits."""
    repository, place = place_of(library)
    forward = Forward(shelf.store, shelf.history, repository, place, upstream_of(repository))
    return forward.run(now=now(), with_unreviewed=with_unreviewed)


def join_both(shelf: Shelf, library: Path, with_unreviewed: bool) -> Joined | ComesAlong:
    """Join the branch with its upstream, or say what would come along unreviewed."""
    repository, place = place_of(library)
    upstream = upstream_of(repository)
    reviewed = joinable(shelf.store, repository, place, upstream)
    try:
        return join(repository, place, upstream, with_unreviewed=with_unreviewed, reviewed=reviewed)
    except ComesAlong as found:
        return found


def push_all(library: Path, call: Call) -> PushPlan:
    """Push the current branch."""
    repository, _ = place_of(library)
    return send(repository, upstream_of(repository), call)


def sync(shelf: Shelf, library: Path, add: Collection[str], call: Call) -> Synced:
    """Bring queue and store up to date with each other."""
    queue = TeamQueue(shelf.store, library)
    who = reviewer_at(library)
    return queue.sync(call, add=add, reviewer=who, traces=shelf.traces(), now=now())


def share(library: Path, remotes: tuple[str, ...]) -> None:
    """Turn sharing on, through the first remote, or in this repository alone."""
    turn_on(library, Sharing(remotes[0] if remotes else ""))


def stop_sharing(library: Path) -> None:
    """Turn sharing off; what was sent stays."""
    turn_off(library)
