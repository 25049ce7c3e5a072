"""Lines of a diff with what moved marked at both ends. No Qt."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct
from msgspec.structs import replace

from workbench.domain.proposal import Hunk
from workbench.gui.review.diff.line import DiffLine
from workbench.review.text_diff.moved import Move, Side, moved
from workbench.review.text_diff.word_diff import changed_spans

_WITH_LINES = ("text", "create", "delete")


class _End(Struct, frozen=True):
    """One end of a block: where its first line is, what is said of it, where the other end is."""

    first: int
    text: str
    other: int


def with_moves(
    lines: Sequence[DiffLine], hunks: Sequence[Hunk], news: Sequence[tuple[str, ...]]
) -> tuple[DiffLine, ...]:
    """Return the lines with moved ones bound to their other ends, and a line above each block.

    The words are marked in a moved line only where it was edited on its way.
    """
    marked = list(lines)
    gone = [
        Side(at, hunk.base_lines)
        for at, hunk in enumerate(hunks)
        if hunk.kind in _WITH_LINES and hunk.base_lines
    ]
    come = [
        Side(at, new)
        for at, (hunk, new) in enumerate(zip(hunks, news, strict=True))
        if hunk.kind in _WITH_LINES and new
    ]
    if not gone or not come:
        return tuple(marked)
    places = _places(lines)
    firsts = _first_numbers(hunks, news)
    ends: list[_End] = []
    loose: set[tuple[int, int]] = set()
    for move in moved(gone, come):
        pairs = _known(move, places, hunks, firsts)
        if not pairs:
            continue
        edited = False
        for i, j in pairs:
            old, new = lines[i], lines[j]
            loose |= {(line.hunk, line.pair) for line in (old, new) if line.pair}
            spans = changed_spans(old.text, new.text) or ((), ())
            edited = edited or bool(spans[0] or spans[1])
            marked[i] = replace(old, words=spans[0], twin=j, pair=0)
            marked[j] = replace(new, words=spans[1], twin=i, pair=0)
        ends += _ends(pairs, lines, hunks, edited=edited)
    for at, line in enumerate(marked):
        if line.pair and (line.hunk, line.pair) in loose:
            marked[at] = replace(line, words=(), pair=0)
    return _with_notes(marked, ends)


def _places(lines: Sequence[DiffLine]) -> dict[tuple[int, str, int], int]:
    """Return where a line of a hunk is by its number."""
    places: dict[tuple[int, str, int], int] = {}
    for at, line in enumerate(lines):
        if line.state == "value":
            continue
        if line.kind == "remove" and line.old:
            places[line.hunk, "old", line.old] = at
        elif line.kind == "add" and line.new:
            places[line.hunk, "new", line.new] = at
    return places


def _first_numbers(hunks: Sequence[Hunk], news: Sequence[tuple[str, ...]]) -> list[int]:
    """Return the number of the first new line of each hunk."""
    firsts: list[int] = []
    path, shift = "", 0
    for hunk, new in zip(hunks, news, strict=True):
        if hunk.path != path:
            path, shift = hunk.path, 0
        if hunk.kind != "text":
            firsts.append(hunk.base_start)
            continue
        firsts.append(hunk.base_start + shift)
        shift += len(new) - len(hunk.base_lines)
    return firsts


def _known(
    move: Move,
    places: dict[tuple[int, str, int], int],
    hunks: Sequence[Hunk],
    firsts: Sequence[int],
) -> list[tuple[int, int]]:
    """Return the pairs of a move whose lines are both shown."""
    start = hunks[move.old_hunk].base_start
    found = (
        (
            places.get((move.old_hunk, "old", start + pair.old)),
            places.get((move.new_hunk, "new", firsts[move.new_hunk] + pair.new)),
        )
        for pair in move.pairs
    )
    return [(i, j) for i, j in found if i is not None and j is not None]


def _ends(
    pairs: Sequence[tuple[int, int]],
    lines: Sequence[DiffLine],
    hunks: Sequence[Hunk],
    *,
    edited: bool,
) -> list[_End]:
    i, j = pairs[0]
    old, new = lines[i], lines[j]
    from_path, to_path = hunks[old.hunk].path, hunks[new.hunk].path
    count = "1 line" if len(pairs) == 1 else f"{len(pairs)} lines"
    also = " and edited" if edited else ""
    source, target = f"line {old.old}", f"line {new.new}"
    if from_path != to_path:
        source, target = f"{from_path}, {source}", f"{to_path}, {target}"
    return [
        _End(i, f"{count} moved to {target}{also}", j),
        _End(j, f"{count} moved from {source}{also}", i),
    ]


def _with_notes(lines: Sequence[DiffLine], ends: Sequence[_End]) -> tuple[DiffLine, ...]:
    """Put a line above each end of a block, and count ``twin`` anew."""
    above = {end.first: end for end in ends}
    now: list[int] = []
    notes: dict[int, int] = {}
    for at in range(len(lines)):
        if at in above:
            notes[at] = at + len(notes)
        now.append(at + len(notes))
    found: list[DiffLine] = []
    for at, line in enumerate(lines):
        end = above.get(at)
        if end is not None:
            found.append(
                DiffLine("move", end.text, line.hunk, line.old, line.new, twin=notes[end.other])
            )
        found.append(replace(line, twin=now[line.twin]) if line.twin >= 0 else line)
    return tuple(found)
