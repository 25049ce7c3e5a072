"""Links, mentioned files and code fences of a Markdown text, with byte spans.

One pass over bytes with bounded patterns, so that time grows with the length alone. Code is told
from text by fences and by back ticks within a line.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterator
from typing import Final, Literal

from msgspec import Struct

from workbench.domain.text import Span

#: One line with its line end; empty at the end of the text.
LINE: Final = re.compile(rb"[^\r\n]*(?:\r\n|\n|\r|\Z)")
#: The opening of a code fence: the run of marks, and what follows it.
FENCE: Final = re.compile(rb"[ \t>]*(?:(?:[-*+]|\d{1,9}[.)])[ \t]+)?(`{3,}|~{3,})([^\r\n]*)")
_TICKS: Final = re.compile(rb"`+")
_INLINE: Final = re.compile(
    rb"\]\([ \t]{0,20}(?:<([^<>\r\n]{1,1000})>|((?:[^\s()<>]|\([^\s()]{0,200}\)){1,1000}))"
)
_DEFINITION: Final = re.compile(
    rb" {0,3}\[(?!\^)[^\]\r\n]{1,200}\]:[ \t]{0,20}(?:<([^<>\r\n]{1,1000})>|([^\s<]\S{0,1000}))"
)
_HTML: Final = re.compile(
    rb"<(?:img|a)[ \t][^>\r\n]{0,300}?(?:src|href)=(?:\"([^\"\r\n]{1,1000})\"|'([^'\r\n]{1,1000})')"
)
_MENTION: Final = re.compile(
    rb"(?<![\w./\\~$}>%@:-])(?:\{baseDir\}/|\$\{CLAUDE_SKILL_DIR\}/|\./)?"
    rb"((?:references?|scripts|assets)/[\w.@+/\x80-\xff-]{0,200}[\w\x80-\xff-]\.\w{1,8})"
    rb"(?![\w{<*\[$/-])"
)


class Target(Struct, frozen=True):
    """A file that the text names. A ``mention`` is a bare path such as ``scripts/run.py``."""

    kind: Literal["link", "mention"]
    text: str
    span: Span
    in_fence: bool = False


class Scan(Struct, frozen=True):
    """What was found; ``open_fence`` is the line of a fence that is never closed."""

    targets: tuple[Target, ...]
    open_fence: Span | None = None


def scan_markdown(source: bytes, body: Span) -> Scan:
    """Scan ``body`` of ``source``; all spans are those of ``source``."""
    targets: list[Target] = []
    fence: tuple[bytes, Span] | None = None
    place = body.start
    while place < body.end:
        match = LINE.match(source, place, body.end)
        if match is None or match.end() == place:
            break
        line, start, place = match.group(), place, match.end()
        opening = FENCE.match(line)
        if fence is not None:
            if opening and closes_fence(fence[0], opening):
                fence = None
            else:
                targets += _mentions(line, start, True)
        elif opening and not (opening[1].startswith(b"`") and b"`" in opening[2]):
            fence = (opening[1], Span(start, start + len(line.rstrip(b"\r\n"))))
        else:
            links = list(_links(line, start))
            targets += links
            rest = bytearray(line)
            for link in links:
                inside = slice(link.span.start - start, link.span.end - start)
                rest[inside] = b" " * (link.span.end - link.span.start)
            targets += _mentions(bytes(rest), start, False)
    return Scan(tuple(targets), fence[1] if fence else None)


def closes_fence(marker: bytes, candidate: re.Match[bytes]) -> bool:
    """Tell whether a match of ``FENCE`` closes the fence that ``marker`` opened."""
    run = candidate[1]
    return run[:1] == marker[:1] and len(run) >= len(marker) and not candidate[2].strip()


def _links(line: bytes, start: int) -> Iterator[Target]:
    if b"](" in line or b"]:" in line or b"<" in line:
        plain = _without_code(line)
        found = [*_INLINE.finditer(plain), *_HTML.finditer(plain)]
        definition = _DEFINITION.match(plain)
        for match in [*found, definition] if definition else found:
            group = 1 if match[1] is not None else 2
            span = Span(start + match.start(group), start + match.end(group))
            yield Target("link", match[group].decode("utf-8", "surrogateescape"), span)


def _mentions(line: bytes, start: int, in_fence: bool) -> Iterator[Target]:
    if b"s/" not in line and b"reference/" not in line:
        return
    for match in _MENTION.finditer(line):
        span = Span(start + match.start(1), start + match.end(1))
        yield Target("mention", match[1].decode("utf-8", "surrogateescape"), span, in_fence)


def _without_code(line: bytes) -> bytes:
    """Return the line with code spans blanked; a run of back ticks closes one of its length."""
    if b"`" not in line:
        return line
    runs = [(match.start(), match.end()) for match in _TICKS.finditer(line)]
    following: dict[int, deque[int]] = {}
    for number, (start, end) in enumerate(runs):
        following.setdefault(end - start, deque()).append(number)
    out = bytearray(line)
    number = 0
    while number < len(runs):
        start, end = runs[number]
        same = following[end - start]
        while same and same[0] <= number:
            same.popleft()
        if not same:
            number += 1
            continue
        close = same[0]
        out[start : runs[close][1]] = b" " * (runs[close][1] - start)
        number = close + 1
    return bytes(out)
