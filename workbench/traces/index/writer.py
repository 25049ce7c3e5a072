"""Puts traces into the tables. Everything here runs inside one transaction of the caller."""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Iterable, Sequence
from typing import Any

import msgspec
from msgspec import Struct

from workbench.domain.trajectory import SkillEvent, Step, Trajectory
from workbench.traces.compare.keys import task_of
from workbench.traces.index.figures import Figures
from workbench.traces.index.parts import Part, Position
from workbench.traces.index.texts import spans_of, step_text
from workbench.traces.open import OpenTrace
from workbench.traces.prices import PriceTable
from workbench.traces.times import seconds_between


class State(Struct, frozen=True):
    """Where reading a log in parts goes on, and the figures of all settled steps.

    ``whole_size`` is how long the file was when it was last read from its beginning.
    ``trace`` is the row; ``tail`` where a provisional reading of the end began. ``titles`` are
    those that records gave, ``title_weight`` that of the one in force.
    """

    position: Position = Position()
    settled: Figures = Figures()
    whole_size: int = 0
    trace: int = 0
    tail: int | None = None
    titles: tuple[str, ...] = ()
    title_weight: int = 0


class Place(Struct, frozen=True):
    """Where a trajectory belongs: its file's row, the family it is summed up with, its parent,
    and what tokens cost.
    """

    file: int
    family: str
    parent: int | None = None
    prices: PriceTable | None = None


def forget_traces(connection: sqlite3.Connection, file: int) -> None:
    """Take all that is known of a file's traces out; words of lost steps are never found again."""
    connection.execute("DELETE FROM traces WHERE file = ?", (file,))


def put_whole(
    connection: sqlite3.Connection,
    file: int,
    traces: Sequence[OpenTrace],
    family: str | None = None,
    prices: PriceTable | None = None,
) -> int:
    """Put all trajectories of a file and their subagents in; return how many steps."""
    forget_traces(connection, file)
    return sum(
        _put_tree(
            connection,
            Place(file, family or f"{trace.path}#{trace.trajectory.id}", None, prices),
            trace,
        )
        for trace in traces
    )


def _put_tree(connection: sqlite3.Connection, at: Place, trace: OpenTrace) -> int:
    one = trace.trajectory
    own = [step for step in one.steps if "copied" not in step.flags]
    figures = Figures().with_steps(own, at.prices, one.model)
    row = put_trace(connection, at, one, figures)
    _as_reported(connection, row, one)
    put_skills(connection, row, one.skill_events)
    put_steps(connection, row, one.steps, ((trace, step.index) for step in one.steps))
    below = msgspec.structs.replace(at, parent=row)
    return len(one.steps) + sum(_put_tree(connection, below, child) for child in trace.children)


def put_part(connection: sqlite3.Connection, at: Place, part: Part, state: State) -> State:
    """Put a part of a log in, instead of the steps that were not settled; return where to go on."""
    start = part.start.steps
    model = part.trajectory.model
    figures = state.settled.with_steps(part.steps, at.prices, model)
    row = state.trace
    if not row:
        row = put_trace(connection, at, part.trajectory, figures)
        if part.whole:
            _as_reported(connection, row, part.trajectory)
        state = _titled(connection, row, part.trajectory, state)
        copied: list[tuple[Any, ...]] = []
    else:
        state = _go_on(connection, row, part.trajectory, figures, state)
        connection.execute("DELETE FROM skills WHERE trace = ? AND step >= ?", (row, start))
        again = "trace = ? AND step >= ? AND known = 1"
        copied = connection.execute(
            f"SELECT trace, step, uid FROM steps WHERE {again} AND copied", (row, start)
        ).fetchall()
        connection.execute(f"DELETE FROM steps WHERE {again}", (row, start))
    put_skills(connection, row, part.events)
    _put_part_steps(connection, row, part, known=True)
    connection.executemany(
        "UPDATE steps SET copied = 1 WHERE trace = ? AND step = ? AND uid = ?", map(tuple, copied)
    )
    return msgspec.structs.replace(
        state,
        position=part.after,
        settled=state.settled.with_steps(part.steps[: part.settled], at.prices, model),
        whole_size=part.end if part.whole else state.whole_size,
        trace=row,
    )


def put_tail(connection: sqlite3.Connection, at: Place, part: Part, state: State) -> State:
    """Put the end of a long log in, whose steps have no numbers yet."""
    row = state.trace
    figures = state.settled.with_steps(part.steps, at.prices, part.trajectory.model)
    state = _go_on(connection, row, part.trajectory, figures, state)
    connection.execute("UPDATE traces SET complete = 0 WHERE id = ?", (row,))
    connection.executemany(
        "INSERT INTO skills VALUES(?, ?, ?, NULL)",
        [(row, event.skill, event.kind) for event in part.events],
    )
    _put_part_steps(connection, row, part, known=False)
    return msgspec.structs.replace(state, tail=part.start.offset)


def _put_part_steps(connection: sqlite3.Connection, row: int, part: Part, *, known: bool) -> None:
    with part.texts as trace:
        places = ((trace, part.first + number) for number in range(len(part.steps)))
        put_steps(connection, row, part.steps, places, known=known)


def settle_tail(connection: sqlite3.Connection, state: State) -> State:
    """Take the provisional steps of a long log out: all of it is read."""
    connection.execute("DELETE FROM steps WHERE trace = ? AND known = 0", (state.trace,))
    connection.execute("DELETE FROM skills WHERE trace = ? AND step IS NULL", (state.trace,))
    connection.execute("UPDATE traces SET complete = 1 WHERE id = ?", (state.trace,))
    return msgspec.structs.replace(state, tail=None)


def put_trace(connection: sqlite3.Connection, at: Place, one: Trajectory, figures: Figures) -> int:
    """Put one trajectory in; return its row."""
    values: dict[str, Any] = {
        "file": at.file,
        "trajectory": one.id,
        "parent": at.parent,
        "family": at.family,
        "format": one.converted_from or one.format,
        "format_version": one.format_version,
        "agent": one.agent,
        "model": one.model,
        "title": one.title,
        "cwd": one.cwd,
        "session": one.session,
        "started": _time(one.started),
        "ended": _time(one.ended),
        "duration_s": seconds_between(one.started, one.ended),
        "outcome": one.outcome.status,
        "reward": one.outcome.reward,
        "sources": msgspec.json.encode([source.path for source in one.sources]).decode(),
        "complete": one.complete,
        "beginning": beginning_of(one) if at.parent is None else "",
        "task": task_of(one) if at.parent is None else "",
        **msgspec.structs.asdict(figures),
    }
    marks = ", ".join("?" * len(values))
    made = connection.execute(
        f"INSERT INTO traces({', '.join(values)}) VALUES({marks})",
        [_text(value) for value in values.values()],
    )
    return int(made.lastrowid or 0)


def beginning_of(one: Trajectory) -> str:
    """Return what is the same of a session and of those that replay it; "" without times."""
    for step in one.steps:
        if step.time:
            said = "\0".join((one.format, step.uid, step.time, step.preview))
            return hashlib.blake2b(said.encode("utf-8", "replace"), digest_size=12).hexdigest()
    return ""


def _titled(connection: sqlite3.Connection, row: int, one: Trajectory, state: State) -> State:
    """Take a title that a record gives over one of less weight, whenever it comes.

    One that was there before is in the log's head, which is read with every part.
    """
    if not one.title_weight or not one.title or one.title in state.titles:
        return state
    state = msgspec.structs.replace(state, titles=(*state.titles, one.title))
    if one.title_weight < state.title_weight:
        return state
    connection.execute("UPDATE traces SET title = ? WHERE id = ?", (_text(one.title), row))
    return msgspec.structs.replace(state, title_weight=one.title_weight)


def _go_on(
    connection: sqlite3.Connection, row: int, one: Trajectory, figures: Figures, state: State
) -> State:
    """Take what a later part tells anew; the beginning of the run stays what it was."""
    was = connection.execute("SELECT * FROM traces WHERE id = ?", (row,)).fetchone()
    ended = max(filter(None, (was["ended"], one.ended)), default=None)
    values: dict[str, Any] = {
        **msgspec.structs.asdict(figures),
        "ended": ended,
        "duration_s": seconds_between(was["started"] or one.started, ended),
        "started": was["started"] or one.started,
        "model": was["model"] or one.model,
        "title": was["title"] or one.title,
        "task": was["task"] or task_of(one),
    }
    if one.outcome.status != "unknown":
        values |= {"outcome": one.outcome.status, "reward": one.outcome.reward}
    names = ", ".join(f"{name} = ?" for name in values)
    connection.execute(
        f"UPDATE traces SET {names} WHERE id = ?", [*map(_text, values.values()), row]
    )
    return _titled(connection, row, one, state)


def _as_reported(connection: sqlite3.Connection, row: int, one: Trajectory) -> None:
    """Prefer what the format reports of the run as a whole to sums of its steps."""
    names = ("input", "output", "cached", "cache_write", "cost_usd")
    reported = {name: getattr(one.totals, name) for name in names}
    known = {name: value for name, value in reported.items() if value is not None}
    if known:
        changes = ", ".join(f"{name} = ?" for name in known)
        connection.execute(f"UPDATE traces SET {changes} WHERE id = ?", [*known.values(), row])


def put_skills(connection: sqlite3.Connection, row: int, events: Iterable[SkillEvent]) -> None:
    """Put skill events in."""
    connection.executemany(
        "INSERT INTO skills VALUES(?, ?, ?, ?)",
        [(row, _text(event.skill), event.kind, event.step) for event in events],
    )


def put_steps(
    connection: sqlite3.Connection,
    row: int,
    steps: Sequence[Step],
    places: Iterable[tuple[OpenTrace, int]],
    *,
    known: bool = True,
) -> None:
    """Put steps and their words in. ``places`` are the trace and number each is read by."""
    for step, (trace, number) in zip(steps, places, strict=True):
        made = connection.execute(
            "INSERT INTO steps(trace, step, known, uid, kind, spans) VALUES(?, ?, ?, ?, ?, ?)",
            (row, step.index, known, _text(step.uid), step.kind, spans_of(step)),
        )
        if "copied" in step.flags:
            continue
        text = step_text(trace, number)
        if text:
            connection.execute(
                "INSERT INTO words(rowid, text) VALUES(?, ?)", (made.lastrowid, text)
            )


def _time(time: str | None) -> str | None:
    """Return a time that can be compared; a log may say anything there."""
    return time if time and time[:4].isdecimal() and time.isascii() else None


def _text(value: Any) -> Any:
    """Return a text without lone surrogates, which SQLite cannot hold."""
    if isinstance(value, str) and not value.isascii():
        return value.encode("utf-8", "replace").decode()
    return value
