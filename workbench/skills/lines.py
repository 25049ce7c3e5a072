"""Where a byte lies: line and column in code points."""

from __future__ import annotations

import re
from bisect import bisect_right

_LINE_END = re.compile(rb"\r\n|\n|\r")


class LineTable:
    """Line starts of one file; each look-up costs one bisection and one short decoding."""

    def __init__(self, source: bytes) -> None:
        self._source = source
        self.starts = [0, *(match.end() for match in _LINE_END.finditer(source))]

    def place(self, offset: int) -> tuple[int, int]:
        """Return (line, column) of a byte offset, both from 1; columns in code points.

        A byte order mark at the start of the file counts no column.
        """
        line = bisect_right(self.starts, offset)
        before = self._source[self.starts[line - 1] : offset]
        if line == 1:
            before = before.removeprefix(b"\xef\xbb\xbf")
        return line, len(before.decode("utf-8", "surrogateescape")) + 1

    def line_span(self, line: int) -> tuple[int, int]:
        """Return the byte range of a line (from 1) with its line end."""
        end = self.starts[line] if line < len(self.starts) else len(self._source)
        return self.starts[line - 1], end
