"""Sections of a Markdown text by its headings, with byte spans.

Headings are those of CommonMark 0.31.2 sections 4.2 and 4.3 at the left edge of the document: those
in lists, quotes and code do not divide it. One pass over bytes; time grows with the length alone.
"""

from __future__ import annotations

import re
from typing import Final

from msgspec import Struct

from workbench.domain.text import Span
from workbench.skills.markdown_scan import FENCE, LINE, closes_fence

_ATX: Final = re.compile(rb" {0,3}(#{1,6})(?=[ \t\r\n]|\Z)")
_UNDERLINE: Final = re.compile(rb" {0,3}(=+|-+)[ \t]*(?:[\r\n]|\Z)")
#: A line that is no paragraph of its own: list, quote, table, indented code, HTML, a rule.
_NO_PARAGRAPH: Final = re.compile(
    rb" {0,3}(?:[-*+][ \t]|\d{1,9}[.)][ \t]|[>|<]|(?:[-*_][ \t]*){3,}[\r\n])|\t| {4}"
)


class Section(Struct, frozen=True):
    """A heading with what stands below it, up to the next heading of any level.

    The text before the first heading is a section of level 0 without title. ``line`` counts from 1
    in the file; ``heading`` covers the heading's own lines and is empty at level 0.
    """

    level: int
    title: str
    line: int
    span: Span
    heading: Span


class _Heading(Struct):
    level: int
    title: str
    start: int
    end: int


def sections_of(source: bytes, body: Span) -> tuple[Section, ...]:
    """Return the sections of ``body``, which they cover without a gap; spans are of ``source``."""
    headings = _headings(source, body)
    sections: list[Section] = []
    first = headings[0].start if headings else body.end
    line, counted = 1, 0
    if first > body.start:
        headings.insert(0, _Heading(0, "", body.start, body.start))
    ends = [*(heading.start for heading in headings[1:]), body.end]
    for heading, end in zip(headings, ends[: len(headings)], strict=True):
        line += _line_ends(source, counted, heading.start)
        counted = heading.start
        sections.append(
            Section(
                heading.level,
                heading.title,
                line,
                Span(heading.start, end),
                Span(heading.start, heading.end),
            )
        )
    return tuple(sections)


def outline_end(sections: tuple[Section, ...], index: int) -> int:
    """Return the number after the last section below section ``index``, deeper ones included."""
    level = sections[index].level
    for number in range(index + 1, len(sections)):
        if sections[number].level <= level:
            return number
    return len(sections)


def _line_ends(source: bytes, start: int, end: int) -> int:
    crlf = source.count(b"\r\n", start, end)
    return source.count(b"\n", start, end) + source.count(b"\r", start, end) - crlf


def _headings(source: bytes, body: Span) -> list[_Heading]:
    found: list[_Heading] = []
    fence: bytes | None = None
    paragraph: int | None = None  # where the paragraph began that a line of = or - would close
    place = body.start
    while place < body.end:
        match = LINE.match(source, place, body.end)
        if match is None or match.end() == place:
            break
        line, start, place = match.group(), place, match.end()
        opening = FENCE.match(line)
        if fence is not None:
            fence = None if opening and closes_fence(fence, opening) else fence
            continue
        if opening and not (opening[1].startswith(b"`") and b"`" in opening[2]):
            fence, paragraph = opening[1], None
            continue
        atx = _ATX.match(line)
        underline = _UNDERLINE.match(line) if paragraph is not None else None
        if atx:
            found.append(_Heading(len(atx[1]), _title(_unclosed(line[atx.end() :])), start, place))
            paragraph = None
        elif underline and paragraph is not None:
            level = 1 if underline[1].startswith(b"=") else 2
            found.append(_Heading(level, _title(source[paragraph:start]), paragraph, place))
            paragraph = None
        elif not line.strip():
            paragraph = None
        elif paragraph is None and not _NO_PARAGRAPH.match(line):
            paragraph = start
        elif paragraph is not None and _NO_PARAGRAPH.match(line) and line.lstrip()[:1] in b"-*+>|<":
            paragraph = None
    return found


def _title(written: bytes) -> str:
    return " ".join(written.decode("utf-8", "surrogateescape").split())


def _unclosed(written: bytes) -> bytes:
    """Return the text of a heading line without the run of # that may close it."""
    text = written.strip(b" \t\r\n")
    bare = text.rstrip(b"#")
    return bare if bare != text and (not bare or bare[-1:] in b" \t") else text
