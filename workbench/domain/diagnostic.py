"""What a rule says about a place in a skill."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

from workbench.domain.text import Span, TextEdit

Severity = Literal["error", "warning", "info", "hint"]

#: From the worst to the mildest, as sorted on screen and compared by ``--fail-on``.
SEVERITIES: tuple[Severity, ...] = ("error", "warning", "info", "hint")


class Fix(Struct, frozen=True):
    """A safe change that mends a diagnostic."""

    title: str
    edits: tuple[TextEdit, ...]


class Diagnostic(Struct, frozen=True):
    """One problem, with its place and the source of the rule.

    ``path`` is relative to the skill folder (posix). ``line`` and ``column`` count from 1,
    columns in code points; both are None where the problem is of the whole file or folder.
    """

    rule: str
    severity: Severity
    message: str
    path: str
    clients: tuple[str, ...]
    source: str
    line: int | None = None
    column: int | None = None
    end_line: int | None = None
    end_column: int | None = None
    span: Span | None = None
    fix: Fix | None = None
