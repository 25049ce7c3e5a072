"""Findings a person decided to live with: with a reason, until a day, for exactly this content.

A suppression file belongs to the user or the library's owner. One that lies inside a scanned skill
is never read: a skill must not excuse itself.
"""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Iterable
from datetime import date
from pathlib import Path
from typing import Any

import msgspec
import tomlkit
from msgspec import Struct
from msgspec.structs import replace

from workbench.domain.finding import Finding
from workbench.files import FileProblem, write_atomic

MIN_REASON = 4


class Suppression(Struct, frozen=True, forbid_unknown_fields=True):
    """One decision. ``sha256`` is that of the file the finding is in, when it was decided.

    With another content the finding counts again, as it does after ``expires``.
    """

    rule: str
    skill: str
    path: str
    fingerprint: str
    sha256: str
    reason: str
    expires: date | None = None
    by: str = ""


class _File(Struct, frozen=True, forbid_unknown_fields=True):
    suppression: tuple[Suppression, ...] = ()
    version: int = 1


class SuppressionProblem(Exception):  # noqa: N818 - a problem for a person, in words
    """A suppression file cannot be used. The message says what, where and what to do."""


def load_suppressions(path: Path) -> tuple[Suppression, ...]:
    """Read a suppression file (TOML); a missing one is empty.

    Raises:
        SuppressionProblem: it cannot be read, has keys that are not known, or lacks a reason.
    """
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
        loaded = msgspec.convert(table, _File)
    except FileNotFoundError:
        return ()
    except OSError as problem:
        raise SuppressionProblem(f"Cannot read {path}: {problem.strerror}.") from problem
    except (
        tomllib.TOMLDecodeError,
        UnicodeDecodeError,
        msgspec.ValidationError,
        RecursionError,
    ) as problem:
        raise SuppressionProblem(
            f"{path} is no suppression file: {problem}. Mend that entry; nothing was suppressed."
        ) from problem
    for entry in loaded.suppression:
        if len(entry.reason.strip()) < MIN_REASON:
            raise SuppressionProblem(
                f"{path}: the suppression of '{entry.rule}' in {entry.skill} gives no reason. "
                "Say why it is safe."
            )
    return loaded.suppression


def save_suppressions(path: Path, suppressions: Iterable[Suppression]) -> None:
    """Write a suppression file that reads well in a review.

    Raises:
        FileProblem: it cannot be written.
        SuppressionProblem: one has no reason.
    """
    document = tomlkit.document()
    document.add("version", tomlkit.item(1))
    entries = tomlkit.aot()
    for entry in sorted(suppressions, key=lambda e: (e.skill, e.path, e.rule, e.fingerprint)):
        if len(entry.reason.strip()) < MIN_REASON:
            raise SuppressionProblem(f"The suppression of '{entry.rule}' needs a reason.")
        table = tomlkit.table()
        values: dict[str, Any] = msgspec.structs.asdict(entry)
        for key, value in values.items():
            if value not in (None, ""):
                table.add(key, value)
        entries.append(table)
    document.add("suppression", entries)
    write_atomic(path, tomlkit.dumps(document).encode())


def suppress(
    finding: Finding, file_sha256: str, reason: str, expires: date | None = None, by: str = ""
) -> Suppression:
    """Return the suppression of one finding, bound to the content it was made for."""
    return Suppression(
        finding.rule,
        finding.skill,
        finding.path,
        finding.fingerprint,
        file_sha256,
        reason,
        expires,
        by,
    )


def apply_suppressions(
    findings: Iterable[Finding],
    suppressions: Iterable[Suppression],
    hash_of: Callable[[str, str], str | None],
    today: date,
) -> tuple[Finding, ...]:
    """Return all findings; those that are suppressed carry the reason.

    Args:
        findings: of any number of skills.
        suppressions: as loaded.
        hash_of: the SHA-256 of (skill id, path) as it is now, None when there is no such file.
        today: a suppression that expires on this day still counts.
    """
    known: dict[tuple[str, str, str, str], Suppression] = {}
    for entry in suppressions:
        if entry.expires is None or entry.expires >= today:
            known[entry.skill, entry.path, entry.rule, entry.fingerprint] = entry
    applied: list[Finding] = []
    for finding in findings:
        found = known.get((finding.skill, finding.path, finding.rule, finding.fingerprint))
        same = found is not None and hash_of(finding.skill, finding.path) == found.sha256
        reason = found.reason if found is not None and same else None
        applied.append(replace(finding, suppressed=reason))
    return tuple(applied)


__all__ = [
    "FileProblem",
    "Suppression",
    "SuppressionProblem",
    "apply_suppressions",
    "load_suppressions",
    "save_suppressions",
    "suppress",
]
