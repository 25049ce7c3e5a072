"""What the list of open traces shows, and which of them pass a filter. No Qt."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from workbench.gui.traces.words import count, day, outcome_words
from workbench.traces.open import OpenTrace
from workbench.traces.rollup import family
from workbench.traces.titles import title_of
from workbench.usage.outcomes import AttachedOutcomes, outcome_of


@dataclass(frozen=True, slots=True)
class TraceRow:
    """One open trace. Errors and steps are with its subagents'.

    ``attached`` says who gave the outcome and when, and what was recorded; "" is as recorded.
    """

    path: str
    trajectory: str
    title: str
    agent: str
    model: str
    outcome: str
    steps: int
    errors: int
    tokens: int | None
    skills: tuple[str, ...]
    date: str
    format: str
    subagents: int
    words: str
    attached: str = ""

    @property
    def tokens_text(self) -> str:
        """Tokens in few characters, "" where none are recorded."""
        return "" if self.tokens is None else count(self.tokens)

    def key(self, column: int) -> tuple[float, str]:
        """Return what the table sorts a column by."""
        figures = {3: self.steps, 4: self.errors, 5: self.tokens or 0}
        texts = {
            0: self.title,
            1: f"{self.agent} {self.model}",
            2: self.outcome,
            6: " ".join(self.skills),
            7: self.date,
        }
        return figures.get(column, 0), texts.get(column, "").casefold()


def trace_row(trace: OpenTrace) -> TraceRow:
    """Return the row of an open trace."""
    one = trace.trajectory
    parts = list(family(one))
    skills = tuple(
        dict.fromkeys(
            event.skill for part in parts for event in part.skill_events if event.kind != "listed"
        )
    )
    title = title_of(one)
    tokens = [
        (part.totals.input or 0) + (part.totals.output or 0)
        for part in parts
        if part.totals.input is not None or part.totals.output is not None
    ]
    outcome = outcome_words(one.outcome.status)
    return TraceRow(
        path=str(trace.path),
        trajectory=one.id,
        title=title,
        agent=one.agent or "",
        model=one.model or "",
        outcome=outcome,
        steps=sum(len(part.steps) for part in parts),
        errors=sum(part.errors for part in parts),
        tokens=sum(tokens) if tokens else None,
        skills=skills,
        date=day(one.started),
        format=one.format,
        subagents=len(parts) - 1,
        words=" ".join(
            (title, str(trace.path), one.agent or "", one.model or "", outcome, one.cwd or "")
        ).casefold(),
    )


def judged_row(row: TraceRow, trace: OpenTrace, attached: AttachedOutcomes) -> TraceRow:
    """Return the row with the outcome a person attached to the trace, if one did."""
    judged = outcome_of(trace.trajectory, attached)
    if judged.attached is None:
        return row
    outcome = outcome_words(judged.status) or judged.status
    own = judged.recorded.status
    beside = "nothing is recorded" if own == "unknown" else f"the trace recorded {own}"
    return replace(row, outcome=outcome, attached=f"{judged.source}; {beside}")


def filtered(
    rows: Sequence[TraceRow], words: str, *, failed: bool = False, skill: str = ""
) -> list[TraceRow]:
    """Return the rows that hold every word; with ``failed`` only those with errors."""
    wanted = words.casefold().split()
    return [
        row
        for row in rows
        if all(word in row.words or word in " ".join(row.skills).casefold() for word in wanted)
        and (not failed or row.errors or row.outcome == "failed")
        and (not skill or skill in row.skills)
    ]


def skills_of(rows: Iterable[TraceRow]) -> list[str]:
    """Return the names of all skills that did something, sorted."""
    return sorted({skill for row in rows for skill in row.skills})
