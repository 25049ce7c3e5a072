"""Problems as the Problems panel lists them, whoever found them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from workbench.domain.diagnostic import Diagnostic
    from workbench.domain.skill import Skill

Severity = Literal["error", "warning", "info", "hint"]

#: From the worst to the mildest.
ORDER: tuple[Severity, ...] = ("error", "warning", "info", "hint")


@dataclass(frozen=True, slots=True)
class Problem:
    """One problem at one place.

    ``path`` is absolute; ``line`` counts from 1, 0 is the whole file.
    """

    severity: Severity
    message: str
    path: Path
    line: int = 0
    column: int = 0
    rule: str = ""
    skill: str = ""
    clients: tuple[str, ...] = ()
    origin: str = ""


def of_diagnostics(skill: Skill, folder: Path, found: Sequence[Diagnostic]) -> tuple[Problem, ...]:
    """Return the diagnostics of a skill as problems; ``folder`` is the skill's folder."""
    return tuple(
        Problem(
            severity=one.severity,
            message=one.message,
            path=folder / one.path if one.path else folder,
            line=one.line or 0,
            column=one.column or 0,
            rule=one.rule,
            skill=skill.id,
            clients=one.clients,
            origin=one.source,
        )
        for one in found
    )
