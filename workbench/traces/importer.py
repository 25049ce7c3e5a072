"""What a trace format has to give; one module each in ``workbench.traces.formats``."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Protocol

from msgspec import Struct

from workbench.domain.trajectory import Step, StepBody, Trajectory

if TYPE_CHECKING:
    from workbench.traces.source import SourceBytes


class TraceError(Exception):
    """A trace cannot be read at all. The message says what, where and what to do."""


class Probe(Struct, frozen=True):
    """The beginning of a file, for detection.

    ``lines`` are up to 20 non-empty first lines; the last one is cut when it exceeds the window.
    ``whole`` says that ``head`` is the whole file.
    """

    path: str
    head: bytes
    lines: tuple[bytes, ...]
    size: int
    whole: bool


Progress = Callable[[float], None]


class Importer(Protocol):
    """A format. ``score`` gives votes (0: not this format; the highest wins)."""

    id: str

    def score(self, probe: Probe) -> float:
        """Say how sure it is, from content alone; the file's name decides nothing."""
        ...

    def skeleton(
        self, sources: Sequence[SourceBytes], progress: Progress | None = None
    ) -> Iterable[Trajectory]:
        """Read all trajectories of a source in one pass; never raises on bad records."""
        ...

    def body(
        self, step: Step, raw: Sequence[bytes], results: Mapping[str, Sequence[bytes]]
    ) -> StepBody:
        """Build the full text of a step.

        Args:
            step: the skeleton step.
            raw: its records, with their JSON string layers already taken off.
            results: the records of each call's observation, by call id.
        """
        ...
