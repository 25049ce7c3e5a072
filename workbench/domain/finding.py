"""What a scanner found in a skill (the shape follows SARIF 2.1.0 results)."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

Level = Literal["info", "low", "medium", "high", "critical"]
Verdict = Literal["clean", "review", "dangerous"]

#: From the mildest to the worst, as compared by ``--fail-on``.
LEVELS: tuple[Level, ...] = ("info", "low", "medium", "high", "critical")


class FlowStep(Struct, frozen=True):
    """One place a flow passes through; ``path`` is relative to the skill."""

    path: str
    line: int
    text: str = ""


class Finding(Struct, frozen=True):
    """One place that may endanger the user. Lines count from 1; ``path`` is relative to the skill.

    ``pattern`` is the id of the taxonomy of arXiv:2601.10338 (P1 ... SC3) where one fits,
    ``fingerprint`` survives moved lines. ``check`` says what a person should look at, ``decoded``
    is the evidence without its disguise, ``flow`` the places a value passes through, ``tags`` are
    of OWASP's Agentic Skills Top 10.

    The host alone sets ``suppressed`` (the reason a person gave) and ``baseline`` ("new" or
    "unchanged" against the baseline that was named).
    """

    rule: str
    category: str
    severity: Level
    confidence: Literal["low", "medium", "high"]
    path: str
    line: int
    end_line: int
    evidence: str
    why: str
    fix: str
    fingerprint: str
    pattern: str | None = None
    skill: str = ""
    plugin: str = ""
    check: str = ""
    tags: tuple[str, ...] = ()
    decoded: str | None = None
    flow: tuple[FlowStep, ...] = ()
    suppressed: str | None = None
    baseline: str | None = None


class Coverage(Struct, frozen=True):
    """How much of a skill was looked at, as paths relative to it."""

    inspected: tuple[str, ...] = ()
    partial: tuple[str, ...] = ()
    opaque: tuple[str, ...] = ()


class Capabilities(Struct, frozen=True):
    """What a skill says it may do, and what its text and scripts show."""

    declared: tuple[str, ...] = ()
    observed: tuple[str, ...] = ()


class SkillScan(Struct, frozen=True):
    """All that scanners said of one skill, with the host's verdict; ``skill`` is its id."""

    path: str
    name: str
    verdict: Verdict
    reach: str
    coverage: Coverage
    capabilities: Capabilities
    findings: tuple[Finding, ...]
    skill: str = ""
