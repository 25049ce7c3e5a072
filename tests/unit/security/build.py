"""Findings, scans and skills for the tests of this package."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from workbench.domain.finding import Capabilities, Coverage, Finding, SkillScan


def finding(**changes: Any) -> Finding:
    values: dict[str, Any] = {
        "rule": "r",
        "category": "c",
        "severity": "high",
        "confidence": "high",
        "path": "SKILL.md",
        "line": 3,
        "end_line": 3,
        "evidence": "text",
        "why": "Title. Because it leaks.",
        "fix": "Remove it.",
        "fingerprint": "f1",
        "skill": "s",
        "plugin": "p",
        "check": "Who reads it?",
    }
    return Finding(**(values | changes))


def scan_of(*findings: Finding, **changes: Any) -> SkillScan:
    values: dict[str, Any] = {
        "path": "/lib/s",
        "name": "s",
        "verdict": "clean",
        "reach": "low",
        "coverage": Coverage(inspected=("SKILL.md",)),
        "capabilities": Capabilities(),
        "findings": findings,
        "skill": "s",
    }
    return SkillScan(**(values | changes))


def write_skill(root: Path, name: str, body: str = "Be brief.\n") -> Path:
    folder = root / name
    folder.mkdir(parents=True)
    (folder / "SKILL.md").write_text(f"---\nname: {name}\ndescription: Notes.\n---\n# N\n\n{body}")
    return folder
