"""What a format keeps of files that grow, so that a record added costs what it says.

A format whose ``growing`` gives one is read by it, at once or bit by bit, with the same result: a
skeleton takes all records, then asks what they make; who follows a file takes what was added and
asks again.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

from workbench.domain.trajectory import Trajectory
from workbench.traces.json_nodes import Node
from workbench.traces.json_values import line_records
from workbench.traces.lines import skip_space, value_end
from workbench.traces.source import Buffer, SourceBytes


class StartAgain(Exception):  # noqa: N818 - no error: what was read goes on in another way
    """A record changes what was made of those before it: read all of them again."""


class Growing(ABC):
    """Takes records in their order; made for one format by its ``growing``.

    What it keeps may not hold the bytes of its records: they would stay in memory. ``again`` reads
    one that is needed once more. With ``whole_files`` each file is one record.
    """

    whole_files = False

    def begin(self, sources: Sequence[SourceBytes]) -> None:
        """Say which files the records are of from now on."""
        self.sources = tuple(sources)

    def ready(self, source: SourceBytes, start: int) -> int:
        """Return the end of what is there as a whole from ``start`` on: lines, by default.

        A last line without its end counts when it is one whole object.
        """
        data = source.data
        at = max(data.rfind(b"\n", start) + 1, start)
        begin = skip_space(data, at)
        after = value_end(data, begin) if data[begin : begin + 1] == b"{" else None
        return at if after is None or skip_space(data, after) < len(data) else len(data)

    def records(self, data: Buffer, start: int, end: int) -> Iterable[tuple[int, int]]:
        """Yield where each record of these bytes stands."""
        return line_records(data, start, end)

    def written_anew(self, path: Path) -> bool:
        """Whether a file, the last one, is written anew each time; it is then taken as a whole."""
        del path
        return False

    @abstractmethod
    def take(self, node: Node) -> None:
        """Take the next record.

        Raises:
            StartAgain: it changes what was made of those before it.
        """

    @abstractmethod
    def made(self) -> Iterable[Trajectory]:
        """Yield the trajectories as they are by now; takes nothing away.

        Raises:
            StartAgain: records that were taken change what was made of those before them.
        """

    def again(self, source: int, start: int, end: int) -> Node:
        """Read a record again."""
        raw = self.sources[source].read(start, end - start)
        return Node(raw, 0, len(raw), source, base=start)


def read_whole(
    reading: Growing,
    sources: Sequence[SourceBytes],
    progress: Callable[[float], None] | None = None,
) -> Iterator[Trajectory]:
    """Read all records, torn ones too, and yield what they make."""
    reading.begin(sources)
    total = sum(source.length for source in sources) or 1
    before = 0
    for number, source in enumerate(sources):
        for at, (start, end) in enumerate(reading.records(source.data, 0, len(source.data))):
            reading.take(Node(source.data, start, end, number))
            if progress and at % 2000 == 0:
                progress((before + end) / total)
        before += source.length
    yield from reading.made()
