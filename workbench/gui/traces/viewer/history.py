"""The steps a person came from, to go back to and forward again. No Qt."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from workbench.gui.traces.opened import TracePlace
from workbench.traces.open import OpenTrace

_MOST = 200


@dataclass(frozen=True, slots=True)
class Visit:
    """A step of a trace that was in front."""

    place: TracePlace
    step: int


@dataclass(slots=True)
class History:
    """As a browser keeps it: a jump forgets what was ahead."""

    _behind: list[Visit] = field(default_factory=list)
    _ahead: list[Visit] = field(default_factory=list)

    def left(self, visit: Visit) -> None:
        """Keep the step that a jump leaves."""
        self._ahead.clear()
        if not self._behind or not _same(self._behind[-1], visit):
            self._behind.append(visit)
            del self._behind[:-_MOST]

    def back(self, now: Visit) -> Visit | None:
        """Return the step before, None where there is none; ``now`` becomes the one ahead."""
        return _move(self._behind, self._ahead, now)

    def forward(self, now: Visit) -> Visit | None:
        """Return the step that was gone back from, None where there is none."""
        return _move(self._ahead, self._behind, now)

    def renew(self, old: OpenTrace, renewed: Callable[[Visit], Visit | None]) -> None:
        """Take what became of the visits of a trace that was read anew."""
        for visits in (self._behind, self._ahead):
            made = [renewed(one) if one.place.top is old else one for one in visits]
            visits[:] = [one for one in made if one is not None]

    def clear(self) -> None:
        """Forget all; the traces were closed."""
        self._behind.clear()
        self._ahead.clear()


def _move(source: list[Visit], target: list[Visit], now: Visit) -> Visit | None:
    while source:
        found = source.pop()
        if not _same(found, now):
            target.append(now)
            return found
    return None


def _same(one: Visit, other: Visit) -> bool:
    return one.step == other.step and one.place.trajectory is other.place.trajectory
