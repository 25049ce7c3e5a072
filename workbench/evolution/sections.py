"""Edits by heading, resolved to the full new text of a Markdown file.

An engine that edits by heading cannot know line ends, final newlines or what stands around: the
host works them out, and every line it does not mean to change stays as it is, byte for byte.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise

from markdown_it import MarkdownIt
from msgspec import Struct

from workbench.domain.proposal import SectionOp

#: The line ends CommonMark 0.31 knows, as markdown-it-py counts them in its line maps.
_LINE = re.compile(r"[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+\Z")
_FENCE = re.compile(r"^---[ \t]*$")
_LIST_ITEM = re.compile(r"^ {0,3}(?:[-*+]|\d{1,9}[.)])\s")
_HEADING = re.compile(r"^ {0,3}#{1,6}(?:\s|$)")
_parser = MarkdownIt("commonmark")


class Heading(Struct, frozen=True):
    """A heading of the document. ``line`` counts from 0, ``body`` is the first line after it."""

    level: int
    title: str
    line: int
    body: int


class SectionProblem(Exception):  # noqa: N818 - a problem for a person, in words
    """A section operation cannot be carried out; the message says which and why."""


def split_lines(text: str) -> list[str]:
    """Split into lines that keep their line ends (CR LF, LF or CR)."""
    return _LINE.findall(text)


def newline_of(text: str) -> str:
    """Return the line end most lines use; LF when there is none."""
    crlf = text.count("\r\n")
    counts = {"\n": text.count("\n") - crlf, "\r\n": crlf, "\r": text.count("\r") - crlf}
    best = max(counts, key=lambda end: counts[end])
    return best if counts[best] else "\n"


def headings_of(text: str) -> tuple[Heading, ...]:
    """Return the headings of a document; the YAML front matter is no part of it."""
    lines = split_lines(text)
    skip = _front_matter_lines(lines)
    body = "".join(lines[skip:])
    found: list[Heading] = []
    tokens = _parser.parse(body)
    for opening, inline in pairwise(tokens):
        # A heading in a quote or a list item does not divide the document.
        if opening.type != "heading_open" or opening.level or opening.map is None:
            continue
        first, last = opening.map
        found.append(
            Heading(int(opening.tag[1]), inline.content.strip(), first + skip, last + skip)
        )
    return tuple(found)


def apply_section_ops(text: str, ops: Sequence[SectionOp]) -> str:
    """Return ``text`` after the operations, one after the other.

    Raises:
        SectionProblem: a heading to replace or to delete is not there, or an operation is empty.
    """
    for op in ops:
        text = _apply(text, op)
    return text


def find_heading(text: str, title: str) -> Heading | None:
    """Return the first heading of that title: as written, else whatever its case."""
    wanted = title.strip().lstrip("#").strip()
    headings = headings_of(text)
    exact = next((heading for heading in headings if heading.title == wanted), None)
    if exact is not None:
        return exact
    folded = wanted.casefold()
    return next((heading for heading in headings if heading.title.casefold() == folded), None)


def _apply(text: str, op: SectionOp) -> str:
    title = op.heading.strip().lstrip("#").strip()
    if not title or "\n" in title or "\r" in title:
        raise SectionProblem(f"A section operation ({op.action}) names no heading.")
    heading = find_heading(text, title)
    if op.action == "append" and not op.content.strip():
        raise SectionProblem(f"The operation {op.action} of '{title}' has no content.")
    if op.action == "append":
        if heading is None:
            return _new_section(text, title, op.content, None)
        return _append(text, heading, op.content)
    if op.action == "add":
        after = find_heading(text, op.after) if op.after else None
        if op.after and after is None:
            raise SectionProblem(f"There is no section '{op.after}' to add '{title}' after.")
        return _new_section(text, title, op.content, after)
    if heading is None:
        raise SectionProblem(f"There is no section '{title}' to {op.action}.")
    lines = split_lines(text)
    end = _section_end(text, heading, len(lines))
    if op.action == "delete":
        return "".join(lines[: heading.line] + lines[end:])
    return _replace(lines, heading, end, op.content, newline_of(text))


def _replace(lines: list[str], heading: Heading, end: int, content: str, newline: str) -> str:
    """Put ``content`` in place of what stands under a heading; blank lines around it stay."""
    first, last = heading.body, end
    while first < last and not lines[first].strip():
        first += 1
    while last > first and not lines[last - 1].strip():
        last -= 1
    new = _content_lines(content, newline)
    if new and not _ends(lines[first - 1]):
        new = [newline, newline, *new]
    if new and lines[end:] and last == end:
        new.append(newline)
    if new and not lines[last:] and last > first and not _ends(lines[last - 1]):
        new[-1] = new[-1].rstrip("\r\n")
    return "".join(lines[:first] + new + lines[last:])


def _append(text: str, heading: Heading, content: str) -> str:
    lines = split_lines(text)
    newline = newline_of(text)
    end = _section_end(text, heading, len(lines))
    if not _HEADING.match(content.lstrip("\r\n")):
        # What is added belongs to the section itself, not to the last of its subsections.
        inner = [one.line for one in headings_of(text) if heading.line < one.line < end]
        end = min([*inner, end])
    last = end
    while last > heading.body and not lines[last - 1].strip():
        last -= 1
    new = _content_lines(content, newline)
    gap = [] if _continues_list(lines[heading.body : last], new) else [newline]
    if last == heading.body and last < end:
        # An empty section has its blank line already; what comes stands below it.
        last, gap = last + 1, []
    before = lines[:last]
    if not _ends(before[-1]):
        before[-1] += newline
        if last == len(lines):
            new[-1] = new[-1].rstrip("\r\n")
    tail = lines[last:]
    if tail and tail[0].strip():
        tail = [newline, *tail]
    return "".join(before + gap + new + tail)


def _new_section(text: str, title: str, content: str, after: Heading | None) -> str:
    """Add a section of level 2, or of the level of the one it follows."""
    lines = split_lines(text)
    newline = newline_of(text)
    at = _section_end(text, after, len(lines)) if after is not None else len(lines)
    level = after.level if after is not None else 2
    new = [f"{'#' * level} {title}{newline}", newline, *_content_lines(content, newline)]
    before, tail = lines[:at], lines[at:]
    if before and not _ends(before[-1]):
        before[-1] += newline
        if not tail:
            new[-1] = new[-1].rstrip("\r\n")
    if before and before[-1].strip():
        before.append(newline)
    if tail:
        new.append(newline)
    return "".join(before + new + tail)


def _section_end(text: str, heading: Heading, total: int) -> int:
    """Return the line after a section: that of the next heading of its level or a higher one."""
    following = (one.line for one in headings_of(text) if one.line > heading.line)
    levels = {one.line: one.level for one in headings_of(text)}
    return next((line for line in following if levels[line] <= heading.level), total)


def _content_lines(content: str, newline: str) -> list[str]:
    lines = [line.rstrip("\r\n") + newline for line in split_lines(content)]
    while lines and not lines[0].strip():
        lines.pop(0)
    while lines and not lines[-1].strip():
        lines.pop()
    return lines


def _continues_list(section: list[str], new: list[str]) -> bool:
    """Whether both are items of one list, so that a blank line would make it loose."""
    if not section or not _LIST_ITEM.match(new[0]):
        return False
    for line in reversed(section):
        if _LIST_ITEM.match(line):
            return True
        if not line.startswith((" ", "\t")):
            return False
    return False


def _front_matter_lines(lines: list[str]) -> int:
    if not lines or not _FENCE.match(lines[0].removeprefix("\ufeff").rstrip("\r\n")):
        return 0
    for number, line in enumerate(lines[1:], 1):
        if _FENCE.match(line.rstrip("\r\n")):
            return number + 1
    return 0


def _ends(line: str) -> bool:
    return line.endswith(("\n", "\r"))
