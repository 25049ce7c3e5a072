"""What a trace format has to give; one module each in ``workbench.traces.formats``.

A module of that package becomes a format by a constant ``IMPORTERS``, a tuple of importers; the
registry finds it. ``Format`` has the answers most formats share and may be derived from.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Protocol

from workbench.domain.trajectory import Step, StepBody, Trajectory
from workbench.traces.growing import Growing
from workbench.traces.probe import Probe, TraceError
from workbench.traces.source import SourceBytes

__all__ = ["Format", "Importer", "Probe", "Progress", "TraceError"]


Progress = Callable[[float], None]


class Importer(Protocol):
    """A format. ``score`` gives votes (0: not this format; the highest wins).

    ``by_line`` says that the file is JSON lines, so that its head can be read alone.
    """

    id: str
    by_line: bool

    def score(self, probe: Probe) -> float:
        """Say how sure it is, from content alone; the file's name decides nothing.

        For a file of lines: how many of the probe's lines are surely of this format. For a
        document: 20 when its marks are there (as many as lines can give), less when in doubt.
        """
        ...

    def companions(self, path: Path) -> Sequence[Path]:
        """Return files that belong to the trace at ``path`` (subagents); never links."""
        ...

    def inside(self, source: SourceBytes) -> Sequence[SourceBytes]:
        """Return the sources inside a file (members of an archive), without reading them.

        Raises:
            TraceError: the container is damaged.
        """
        ...

    def skeleton(
        self, sources: Sequence[SourceBytes], progress: Progress | None = None
    ) -> Iterable[Trajectory]:
        """Read all trajectories of a source in one pass; never raises on bad records.

        ``sources`` are the file, its companions, and what is inside it. Each trajectory lists in
        its own ``sources`` those its spans point into, as ``SourceBytes.info()`` gives them. Its
        ``format`` is the one whose importer reads the bodies.
        """
        ...

    def growing(self, sources: Sequence[SourceBytes]) -> Growing | None:
        """Return what takes the records of these files one after another, nothing taken yet.

        None when they are no records one after another, as a document is.
        """
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


class Format:
    """The answers most formats share."""

    id: str = ""
    by_line: bool = True

    def companions(self, path: Path) -> Sequence[Path]:
        """Return nothing: the trace is one file."""
        del path
        return ()

    def inside(self, source: SourceBytes) -> Sequence[SourceBytes]:
        """Return nothing: the file is no container."""
        del source
        return ()

    def growing(self, sources: Sequence[SourceBytes]) -> Growing | None:
        """Return None: its files are read as a whole, or in parts (``index.parts``)."""
        del sources
        return None
