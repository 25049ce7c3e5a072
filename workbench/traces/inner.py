"""Sources inside a file: members of an archive, sessions of a database.

Their path is ``<file>!<name>``. They are read when they are needed and given back afterwards, so
that an archive of thousands of samples is never in memory as a whole.
"""

from __future__ import annotations

import os
import threading
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from workbench.domain.trajectory import TraceSource
from workbench.traces.importer import TraceError
from workbench.traces.source import SourceBytes

SEPARATOR: Final = "!"


class Held:
    """The one inner source of a container that stays in memory between reads."""

    def __init__(self) -> None:
        self.source: InnerBytes | None = None


class InnerBytes(SourceBytes):
    """Bytes inside a container; ``data`` is only there within ``loaded``.

    Spans stay true: bytes that are others when they are read again are refused.
    """

    def __init__(
        self,
        container: SourceBytes,
        name: str,
        load: Callable[[], bytes],
        held: Held,
        watched: tuple[Path, ...] = (),
        *,
        steady: Callable[[bytes], tuple[int, int]] = lambda data: (0, len(data)),
    ) -> None:
        """Name a source inside ``container``.

        Args:
            container: the file it is in.
            name: what it is called there.
            load: reads the bytes; raises TraceError.
            held: shared by all inner sources of the container.
            watched: other files a change of which means that the container changed.
            steady: the range of bytes that stay when the source only grows: all references
                lie there.
        """
        super().__init__(Path(f"{container.path}{SEPARATOR}{name}"), content=b"")
        self.name = name
        self.container = str(container.path)
        self._outer = container.info()
        self._load_bytes = load
        self._held = held
        self._watched = {path: _stamp(path) for path in (Path(self.container), *watched)}
        self._steady = steady
        self._mark: tuple[int, int, int] | None = None
        self._loading = threading.RLock()
        self._loaded = False

    def info(self) -> TraceSource:
        """Return the inner path and size, with time and inode of the file around it."""
        outer = self._outer
        return TraceSource(str(self.path), self.length, outer.mtime_ns, outer.inode)

    @contextmanager
    def loaded(self) -> Iterator[bytes]:
        """Give the bytes while they are read in one go.

        Raises:
            TraceError: they cannot be read, or are others than before.
        """
        with self._loading:
            yield self._bytes()

    def read(self, offset: int, length: int) -> bytes:
        """Return ``length`` bytes from ``offset``.

        Raises:
            TraceError: the range lies outside, or the bytes are others than before.
        """
        with self._loading:
            data = self._bytes()
            if offset < 0 or length < 0 or offset + length > len(data):
                raise TraceError(
                    f"{self.path} has no bytes {offset} to {offset + length}: the reference "
                    "belongs to another version of it. Open the trace again."
                )
            return data[offset : offset + length]

    def check(self) -> None:
        """Read anew what is in a container that changed; raise TraceError when it is another."""
        if self._loaded and self.changed():
            self.release()
            self._bytes()

    def changed(self) -> bool:
        """Whether the container is not what it was when it was opened."""
        return any(_stamp(path) != stamp for path, stamp in self._watched.items())

    def release(self) -> None:
        """Give the memory back; the next read loads it again."""
        with self._loading:
            self._loaded = False
            self.data = b""

    def close(self) -> None:
        """Give the memory back."""
        self.release()

    def _bytes(self) -> bytes:
        if not self._loaded:
            if self._held.source is not None and self._held.source is not self:
                self._held.source.release()
            data = self._load_bytes()
            if self._mark is None:
                begin, end = self._steady(data)
                self._mark = begin, end, zlib.crc32(memoryview(data)[begin:end])
            else:
                begin, end, crc = self._mark
                if len(data) < end or zlib.crc32(memoryview(data)[begin:end]) != crc:
                    raise self._replaced()
            self._watched = {path: _stamp(path) for path in self._watched}
            self.data, self.length = data, len(data)
            self._held.source, self._loaded = self, True
        return bytes(self.data)


def container_of(path: str) -> Path:
    """Return the file a source is in: the file itself for a plain source."""
    if not os.path.exists(path):  # noqa: PTH110 - a name with a NUL is no error here
        at = path.find(SEPARATOR)
        while at > 0:
            outer = Path(path[:at])
            if outer.is_file():
                return outer
            at = path.find(SEPARATOR, at + 1)
    return Path(path)


def _stamp(path: Path) -> tuple[int, int, int] | None:
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_ino, status.st_size, status.st_mtime_ns
