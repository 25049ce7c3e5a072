"""Questions to the index: which sessions, in which order, and how many."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Callable, Sequence
from typing import Any, Final, Literal, get_args

import msgspec
from msgspec import Struct

from workbench.domain.trajectory import OutcomeStatus
from workbench.traces.index.phrase import match_words
from workbench.traces.index.sums import SUMS
from workbench.traces.index.trace_index import TraceIndex

Order = Literal[
    "started",
    "steps",
    "errors",
    "cost_usd",
    "tokens",
    "duration_s",
    "title",
    "agent",
    "model",
    "outcome",
]

#: Words are looked for in these; they stand in other tables than what else is asked.
_NAMED: Final = " || ' ' || ".join(
    f"coalesce({name}, '')" for name in ("t.title", "files.path", "t.cwd", "t.agent", "t.model")
)
_WITH_TRACE: Final = " JOIN traces AS t ON t.id = s.trace JOIN files ON files.id = t.file"
_ORDERS: Final[dict[str, str]] = {
    "started": "s.started",
    "steps": "s.sum_steps",
    "errors": "s.sum_errors",
    "cost_usd": "s.cost",
    "tokens": "coalesce(s.sum_input, 0) + coalesce(s.sum_output, 0)",
    "duration_s": "s.duration_s",
    "agent": "lower(s.agent)",
    "model": "lower(s.model)",
}


class Query(Struct, frozen=True):
    """What is looked for; empty fields ask for nothing. Figures count subagents as well.

    ``text`` are words that one step of the trace holds in that order; the last may be cut.
    ``since`` (included) and ``until`` (excluded) are ISO 8601. ``folders`` are paths, of
    files as well. ``named`` are
    words that stand in the title, the path, the folder, agent or model. ``copies``: with sessions
    that hold nothing but the steps of another one. ``said`` are outcomes that people gave
    sessions, by row: they count in place of the recorded ones.
    """

    text: str = ""
    named: str = ""
    copies: bool = False
    agents: tuple[str, ...] = ()
    models: tuple[str, ...] = ()
    formats: tuple[str, ...] = ()
    outcomes: tuple[str, ...] = ()
    skills: tuple[str, ...] = ()
    errors: bool | None = None
    min_steps: int | None = None
    max_steps: int | None = None
    min_cost: float | None = None
    max_cost: float | None = None
    since: str = ""
    until: str = ""
    folders: tuple[str, ...] = ()
    said: tuple[tuple[int, str], ...] = ()
    order: Order = "started"
    descending: bool = True
    limit: int = 500
    offset: int = 0


class TraceRow(Struct, frozen=True):
    """One trace of the list. Figures are with its subagents'; None is "not recorded".

    ``cost_usd`` is reported by the trace, ``estimate_usd`` made of its tokens and a price table.

    ``complete`` is False while a long log is still being read: figures are of what is read.
    ``copied`` steps replay another session; they are in no figure here.
    """

    path: str
    trajectory: str
    format: str
    format_version: str | None
    agent: str | None
    model: str | None
    title: str
    cwd: str | None
    session: str | None
    started: str | None
    ended: str | None
    duration_s: float | None
    outcome: str
    reward: float | None
    steps: int
    tool_calls: int
    errors: int
    input: int | None
    output: int | None
    cached: int | None
    cost_usd: float | None
    estimate_usd: float | None
    skills: tuple[str, ...]
    subagents: int
    complete: bool
    copied: int = 0
    id: int = 0


class Facet(Struct, frozen=True):
    """A value and how many of the traces asked for have it."""

    value: str
    count: int


def query(index: TraceIndex, wanted: Query) -> tuple[TraceRow, ...]:
    """Return the traces asked for, in order."""
    return rows_of(index, query_ids(index, wanted))


def query_ids(index: TraceIndex, wanted: Query) -> list[int]:
    """Return the rows of the traces asked for, in order; ``rows_of`` tells more of some of them."""
    condition, values = condition_of(wanted)
    joined, named = "", outcome_of_row(wanted)
    if wanted.order == "title":
        joined, named = _WITH_TRACE, "lower(t.title)"
    elif wanted.order != "outcome":
        named = _ORDERS[wanted.order]
    way = "DESC" if wanted.descending else "ASC"
    # All in one row: a hundred thousand would keep other threads from running. The limit keeps
    # SQLite from leaving the order out; of equal ones the order is that of an index.
    (found,) = index.connection.execute(
        f"SELECT json_group_array(id) FROM (SELECT s.trace AS id FROM sessions AS s{joined}"
        f" WHERE {condition} ORDER BY {named} {way} NULLS LAST, s.trace {way} LIMIT ? OFFSET ?)",
        [*values, wanted.limit, wanted.offset],
    ).fetchone()
    return msgspec.json.decode(found, type=list[int])


def rows_of(index: TraceIndex, ids: Sequence[int]) -> tuple[TraceRow, ...]:
    """Return the rows of some traces, in that order; those that are gone meanwhile are left out."""
    marks = ", ".join("?" * len(ids))
    sums = ", ".join(f"s.sum_{name}" for name in SUMS)
    found = index.connection.execute(
        f"SELECT t.*, files.path AS path, s.copied, s.parts, {sums}"
        f" FROM sessions AS s{_WITH_TRACE} WHERE s.trace IN ({marks})",
        list(ids),
    ).fetchall()
    skills: dict[int, list[str]] = {}
    for trace, name in index.connection.execute(
        f"SELECT trace, name FROM session_skills WHERE trace IN ({marks}) ORDER BY trace, place",
        list(ids),
    ):
        skills.setdefault(trace, []).append(name)
    rows = {row["id"]: row for row in found}
    return tuple(_row(rows[one], skills.get(one, ())) for one in ids if one in rows)


def count(index: TraceIndex, wanted: Query) -> int:
    """Return how many traces are asked for, whatever the limit."""
    condition, values = condition_of(wanted)
    found = index.connection.execute(
        f"SELECT count(*) FROM sessions AS s WHERE {condition}", values
    )
    return int(found.fetchone()[0])


def outcome_of_row(wanted: Query) -> str:
    """Return the SQL of the outcome that counts of a session ``s``."""
    given: dict[str, list[int]] = {}
    for row, outcome in wanted.said:
        given.setdefault(outcome, []).append(int(row))
    if not given:
        return "s.outcome"
    cases = (
        f"WHEN s.trace IN ({', '.join(map(str, rows))}) THEN '{outcome}'"
        for outcome, rows in given.items()
        if outcome in get_args(OutcomeStatus)
    )
    return f"CASE {' '.join(cases)} ELSE s.outcome END"


def condition_of(wanted: Query) -> tuple[str, list[Any]]:
    """Return what sessions ``s`` are asked for as SQL, and its values."""
    parts: list[str] = ["1" if wanted.copies else "s.replay = 0"]
    values: list[Any] = []

    def add(condition: str, *given: Any) -> None:
        parts.append(condition)
        values.extend(given)

    fields: Sequence[tuple[str, tuple[str, ...]]] = (
        ("s.agent", wanted.agents),
        ("s.model", wanted.models),
        ("s.format", wanted.formats),
        (outcome_of_row(wanted), wanted.outcomes),
    )
    for column, allowed in fields:
        if allowed:
            add(f"{column} IN ({', '.join('?' * len(allowed))})", *allowed)
    for skill in wanted.skills:
        add("s.trace IN (SELECT trace FROM session_skills WHERE name = ?)", skill)
    if wanted.errors is not None:
        add(f"s.sum_errors {'>' if wanted.errors else '='} 0")
    for condition, limit in (
        ("s.sum_steps >= ?", wanted.min_steps),
        ("s.sum_steps <= ?", wanted.max_steps),
        ("s.cost >= ?", wanted.min_cost),
        ("s.cost <= ?", wanted.max_cost),
        ("s.started >= ?", wanted.since or None),
        ("s.started < ?", wanted.until or None),
    ):
        if limit is not None:
            add(condition, limit)
    _add_places(wanted, add)
    if wanted.text:
        words = match_words(wanted.text)
        add(
            "s.family IN (SELECT p.family FROM words JOIN steps ON steps.id = words.rowid"
            " JOIN traces AS p ON p.id = steps.trace WHERE words MATCH ?)"
            if words
            else "0",
            *([words] if words else []),
        )
    return " AND ".join(parts), values


def _add_places(wanted: Query, add: Callable[..., None]) -> None:
    """Add what is asked of paths and names."""
    if wanted.folders:
        plain = [folder.rstrip("/\\") for folder in wanted.folders]
        below = " OR ".join(["path = ? OR substr(path, 1, ?) = ?"] * len(plain))
        add(
            f"s.file IN (SELECT id FROM files WHERE {below})",
            *(value for one in plain for value in (one, len(one) + 1, one + "/")),
        )
    words = wanted.named.split()
    if words:
        all_of = " AND ".join([f"({_NAMED}) LIKE ? ESCAPE '\\'"] * len(words))
        add(
            "s.trace IN (SELECT t.id FROM traces AS t JOIN files ON files.id = t.file"
            f" WHERE t.parent IS NULL AND {all_of})",
            *(f"%{_plain(word)}%" for word in words),
        )


def _plain(word: str) -> str:
    """Return a word without what LIKE takes for a wildcard."""
    return re.sub(r"([%_\\])", r"\\\1", word)


def _row(row: sqlite3.Row, skills: Sequence[str]) -> TraceRow:
    plain = (
        *("path", "trajectory", "format", "format_version", "agent", "model", "title", "cwd"),
        *("session", "started", "ended", "duration_s", "outcome", "reward"),
    )
    return TraceRow(
        **{name: row[name] for name in plain},
        **{name: row[f"sum_{name}"] for name in SUMS},
        skills=tuple(skills),
        subagents=row["parts"] - 1,
        complete=bool(row["complete"]),
        copied=row["copied"],
        id=row["id"],
    )
