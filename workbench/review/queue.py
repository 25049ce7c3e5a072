"""The queue of proposals as a person works through it: filtered, sorted, with what is contested."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from typing import Any, Final, Literal

from msgspec import Struct

from workbench.domain.proposal import Gate, Proposal, ProposalStatus
from workbench.domain.task import GateLevel
from workbench.review.contests import OPEN, Contest, Footprints, contests, contests_of
from workbench.review.tested import decided_gate
from workbench.store.line_comments import open_threads
from workbench.store.proposals import ProposalStore

Sort = Literal["newest", "oldest", "level", "repairs", "largest", "smallest"]

SORTS: Final[tuple[Sort, ...]] = ("newest", "oldest", "level", "repairs", "largest", "smallest")

_LEVEL_ORDER: Final[tuple[GateLevel, ...]] = (
    "supported",
    "promising",
    "not_evaluated",
    "rejected",
)


class Entry(Struct, frozen=True):
    """A proposal in the queue: its size in lines and how many places others contest.

    ``rivals`` are the proposals on the other side of these places; ``talk`` counts threads of
    comments on its lines that nobody settled.
    ``tested`` is the gate of what reviewers accepted, where that is not the whole.
    ``stale`` are files that are not what it is based on any more.
    """

    proposal: Proposal
    added: int = 0
    removed: int = 0
    contested: int = 0
    rivals: tuple[str, ...] = ()
    problem: str = ""
    talk: int = 0
    tested: Gate | None = None
    stale: tuple[str, ...] = ()

    @property
    def status(self) -> ProposalStatus:
        """The status as it is now: an open proposal is stale as soon as its files are others."""
        stored = self.proposal.status
        return "stale" if self.stale and stored in OPEN else stored

    @property
    def gate(self) -> Gate:
        """The gate of what is accepted; while nothing is, that of the whole."""
        return self.tested or self.proposal.gate

    @property
    def verified(self) -> int:
        """How many quotes of its evidence were found."""
        return sum(check.status == "verified" for check in self.proposal.checks)


class Queue(Struct, frozen=True):
    """All proposals of a store, oldest first, and what they contest."""

    entries: tuple[Entry, ...] = ()
    contests: tuple[Contest, ...] = ()


class Wanted(Struct, frozen=True):
    """Which proposals are looked for; what is empty asks for nothing. ``words`` must all occur."""

    statuses: tuple[ProposalStatus, ...] = ()
    engines: tuple[str, ...] = ()
    skills: tuple[str, ...] = ()
    levels: tuple[GateLevel, ...] = ()
    contested: bool = False
    words: str = ""

    def holds(self, entry: Entry) -> bool:
        """Say whether a proposal is among them."""
        proposal = entry.proposal
        return (
            (not self.statuses or entry.status in self.statuses)
            and (not self.engines or proposal.engine.id in self.engines)
            and (not self.skills or bool(set(skills_of(proposal)) & set(self.skills)))
            and (not self.levels or entry.gate.level in self.levels)
            and (not self.contested or entry.contested > 0)
            and self._has_words(proposal)
        )

    def _has_words(self, proposal: Proposal) -> bool:
        draft = proposal.draft
        paths = " ".join(change.path for change in draft.changes)
        text = f"{draft.title} {' '.join(draft.skills)} {proposal.id} {proposal.engine.id} {paths}"
        folded = text.casefold()
        return all(word in folded for word in self.words.casefold().split())


def queue_of(store: ProposalStore, proposals: Sequence[Proposal], footprints: Footprints) -> Queue:
    """Return the queue with what is contested; ``footprints`` remembers what was worked out."""
    found = contests(store, proposals, footprints)
    entries: list[Entry] = []
    for proposal in proposals:
        foot = footprints.of(store, proposal)
        own = contests_of(found, proposal.id)
        rivals = Counter(
            side.proposal
            for contest in own
            for side in contest.sides
            if side.proposal != proposal.id and not side.rejected
        )
        entries.append(
            Entry(
                proposal,
                foot.added,
                foot.removed,
                len(own),
                tuple(rivals),
                foot.problem,
                open_threads(store, proposal),
                decided_gate(store, proposal, len(foot.places)),
                footprints.disk.changed(proposal) if proposal.status in OPEN else (),
            )
        )
    return Queue(tuple(entries), found)


def sorted_entries(entries: Iterable[Entry], by: Sort) -> list[Entry]:
    """Return proposals in an order; where it is the same, the newest first."""
    found = sorted(entries, key=_made, reverse=True)
    keys: dict[Sort, Callable[[Entry], Any]] = {
        "level": lambda one: _LEVEL_ORDER.index(one.gate.level),
        "repairs": _by_repairs,
        "largest": lambda one: -(one.added + one.removed),
        "smallest": lambda one: one.added + one.removed,
    }
    if by == "oldest":
        found.reverse()
    elif by in keys:
        found.sort(key=keys[by])
    return found


def _made(entry: Entry) -> tuple[str, str, str]:
    # Ids hold hashes of paths: of proposals made at once, the order would be another elsewhere.
    proposal = entry.proposal
    return proposal.created, proposal.draft.title.casefold(), proposal.id


def _by_repairs(entry: Entry) -> tuple[bool, int, int]:
    gate = entry.gate
    return (
        gate.repairs is None,
        (gate.regressions or 0) - (gate.repairs or 0),
        gate.regressions or 0,
    )


def skills_of(proposal: Proposal) -> tuple[str, ...]:
    """Return the skills a proposal is for: as it says, else the folders it touches."""
    if proposal.draft.skills:
        return proposal.draft.skills
    return tuple(sorted({change.path.split("/")[0] for change in proposal.draft.changes}))


def age(created: str, now: str) -> str:
    """Return how old something is in a few letters ("3 d"), "" when a time cannot be read."""
    try:
        then, today = (_aware(datetime.fromisoformat(one)) for one in (created, now))
    except ValueError:
        return ""
    minutes = max(0, int((today - then).total_seconds() // 60))
    for size, unit in ((60 * 24 * 365, "y"), (60 * 24 * 7, "w"), (60 * 24, "d"), (60, "h")):
        if minutes >= size:
            return f"{minutes // size} {unit}"
    return f"{minutes} min"


def _aware(time: datetime) -> datetime:
    return time if time.tzinfo else time.replace(tzinfo=UTC)
