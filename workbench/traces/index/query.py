"""Questions to the index: which traces, which steps, and how many of each kind."""

from __future__ import annotations

import re
import sqlite3
import unicodedata
from collections.abc import Sequence
from typing import Any, Final, Literal

import msgspec
from msgspec import Struct

from workbench.traces.importer import TraceError
from workbench.traces.index.literal import plain_text
from workbench.traces.index.trace_index import TraceIndex
from workbench.traces.open import open_source

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

_SUMS: Final = (
    "steps",
    "tool_calls",
    "errors",
    "input",
    "output",
    "cached",
    "cost_usd",
    "estimate_usd",
)
#: What the trace reports, else the estimate.
COST: Final = "coalesce(sum_cost_usd, sum_estimate_usd)"
_NAMED: Final = " || ' ' || ".join(
    f"coalesce({name}, '')" for name in ("t.title", "files.path", "t.cwd", "t.agent", "t.model")
)
_WORD: Final = re.compile(r"\w+")
_AROUND: Final = 80
#: More of a record is not looked through for an excerpt.
_LONGEST: Final = 4_000_000


class Query(Struct, frozen=True):
    """What is looked for; empty fields ask for nothing. Figures count subagents as well.

    ``text`` are words that one step of the trace holds in that order; the last may be cut.
    ``since`` (included) and ``until`` (excluded) are ISO 8601. ``folders`` are paths, of
    files as well. ``named`` are
    words that stand in the title, the path, the folder, agent or model. ``copies``: with sessions
    that hold nothing but the steps of another one.
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


class Hit(Struct, frozen=True):
    """A step that holds the words. ``step`` is None while a long log is still being read.

    ``path`` is the file of the step; ``owner`` that of the session where it is a subagent's own.
    ``records`` are (file, offset, length) of the step's records.
    """

    path: str
    owner: str | None
    trajectory: str
    step: int | None
    uid: str
    kind: str
    records: tuple[tuple[str, int, int], ...]
    title: str = ""
    agent: str | None = None
    started: str | None = None


def query(index: TraceIndex, wanted: Query) -> tuple[TraceRow, ...]:
    """Return the traces asked for, in order."""
    return rows_of(index, query_ids(index, wanted))


def query_ids(index: TraceIndex, wanted: Query) -> list[int]:
    """Return the rows of the traces asked for, in order; ``rows_of`` tells more of some of them."""
    condition, values = condition_of(wanted)
    order = {
        "cost_usd": COST,
        "agent": "lower(t.agent)",
        "model": "lower(t.model)",
        "tokens": "coalesce(sum_input, 0) + coalesce(sum_output, 0)",
        "title": "lower(t.title)",
    }
    named = order.get(wanted.order) or (
        f"sum_{wanted.order}" if wanted.order in _SUMS else f"t.{wanted.order}"
    )
    way = "DESC" if wanted.descending else "ASC"
    # All in one row: a hundred thousand would keep other threads from running. The limit keeps
    # SQLite from leaving the order out.
    (found,) = index.connection.execute(
        f"SELECT json_group_array(id) FROM (SELECT t.id FROM ({sessions()} WHERE {condition}) AS t "
        f"ORDER BY {named} IS NULL, {named} {way}, t.id LIMIT ? OFFSET ?)",
        [*values, wanted.limit, wanted.offset],
    ).fetchone()
    return msgspec.json.decode(found, type=list[int])


def rows_of(index: TraceIndex, ids: Sequence[int]) -> tuple[TraceRow, ...]:
    """Return the rows of some traces, in that order; those that are gone meanwhile are left out."""
    marks = ", ".join("?" * len(ids))
    found = index.connection.execute(f"{sessions()} WHERE t.id IN ({marks})", list(ids))
    rows = {row["id"]: row for row in found}
    return tuple(_row(index.connection, rows[one]) for one in ids if one in rows)


def count(index: TraceIndex, wanted: Query) -> int:
    """Return how many traces are asked for, whatever the limit."""
    condition, values = condition_of(wanted)
    found = index.connection.execute(
        f"SELECT count(*) FROM ({sessions()} WHERE {condition})", values
    )
    return int(found.fetchone()[0])


def search(
    index: TraceIndex, text: str, wanted: Query | None = None, limit: int = 200
) -> tuple[Hit, ...]:
    """Return steps that hold the words, those of the newest traces first.

    Args:
        index: the index.
        text: words in the order they are in; the last one may be cut.
        wanted: the traces looked in; its ``text`` does not count.
        limit: at most so many.
    """
    words = match_words(text)
    if not words:
        return ()
    condition, values = condition_of(msgspec.structs.replace(wanted or Query(), text=""))
    rows = index.connection.execute(
        "SELECT steps.*, part.trajectory, part.sources, part.title, part.agent, part.started,"
        " files.path AS file, files.owner AS owner"
        " FROM words JOIN steps ON steps.id = words.rowid JOIN traces AS part ON part.id ="
        " steps.trace JOIN files ON files.id = part.file"
        " WHERE words MATCH ? AND NOT steps.copied"
        f" AND part.family IN (SELECT family FROM ({sessions()} WHERE {condition}))"
        " ORDER BY part.started IS NULL, part.started DESC, part.id, steps.known DESC, steps.step"
        " LIMIT ?",
        [words, *values, limit],
    ).fetchall()
    return tuple(_hit(row) for row in rows)


def excerpt(hit: Hit, text: str) -> str:
    """Return a line of what a hit says around the words; "" when its file is another by now."""
    for path, offset, length in hit.records:
        try:
            with open_source(path) as source:
                said = plain_text(source.read(offset, min(length, _LONGEST)))
        except TraceError:
            continue
        found = find_words(said, text)
        if found is not None:
            start, end = max(0, found[0] - _AROUND), found[1] + _AROUND
            return f"{'…' if start else ''}{said[start:end]}{'…' if end < len(said) else ''}"
    return ""


def find_words(said: str, text: str) -> tuple[int, int] | None:
    """Return where a text says the words that are searched for, as the full text sees them."""
    words = [_folded(word) for word in _words(text)]
    if not words:
        return None
    found = re.search(r"[\W_]+".join(map(re.escape, words)), _folded(said))
    return found.span() if found is not None else None


def _folded(text: str) -> str:
    """Return a text of the same length without case and accents, as the full text sees it."""
    if text.isascii():
        return text.lower()
    return "".join((unicodedata.normalize("NFKD", c)[:1] or c).lower()[:1] or c for c in text)


def _words(text: str) -> list[str]:
    return _WORD.findall(text.replace("_", " "))


def match_words(text: str) -> str:
    """Return an FTS5 phrase of the words of a text, the last one as a beginning; "" for none."""
    words = _words(text)
    return f'"{" ".join(words)}" *' if words else ""


def sessions() -> str:
    """Return the SQL of sessions with the sums over themselves and their subagents, copies off."""
    sums = ", ".join(
        f"(SELECT sum(p.{name}) - coalesce(sum(c.{name}), 0) FROM traces AS p"
        f" LEFT JOIN copies AS c ON c.trace = p.id WHERE p.family = t.family) AS sum_{name}"
        for name in _SUMS
    )
    return (
        f"SELECT t.*, files.path AS path, {sums} FROM traces AS t"
        " JOIN files ON files.id = t.file AND files.owner IS NULL AND t.parent IS NULL"
    )


def condition_of(wanted: Query) -> tuple[str, list[Any]]:
    """Return what ``sessions`` are asked for as SQL, and its values."""
    parts: list[str] = ["1"]
    values: list[Any] = []

    def add(condition: str, *given: Any) -> None:
        parts.append(condition)
        values.extend(given)

    fields: Sequence[tuple[str, tuple[str, ...]]] = (
        ("agent", wanted.agents),
        ("model", wanted.models),
        ("format", wanted.formats),
        ("outcome", wanted.outcomes),
    )
    for column, allowed in fields:
        if allowed:
            add(f"t.{column} IN ({', '.join('?' * len(allowed))})", *allowed)
    for skill in wanted.skills:
        add(
            "t.family IN (SELECT p.family FROM skills AS s JOIN traces AS p ON p.id = s.trace"
            " WHERE s.kind != 'listed' AND s.name = ?)",
            skill,
        )
    if wanted.errors is not None:
        add(f"sum_errors {'>' if wanted.errors else '='} 0")
    for column, sign, limit in (
        ("sum_steps", ">=", wanted.min_steps),
        ("sum_steps", "<=", wanted.max_steps),
        (COST, ">=", wanted.min_cost),
        (COST, "<=", wanted.max_cost),
    ):
        if limit is not None:
            add(f"{column} {sign} ?", limit)
    if wanted.since:
        add("t.started >= ?", wanted.since)
    if wanted.until:
        add("t.started < ?", wanted.until)
    if wanted.folders:
        plain = [folder.rstrip("/\\") for folder in wanted.folders]
        add(
            "("
            + " OR ".join(["files.path = ? OR substr(files.path, 1, ?) = ?"] * len(plain))
            + ")",
            *(value for one in plain for value in (one, len(one) + 1, one + "/")),
        )
    for word in wanted.named.split():
        add(f"({_NAMED}) LIKE ? ESCAPE '\\'", f"%{_plain(word)}%")
    if not wanted.copies:
        add("t.id NOT IN (SELECT trace FROM copies WHERE steps = seen AND seen > 0)")
    if wanted.text:
        words = match_words(wanted.text)
        add(
            "t.family IN (SELECT p.family FROM words JOIN steps ON steps.id = words.rowid"
            " JOIN traces AS p ON p.id = steps.trace WHERE words MATCH ?)"
            if words
            else "0",
            *([words] if words else []),
        )
    return " AND ".join(parts), values


def _plain(word: str) -> str:
    """Return a word without what LIKE takes for a wildcard."""
    return re.sub(r"([%_\\])", r"\\\1", word)


def _row(connection: sqlite3.Connection, row: sqlite3.Row) -> TraceRow:
    names = connection.execute(
        "SELECT DISTINCT s.name FROM skills AS s JOIN traces AS p ON p.id = s.trace"
        " WHERE p.family = ? AND s.kind != 'listed' ORDER BY s.rowid",
        (row["family"],),
    )
    (parts,) = connection.execute(
        "SELECT count(*) FROM traces WHERE family = ?", (row["family"],)
    ).fetchone()
    (copied,) = connection.execute(
        "SELECT max(steps, 0) FROM copies WHERE trace = ?", (row["id"],)
    ).fetchone() or (0,)
    plain = (
        *("path", "trajectory", "format", "format_version", "agent", "model", "title", "cwd"),
        *("session", "started", "ended", "duration_s", "outcome", "reward"),
    )
    return TraceRow(
        **{name: row[name] for name in plain},
        **{name: row[f"sum_{name}"] for name in _SUMS},
        skills=tuple(dict.fromkeys(name["name"] for name in names)),
        subagents=parts - 1,
        complete=bool(row["complete"]),
        copied=copied or 0,
        id=row["id"],
    )


def _hit(row: sqlite3.Row) -> Hit:
    sources = msgspec.json.decode(row["sources"], type=list[str])
    spans = msgspec.json.decode(row["spans"], type=list[tuple[int, int, int]])
    return Hit(
        path=row["file"],
        owner=row["owner"],
        trajectory=row["trajectory"],
        step=row["step"] if row["known"] else None,
        uid=row["uid"],
        kind=row["kind"],
        records=tuple((sources[number], offset, length) for number, offset, length in spans),
        title=row["title"],
        agent=row["agent"],
        started=row["started"],
    )
