"""Sessions of the index as members of groups: their figures are there, no file is read."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable
from pathlib import PurePath
from typing import Final

from msgspec import Struct

from workbench.traces.index.query import Query, condition_of
from workbench.traces.index.trace_index import TraceIndex
from workbench.usage.cohorts import Member
from workbench.usage.indexed_outcomes import judged_query
from workbench.usage.outcomes import AttachedOutcomes

#: Rows made at once, and a rest after them: a window paints meanwhile.
_BATCH: Final = 400
_REST_S: Final = 0.001
_DECIDED: Final = ("pass", "fail", "partial", "timeout")


class IndexedSession(Struct, frozen=True):
    """A session with its ``session`` id and the skills that were loaded in it."""

    member: Member
    session: str | None
    loaded: frozenset[str]


def indexed_sessions(
    index: TraceIndex,
    wanted: Query,
    attached: AttachedOutcomes,
    progress: Callable[[float], None] = lambda done: None,
) -> list[IndexedSession]:
    """Return all sessions that are asked for, whatever the limit; outcomes are those that count.

    Steps are those of the session alone, other figures with its subagents'; a cost that no trace
    reports is the index's estimate. What ``progress`` raises ends it.
    """
    judged = judged_query(index, wanted, attached)
    condition, values = condition_of(judged)
    rows = index.connection.execute(
        "SELECT s.*, t.title, t.session, t.task, files.path FROM sessions AS s"
        " JOIN traces AS t ON t.id = s.trace JOIN files ON files.id = t.file"
        f" WHERE {condition} ORDER BY s.trace",
        values,
    ).fetchall()
    skills: dict[int, set[str]] = {}
    for trace, name in index.connection.execute(
        "SELECT trace, name FROM session_skills WHERE loaded"
    ):
        skills.setdefault(trace, set()).add(name.rsplit(":", 1)[-1])
    said = dict(judged.said)
    found: list[IndexedSession] = []
    for start in range(0, len(rows), _BATCH):
        progress(start / len(rows))
        for row in rows[start : start + _BATCH]:
            member = _member(row, said.get(row["trace"], row["outcome"]))
            loaded = frozenset(skills.get(row["trace"], ()))
            found.append(IndexedSession(member, row["session"], loaded))
        time.sleep(_REST_S)
    return found


def _member(row: sqlite3.Row, outcome: str) -> Member:
    decided = outcome in _DECIDED
    amounts: dict[str, float | None] = {
        "passed": float(outcome == "pass") if decided else None,
        "with_errors": float(row["sum_errors"] > 0),
        "steps": float(row["own_steps"]),
        "tool_calls": float(row["sum_tool_calls"]),
        "errors": float(row["sum_errors"]),
        "output_tokens": row["sum_output"],
        "cost_usd": row["cost"],
        "duration_s": row["duration_s"],
    }
    return Member(
        path=row["path"],
        id=row["trajectory"],
        title=row["title"] or PurePath(row["path"]).stem,
        task=row["task"],
        agent=row["agent"],
        model=row["model"],
        started=row["started"],
        outcome=outcome,
        values=amounts,
        estimated=row["sum_cost_usd"] is None and row["cost"] is not None,
    )
