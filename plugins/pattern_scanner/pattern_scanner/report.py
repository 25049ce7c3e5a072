"""Sightings become findings: weighed by role, capped, bound to content, made visible."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator

from pattern_scanner import limits
from pattern_scanner.characters import visible
from pattern_scanner.model import Role, Sighting
from pattern_scanner.rulebook import rulebook
from workbench.plugin.api import Finding, FlowStep, Level

LEVELS: tuple[Level, ...] = ("info", "low", "medium", "high", "critical")
_SECRET_VALUE = re.compile(
    r"\b((?:sk|pk|ghp|gho|xox[abp]|AKIA|AIza|glpat|hf|"
    r"npm)[_-]?[A-Za-z0-9_-]{4})[A-Za-z0-9_-]{8,120}([A-Za-z0-9_-]{4})\b"
)


def findings_of(sightings: Iterable[Sighting], skill: str, version: str) -> Iterator[Finding]:
    """Yield findings by file and line; doubles are left out, a rule is capped per file."""
    counts: dict[tuple[str, str], int] = {}
    taken: set[tuple[str, str, int]] = set()
    ordered = sorted(
        sightings,
        key=lambda s: (s.path, s.line, s.rule, -LEVELS.index(_severity(s)), s.evidence),
    )
    strong = {
        (s.path, s.line, rulebook()[s.rule].category)
        for s in ordered
        if LEVELS.index(_severity(s)) >= 3
    }
    for sighting in ordered:
        if sighting.role == Role.WARNING:
            continue
        rule = rulebook()[sighting.rule]
        key = (sighting.rule, sighting.path, sighting.line)
        weak = LEVELS.index(_severity(sighting)) < 3
        if key in taken or (weak and (sighting.path, sighting.line, rule.category) in strong):
            continue
        taken.add(key)
        cap = (sighting.rule, sighting.path)
        counts[cap] = counts.get(cap, 0) + 1
        if counts[cap] <= limits.MAX_FINDINGS_PER_RULE:
            yield _finding(sighting, skill, version)


def _severity(sighting: Sighting) -> Level:
    """Return the severity; a passage about attacks or a fixture counts one step less."""
    level: Level = sighting.severity or rulebook()[sighting.rule].severity
    if sighting.role == Role.CAUTION:
        return LEVELS[max(0, LEVELS.index(level) - 1)]
    return level


def _finding(sighting: Sighting, skill: str, version: str) -> Finding:
    rule = rulebook()[sighting.rule]
    confidence = sighting.confidence or rule.confidence
    if sighting.role == Role.CAUTION:
        confidence = "low"
    evidence = shown(sighting.evidence)
    path, member = _file_of(sighting.path)
    if member:
        evidence = f"[{shown(member)}] {evidence}"
    return Finding(
        rule=sighting.rule,
        category=rule.category,
        severity=_severity(sighting),
        confidence=confidence,
        path=path,
        line=1 if member else max(1, sighting.line),
        end_line=1 if member else max(1, sighting.line, sighting.end_line),
        evidence=evidence,
        why=f"{rule.title}. {rule.why}",
        fix=rule.fix,
        fingerprint=fingerprint(sighting, version),
        pattern=rule.pattern,
        skill=skill,
        check=rule.check,
        tags=rule.tags,
        decoded=None if sighting.decoded is None else shown(sighting.decoded),
        flow=tuple(FlowStep(_file_of(p)[0], line, shown(text)) for p, line, text in sighting.flow),
    )


def _file_of(path: str) -> tuple[str, str]:
    """Split the place of an archive member into the archive, which is a file, and the member."""
    file, _, member = path.partition("!/")
    return file, member


def shown(text: str) -> str:
    """Return evidence for a person: invisible characters named, secrets cut, length capped."""
    plain = _SECRET_VALUE.sub(r"\1…\2", visible(text[: 2 * limits.MAX_EVIDENCE])).strip()
    if len(plain) > limits.MAX_EVIDENCE:
        return plain[: limits.MAX_EVIDENCE - 1] + "…"
    return plain


def fingerprint(sighting: Sighting, version: str) -> str:
    """Return a hash over rule, path, the whole matched text and version of the rules.

    Lines are left out, so that a moved passage keeps its fingerprint, a changed one does not.
    """
    text = " ".join(sighting.evidence.split())
    parts = "\0".join((sighting.rule, sighting.path, text, version))
    return hashlib.sha256(parts.encode("utf-8", "surrogatepass")).hexdigest()[:32]
