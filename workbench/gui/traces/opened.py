"""Finding a trace among the open ones, subagents as well. No Qt."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from workbench.domain.trajectory import Trajectory
from workbench.traces.open import OpenTrace


@dataclass(frozen=True, slots=True)
class TracePlace:
    """A trajectory in an open file: the file's own trace and the way down to a subagent."""

    top: OpenTrace
    trajectory: Trajectory
    way: tuple[int, ...] = ()

    @property
    def path(self) -> str:
        """The file the trajectory's own steps are in."""
        return self.trajectory.sources[0].path

    @property
    def parent(self) -> TracePlace | None:
        """The trace that started this one, None for a file's own trace."""
        if not self.way:
            return None
        place = TracePlace(self.top, self.top.trajectory)
        for number in self.way[:-1]:
            place = place.child(number)
        return place

    def child(self, number: int) -> TracePlace:
        """Return the place of a subagent by its ordinal."""
        return TracePlace(self.top, self.trajectory.children[number], (*self.way, number))

    def opened(self) -> OpenTrace:
        """Return the open trace of this place; one that is not ``top`` is the caller's to close."""
        found = self.top
        for number in self.way:
            following = found.children
            for other, trace in enumerate(following):
                if other != number:
                    trace.close()
            if found is not self.top:
                found.close()
            found = following[number]
        return found


def all_places(traces: Iterable[OpenTrace]) -> Iterator[TracePlace]:
    """Yield every open trace, each followed by its subagents."""
    for trace in traces:
        yield from _below(TracePlace(trace, trace.trajectory))


def _below(place: TracePlace) -> Iterator[TracePlace]:
    yield place
    for number in range(len(place.trajectory.children)):
        yield from _below(place.child(number))


def place_below(top: OpenTrace, way: Sequence[int]) -> TracePlace:
    """Return the place of a subagent by the way down to it."""
    place = TracePlace(top, top.trajectory)
    for number in way:
        place = place.child(number)
    return place


def same_place(place: TracePlace, traces: Sequence[OpenTrace]) -> TracePlace | None:
    """Return where a trajectory is among traces that were read anew; None when it is not."""
    ids = [place.trajectory.id]
    above = place.parent
    while above is not None:
        ids.insert(0, above.trajectory.id)
        above = above.parent
    tops = [trace for trace in traces if trace.trajectory.id == ids[0]]
    if not tops and len(ids) == 1:
        tops = list(traces[:1])  # another session under the same name
    if not tops:
        return None
    found = TracePlace(tops[0], tops[0].trajectory)
    for wanted in ids[1:]:
        children = found.trajectory.children
        number = next((n for n, child in enumerate(children) if child.id == wanted), None)
        if number is None:
            return None
        found = found.child(number)
    return found


def find_place(traces: Sequence[OpenTrace], path: str, trajectory: str) -> TracePlace | None:
    """Return the place of a trajectory; with an empty id the first trace of that file.

    ``path`` may be the file of the parent: a subagent's id is looked for below it too.
    """
    for place in all_places(traces):
        if trajectory in ("", place.trajectory.id) and path in (place.path, str(place.top.path)):
            return place
    return None
