"""Scans as they are kept between sessions, and judged again without scanning."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from pathlib import Path

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from workbench.domain.finding import Capabilities, Finding, SkillScan
from workbench.domain.skill import Library, Skill
from workbench.files import sha256, write_atomic
from workbench.security.policy import Policy, apply_severities, verdict_of
from workbench.security.scan import NOT_SCANNED
from workbench.security.suppress import Suppression, apply_suppressions


class KeptScan(Struct, frozen=True):
    """The scan of a skill, for exactly one content. Its findings are as the scanners gave them."""

    scan: SkillScan
    tree_hash: str
    files: dict[str, str]
    at: str
    plugins: tuple[str, ...] = ()

    def stale(self, skill: Skill | None) -> bool:
        """Say whether the skill changed since."""
        return skill is None or skill.tree_hash != self.tree_hash


class KeptScans(Struct, frozen=True):
    """All scans of a library, by skill id."""

    root: str
    scans: dict[str, KeptScan] = {}
    version: int = 1


def scans_file(cache: Path, root: str) -> Path:
    """Return the file the scans of a library are kept in."""
    return cache / "scans" / f"{_name_of(root)}.json"


def suppressions_file(data: Path, root: str) -> Path:
    """Return the user's own suppressions for a library. None are read from within a skill."""
    return data / "suppressions" / f"{_name_of(root)}.toml"


def load_scans(cache: Path, root: str) -> KeptScans:
    """Read the kept scans; none when there are none, or when they are of another version."""
    try:
        kept = msgspec.json.decode(scans_file(cache, root).read_bytes(), type=KeptScans)
    except (OSError, msgspec.MsgspecError, UnicodeDecodeError):
        return KeptScans(root)  # a cache: scanning again makes it anew
    return (
        kept if kept.root == root and kept.version == KeptScans(root).version else KeptScans(root)
    )


def save_scans(cache: Path, kept: KeptScans) -> None:
    """Keep the scans for the next session.

    Raises:
        FileProblem: they cannot be written.
    """
    write_atomic(scans_file(cache, kept.root), msgspec.json.encode(kept))


def taken_in(
    kept: KeptScans,
    library: Library,
    scans: Iterable[SkillScan],
    plugins: Sequence[str],
    at: str,
    *,
    complete: bool,
) -> KeptScans:
    """Return the kept scans with new ones.

    ``complete`` False says that the scan was cancelled: skills nobody came to keep what they had.
    """
    book = {skill_id: one for skill_id, one in kept.scans.items() if library.skill(skill_id)}
    for scan in scans:
        skill = library.skill(scan.skill)
        unreached = any(finding.rule == NOT_SCANNED for finding in scan.findings)
        if skill is None or (unreached and not complete):
            continue
        files = {file.path: file.sha256 for file in skill.files}
        book[scan.skill] = KeptScan(scan, skill.tree_hash, files, at, tuple(plugins))
    return replace(kept, scans=book)


def judged(
    kept: KeptScan, policy: Policy, suppressions: Sequence[Suppression], today: date
) -> SkillScan:
    """Return a scan with the verdict of a policy, and what a person suppressed."""
    findings = apply_severities(kept.scan.findings, policy)
    findings = apply_suppressions(
        findings, suppressions, lambda _, path: kept.files.get(path), today
    )
    return replace(kept.scan, findings=findings, verdict=verdict_of(findings, policy))


def undeclared(capabilities: Capabilities) -> tuple[str, ...]:
    """Return what was observed and is not declared."""
    return tuple(item for item in capabilities.observed if not is_declared(item, capabilities))


def is_declared(item: str, capabilities: Capabilities) -> bool:
    """Say whether a capability is declared, by itself ("files:read") or by its kind ("network")."""
    declared = capabilities.declared
    return item in declared or item.split(":", 1)[0] in declared or "everything" in declared


def with_suppression(entries: Sequence[Suppression], new: Suppression) -> tuple[Suppression, ...]:
    """Return the suppressions with one more; an earlier one of the same finding goes."""
    return (*(one for one in entries if _key(one) != _key(new)), new)


def without_suppression(
    entries: Sequence[Suppression], finding: Finding
) -> tuple[Suppression, ...]:
    """Return the suppressions without that of a finding."""
    gone = (finding.skill, finding.path, finding.rule, finding.fingerprint)
    return tuple(one for one in entries if _key(one) != gone)


def suppression_of(entries: Sequence[Suppression], finding: Finding) -> Suppression | None:
    """Return the suppression of a finding."""
    wanted = (finding.skill, finding.path, finding.rule, finding.fingerprint)
    return next((one for one in entries if _key(one) == wanted), None)


def counts_of(findings: Iterable[Finding]) -> Mapping[str, int]:
    """Return how many findings there are of each severity; suppressed ones do not count."""
    counts: dict[str, int] = {}
    for finding in findings:
        if finding.suppressed is None:
            counts[finding.severity] = counts.get(finding.severity, 0) + 1
    return counts


def _key(entry: Suppression) -> tuple[str, str, str, str]:
    return entry.skill, entry.path, entry.rule, entry.fingerprint


def _name_of(root: str) -> str:
    return sha256(root.encode("utf-8", "surrogateescape"))[:16]
