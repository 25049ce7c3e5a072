"""Cutting a byte stream into lines without ever holding more than one line's limit."""

from __future__ import annotations

from collections.abc import Iterator

from msgspec import Struct

#: How much of a line that is too long is kept for showing, in bytes.
KEPT_OF_LONG_LINE = 4096


class Line(Struct, frozen=True):
    """A line without its line end. ``size`` is its true length in bytes; ``text`` may be cut."""

    text: bytes
    size: int

    @property
    def is_cut(self) -> bool:
        """Whether the line exceeded the limit."""
        return self.size > len(self.text)


class LineSplitter:
    """Splits what ``feed`` gets at LF; memory stays bounded by ``limit`` plus one piece fed."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._parts: list[bytes] = []
        self._size = 0

    def feed(self, piece: bytes) -> Iterator[Line]:
        """Yield the lines that ``piece`` completes; consume it all before feeding more."""
        *complete, rest = piece.split(b"\n")
        for part in complete:
            self._add(part)
            yield self._take()
        self._add(rest)

    def end(self) -> Line | None:
        """Return what is left without a line end, or None."""
        return self._take() if self._size else None

    def _add(self, part: bytes) -> None:
        if not part:
            return
        was_within = self._size <= self._limit
        self._size += len(part)
        if self._size <= self._limit:
            self._parts.append(part)
        elif was_within:
            kept = b"".join([*self._parts, part])
            self._parts = [kept[: min(self._limit, KEPT_OF_LONG_LINE)]]

    def _take(self) -> Line:
        line = Line(b"".join(self._parts), self._size)
        self._parts, self._size = [], 0
        return line
