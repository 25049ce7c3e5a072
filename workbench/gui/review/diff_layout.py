"""Where the lines of a diff are drawn: wrapped to a width in columns, in one column or two. No Qt.

All heights are in px. A column is the width of one character of the fixed-width font.
"""

from __future__ import annotations

import bisect
import itertools
import unicodedata
from collections.abc import Sequence

from msgspec import Struct

from workbench.gui.review.diff_lines import DiffLine

LINE, HEAD = 20, 34


class Cell(Struct, frozen=True):
    """Characters ``start`` to ``end`` of a line."""

    line: int
    start: int
    end: int


class Row(Struct, frozen=True):
    """One drawn row. In one column ``right`` is None; in two, either side may be empty."""

    top: int
    height: int
    left: Cell | None
    right: Cell | None = None
    hunk: int = -1


class Layout(Struct, frozen=True):
    """All rows from top to bottom."""

    rows: tuple[Row, ...]
    tops: tuple[int, ...]
    height: int

    def at(self, y: int) -> int:
        """Return the row at a height, the last one below all of them; -1 where there is none."""
        return min(bisect.bisect_right(self.tops, y), len(self.rows)) - 1

    def span(self, hunk: int) -> tuple[int, int]:
        """Return top and bottom of a hunk; (0, 0) when it has no rows."""
        rows = [row for row in self.rows if row.hunk == hunk]
        return (rows[0].top, rows[-1].top + rows[-1].height) if rows else (0, 0)


def columns_of(text: str) -> int:
    """Return how many columns a text takes: wide characters (UAX 11) take two, marks none."""
    return len(text) if text.isascii() else sum(map(_columns, text))


def wrapped(text: str, columns: int) -> list[tuple[int, int]]:
    """Return the pieces of a line that fit into ``columns``, split after spaces where possible."""
    columns = max(8, columns)
    if columns_of(text) <= columns:
        return [(0, len(text))]
    pieces: list[tuple[int, int]] = []
    start = 0
    while start < len(text):
        end, taken, space = start, 0, -1
        while end < len(text):
            width = 1 if text[end] < "\x7f" else _columns(text[end])
            if taken + width > columns:
                break
            taken += width
            end += 1
            if text[end - 1] == " ":
                space = end
        if end < len(text) and start + columns // 3 < space < end:
            end = space
        end = max(end, start + 1)
        pieces.append((start, end))
        start = end
    return pieces


def unified(lines: Sequence[DiffLine], columns: int) -> Layout:
    """Lay lines out one below the other."""
    rows: list[Row] = []
    top = 0
    for number, line in enumerate(lines):
        if line.kind in ("file", "hunk"):
            rows.append(Row(top, HEAD, Cell(number, 0, len(line.text)), None, line.hunk))
            top += HEAD
            continue
        for start, end in wrapped(line.text, columns):
            rows.append(Row(top, LINE, Cell(number, start, end), None, line.hunk))
            top += LINE
    return _made(rows, top)


def side_by_side(lines: Sequence[DiffLine], columns: int) -> Layout:
    """Lay lines out in two columns of ``columns`` each: what goes beside what comes."""
    rows: list[Row] = []
    top = 0
    at = 0
    while at < len(lines):
        line = lines[at]
        if line.kind in ("file", "hunk"):
            rows.append(Row(top, HEAD, Cell(at, 0, len(line.text)), None, line.hunk))
            top += HEAD
            at += 1
            continue
        pairs: list[tuple[int | None, int | None]]
        if line.kind in ("context", "note"):
            pairs = [(at, at if line.kind == "context" else None)]
            at += 1
        else:
            end = at
            while end < len(lines) and lines[end].kind in ("remove", "add", "note"):
                if lines[end].hunk != line.hunk:
                    break
                end += 1
            pairs = _paired(lines, at, end)
            at = end
        for left, right in pairs:
            sides = (_pieces(lines, left, columns), _pieces(lines, right, columns))
            for one, other in itertools.zip_longest(*sides):
                rows.append(Row(top, LINE, one, other or EMPTY, line.hunk))
                top += LINE
    return _made(rows, top)


#: The empty half of a row of two columns.
EMPTY = Cell(-1, 0, 0)


def _paired(lines: Sequence[DiffLine], start: int, end: int) -> list[tuple[int | None, int | None]]:
    removed = [at for at in range(start, end) if lines[at].kind == "remove"]
    added = [at for at in range(start, end) if lines[at].kind == "add"]
    notes = [at for at in range(start, end) if lines[at].kind == "note"]
    return [*itertools.zip_longest(removed, added), *((note, None) for note in notes)]


def _pieces(lines: Sequence[DiffLine], at: int | None, columns: int) -> list[Cell]:
    if at is None:
        return []
    return [Cell(at, start, end) for start, end in wrapped(lines[at].text, columns)]


def _made(rows: Sequence[Row], height: int) -> Layout:
    return Layout(tuple(rows), tuple(row.top for row in rows), height)


def _columns(sign: str) -> int:
    if unicodedata.combining(sign):
        return 0
    return 2 if unicodedata.east_asian_width(sign) in "WF" else 1
