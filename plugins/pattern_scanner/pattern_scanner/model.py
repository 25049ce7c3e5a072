"""What the stages hand to each other."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import IntEnum
from typing import Literal

from workbench.plugin.api import Level


class Role(IntEnum):
    """How a passage is meant, from an order to the agent down to a warning against the act."""

    WARNING = 0
    #: Under a heading about attacks or mistakes, or in a test, fixture or evaluation.
    CAUTION = 1
    INSTRUCTION = 2


Medium = Literal["prose", "comment", "meta", "decoded", "heading", "table"]


@dataclass(frozen=True, slots=True)
class Passage:
    """A sentence or list item. ``text`` is folded (see ``characters``), ``raw`` is as written.

    ``tricks`` names what folding undid; ``hidden`` says why a reader does not see it.
    """

    path: str
    line: int
    end_line: int
    raw: str
    text: str
    role: Role
    medium: Medium
    section: int
    hidden: str = ""
    tricks: frozenset[str] = frozenset()
    decoded: str | None = None


@dataclass(frozen=True, slots=True)
class Command:
    """A shell command as it would run, with the place it was found."""

    path: str
    line: int
    text: str
    role: Role
    origin: Literal["fence", "inline", "script", "string", "decoded", "setting"]
    raw: str = ""


@dataclass(frozen=True, slots=True)
class CodeBlock:
    """A fenced block of a document, or a whole script (``bundled``)."""

    path: str
    line: int
    language: str
    text: str
    role: Role
    bundled: bool = False


@dataclass(frozen=True, slots=True)
class Sighting:
    """A rule matched. ``severity`` and ``confidence`` override those of the rule."""

    rule: str
    path: str
    line: int
    end_line: int
    evidence: str
    severity: Level | None = None
    confidence: Literal["low", "medium", "high"] | None = None
    role: Role = Role.INSTRUCTION
    decoded: str | None = None
    flow: tuple[tuple[str, int, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Fact:
    """A neutral operation: what is done (``kind``) to what (``target``), and where."""

    kind: str
    target: str
    path: str
    line: int
    bundled: bool


@dataclass(slots=True)
class TextFile:
    """A file that was read. ``role`` is that of its place (tests and fixtures are CAUTION)."""

    path: str
    text: str
    kind: Literal["markdown", "python", "shell", "javascript", "code", "json", "text"]
    role: Role
    inside: str = ""


@dataclass(slots=True)
class Inventory:
    """All there is in a skill folder, with what could not be looked at."""

    texts: list[TextFile] = field(default_factory=list)
    inspected: set[str] = field(default_factory=set)
    partial: dict[str, str] = field(default_factory=dict)
    opaque: dict[str, str] = field(default_factory=dict)
    sightings: list[Sighting] = field(default_factory=list)


@dataclass(slots=True)
class Observed:
    """What the analysers collect for one skill."""

    sightings: list[Sighting] = field(default_factory=list)
    facts: list[Fact] = field(default_factory=list)
