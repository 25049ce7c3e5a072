"""Where the lines of a diff are drawn: wrapped to a width in columns, in one column or two. No Qt.

All heights are in px. A column is the width of one character of the fixed-width font.
"""

from __future__ import annotations

import bisect
import itertools
import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from functools import cache, partial

from msgspec import Struct

from workbench.gui.review.diff.line import DiffLine

LINE, HEAD = 20, 34


class Cell(Struct, frozen=True, gc=False):
    """Characters ``start`` to ``end`` of a line."""

    line: int
    start: int
    end: int


class Row(Struct, frozen=True, gc=False):
    """One drawn row. In one column ``right`` is None; in two, either side may be empty."""

    top: int
    height: int
    left: Cell | None
    right: Cell | None = None
    hunk: int = -1


class Layout:
    """Rows from top to bottom, made as they are asked for: a long diff takes a while.

    ``rows`` and ``tops`` have what is made, ``height`` is that of it.
    """

    def __init__(self, rows: Iterable[Drawn] = ()) -> None:
        self.rows: list[Row] = []
        self.tops: list[int] = []
        self.height = 0
        self.done = False
        self._coming = iter(rows)
        self._spans: dict[int, tuple[int, int]] = {}

    def grow(self, count: int) -> None:
        """Make so many rows more, or all that are left."""
        top = self.height
        made = 0
        for height, left, right, hunk in itertools.islice(self._coming, count):
            self.rows.append(Row(top, height, left, right, hunk))
            self.tops.append(top)
            first = self._spans[hunk][0] if hunk in self._spans else top
            top += height
            self._spans[hunk] = (first, top)
            made += 1
        self.height = top
        self.done = made < count

    def finish(self) -> Layout:
        """Make all rows."""
        while not self.done:
            self.grow(_SLICE)
        return self

    def at(self, y: int) -> int:
        """Return the row at a height, the last one below all of them; -1 where there is none."""
        return min(bisect.bisect_right(self.tops, y), len(self.rows)) - 1

    def span(self, hunk: int, enough: int | None = None) -> tuple[int, int]:
        """Return top and bottom of a hunk; (0, 0) when it has no rows.

        With ``enough``, rows below that height of the hunk may not be made yet.
        """
        if hunk < 0:
            return 0, 0
        while not self.done and self.rows[-1:] and self.rows[-1].hunk <= hunk:
            top, bottom = self._spans.get(hunk, (0, 0))
            if enough is not None and bottom - top > enough:
                break
            self.grow(_SLICE)
        return self._spans.get(hunk, (0, 0))

    def row_of(self, line: int) -> int:
        """Return the first row that shows a line, -1 where there is none."""
        for number, row in enumerate(self.finish().rows):
            for cell in (row.left, row.right):
                if cell is not None and cell.line == line:
                    return number
        return -1


#: A row that has no place yet: its height, the two sides, its hunk.
Drawn = tuple[int, Cell | None, Cell | None, int]
#: So many rows are made at a time.
_SLICE = 2000


def columns_of(text: str) -> int:
    """Return how many columns a text takes: wide characters (UAX 11) take two, marks none."""
    if text.isascii() or _OTHER_WIDTH.search(text) is None:
        return len(text)
    return sum(map(_columns, text))


def wrapped(text: str, columns: int) -> Iterator[tuple[int, int]]:
    """Give the pieces of a line that fit into ``columns``, split after spaces where possible."""
    columns = max(8, columns)
    if len(text) * 2 <= columns or (len(text) <= 2 * columns and columns_of(text) <= columns):
        return iter(((0, len(text)),))
    if text.isascii() or _OTHER_WIDTH.search(text) is None:
        return _narrow(text, columns)
    return _wide(text, columns)


def _narrow(text: str, columns: int) -> Iterator[tuple[int, int]]:
    """Wrap a text whose characters take one column each."""
    start = 0
    while len(text) - start > columns:
        end = start + columns
        space = text.rfind(" ", start, end) + 1
        if start + columns // 3 < space:
            end = space
        yield start, end
        start = end
    yield start, len(text)


def _wide(text: str, columns: int) -> Iterator[tuple[int, int]]:
    """Wrap a text some of whose characters take two columns, or none."""
    start = 0
    while start < len(text):
        end, taken, space = start, 0, -1
        while end < len(text):
            width = _columns(text[end])
            if taken + width > columns:
                break
            taken += width
            end += 1
            if text[end - 1] == " ":
                space = end
        if end < len(text) and start + columns // 3 < space < end:
            end = space
        end = max(end, start + 1)
        yield start, end
        start = end


def unified(lines: Sequence[DiffLine], columns: int) -> Layout:
    """Lay lines out one below the other."""
    return Layout(_one_column(lines, columns))


def side_by_side(lines: Sequence[DiffLine], columns: int) -> Layout:
    """Lay lines out in two columns of ``columns`` each: what goes beside what comes."""
    return Layout(_two_columns(lines, columns))


def _one_column(lines: Sequence[DiffLine], columns: int) -> Iterator[Drawn]:
    for at, line in enumerate(lines):
        if line.kind in ("file", "hunk"):
            yield HEAD, Cell(at, 0, len(line.text)), None, line.hunk
            continue
        for cell in _pieces(line, at, columns):
            yield LINE, cell, None, line.hunk


def _two_columns(lines: Sequence[DiffLine], columns: int) -> Iterator[Drawn]:
    at = 0
    while at < len(lines):
        line = lines[at]
        if line.kind == "comment" or line.state == "why":
            for cell in _pieces(line, at, 2 * columns):
                yield LINE, cell, None, line.hunk
            at += 1
            continue
        if line.kind in ("file", "hunk", "key"):
            height = LINE if line.kind == "key" else HEAD
            yield height, Cell(at, 0, len(line.text)), None, line.hunk
            at += 1
            continue
        pairs: list[tuple[int | None, int | None]]
        if line.kind in _ALONE:
            pairs = [(at, at if line.kind == "context" else None)]
            at += 1
        else:
            end = at
            while end < len(lines) and lines[end].kind in _CHANGED:
                if lines[end].hunk != line.hunk:
                    break
                end += 1
            pairs = _paired(lines, at, end)
            at = end
        for left, right in pairs:
            sides = [
                () if one is None else _pieces(lines[one], one, columns) for one in (left, right)
            ]
            for one, other in itertools.zip_longest(*sides):
                yield LINE, one or EMPTY, other or EMPTY, line.hunk
            for number in () if line.kind in _ALONE else _said(lines, left, right):
                for cell in _pieces(lines[number], number, 2 * columns):
                    yield LINE, cell, None, line.hunk


def _said(lines: Sequence[DiffLine], *beside: int | None) -> Iterator[int]:
    """Give the comments below the two lines of a row: they take its whole width."""
    for at in beside:
        following = at + 1 if at is not None else len(lines)
        while following < len(lines) and lines[following].kind == "comment":
            yield following
            following += 1


#: The empty half of a row of two columns.
EMPTY = Cell(-1, 0, 0)
_ALONE = ("context", "note")
_CHANGED = ("remove", "add", "note", "move", "comment")
#: Any character that may take no column or two; those of plain text and its signs are left out.
_OTHER_WIDTH = re.compile(
    "[^\x20-\xac\xae-\u02ff\u0370-\u0482\u2010-\u2027\u2030-\u205e\u2190-\u2319\u2500-\u25fc]"
)


def _paired(lines: Sequence[DiffLine], start: int, end: int) -> list[tuple[int | None, int | None]]:
    """Put what became one another side by side, and what is between in order."""
    places = range(start, end)
    gone = [at for at in places if lines[at].kind == "remove" or _moves(lines[at], old=True)]
    come = [at for at in places if lines[at].kind == "add" or _moves(lines[at], old=False)]
    notes = [at for at in places if lines[at].kind == "note"]
    partner = {lines[at].pair: at for at in come if lines[at].pair}
    order = {at: number for number, at in enumerate(come)}
    pairs: list[tuple[int | None, int | None]] = []
    i = j = 0
    for number, at in enumerate(gone):
        other = partner.get(lines[at].pair) if lines[at].pair else None
        if other is None or order[other] < j:
            continue
        pairs += itertools.zip_longest(gone[i:number], come[j : order[other]])
        pairs.append((at, other))
        i, j = number + 1, order[other] + 1
    pairs += itertools.zip_longest(gone[i:], come[j:])
    return [*pairs, *((note, None) for note in notes)]


def _moves(line: DiffLine, *, old: bool) -> bool:
    return line.kind == "move" and bool(line.old if old else line.new)


def _pieces(line: DiffLine, at: int, columns: int) -> Iterator[Cell]:
    """Give the cells of a line one by one: a line of a megabyte has ten thousand."""
    text = line.text
    if len(line.signs) > len(text):
        text = text.ljust(len(line.signs))
    if line.kind == "move":
        columns += columns // 5  # it is drawn in the narrower font of the interface
    if len(text) * 2 <= columns:
        return iter((Cell(at, 0, len(text)),))
    return itertools.starmap(partial(Cell, at), wrapped(text, columns))


@cache
def _columns(sign: str) -> int:
    if unicodedata.combining(sign):
        return 0
    return 2 if unicodedata.east_asian_width(sign) in "WF" else 1
