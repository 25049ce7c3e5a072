"""Which parts of a split hunk make no sense without which others."""

from __future__ import annotations

import itertools
import re
from collections import Counter
from collections.abc import Iterator, Sequence

from msgspec.structs import replace

from workbench.domain.proposal import Hunk

_HEADING = re.compile(r"(#{1,6})[ \t]+\S")
_FENCE = re.compile(r" {0,3}(`{3,}|~{3,})")
_ENDS = ("\n", "\r")

#: A part by its place, and one it needs.
Need = tuple[int, int]


def with_siblings(hunks: Sequence[Hunk]) -> tuple[Hunk, ...]:
    """Add to each part what it needs of the hunk it was cut from.

    - Lines that would run into one another where a file ends without a line end.
    - The heading that a part's lines are put under (Markdown).
    - Both ends of a code block or of front matter, and the ends for what stands inside.
    - A line that only changes its place: put and taken away together.
    """
    found: list[Hunk] = []
    for whole, group in itertools.groupby(hunks, key=lambda hunk: hunk.part_of or hunk.id):
        parts = list(group)
        if parts[0].part_of != whole:
            found += parts
            continue
        needed: dict[int, list[int]] = {}
        for place, other in _needs(parts):
            needed.setdefault(place, []).append(other)
        for place, part in enumerate(parts):
            names = [parts[other].id for other in needed.get(place, ()) if other != place]
            more = (*part.depends_on, *names)
            found.append(replace(part, depends_on=tuple(dict.fromkeys(more))) if names else part)
    return tuple(found)


def _needs(parts: Sequence[Hunk]) -> list[Need]:
    needs = [*_line_ends(parts), *_moved(parts)]
    if parts[0].path.lower().endswith((".md", ".markdown")):
        needs += _headings(parts)
        for side in ("base_lines", "new_lines"):
            needs += _blocks(parts, side)
    return sorted(set(needs))


def _line_ends(parts: Sequence[Hunk]) -> Iterator[Need]:
    for place, part in enumerate(parts):
        later = range(place + 1, len(parts))
        if part.base_lines and not part.base_lines[-1].endswith(_ENDS):
            yield from ((other, place) for other in later if parts[other].new_lines)
        if part.new_lines and not part.new_lines[-1].endswith(_ENDS):
            yield from ((place, other) for other in later if parts[other].base_lines)


def _headings(parts: Sequence[Hunk]) -> Iterator[Need]:
    """A part needs the parts with the headings that stand above its first line."""
    above: list[tuple[int, int]] = []  # (level, part) of the headings a line stands under
    for place, line in _outside_blocks(parts):
        heading = _HEADING.match(line)
        if heading is not None:
            level = len(heading[1])
            above = [one for one in above if one[0] < level]
        yield from ((place, other) for _, other in above)
        if heading is not None:
            above.append((level, place))


def _outside_blocks(parts: Sequence[Hunk]) -> Iterator[tuple[int, str]]:
    inside = {
        at for _, first, last in _block_places(parts, "new_lines") for at in range(first, last + 1)
    }
    for at, (place, line) in enumerate(_lines(parts, "new_lines")):
        if at not in inside and line.strip():
            yield place, line


def _blocks(parts: Sequence[Hunk], side: str) -> Iterator[Need]:
    lines = list(_lines(parts, side))
    for kind, first, last in _block_places(parts, side):
        opens, closes = lines[first][0], lines[last][0]
        yield from ((opens, closes), (closes, opens))
        # What is taken away from inside a block is no part of what is left.
        if side == "new_lines":
            yield from ((lines[at][0], opens) for at in range(first + 1, last))
            if kind == "front matter":
                yield from ((place, opens) for place in range(len(parts)))


def _block_places(parts: Sequence[Hunk], side: str) -> list[tuple[str, int, int]]:
    """Return code blocks and front matter as (kind, first line, last line), the fences included."""
    found: list[tuple[str, int, int]] = []
    fence, start = "", 0
    for at, (_, line) in enumerate(_lines(parts, side)):
        text = line.rstrip()
        if not fence and at == 0 and text == "---" and parts[0].kind == "create":
            fence, start = "---", at
        elif fence == "---":
            if text == "---":
                found.append(("front matter", start, at))
                fence = ""
        else:
            match = _FENCE.match(line)
            if match is not None and not fence:
                fence, start = match[1], at
            elif match is not None and _closes(text.strip(), fence):
                found.append(("code", start, at))
                fence = ""
    return found


def _closes(text: str, fence: str) -> bool:
    return len(text) >= len(fence) and not text.strip(fence[0])


def _moved(parts: Sequence[Hunk]) -> Iterator[Need]:
    """A line that goes in one part and comes in another would be lost, or stand there twice."""
    gone = Counter(line.strip() for _, line in _lines(parts, "base_lines"))
    come = Counter(line.strip() for _, line in _lines(parts, "new_lines"))
    places = {line.strip(): place for place, line in _lines(parts, "base_lines")}
    for place, line in _lines(parts, "new_lines"):
        text = line.strip()
        moved = gone[text] == come[text] == 1 and any(sign.isalnum() for sign in text)
        if moved and places[text] != place:
            yield from ((place, places[text]), (places[text], place))


def _lines(parts: Sequence[Hunk], side: str) -> Iterator[tuple[int, str]]:
    for place, part in enumerate(parts):
        lines: tuple[str, ...] = part.base_lines if side == "base_lines" else part.new_lines
        yield from ((place, line) for line in lines)
