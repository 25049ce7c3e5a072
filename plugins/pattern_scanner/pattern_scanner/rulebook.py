"""Rules as data: ``rules/*.toml`` hold what rules say and, of simple ones, what they match."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, Literal

from workbench.plugin.api import Level

_FOLDER = Path(__file__).parent / "rules"


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule. ``check`` says what a person should look at, ``fix`` how to mend it.

    ``tags`` are of OWASP's Agentic Skills Top 10 (AST01 ... AST10); ``pattern`` is one of the
    fourteen of arXiv:2601.10338.
    """

    id: str
    title: str
    category: str
    severity: Level
    confidence: Literal["low", "medium", "high"]
    why: str
    check: str
    fix: str
    pattern: str | None = None
    tags: tuple[str, ...] = ()
    #: Regular expressions of a command or code rule; any of them.
    match: tuple[re.Pattern[str], ...] = ()
    #: The rule does not count where one of these matches too.
    unless: tuple[re.Pattern[str], ...] = ()
    #: Literal pieces, one of which must be there before the expressions are tried.
    trigger: tuple[str, ...] = ()
    frame: Frame | None = None
    languages: tuple[str, ...] = ()
    bad: tuple[str, ...] = ()
    good: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Frame:
    """What a prose rule needs: concepts in one sentence, and concepts close to it."""

    same: tuple[str, ...]
    near: tuple[str, ...] = ()
    none: tuple[str, ...] = ()
    near_none: tuple[str, ...] = ()
    boost: tuple[str, ...] = ()
    within: int = 1


@dataclass(frozen=True, slots=True)
class Lexicon:
    """Concepts of prose: name to one expression over folded text, all languages together."""

    concepts: dict[str, re.Pattern[str]] = field(default_factory=dict)
    #: Concepts that hold a negation themselves ("do not tell the user").
    self_negated: frozenset[str] = frozenset()


@cache
def rulebook() -> dict[str, Rule]:
    """Return all rules by id."""
    rules: dict[str, Rule] = {}
    for file in sorted(_FOLDER.glob("*.toml")):
        table = tomllib.loads(file.read_text(encoding="utf-8"))
        for entry in table.get("rule", ()):
            rule = _rule(entry)
            rules[rule.id] = rule
    return rules


@cache
def rules_of(file: str) -> tuple[Rule, ...]:
    """Return the rules of one file, such as ``shell``."""
    table = tomllib.loads((_FOLDER / f"{file}.toml").read_text(encoding="utf-8"))
    known = rulebook()
    return tuple(known[entry["id"]] for entry in table.get("rule", ()))


@cache
def lexicon() -> Lexicon:
    """Return the concepts of ``rules/lexicon.toml``."""
    table = tomllib.loads((_FOLDER / "lexicon.toml").read_text(encoding="utf-8"))
    concepts: dict[str, re.Pattern[str]] = {}
    negated: set[str] = set()
    for name, entry in table["concept"].items():
        parts = [part for key, value in entry.items() if key != "self_negated" for part in value]
        concepts[name] = re.compile("|".join(f"(?:{part})" for part in parts))
        if entry.get("self_negated"):
            negated.add(name)
    return Lexicon(concepts, frozenset(negated))


def _rule(entry: dict[str, Any]) -> Rule:
    frame = entry.get("frame")
    return Rule(
        id=entry["id"],
        title=entry["title"],
        category=entry["category"],
        severity=entry["severity"],
        confidence=entry["confidence"],
        why=entry["why"],
        check=entry["check"],
        fix=entry["fix"],
        pattern=entry.get("pattern"),
        tags=tuple(entry.get("tags", ())),
        match=tuple(re.compile(part) for part in entry.get("match", ())),
        unless=tuple(re.compile(part) for part in entry.get("unless", ())),
        trigger=tuple(entry.get("trigger", ())),
        frame=_frame(frame) if frame else None,
        languages=tuple(entry.get("languages", ())),
        bad=tuple(entry.get("bad", ())),
        good=tuple(entry.get("good", ())),
    )


def _frame(entry: dict[str, Any]) -> Frame:
    lists = {
        key: tuple(entry.get(key, ())) for key in ("same", "near", "none", "near_none", "boost")
    }
    return Frame(
        **lists,
        within=entry.get("within", 1),
    )
