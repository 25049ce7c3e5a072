"""The texts of two steps as lines of a given width, equal stretches folded. No Qt."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from workbench.traces.compare.sides import SideLine, SidePart, Span

Kind = Literal["title", "same", "changed", "left", "right", "fold", "note"]

#: Equal lines that stay beside a difference; more are folded.
_AROUND = 3
#: Of equal parts so many lines are shown.
_GLANCE = 2
#: Lines on the screen at most: more are not read, and take time.
_MOST = 20_000
_TAB = 4


@dataclass(frozen=True, slots=True)
class Cell:
    """A piece of a line, no wider than the pane; ``number`` is None on all pieces but the first."""

    text: str = ""
    number: int | None = None
    words: tuple[Span, ...] = ()


@dataclass(frozen=True, slots=True)
class Pair:
    """One line on the screen; ``left`` alone says what a title, a fold or a note says.

    ``place`` is (part, first line) of a fold.
    """

    kind: Kind
    left: Cell
    right: Cell = Cell()
    place: tuple[int, int] = (-1, -1)


def laid_out(
    parts: Sequence[SidePart], width: int, opened: frozenset[tuple[int, int]]
) -> list[Pair]:
    """Lay parts out; ``width`` is that of one side in characters."""
    made: list[Pair] = []
    for number, part in enumerate(parts):
        made.append(Pair("title", Cell(_title(part)), place=(number, 0)))
        for start, end, folded in _stretches(part, number, opened):
            if folded:
                words = f"{end - start:,} equal lines"
                made.append(Pair("fold", Cell(words), place=(number, start)))
                continue
            for line in part.lines[start:end]:
                made += _wrapped(line, max(8, width))
                if len(made) > _MOST:
                    made.append(Pair("note", Cell("More lines are not shown here.")))
                    return made
        if part.cut:
            made.append(Pair("note", Cell("This text is longer; its beginning was compared.")))
    return made


def _title(part: SidePart) -> str:
    sides = {line.state for line in part.lines}
    if not part.differs:
        return f"{part.title}  ·  the same"
    if sides <= {"left"} or sides <= {"right"}:
        return part.title
    changed = sum(line.state != "same" for line in part.lines)
    return f"{part.title}  ·  {changed:,} {'line differs' if changed == 1 else 'lines differ'}"


def _stretches(
    part: SidePart, number: int, opened: frozenset[tuple[int, int]]
) -> Iterator[tuple[int, int, bool]]:
    """Yield (start, end, folded) over the lines of a part."""
    lines = part.lines
    at = 0
    while at < len(lines):
        end = at
        while end < len(lines) and (lines[end].state == "same") == (lines[at].state == "same"):
            end += 1
        if lines[at].state != "same":
            yield at, end, False
            at = end
            continue
        before = (_AROUND if at else 0) if part.differs else _GLANCE
        after = (_AROUND if end < len(lines) else 0) if part.differs else 0
        first, last = at + before, end - after
        if last - first < 3 or (number, first) in opened:
            yield at, end, False
        else:
            yield at, first, False
            yield first, last, True
            yield last, end, False
        at = end


def _wrapped(line: SideLine, width: int) -> Iterator[Pair]:
    left = _pieces(line.left, line.left_text, line.left_words, width)
    right = _pieces(line.right, line.right_text, line.right_words, width)
    for at in range(max(len(left), len(right))):
        yield Pair(
            line.state,
            left[at] if at < len(left) else Cell(),
            right[at] if at < len(right) else Cell(),
        )


def _pieces(number: int | None, text: str, words: Sequence[Span], width: int) -> list[Cell]:
    if number is None:
        return []
    shown, moved = _visible(text, words)
    pieces = []
    for start in range(0, max(1, len(shown)), width):
        end = start + width
        inside = tuple(
            (max(a, start) - start, min(b, end) - start) for a, b in moved if a < end and b > start
        )
        pieces.append(Cell(shown[start:end], number if start == 0 else None, inside))
    return pieces


def _visible(text: str, words: Sequence[Span]) -> tuple[str, Sequence[Span]]:
    """Spell hidden characters out: one could hide what a line says (CVE-2021-42574)."""
    if text.isascii() and text.isprintable():
        return text, words
    shown: list[str] = []
    starts = [0]
    for sign in text:
        if sign == "\t":
            shown.append(" " * _TAB)
        elif unicodedata.category(sign) in ("Cc", "Cf", "Zl", "Zp", "Cs", "Co"):
            shown.append(f"[U+{ord(sign):04X}]")
        else:
            shown.append(sign)
        starts.append(starts[-1] + len(shown[-1]))
    return "".join(shown), [(starts[a], starts[b]) for a, b in words]
