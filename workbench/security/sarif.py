"""Scans as SARIF 2.1.0 (OASIS standard), for code-scanning views of others."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

from workbench.domain.finding import Finding, SkillScan

SCHEMA_URI: Final = (
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
)
_LEVELS: Final = {
    "info": "note",
    "low": "note",
    "medium": "warning",
    "high": "error",
    "critical": "error",
}
#: As GitHub code scanning reads ``security-severity``: 0.1 to 10.
_SCORES: Final = {"info": "0.1", "low": "3.0", "medium": "5.5", "high": "8.0", "critical": "9.5"}


def to_sarif(
    scans: Sequence[SkillScan], version: str, missing_baseline: Iterable[tuple[str, ...]] = ()
) -> dict[str, Any]:
    """Return a SARIF log with one run per scanner.

    Paths are relative to the folder of each skill, which is a ``uriBaseId`` of its own.

    Args:
        scans: of one or several libraries.
        version: of this program.
        missing_baseline: (skill, rule, path, fingerprint) of baseline findings that are gone.
    """
    bases = {scan.path: f"SKILL{number}" for number, scan in enumerate(scans, 1)}
    plugins = sorted({item.plugin for scan in scans for item in scan.findings}) or [""]
    runs = [_run(plugin, scans, bases, version) for plugin in plugins]
    absent = sorted(missing_baseline)
    if absent:
        runs[0]["results"] += [_absent(key) for key in absent]
    return {"$schema": SCHEMA_URI, "version": "2.1.0", "runs": runs}


def _run(
    plugin: str, scans: Sequence[SkillScan], bases: dict[str, str], version: str
) -> dict[str, Any]:
    rules: dict[str, dict[str, Any]] = {}
    results: list[dict[str, Any]] = []
    for scan in scans:
        for finding in scan.findings:
            if finding.plugin != plugin:
                continue
            rules.setdefault(finding.rule, _rule(finding))
            index = list(rules).index(finding.rule)
            results.append(_result(finding, bases[scan.path], index))
    return {
        "tool": {
            "driver": {
                "name": f"Skill Workbench: {plugin}" if plugin else "Skill Workbench",
                "version": version,
                "rules": list(rules.values()),
            }
        },
        "originalUriBaseIds": {
            base: {"uri": Path(path).as_uri() + "/"} for path, base in bases.items()
        },
        "columnKind": "unicodeCodePoints",
        "results": results,
        "properties": {
            "verdicts": {scan.path: scan.verdict for scan in scans},
            "opaque": {scan.path: list(scan.coverage.opaque) for scan in scans},
        },
    }


def _rule(finding: Finding) -> dict[str, Any]:
    title = finding.why.split(". ", 1)[0]
    return {
        "id": finding.rule,
        "shortDescription": {"text": title},
        "fullDescription": {"text": finding.why},
        "help": {"text": f"What to check: {finding.check}\nHow to mend it: {finding.fix}".strip()},
        "defaultConfiguration": {"level": _LEVELS[finding.severity]},
        "properties": {
            "tags": ["security", *finding.tags, *([finding.pattern] if finding.pattern else [])],
            "security-severity": _SCORES[finding.severity],
            "category": finding.category,
        },
    }


def _location(base: str, path: str, line: int, end_line: int, text: str = "") -> dict[str, Any]:
    location: dict[str, Any] = {
        "physicalLocation": {
            "artifactLocation": {"uri": quote(path), "uriBaseId": base},
            "region": {"startLine": line, "endLine": end_line},
        }
    }
    if text:
        location["message"] = {"text": text}
    return location


def _result(finding: Finding, base: str, index: int) -> dict[str, Any]:
    shown = finding.evidence if not finding.decoded else f"{finding.evidence} → {finding.decoded}"
    result: dict[str, Any] = {
        "ruleId": finding.rule,
        "ruleIndex": index,
        "level": _LEVELS[finding.severity],
        "message": {"text": f"{finding.why} Found: {shown}"},
        "locations": [_location(base, finding.path, finding.line, finding.end_line)],
        "partialFingerprints": {"skillWorkbench/v1": finding.fingerprint},
        "properties": {
            "severity": finding.severity,
            "confidence": finding.confidence,
            "skill": finding.skill,
        },
    }
    if finding.flow:
        steps = [
            {
                "location": _location(
                    base, step.path, max(1, step.line), max(1, step.line), step.text
                )
            }
            for step in finding.flow
        ]
        result["codeFlows"] = [{"threadFlows": [{"locations": steps}]}]
    if finding.suppressed is not None:
        result["suppressions"] = [{"kind": "external", "justification": finding.suppressed}]
    if finding.baseline is not None:
        result["baselineState"] = finding.baseline
    return result


def _absent(key: tuple[str, ...]) -> dict[str, Any]:
    skill, rule, path, fingerprint = key
    return {
        "ruleId": rule,
        "level": "none",
        "kind": "notApplicable",
        "message": {"text": f"No longer found in {skill}: {path}."},
        "partialFingerprints": {"skillWorkbench/v1": fingerprint},
        "baselineState": "absent",
    }
