"""Scanning small skills in the test's own process."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from workbench.domain.finding import Capabilities, Coverage, Finding, Verdict
from workbench.domain.job import FindingEvent, SkillInput, SkillScanned
from workbench.resources import bundled
from workbench.security.policy import verdict_of

PLUGIN = bundled("plugins") / "pattern_scanner"
if str(PLUGIN) not in sys.path:
    sys.path.insert(0, str(PLUGIN))

Files = Mapping[str, str | bytes]


@dataclass(frozen=True)
class Scan:
    """What the scanner said of one skill, with the host's verdict."""

    verdict: Verdict
    findings: tuple[Finding, ...]
    coverage: Coverage
    capabilities: Capabilities

    def rules(self) -> set[str]:
        return {finding.rule for finding in self.findings}

    def told(self) -> str:
        return "\n".join(
            f"{f.severity}/{f.confidence} {f.rule} {f.path}:{f.line} {f.evidence[:100]}"
            for f in self.findings
        )


def scan_folder(folder: Path, name: str = "probe", description: str = "A probe.") -> Scan:
    from pattern_scanner.scan import scan_skill

    events = list(scan_skill(SkillInput("probe", str(folder), name, description, "", ())))
    done = next(event for event in events if isinstance(event, SkillScanned))
    findings = tuple(
        event.finding for event in events if isinstance(event, FindingEvent) and event.finding
    )
    return Scan(verdict_of(findings), findings, done.coverage, done.capabilities)


def scan_files(folder: Path, files: Files, description: str = "Helps with notes.") -> Scan:
    """Write a skill and scan it; a SKILL.md without front matter gets one."""
    for path, content in files.items():
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(content, bytes):
            target.write_bytes(content)
            continue
        head = f"---\nname: probe\ndescription: {description}\n---\n# Notes\n\n"
        bare = path == "SKILL.md" and not content.startswith("---")
        target.write_text(head + content if bare else content, encoding="utf-8")
    if "SKILL.md" not in files:
        (folder / "SKILL.md").write_text(
            f"---\nname: probe\ndescription: {description}\n---\n# Notes\n\nRun the script.\n",
            encoding="utf-8",
        )
    return scan_folder(folder, "probe", description)
