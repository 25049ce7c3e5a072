"""A comparison of runs as a document: JSON, or a report for people."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final

import msgspec

from workbench.domain.trajectory import Step
from workbench.traces.compare.document import Block, Heading, Items, Report, Sides, Table, Words
from workbench.traces.compare.runs import Comparison, Row, RunFacts
from workbench.traces.compare.sides import step_sides
from workbench.traces.open import OpenTrace

#: Differences whose texts are in a report, and rows in its list.
_DETAILS: Final = 40
_ROWS: Final = 2000
_SHORT: Final = 160
_SIGNS: Final = {"same": "=", "changed": "≠", "some": "±", "one": "±"}


def run_letter(run: int) -> str:
    """Return the name of a run in a comparison: A, B, ..."""
    return chr(65 + run) if run < 26 else f"R{run + 1}"


def step_summary(step: Step) -> str:
    """Return what a step does on one line."""
    if step.tool_calls:
        return "; ".join(
            f"{call.name} {call.argument}{'' if call.status == 'ok' else f' [{call.status}]'}"
            for call in step.tool_calls
        )
    return f"{step.kind}{f' · {step.label}' if step.label else ''}: {step.preview}"


def comparison_document(made: Comparison, traces: Sequence[OpenTrace]) -> dict[str, Any]:
    """Return the comparison as plain values, each row with the words of its steps."""
    rows = msgspec.to_builtins(made.rows)
    for row in rows:
        row["steps"] = [
            None if place is None else _words(trace, place)
            for trace, place in zip(traces, row["cells"], strict=True)
        ]
    folds = [{"start": start, "end": end} for start, end in made.folds]
    return {**msgspec.to_builtins(made), "rows": rows, "folds": folds}


def comparison_report(made: Comparison, traces: Sequence[OpenTrace]) -> Report:
    """Return a report: the figures, what differs, and the texts of the first differences.

    Raises:
        TraceError: a file is not what it was.
    """
    names = " and ".join(run_letter(n) for n in range(len(made.runs)))
    return Report(f"Runs {names} compared", tuple(_blocks(made, traces)))


def _blocks(made: Comparison, traces: Sequence[OpenTrace]) -> Iterator[Block]:
    yield Table(
        ("", "Run", "Model", "Steps", "Calls", "Errors", "Tokens in", "Tokens out", "Cost", "Time",
         "Outcome", "Skills"),
        tuple(_facts(run_letter(n), run) for n, run in enumerate(made.runs)),
    )  # fmt: skip
    yield Items(tuple(_findings(made)))
    yield Heading("Steps")
    yield Words("= the same, ≠ changed, ± not in every run. Equal stretches are left out.")
    yield Table(
        ("", *(run_letter(n) for n in range(len(made.runs))), "Differs in"),
        tuple(_listed(made, traces)),
    )
    yield Heading("What differs in full")
    shown = 0
    for row in made.rows:
        if row.state != "changed" or shown >= _DETAILS:
            continue
        parts = [part for part in _sides(row, traces) if part.part.differs]
        if parts:
            shown += 1
            yield Heading(_place(row), 3)
            yield from parts
    if not shown:
        yield Words("No step that the runs share differs in its text.")


def _facts(name: str, run: RunFacts) -> tuple[str, ...]:
    cost = "not recorded"
    if run.cost is not None and run.cost.usd is not None:
        about = "about " if run.cost.source == "estimated" else ""
        cost = f"{about}${run.cost.usd:.4f}"
    elif run.totals.cost_usd is not None:
        cost = f"${run.totals.cost_usd:.4f}"
    return (
        name,
        f"{run.title or run.id} ({run.path})",
        run.model or "not recorded",
        f"{run.steps:,}",
        f"{run.tool_calls:,}",
        f"{run.errors:,}",
        _known(run.totals.input),
        _known(run.totals.output),
        cost,
        "not recorded" if run.duration_s is None else f"{run.duration_s:,.0f} s",
        run.outcome.status,
        ", ".join(run.skills) or "none",
    )


def _known(value: int | None) -> str:
    return "not recorded" if value is None else f"{value:,}"


def _findings(made: Comparison) -> Iterator[str]:
    counts = made.counts
    alone = ", ".join(f"{n} only in {run_letter(at)}" for at, n in enumerate(counts.alone))
    some = f"{counts.some} in some, " if len(made.runs) > 2 else ""
    yield f"Rows: {counts.same} the same, {counts.changed} changed, {some}{alone}."
    if not made.same_prompt:
        yield "The runs were not given the same first prompt."
    if made.capped:
        yield "Stretches of more than 5,000 steps were matched by what occurs once alone."
    if made.first_divergence is not None:
        yield f"First divergence: {_place(made.rows[made.first_divergence])}."
    elif made.first_difference is not None:
        yield f"They differ in what they read alone: {_place(made.rows[made.first_difference])}."
    else:
        yield "No step differs in what was done."


def _place(row: Row) -> str:
    return ", ".join(
        f"{run_letter(run)} has no such step" if cell is None else f"{run_letter(run)} step {cell}"
        for run, cell in enumerate(row.cells)
    )


def _listed(made: Comparison, traces: Sequence[OpenTrace]) -> Iterator[tuple[str, ...]]:
    equal = told = 0
    empty = ("",) * len(made.runs)
    for row in made.rows:
        if row.state == "same":
            equal += 1
            continue
        if equal:
            yield ("=", f"{equal:,} equal steps", *empty)
            equal = 0
        told += 1
        if told > _ROWS:
            yield ("", "more rows are left out", *empty)
            return
        cells = (
            "" if place is None else _short(f"[{place}] {step_summary(t.trajectory.steps[place])}")
            for t, place in zip(traces, row.cells, strict=True)
        )
        yield (_SIGNS[row.state], *cells, ", ".join(row.changes))
    if equal:
        yield ("=", f"{equal:,} equal steps", *empty)


def _sides(row: Row, traces: Sequence[OpenTrace]) -> Iterator[Sides]:
    first = row.cells[0]
    if first is None:
        return
    body = traces[0].body(first)
    for run, place in enumerate(row.cells[1:], 1):
        if place is None:
            continue
        for part in step_sides(body, traces[run].body(place)):
            yield Sides((f"A step {first}", f"{run_letter(run)} step {place}"), part)


def _short(text: str) -> str:
    plain = " ".join(text.split())
    return plain if len(plain) <= _SHORT else f"{plain[: _SHORT - 1]}…"


def _words(trace: OpenTrace, place: int) -> dict[str, Any]:
    step = trace.trajectory.steps[place]
    return {"uid": step.uid, "kind": step.kind, "summary": step_summary(step)}
