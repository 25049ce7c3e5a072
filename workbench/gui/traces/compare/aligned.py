"""What the view of compared runs wants to know of all rows at once, worked out beside the window.

No Qt.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from workbench.domain.trajectory import Trajectory
from workbench.gui.traces.step_marks import StepMarks, marks_of
from workbench.gui.traces.words import StepRow, step_row
from workbench.traces.compare.runs import Comparison, Row

Show = Literal["all", "differences", "done"]
Lane = Literal[0, 1, 2, 3]
Amount = Literal["tokens", "seconds", "cost"]

#: How much rows differ: not, in words or results alone, in what was done, a run without the step.
SAME, WORDED, DONE, ALONE = 0, 1, 2, 3
_TELLING = frozenset({"kind", "tools", "arguments", "status"})
#: So many equal rows in a row are folded; one beside a difference stays.
_FOLDED = 4
#: Points of the strip and of a curve; no screen has many more.
BINS = 1000
_POINTS = 600
#: Rows between two rests.
_SLICE = 2000


@dataclass(frozen=True, slots=True)
class Line:
    """What stands on one line: a row (``end`` is ``start`` + 1), or a folded stretch of rows."""

    kind: Literal["row", "equal", "reads"]
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Curve:
    """What a run had used up by rows: (row, amount), rising; empty where nothing is recorded."""

    points: tuple[tuple[int, float], ...]

    @property
    def last(self) -> float | None:
        """What was used up at the end."""
        return self.points[-1][1] if self.points else None


@dataclass(frozen=True, slots=True)
class Aligned:
    """A comparison ready to be shown.

    ``levels`` says of each row how much it differs. ``strip`` has ``BINS`` bytes a run at most:
    the greatest level in that part of the rows, +4 where the run has a step there.
    """

    comparison: Comparison
    marks: tuple[StepMarks, ...]
    levels: bytes
    strip: tuple[bytes, ...]
    curves: dict[Amount, tuple[Curve, ...]]
    quiet: array[int]
    telling: array[int]

    @property
    def rows(self) -> Sequence[Row]:
        """The rows of the comparison."""
        return self.comparison.rows

    def step(self, row: int, run: int) -> StepRow | None:
        """Return the step of a run in a row, as a list shows it."""
        place = self.rows[row].cells[run]
        return None if place is None else step_row(self.marks[run], place)

    def next_difference(self, row: int, by: int, show: Show) -> int | None:
        """Return the next row that differs (before ``row`` with ``by`` -1), None at the end."""
        places = self.quiet if show == "differences" else self.telling
        at = bisect_right(places, row) if by > 0 else bisect_left(places, row) - 1
        return places[at] if 0 <= at < len(places) else None


def aligned(
    comparison: Comparison,
    runs: Sequence[Trajectory],
    rest: Callable[[], object] = lambda: None,
) -> Aligned:
    """Prepare a comparison for the screen; run it beside the window, which ``rest`` lets draw."""
    levels = bytearray()
    for row in _slowly(comparison.rows, rest):
        levels.append(_level(row))
    marks = []
    for run in runs:
        rest()
        marks.append(marks_of(run))
    strip = [_strip(_slowly(comparison.rows, rest), levels, run) for run in range(len(runs))]
    amounts: tuple[Amount, ...] = ("tokens", "seconds", "cost")
    return Aligned(
        comparison=comparison,
        marks=tuple(marks),
        levels=bytes(levels),
        strip=tuple(strip),
        curves={amount: _curves(comparison, amount) for amount in amounts},
        quiet=array("l", (at for at, level in enumerate(levels) if level)),
        telling=array("l", (at for at, level in enumerate(levels) if level >= DONE)),
    )


def _slowly(rows: Sequence[Row], rest: Callable[[], object]) -> Iterator[Row]:
    for at, row in enumerate(rows):
        if not at % _SLICE:
            rest()
        yield row


def lines_of(found: Aligned, show: Show, opened: frozenset[int]) -> list[Line]:
    """Return the lines to list; ``opened`` holds the first rows of stretches that are unfolded."""
    least = {"all": 0, "differences": WORDED, "done": DONE}[show]
    if least:
        return [Line("row", at, at + 1) for at, level in enumerate(found.levels) if level >= least]
    made: list[Line] = []
    at, total = 0, len(found.levels)
    reads = {
        start: end
        for start, end in found.comparison.folds
        if any(level >= DONE for level in found.levels[start:end])
    }
    while at < total:
        if at in reads:
            made += _folded("reads", at, reads[at], opened)
            at = reads[at]
            continue
        start = at
        while at < total and found.levels[at] < DONE and at not in reads:
            at += 1
        if at == start:
            made.append(Line("row", at, at + 1))
            at += 1
            continue
        made += _stretch(start, at, total, opened)
    return made


def _stretch(start: int, end: int, total: int, opened: frozenset[int]) -> list[Line]:
    """Fold rows in which the same was done, all but those beside a difference."""
    first = start + (start > 0)
    last = end - (end < total)
    if last - first < _FOLDED:
        return [Line("row", at, at + 1) for at in range(start, end)]
    around = [Line("row", at, at + 1) for at in range(start, first)]
    after = [Line("row", at, at + 1) for at in range(last, end)]
    return [*around, *_folded("equal", first, last, opened), *after]


def _folded(
    kind: Literal["equal", "reads"], start: int, end: int, opened: frozenset[int]
) -> list[Line]:
    if start in opened:
        return [Line("row", at, at + 1) for at in range(start, end)]
    return [Line(kind, start, end)]


def stretch_at(found: Aligned, row: int) -> int | None:
    """Return the first row of the stretch that would be folded around a row, None outside."""
    for line in lines_of(found, "all", frozenset()):
        if line.start <= row < line.end:
            return None if line.kind == "row" else line.start
    return None


def fold_words(found: Aligned, line: Line) -> str:
    """Return what a folded stretch holds."""
    levels = found.levels[line.start : line.end]
    total = len(levels)
    if line.kind == "reads":
        odd = sum(level >= DONE for level in levels)
        return f"{total:,} steps that only read, {odd:,} of them differ"
    worded = total - levels.count(SAME)
    if not worded:
        return f"{total:,} equal steps"
    return f"{total:,} steps that do the same, {worded:,} worded or answered differently"


def _level(row: Row) -> int:
    if row.state in ("one", "some"):
        return ALONE
    if not _TELLING.isdisjoint(row.changes):
        return DONE
    return WORDED if row.changes else SAME


def _strip(rows: Iterator[Row], levels: bytearray, run: int) -> bytes:
    total = len(levels)
    bins = max(1, min(BINS, total))
    made = bytearray(bins)
    for at, row in enumerate(rows):
        place = at * bins // total
        has = 4 if row.cells[run] is not None else 0
        made[place] = max(made[place] & 3, levels[at]) | (made[place] & 4) | has
    return bytes(made)


def _curves(comparison: Comparison, amount: Amount) -> tuple[Curve, ...]:
    rows = comparison.rows
    every = max(1, len(rows) // _POINTS)
    picked = [*range(0, len(rows), every)]
    if rows and picked[-1] != len(rows) - 1:
        picked.append(len(rows) - 1)
    return tuple(
        Curve(
            tuple(
                (at, value)
                for at in picked
                if (value := _amount(rows[at], run, amount)) is not None
            )
        )
        for run in range(len(comparison.runs))
    )


def _amount(row: Row, run: int, amount: Amount) -> float | None:
    used = row.running[run]
    if amount == "seconds":
        return used.seconds
    if amount == "cost":
        return used.cost_usd
    if used.input is None and used.output is None:
        return None
    return float((used.input or 0) + (used.output or 0))
