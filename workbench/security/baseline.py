"""An earlier scan to compare with: what is new, what was known, what is gone.

The baseline is the JSON document of an earlier ``scan``. A finding is the same when skill, rule,
path and fingerprint are; the fingerprint is bound to the text, so a changed passage never inherits.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from workbench.domain.finding import Finding, SkillScan

SCHEMA = "skill-workbench/scan/1"
MAX_BYTES = 256 << 20

Key = tuple[str, str, str, str]


class Known(Struct, frozen=True):
    """A finding of the baseline: no more than tells it apart."""

    rule: str
    path: str
    fingerprint: str


class _Skill(Struct, frozen=True):
    findings: tuple[Known, ...] = ()
    id: str | None = None
    path: str = ""
    name: str = ""


class _Document(Struct, frozen=True):
    schema: str
    skills: tuple[_Skill, ...] = ()


class Baseline(Struct, frozen=True):
    """The findings of an earlier scan."""

    keys: frozenset[Key]


class BaselineProblem(Exception):  # noqa: N818 - a problem for a person, in words
    """A baseline cannot be used. The message says what, where and what to do."""


def load_baseline(path: Path) -> Baseline:
    """Read the JSON document of an earlier scan.

    Raises:
        BaselineProblem: it cannot be read or is something else.
    """
    try:
        if path.stat().st_size > MAX_BYTES:
            raise BaselineProblem(f"{path} is too large for a baseline.")
        document = msgspec.json.decode(path.read_bytes(), type=_Document)
    except OSError as problem:
        raise BaselineProblem(f"Cannot read the baseline {path}: {problem.strerror}.") from problem
    except msgspec.MsgspecError as problem:
        raise BaselineProblem(
            f"{path} is no baseline ({problem}). Make one with 'scan --format json'."
        ) from problem
    except RecursionError as problem:
        raise BaselineProblem(f"{path} is no baseline: it is nested too deeply.") from problem
    if document.schema != SCHEMA:
        raise BaselineProblem(
            f"{path} has the schema '{document.schema[:60]}', a baseline has '{SCHEMA}'. "
            "Make one with 'scan --format json'."
        )
    return Baseline(
        frozenset(
            (
                skill.id if skill.id is not None else skill.name,
                item.rule,
                item.path,
                item.fingerprint,
            )
            for skill in document.skills
            for item in skill.findings
        )
    )


def key_of(finding: Finding) -> Key:
    """Return what makes a finding the same in two scans."""
    return (finding.skill, finding.rule, finding.path, finding.fingerprint)


def compare(findings: Iterable[Finding], baseline: Baseline) -> tuple[Finding, ...]:
    """Return the findings, each marked "new" or "unchanged"."""
    return tuple(
        replace(item, baseline="unchanged" if key_of(item) in baseline.keys else "new")
        for item in findings
    )


def gone(scans: Sequence[SkillScan], baseline: Baseline) -> frozenset[Key]:
    """Return the findings of the baseline that the scans no longer have."""
    return baseline.keys - {key_of(item) for scan in scans for item in scan.findings}
