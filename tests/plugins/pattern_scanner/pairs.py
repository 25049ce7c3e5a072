"""A malicious skill and its benign twin: as close to each other as the difference allows.

All hosts end in ``.invalid``; nothing here is ever run.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from tests.plugins.pattern_scanner.scanning import Files


@dataclass(frozen=True)
class Pair:
    """``least`` is the mildest verdict the malicious one may get; the twin must be clean."""

    name: str
    malicious: Files
    benign: Files
    least: Literal["review", "dangerous"] = "dangerous"
    rule: str = ""
    subject: str = "Helps with notes."


def text(name: str, malicious: str, benign: str, **more: object) -> Pair:
    """Return a pair that differs in SKILL.md."""
    return Pair(name, {"SKILL.md": malicious}, {"SKILL.md": benign}, **more)  # type: ignore[arg-type]


def script(name: str, malicious: str, benign: str, suffix: str = "py", **more: object) -> Pair:
    """Return a pair that differs in one script."""
    path = f"scripts/step.{suffix}"
    return Pair(name, {path: malicious}, {path: benign}, **more)  # type: ignore[arg-type]
