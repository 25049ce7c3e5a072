"""Rules on bytes: encoding, byte order mark, line ends, what cannot be read."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from workbench.domain.text import Span
from workbench.skills.clients import Client
from workbench.skills.frontmatter import BOM
from workbench.skills.rules.registry import Hit, Rule, View, replace


def _empty(view: View, _: Client) -> Iterator[Hit]:
    if not view.skill.source.strip():
        yield Hit("SKILL.md is empty. Write a name, a description and instructions.")


def _binary(view: View, _: Client) -> Iterator[Hit]:
    if b"\0" in view.skill.source:
        told = next((p.message for p in view.skill.problems if p.path == view.skill.skill_md), "")
        yield Hit(told or "The file is binary, not Markdown text.")


def _not_utf8(view: View, _: Client) -> Iterator[Hit]:
    if view.skill.valid_utf8 or not view.readable:
        return
    try:
        view.skill.source.decode("utf-8")
    except UnicodeDecodeError as problem:
        value = view.skill.source[problem.start]
        yield Hit(
            f"The byte 0x{value:02X} is not UTF-8: agents show it as a replacement sign or refuse "
            "the file. Save the file as UTF-8.",
            Span(problem.start, problem.end),
        )


def _byte_order_mark(view: View, _: Client) -> Iterator[Hit]:
    if not view.skill.bom:
        return
    span = Span(0, len(BOM))
    # Removing it is safe where the front matter then stands at the very start of UTF-8 text.
    safe = view.skill.valid_utf8 and view.skill.front_matter is not None
    yield Hit(
        "The file begins with a byte order mark (U+FEFF), so it does not start with '---' for the "
        "reference validator and for clients that match the first bytes. Remove the mark.",
        span,
        fix=replace("Remove the byte order mark", span, "") if safe else None,
    )


def _lowercase(view: View, _: Client) -> Iterator[Hit]:
    if view.skill.skill_md != "SKILL.md":
        yield Hit(
            f"The file is named {view.skill.skill_md}: clients look for exactly SKILL.md and see "
            "it only where the file system ignores case. Rename it to SKILL.md."
        )


def _mixed(view: View, _: Client) -> Iterator[Hit]:
    if view.skill.newline != "mixed":
        return
    ends = re.findall(rb"\r\n|\n|\r", view.skill.source)
    parts = [
        f"{ends.count(end)} {name}"
        for end, name in ((b"\n", "LF"), (b"\r\n", "CRLF"), (b"\r", "CR"))
        if end in ends
    ]
    odd = next(
        match
        for match in re.finditer(rb"\r\n|\n|\r", view.skill.source)
        if match.group() != ends[0]
    )
    yield Hit(
        f"The line ends are mixed ({', '.join(parts)}); this is the first that differs.",
        Span(odd.start(), odd.end()),
    )


def _crlf(view: View, _: Client) -> Iterator[Hit]:
    front_matter = view.skill.front_matter
    if front_matter is None:
        return
    head = view.skill.source[front_matter.outer.start : front_matter.span.start]
    if head.endswith(b"\r\n"):
        yield Hit(
            "The lines end with CRLF: the packaging validator looks for '---' and a bare line feed "
            "and finds no front matter. Save the file with LF before you pack it.",
            view.head,
        )


def _unreadable(view: View, _: Client) -> Iterator[Hit]:
    for problem in view.skill.problems:
        if problem.path != view.skill.skill_md:
            yield Hit(problem.message, path=problem.path)


RULES: Final = (
    Rule("skill-md-empty", "SKILL.md has content", _empty),
    Rule("skill-md-binary", "SKILL.md is text", _binary),
    Rule("not-utf8", "SKILL.md is UTF-8", _not_utf8),
    Rule(
        "byte-order-mark",
        "SKILL.md begins with '---', not with a byte order mark",
        _byte_order_mark,
    ),
    Rule("skill-md-lowercase", "The file is named SKILL.md", _lowercase),
    Rule("mixed-line-ends", "All lines end the same way", _mixed),
    Rule("crlf", "Lines end with LF", _crlf),
    Rule("unreadable-file", "Every file of the skill can be read", _unreadable),
)
