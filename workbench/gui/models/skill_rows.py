"""What the library list shows of a skill, worked out from the skill and its diagnostics.

No Qt here: filtering and counting are done below the view, which gets a list of rows.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from workbench.domain.diagnostic import Diagnostic
from workbench.domain.skill import Library, Skill

Verdict = Literal["ok", "warning", "error"]


@dataclass(frozen=True, slots=True)
class SkillRow:
    """One skill. ``verdicts`` are by client; counts are of the chosen client, or of all."""

    id: str
    name: str
    description: str
    verdicts: tuple[tuple[str, Verdict], ...]
    errors: int
    warnings: int
    notes: int
    files: int
    size: int

    @property
    def words(self) -> str:
        """The text a filter looks in."""
        return f"{self.name} {self.id} {self.description}".casefold()


def skill_row(
    skill: Skill, diagnostics: Sequence[Diagnostic], clients: Sequence[str], client: str = ""
) -> SkillRow:
    """Return the row of a skill; with ``client`` the counts are of that client alone."""
    counted = [one for one in diagnostics if not client or _holds(one, client)]
    severities = [one.severity for one in counted]
    errors, warnings = severities.count("error"), severities.count("warning")
    return SkillRow(
        id=skill.id,
        name=skill.name or skill.id.rsplit("/", 1)[-1],
        description=" ".join(skill.description.split()),
        verdicts=tuple((name, verdict_of(diagnostics, name)) for name in clients),
        errors=errors,
        warnings=warnings,
        notes=len(severities) - errors - warnings,
        files=len(skill.files),
        size=sum(file.size for file in skill.files),
    )


def verdict_of(diagnostics: Sequence[Diagnostic], client: str) -> Verdict:
    """Return whether a client takes the skill: the worst of what holds for it."""
    found = {one.severity for one in diagnostics if _holds(one, client)}
    if "error" in found:
        return "error"
    return "warning" if "warning" in found else "ok"


def skill_rows(
    library: Library | None,
    diagnostics: dict[str, tuple[Diagnostic, ...]],
    clients: Sequence[str],
    client: str = "",
) -> tuple[SkillRow, ...]:
    """Return the rows of a library in the order of its skills."""
    return tuple(
        skill_row(skill, diagnostics.get(skill.id, ()), clients, client)
        for skill in (library.skills if library else ())
    )


def filtered(rows: Sequence[SkillRow], words: str, *, flawed: bool = False) -> list[SkillRow]:
    """Return the rows that hold every word; with ``flawed`` those with errors or warnings."""
    wanted = words.casefold().split()
    return [
        row
        for row in rows
        if all(word in row.words for word in wanted) and (not flawed or row.errors or row.warnings)
    ]


def size_text(size: int) -> str:
    """Return a file size for people."""
    if size < 1024:
        return f"{size} B"
    return f"{size / 1024:.1f} KB" if size < 1024 * 1024 else f"{size / 1024 / 1024:.1f} MB"


def _holds(diagnostic: Diagnostic, client: str) -> bool:
    return not diagnostic.clients or client in diagnostic.clients
