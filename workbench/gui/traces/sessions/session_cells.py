"""What stands in the cells of the list of all sessions. No Qt."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from workbench.gui.traces.words import day, outcome_words
from workbench.traces.index.query import Order, TraceRow
from workbench.traces.times import duration_words

TITLE, AGENT, MODEL, OUTCOME, STEPS, ERRORS, SKILLS, COST, DURATION, DATE = range(10)
HEADINGS: Final = (
    *("Session", "Agent", "Model", "Outcome", "Steps", "Errors", "Skills", "Cost"),
    *("Duration", "Date"),
)
#: What the list is sorted by when a heading is chosen.
ORDERS: Final[dict[int, Order]] = {
    TITLE: "title",
    AGENT: "agent",
    MODEL: "model",
    OUTCOME: "outcome",
    STEPS: "steps",
    ERRORS: "errors",
    COST: "cost_usd",
    DURATION: "duration_s",
    DATE: "started",
}
FIGURES: Final = frozenset({STEPS, ERRORS, COST, DURATION})


def dollars(usd: float) -> str:
    """Return an amount with as many digits as say something."""
    if usd >= 100:
        return f"${usd:,.0f}"
    return f"${usd:.2f}" if usd >= 0.01 or usd == 0 else "<$0.01"


def cost_words(row: TraceRow) -> str:
    """Return the cost: as reported, or an estimate, which is marked."""
    if row.cost_usd is not None:
        return dollars(row.cost_usd)
    return f"≈ {dollars(row.estimate_usd)}" if row.estimate_usd is not None else "–"


def place_words(row: TraceRow) -> str:
    """Return where a session lies, and what else there is to know of it."""
    path = Path(row.path)
    parts = [f"{path.parent.name}/{path.name}"]
    if row.copied:
        parts.insert(0, f"goes on another session ({row.copied:,} steps replayed)")
    if row.subagents:
        word = "subagent" if row.subagents == 1 else "subagents"
        parts.insert(0, f"{row.subagents} {word}")
    if not row.complete:
        parts.insert(0, "still being read")
    return "  ·  ".join(parts)


def cell_lines(row: TraceRow, column: int) -> tuple[str, str]:
    """Return what stands in a cell, on one line or two."""
    if column == TITLE:
        return row.title or Path(row.path).stem, place_words(row)
    if column == DATE:
        told = day(row.started)
        return told[:10] or "–", told[11:]
    texts = {
        AGENT: row.agent or row.format,
        MODEL: row.model or "–",
        OUTCOME: outcome_words(row.outcome),
        STEPS: f"{row.steps:,}",
        ERRORS: f"{row.errors:,}" if row.errors else "–",
        SKILLS: ", ".join(row.skills),
        COST: cost_words(row),
        DURATION: "–" if row.duration_s is None else duration_words(row.duration_s),
    }
    return texts[column], ""


def spoken(row: TraceRow, column: int) -> str:
    """Return a cell for a screen reader."""
    first, second = cell_lines(row, column)
    if column == COST and row.cost_usd is None and row.estimate_usd is not None:
        return f"Cost: estimated {dollars(row.estimate_usd)}"
    return f"{HEADINGS[column]}: {first} {second}".strip()
