"""The full text of the index: which steps say some words, and the line that says them."""

from __future__ import annotations

import sqlite3
from typing import Final

import msgspec
from msgspec import Struct

from workbench.traces.importer import TraceError
from workbench.traces.index.phrase import match_words
from workbench.traces.index.query import Query, condition_of
from workbench.traces.index.snippet import said_by
from workbench.traces.index.trace_index import TraceIndex
from workbench.traces.open import open_source
from workbench.traces.registry import importer_of

#: More of a record is not looked through for an excerpt.
_LONGEST: Final = 4_000_000


class Hit(Struct, frozen=True):
    """A step that holds the words. ``step`` is None while a long log is still being read.

    ``path`` is the file of the step; ``owner`` that of the session where it is a subagent's own.
    ``records`` are (file, offset, length) of the step's records; ``importer`` is the id of the
    format they are read by.
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
    importer: str = ""


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
        " files.path AS file, files.owner AS owner, files.format AS importer"
        " FROM words JOIN steps ON steps.id = words.rowid JOIN traces AS part ON part.id ="
        " steps.trace JOIN files ON files.id = part.file"
        " WHERE words MATCH ? AND NOT steps.copied"
        f" AND part.family IN (SELECT s.family FROM sessions AS s WHERE {condition})"
        " ORDER BY part.started IS NULL, part.started DESC, part.id, steps.known DESC, steps.step"
        " LIMIT ?",
        [words, *values, limit],
    ).fetchall()
    return tuple(_hit(row) for row in rows)


def excerpt(hit: Hit, text: str) -> str:
    """Return a line of what a hit says around the words, as a reader sees it.

    "" when its file is another one by now.
    """
    records: list[bytes] = []
    for path, offset, length in hit.records:
        try:
            with open_source(path) as source:
                records.append(source.read(offset, min(length, _LONGEST)))
        except TraceError:
            continue
    return said_by(importer_of(hit.importer) if hit.importer else None, records, text)


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
        importer=row["importer"] or "",
    )
