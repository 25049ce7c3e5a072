"""Files that are read on with what their format keeps of them: each byte is read once."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from msgspec import Struct

from workbench.domain.trajectory import Trajectory
from workbench.traces.collector import no_collection
from workbench.traces.growing import Growing, StartAgain
from workbench.traces.importer import Importer
from workbench.traces.json_nodes import Node
from workbench.traces.source import SourceBytes

_WINDOW: Final = 8 << 20
_MARK: Final = 4096


class ReadOn(Struct, frozen=True):
    """What the files make by now; ``sources`` are open and the caller's.

    ``continued``: the files are those of the last time, with more in them. ``read_bytes`` is what
    it cost.
    """

    trajectories: tuple[Trajectory, ...]
    sources: tuple[SourceBytes, ...]
    continued: bool
    read_bytes: int


class _Taken(Struct, frozen=True):
    """How much of a file was taken, with checksums of its beginning and of the bytes before."""

    end: int
    inode: int
    marks: tuple[int, int]


class Following:
    """Reads the files of one path on. The first time, and after a rewrite, they are read whole."""

    def __init__(self, importer: Importer, path: Path, sources: Sequence[SourceBytes] = ()) -> None:
        """Follow a path whose files were read already as ``sources``."""
        self._importer = importer
        self._path = path
        self._growing: Growing | None = None
        self._sources = tuple(sources)
        self._ends: dict[Path, _Taken] = {}
        self._continued = True
        self._cost = 0

    def read_on(self) -> ReadOn | None:
        """Return what the files are by now, None when they cannot be read record by record.

        Raises:
            TraceError: a file cannot be read, or is another one by now.
        """
        sources = self._opened()
        try:
            found = self._read(sources)
        except BaseException:
            self._growing = None
            _close(sources, self._sources)
            raise
        if found is None or any(source.compressed for source in sources):
            self._growing = None
            _close(sources, self._sources)
            return None
        self._sources = sources
        return ReadOn(found, sources, self._continued, self._cost)

    def _opened(self) -> tuple[SourceBytes, ...]:
        """Open the files; those that did not change stay open."""
        known = {source.path: source for source in self._sources if not source.closed}
        found: list[SourceBytes] = []
        try:
            for path in (self._path, *self._importer.companions(self._path)):
                before = known.get(path)
                same = before is not None and not before.changed()
                found.append(before if before is not None and same else SourceBytes(path))
        except BaseException:
            _close(found, self._sources)
            raise
        return tuple(found)

    def _read(self, sources: Sequence[SourceBytes]) -> tuple[Trajectory, ...] | None:
        self._cost = 0
        with no_collection():
            self._continued = self._continues(sources)
            if self._growing is not None and self._in_order(sources):
                try:
                    return self._taken(self._growing, sources)
                except StartAgain:
                    pass
            growing = self._growing = self._importer.growing(sources)
            if growing is None:
                return None
            if not self._ends:
                self._continued = self._opened_anew(growing, sources)
            self._ends = {}
            return self._taken(growing, sources)

    def _opened_anew(self, growing: Growing, sources: Sequence[SourceBytes]) -> bool:
        """Whether the files are those that were read before they were followed."""
        found = {source.path: source for source in sources}
        return all(
            old.path in found and (found[old.path] is old or found[old.path].continues(old))
            for old in self._sources
            if not growing.written_anew(old.path)
        )

    def _continues(self, sources: Sequence[SourceBytes]) -> bool:
        """Whether all that was taken is still the beginning of these files."""
        found = {source.path: source for source in sources}
        return all(
            path in found and self._still(found[path], taken) for path, taken in self._ends.items()
        )

    def _in_order(self, sources: Sequence[SourceBytes]) -> bool:
        """Whether the new files come after those that were taken."""
        growing = self._growing
        files = [one.path for one in sources if growing and not growing.written_anew(one.path)]
        return self._continued and files[: len(self._ends)] == list(self._ends)

    def _still(self, source: SourceBytes, taken: _Taken) -> bool:
        whole = self._growing is not None and self._growing.whole_files
        return (
            source.length >= taken.end
            and (not whole or source.length == taken.end or not taken.end)
            and source.info().inode == taken.inode
            and _marks(source, taken.end) == taken.marks
        )

    def _taken(
        self, growing: Growing, sources: Sequence[SourceBytes]
    ) -> tuple[Trajectory, ...] | None:
        growing.begin(sources)
        torn = False
        for number, source in enumerate(sources):
            if growing.written_anew(source.path):
                self._take(growing, source, number, 0)
                continue
            if torn:
                return None  # what comes before is not whole and will hardly be
            known = self._ends.get(source.path)
            end = self._take(growing, source, number, known.end if known is not None else 0)
            self._ends[source.path] = _Taken(end, source.info().inode, _marks(source, end))
            torn = growing.whole_files and end < source.length
        return tuple(growing.made())

    def _take(self, growing: Growing, source: SourceBytes, number: int, begin: int) -> int:
        """Take the records from ``begin`` on that are whole, and return where they end."""
        end = growing.ready(source, begin)
        joined = begin and end > begin and source.read(begin - 1, 1) != b"\n"
        if joined and source.read(begin, 1) not in (b"\n", b"\r"):
            raise StartAgain  # what was taken as the last line goes on, other than with its end
        while begin < end:
            stop = end if growing.whole_files else _window_end(source, begin, end)
            # Through the file, not the map: another program may shorten it just now. One byte
            # more in front: what begins a file can be a byte order mark, what begins a line not.
            first = max(0, begin - 1)
            data = source.read(first, stop - first)
            for left, right in growing.records(data, begin - first, len(data)):
                growing.take(Node(data, left, right, number, base=first))
            self._cost += stop - begin
            begin = stop
        return end


def _marks(source: SourceBytes, end: int) -> tuple[int, int]:
    size = min(_MARK, end)
    return zlib.crc32(source.read(0, size)), zlib.crc32(source.read(end - size, size))


def _window_end(source: SourceBytes, begin: int, end: int) -> int:
    if end - begin <= _WINDOW:
        return end
    at = source.data.rfind(b"\n", begin, begin + _WINDOW)
    if at < 0:
        at = source.data.find(b"\n", begin + _WINDOW, end)
    return end if at < 0 else at + 1


def _close(sources: Sequence[SourceBytes], kept: Sequence[SourceBytes]) -> None:
    for source in sources:
        if all(source is not one for one in kept):
            source.close()
