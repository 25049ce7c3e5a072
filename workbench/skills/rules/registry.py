"""What a rule is, what it sees and what it says."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cached_property

from msgspec import Struct

from workbench.domain.diagnostic import Fix
from workbench.domain.skill import FrontMatterEntry, Skill
from workbench.domain.text import Span, TextEdit
from workbench.skills.clients import Client
from workbench.skills.frontmatter import Fence, locate
from workbench.skills.lines import LineTable
from workbench.skills.markdown_scan import Scan, scan_markdown
from workbench.skills.paths import SkillPaths


class Hit(Struct, frozen=True):
    """A rule applies here. Without ``span`` it is of the whole file ``path`` (SKILL.md if None)."""

    message: str
    span: Span | None = None
    path: str | None = None
    fix: Fix | None = None


class View:
    """A skill, and what several rules want to know of it; worked out once."""

    def __init__(self, skill: Skill) -> None:
        self.skill = skill

    @cached_property
    def lines(self) -> LineTable:
        """Return line starts of SKILL.md."""
        return LineTable(self.skill.source)

    @cached_property
    def scan(self) -> Scan:
        """Return links, mentions of files and fences in the body."""
        return scan_markdown(self.skill.source, self.skill.body)

    @cached_property
    def fence(self) -> Fence:
        """Return how the front matter is fenced."""
        return locate(self.skill.source)[0]

    @cached_property
    def files(self) -> SkillPaths:
        """Return the paths of the skill."""
        return SkillPaths(self.skill)

    @property
    def readable(self) -> bool:
        """Tell whether SKILL.md is text at all."""
        return bool(self.skill.source.strip()) and b"\0" not in self.skill.source

    @property
    def head(self) -> Span:
        """Return the first line of the front matter, for what is missing from it."""
        front_matter = self.skill.front_matter
        start = front_matter.outer.start if front_matter else 0
        end = front_matter.span.start if front_matter else self.lines.line_span(1)[1]
        return Span(start, max(start, end))

    def entry(self, key: str) -> FrontMatterEntry | None:
        """Return the entry of a key that counts, None without one."""
        front_matter = self.skill.front_matter
        return front_matter.get(key) if front_matter else None

    def written(self, span: Span) -> str:
        """Return the text of a span."""
        return self.skill.source[span.start : span.end].decode("utf-8", "surrogateescape")


Find = Callable[[View, Client], Iterator[Hit]]


class Rule(Struct, frozen=True):
    """A rule: its id, one line on what it wants, and the function that finds where it is broken."""

    id: str
    summary: str
    find: Find


def value_span(entry: FrontMatterEntry) -> Span:
    """Return the value's span, the key's where the value is empty."""
    return entry.value_span if entry.value_span.end > entry.value_span.start else entry.key_span


def replace(title: str, span: Span, text: str) -> Fix:
    """Return a fix of one edit."""
    return Fix(title, (TextEdit(span, text),))
