"""Rules on the body and on the folder: size, fences, links in it, what it holds."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from workbench.domain.text import Span
from workbench.skills.clients import Client
from workbench.skills.rules.registry import Hit, Rule, View


def _empty(view: View, _: Client) -> Iterator[Hit]:
    if view.skill.front_matter is not None and not view.skill.body_text.strip():
        yield Hit("The body is empty: an agent that loads the skill learns nothing.", view.head)


def _too_many_lines(view: View, client: Client) -> Iterator[Hit]:
    limit = client.limits.get("lines")
    starts = view.lines.starts
    count = len(starts) - (starts[-1] == len(view.skill.source))
    if limit is not None and count > limit:
        start, end = view.lines.line_span(limit + 1)
        yield Hit(
            f"SKILL.md has {count:,} lines; under {limit} are recommended. Move detail to "
            "references/ and say when to read it.",
            Span(start, end),
        )


def _unclosed_fence(view: View, _: Client) -> Iterator[Hit]:
    if view.readable and view.scan.open_fence is not None:
        yield Hit(
            "This code fence is never closed, so all that follows is code.", view.scan.open_fence
        )


def _contains_links(view: View, _: Client) -> Iterator[Hit]:
    for file in view.skill.files:
        if file.kind == "link":
            yield Hit("It is a symbolic link; upload refuses links.", path=file.path)


def _nested(view: View, _: Client) -> Iterator[Hit]:
    for folder in view.skill.nested:
        yield Hit("It is a skill within the skill; upload wants exactly one SKILL.md.", path=folder)


def _too_many_bytes(view: View, client: Client) -> Iterator[Hit]:
    limit = client.limits.get("bytes")
    total = sum(file.size for file in view.skill.files)
    if limit is not None and total > limit:
        yield Hit(
            f"The skill has {total / 1048576:.1f} MB; upload takes at most "
            f"{limit / 1048576:.0f} MB."
        )


RULES: Final = (
    Rule("body-empty", "The body says something", _empty),
    Rule("too-many-lines", "SKILL.md is short", _too_many_lines),
    Rule("unclosed-fence", "Every code fence is closed", _unclosed_fence),
    Rule("contains-links", "No symbolic links", _contains_links),
    Rule("nested-skill", "No skill within the skill", _nested),
    Rule("too-many-bytes", "The skill is small enough to upload", _too_many_bytes),
)
