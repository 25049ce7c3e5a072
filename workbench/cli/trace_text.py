"""Traces as text for people."""

from __future__ import annotations

import shutil
import unicodedata
from collections.abc import Sequence
from typing import Final

from workbench.cli.console import coloured
from workbench.domain.trajectory import Step, StepBody
from workbench.traces.prices import Cost, dollar_words

_KIND_COLOURS: Final = {"user": "green", "agent": "blue", "event": "dim", "context": "dim"}
_STATUS_COLOURS: Final = {"error": "red", "rejected": "yellow", "cancelled": "yellow"}


def print_table(header: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """Print aligned columns; all but the last are cut so that a line fits a terminal."""
    cells = [[_printable(str(cell)) for cell in row] for row in rows]
    limit = max(24, shutil.get_terminal_size((160, 24)).columns // 4)
    widths = [
        min(limit, max(len(head), *(len(row[column]) for row in cells), 0))
        for column, head in enumerate(header)
    ]
    numeric = [
        bool(rows) and all(isinstance(row[column], int) for row in rows)
        for column in range(len(header))
    ]
    last = len(header) - 1
    for row in [list(header), *cells]:
        parts = [
            cell
            if column == last
            else _cut(cell, width).rjust(width)
            if numeric[column]
            else _cut(cell, width).ljust(width)
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        ]
        print("  ".join(parts).rstrip())


def print_step(step: Step, body: StepBody, indent: str) -> None:
    """Print a step with its whole text, its calls and what they gave."""
    title = f"[{step.index}] {step.kind}{f' · {step.label}' if step.label else ''}"
    marks = f" ({', '.join(step.flags)})" if step.flags else ""
    time = f"  {step.time}" if step.time else ""
    print(f"{indent}{coloured(title, _KIND_COLOURS.get(step.kind, 'dim'))}{marks}{time}")
    for heading, text in (("thinking", body.reasoning), ("", body.text)):
        if text:
            _print_text(text, f"{indent}    ", heading)
    for call in body.tool_calls:
        code = f", exit code {call.exit_code}" if call.exit_code is not None else ""
        status = coloured(call.status, _STATUS_COLOURS.get(call.status, "dim"))
        print(f"{indent}    -> {call.name} [{status}{code}]")
        _print_text(call.arguments, f"{indent}       ")
        if call.observation is not None:
            _print_text(call.observation, f"{indent}       | ")
    for medium in (*body.media, *(medium for call in body.tool_calls for medium in call.media)):
        print(f"{indent}    [{medium}]")


def number(value: int | None) -> str:
    """Return a count with separators; None is "not recorded", never zero."""
    return "not recorded" if value is None else f"{value:,}"


def cost_words(cost: Cost) -> str:
    """Return a cost with what it rests on: an estimate says that it is one."""
    if cost.usd is None:
        return "not recorded" if not cost.unpriced else "unknown (the model has no price)"
    if cost.source == "reported":
        return dollar_words(cost.usd)
    left = f", {cost.unpriced} calls without a price" if cost.unpriced else ""
    return f"about {dollar_words(cost.usd)} (estimated, prices of {cost.as_of}{left})"


def _print_text(text: str, indent: str, heading: str = "") -> None:
    for at, line in enumerate(text.splitlines() or [""]):
        print(f"{indent}{f'({heading}) ' if heading and at == 0 else ''}{_printable(line)}")


def _printable(text: str) -> str:
    """Leave out what could drive the terminal, and half characters that cannot be printed."""
    kept = "".join(c if c == "\t" or unicodedata.category(c) != "Cc" else " " for c in text)
    return kept.encode("utf-8", "replace").decode("utf-8")


def _cut(text: str, width: int) -> str:
    return text if len(text) <= width else text[: width - 1] + "…"
