"""What a proposal did on tasks, as rows and figures. No Qt."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from msgspec import Struct

from workbench.domain.proposal import Gate
from workbench.domain.task import PairedRow, PairedTable
from workbench.evaluation.statistics import mean, paired, passes

Change = Literal["repaired", "broken", "same", "unknown"]

CHANGE_WORDS: dict[Change, str] = {
    "repaired": "repaired",
    "broken": "broken",
    "same": "as before",
    "unknown": "not compared",
}
#: Broken ones are what a reviewer has to see first.
_ORDER: dict[Change, int] = {"broken": 0, "repaired": 1, "same": 2, "unknown": 3}


class TaskView(Struct, frozen=True):
    """One way to look at the tasks: "whole", "selection" or "hunk", with its gate.

    ``why`` says what there is to know where nothing was run, and beside what was.
    """

    name: Literal["whole", "selection", "hunk"]
    title: str
    gate: Gate
    why: str = ""


class TaskRow(Struct, frozen=True):
    """One task: its scores without and with the proposal, and with no skill at all."""

    task: str
    family: str
    split: str
    none: tuple[float, ...]
    before: tuple[float, ...]
    after: tuple[float, ...]
    change: Change
    cost_before: float | None
    cost_after: float | None


class SplitFigure(Struct, frozen=True):
    """The share of tasks that pass in one split; None where no task has a run."""

    split: str
    tasks: int
    none: float | None
    before: float | None
    after: float | None


def task_rows(gate: Gate) -> tuple[TaskRow, ...]:
    """Return the tasks of a gate: the held-out split first, in it what broke first."""
    if gate.table is None:
        return ()
    bare = {} if gate.against_none is None else {row.task: row for row in gate.against_none.rows}
    rows = [_row(row, bare.get(row.task)) for row in gate.table.rows]
    return tuple(
        sorted(
            rows,
            key=lambda row: (row.split != gate.held_out, row.split, _ORDER[row.change], row.task),
        )
    )


def split_figures(gate: Gate) -> tuple[SplitFigure, ...]:
    """Return how many tasks pass by split, the held-out one last."""
    if gate.table is None:
        return ()
    splits = dict.fromkeys(row.split for row in gate.table.rows)
    ordered = sorted(splits, key=lambda split: (split == gate.held_out, split))
    return tuple(_figure(split, gate.table, gate.against_none) for split in ordered)


def gate_words(gate: Gate) -> str:
    """Return the verdict in one line; "" where nothing was run."""
    if gate.table is None:
        return ""
    flake = "unknown" if gate.flake_rate is None else f"{gate.flake_rate:.0%}"
    p = "–" if gate.p_one_sided is None else f"{gate.p_one_sided:.3f}"
    tasks = "1 held-out task" if gate.n == 1 else f"{gate.n} held-out tasks"
    return (
        f"{gate.repairs} repaired, {gate.regressions} broken of {tasks} ({gate.held_out})  ·  "
        f"p {p}  ·  flake rate {flake}  ·  {gate.runner}{f', {gate.model}' if gate.model else ''}"
    )


def flips_words(gate: Gate) -> str:
    """Return what flipped in a few words; "" where nothing was run."""
    if gate.table is None:
        return ""
    if not gate.repairs and not gate.regressions:
        return "flips no task"
    parts = ((gate.repairs, "repaired"), (gate.regressions, "broken"))
    return ", ".join(f"{count} {word}" for count, word in parts if count)


def share_words(share: float | None) -> str:
    """Return a share in words."""
    return "not run" if share is None else f"{share:.0%}"


def runs_words(runs: Sequence[float]) -> str:
    """Return runs in words, for those who do not see dots."""
    if not runs:
        return "no run"
    if all(score in (0.0, 1.0) for score in runs):
        return f"{sum(score == 1.0 for score in runs)} of {len(runs)} passed"
    return f"mean {mean(runs):.2f} of {len(runs)}"


def cost_words(before: float | None, after: float | None) -> str:
    """Return what a run costs without and with the proposal."""
    if before is None and after is None:
        return ""
    return f"{_money(before)} → {_money(after)}"


def _money(usd: float | None) -> str:
    return "?" if usd is None else f"${usd:.4f}" if usd < 0.1 else f"${usd:.2f}"


def _row(row: PairedRow, bare: PairedRow | None) -> TaskRow:
    return TaskRow(
        task=row.task,
        family=row.family,
        split=row.split,
        none=bare.before if bare is not None else (),
        before=row.before,
        after=row.after,
        change=_change(row),
        cost_before=row.cost_before,
        cost_after=row.cost_after,
    )


def _change(row: PairedRow) -> Change:
    if not row.before or not row.after:
        return "unknown"
    before, after = passes(row.before), passes(row.after)
    if before == after:
        return "same"
    return "repaired" if after else "broken"


def _figure(split: str, table: PairedTable, against: PairedTable | None) -> SplitFigure:
    rows = [row for row in paired(table.rows) if row.split == split]
    bare = [row for row in paired(against.rows) if row.split == split] if against else []
    return SplitFigure(
        split=split,
        tasks=len(rows),
        none=mean(passes(row.before) for row in bare) if bare else None,
        before=mean(passes(row.before) for row in rows) if rows else None,
        after=mean(passes(row.after) for row in rows) if rows else None,
    )
