"""Where several proposals change the same lines, so that a person chooses among them at once.

Two proposals are compared where they are based on the same bytes of a file; on other bytes one of
them is stale, which is told by itself.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Final

from msgspec import Struct

from workbench.domain.proposal import Hunk, Proposal, ProposalStatus
from workbench.files import FileProblem
from workbench.review.plan import ReviewProblem
from workbench.review.session import Review
from workbench.review.staleness import DiskHashes
from workbench.review.text_diff.blanks import change_of, ends_of
from workbench.review.text_diff.diff import decoded, split_lines
from workbench.store.proposals import ProposalStore

#: Proposals that may still be applied.
OPEN: Final[frozenset[ProposalStatus]] = frozenset(
    ("pending", "deferred", "stale", "accepted", "partly_accepted")
)

_WHOLE_FILE: Final = 1 << 40


class Place(Struct, frozen=True):
    """What one hunk changes: base lines ``start`` to before ``end``, counted from 1.

    An insertion has equal ends. ``whole`` stands for the file itself: made, deleted, renamed, its
    mode or its bytes.
    """

    hunk: str
    path: str
    base: str | None
    start: int
    end: int
    new_lines: tuple[str, ...]
    whole: bool = False
    header: str = ""


class Footprint(Struct, frozen=True):
    """All places of a proposal, and its size in lines. ``problem``: why it cannot be read."""

    proposal: str
    places: tuple[Place, ...] = ()
    added: int = 0
    removed: int = 0
    problem: str = ""


class Side(Struct, frozen=True):
    """What one proposal makes of contested lines; ``rejected`` when it is turned down there."""

    proposal: str
    hunks: tuple[str, ...]
    lines: tuple[str, ...]
    what: str = ""
    rejected: bool = False


class Contest(Struct, frozen=True):
    """Lines that several proposals change: as they are, and as each would have them.

    Lines count from 1; with ``end`` before ``start`` nothing is replaced. ``whole``: it is about
    the file itself, and lines say nothing.
    """

    library: str
    path: str
    start: int
    end: int
    base_lines: tuple[str, ...]
    sides: tuple[Side, ...]
    whole: bool = False

    @property
    def agreed(self) -> bool:
        """Whether all would write the same."""
        return len({(side.lines, side.what) for side in self.sides}) == 1

    @property
    def ends_differ(self) -> bool:
        """Whether line ends, which nobody sees, tell versions apart."""
        versions = (self.base_lines, *(side.lines for side in self.sides))
        return len({ends_of(lines) for lines in versions if lines}) > 1

    @property
    def only_ends(self) -> bool:
        """Whether nothing but line ends tells the versions apart from what is there."""
        return not self.whole and all(
            change_of(self.base_lines, side.lines) == "ends" for side in self.sides
        )

    @property
    def settled(self) -> bool:
        """Whether all but one of them are turned down here."""
        return sum(not side.rejected for side in self.sides) < 2


class Footprints:
    """Footprints by proposal, worked out once: what a proposal changes never changes.

    ``disk`` knows the files they are based on as they are now.
    """

    def __init__(self) -> None:
        self._known: dict[str, Footprint] = {}
        self.disk = DiskHashes()

    def of(self, store: ProposalStore, proposal: Proposal) -> Footprint:
        """Return the footprint of a proposal in the store."""
        found = self._known.get(proposal.id)
        if found is None:
            found = self._known[proposal.id] = footprint(store, proposal)
        return found


def footprint(store: ProposalStore, proposal: Proposal) -> Footprint:
    """Work out what a proposal changes."""
    try:
        review = Review(store, proposal, Path(proposal.library))
    except (ReviewProblem, FileProblem) as problem:
        return Footprint(proposal.id, problem=str(problem))
    bases = {file.path: file.sha256 for file in proposal.base}
    return Footprint(
        proposal.id,
        tuple(_place(hunk, bases.get(hunk.path)) for hunk in review.hunks),
        sum(len(hunk.new_lines) for hunk in review.hunks),
        sum(len(hunk.base_lines) for hunk in review.hunks),
    )


def _place(hunk: Hunk, base: str | None) -> Place:
    whole = hunk.kind != "text"
    start = 0 if whole else hunk.base_start
    end = _WHOLE_FILE if whole else start + len(hunk.base_lines)
    return Place(hunk.id, hunk.path, base, start, end, hunk.new_lines, whole, hunk.header)


def contests(
    store: ProposalStore, proposals: Iterable[Proposal], footprints: Footprints
) -> tuple[Contest, ...]:
    """Return what open proposals contest, by library, path and line."""
    by_file: dict[tuple[str, str, str | None], list[tuple[Proposal, Place]]] = {}
    for proposal in proposals:
        if proposal.status in OPEN:
            for place in footprints.of(store, proposal).places:
                key = (proposal.library, place.path, place.base)
                by_file.setdefault(key, []).append((proposal, place))
    found: list[Contest] = []
    rejected: dict[str, frozenset[str]] = {}
    for (library, path, _base), places in sorted(by_file.items(), key=lambda item: item[0][:2]):
        for group in _groups(places):
            for name in {proposal.id for proposal, _ in group} - rejected.keys():
                rejected[name] = _rejected(store, name)
            found.append(_contest(store, library, path, group, rejected))
    return tuple(found)


def _groups(places: Sequence[tuple[Proposal, Place]]) -> list[list[tuple[Proposal, Place]]]:
    """Return runs of places that overlap or touch, and are of several proposals."""
    ordered = sorted(places, key=lambda one: (one[1].start, one[1].end))
    groups: list[list[tuple[Proposal, Place]]] = []
    end = -1
    for one in ordered:
        # Neighbours count: the three-way merge cannot tell where one ends and the other begins.
        if groups and one[1].start <= end:
            groups[-1].append(one)
        else:
            groups.append([one])
        end = max(end, one[1].end)
    return [group for group in groups if len({proposal.id for proposal, _ in group}) > 1]


def _rejected(store: ProposalStore, proposal_id: str) -> frozenset[str]:
    decisions = store.decisions(proposal_id)
    last = decisions[-1].verdicts if decisions else ()
    return frozenset(one.hunk for one in last if one.verdict == "reject")


def _contest(
    store: ProposalStore,
    library: str,
    path: str,
    group: Sequence[tuple[Proposal, Place]],
    rejected: Mapping[str, frozenset[str]],
) -> Contest:
    by_proposal: dict[str, list[Place]] = {}
    for proposal, place in group:
        by_proposal.setdefault(proposal.id, []).append(place)
    whole = any(place.whole for _, place in group)
    start = 1 if whole else min(place.start for _, place in group)
    end = 1 if whole else max(place.end for _, place in group)
    base = () if whole else _base_lines(store, group[0][0], group[0][1])[start - 1 : end - 1]
    sides = tuple(
        Side(
            name,
            tuple(place.hunk for place in places),
            _whole_lines(places) if whole else _applied(base, start, places),
            "; ".join(place.header for place in places if place.whole),
            all(place.hunk in rejected[name] for place in places),
        )
        for name, places in by_proposal.items()
    )
    return Contest(library, path, start, end - 1, base, sides, whole)


def _base_lines(store: ProposalStore, proposal: Proposal, place: Place) -> tuple[str, ...]:
    review = Review(store, proposal, Path(proposal.library))
    return tuple(split_lines(decoded(review.read_base(place.path) or b"") or ""))


def _applied(base: tuple[str, ...], start: int, places: Sequence[Place]) -> tuple[str, ...]:
    lines: list[str] = []
    at = start
    for place in sorted(places, key=lambda one: (one.start, one.end)):
        lines += base[at - start : place.start - start]
        lines += place.new_lines
        at = place.end
    return (*lines, *base[at - start :])


def _whole_lines(places: Sequence[Place]) -> tuple[str, ...]:
    return tuple(line for place in places for line in place.new_lines)


def contests_of(found: Iterable[Contest], proposal_id: str) -> tuple[Contest, ...]:
    """Return the contests a proposal takes part in and where it is not turned down."""
    return tuple(
        contest
        for contest in found
        if any(side.proposal == proposal_id and not side.rejected for side in contest.sides)
        and not contest.settled
    )
