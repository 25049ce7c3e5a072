"""Questions to the index of all sessions, asked in threads while another process writes it.

No Qt here. One connection serves one question after the other; an index that was deleted and made
anew meanwhile is opened again.
"""

from __future__ import annotations

import logging
import os
import sqlite3
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeVar

from msgspec.structs import replace

from workbench.traces.importer import TraceError
from workbench.traces.index.facets import Days, FacetGroup, facet_groups
from workbench.traces.index.literal import literal_hits, step_at
from workbench.traces.index.phrase import find_words
from workbench.traces.index.query import Query, TraceRow, count, query_ids, rows_of
from workbench.traces.index.search import Hit, excerpt, search
from workbench.traces.index.trace_index import TraceIndex
from workbench.traces.index.walk import Seen, files_below
from workbench.traces.open import open_traces
from workbench.usage.indexed_outcomes import judged_query
from workbench.usage.outcomes import AttachedOutcomes

_log = logging.getLogger(__name__)

Answer = TypeVar("Answer")

#: Hits of a search; more are never read through.
MOST_HITS: Final = 300
#: So many sessions are listed before all are, and so many of them read with that.
FIRST_IDS: Final = 256
_FIRST_ROWS: Final = 64
_FIRST_HITS: Final = 8
_BATCH: Final = 40
#: Folders are looked through for so long before the files found are; the newest come first.
_LOOK_S: Final = 0.08
_REST_S: Final = 0.001


@dataclass(frozen=True, slots=True)
class Found:
    """A place that says what was searched for; ``start`` and ``end`` mark it in ``said``.

    ``step`` is None where it is not known yet: then ``offset`` is the byte in ``path``.
    """

    path: str
    owner: str
    trajectory: str
    step: int | None
    offset: int
    said: str
    start: int
    end: int
    title: str = ""
    agent: str = ""
    date: str = ""

    @property
    def quote(self) -> str:
        """The words as they stand there."""
        return self.said[self.start : self.end]


class SessionReader:
    """Asks the index at a path; all methods block and may be called from any thread."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._guard = threading.Lock()
        self._index: TraceIndex | None = None
        self._opened: tuple[int, int] | None = None
        self._closed = False
        self.attached = AttachedOutcomes()

    def first(self, wanted: Query) -> tuple[list[int], tuple[TraceRow, ...]]:
        """Return the first of the sessions asked for, and what is known of those seen first."""

        def question(index: TraceIndex) -> tuple[list[int], tuple[TraceRow, ...]]:
            some = replace(self._judged(index, wanted), limit=FIRST_IDS)
            ids = query_ids(index, some)
            return ids, rows_of(index, ids[:_FIRST_ROWS])

        return self._ask(question) or ([], ())

    def ids(self, wanted: Query) -> tuple[list[int], int]:
        """Return the sessions asked for, in order, and how many there are in all."""

        def question(index: TraceIndex) -> tuple[list[int], int]:
            return query_ids(index, self._judged(index, wanted)), count(index, Query())

        return self._ask(question) or ([], 0)

    def rows(self, ids: Sequence[int]) -> tuple[TraceRow, ...]:
        """Return what is known of some sessions."""
        return self._ask(lambda index: rows_of(index, ids)) or ()

    def groups(self, wanted: Query, days: tuple[Days, ...]) -> tuple[FacetGroup, ...]:
        """Return the choices with counts."""

        def question(index: TraceIndex) -> tuple[FacetGroup, ...]:
            return facet_groups(index, self._judged(index, wanted), days)

        return self._ask(question) or ()

    def ask(self, question: Callable[[TraceIndex], Answer]) -> Answer | None:
        """Return the answer to a question of another kind; None without an index."""
        return self._ask(question)

    def hits(self, text: str, wanted: Query) -> Iterator[list[Found]]:
        """Yield what the index knows in batches, the first one small."""

        def question(index: TraceIndex) -> tuple[Hit, ...]:
            return search(index, text, self._judged(index, wanted), MOST_HITS)

        found = self._ask(question) or ()
        start = 0
        while start < len(found):
            size = _BATCH if start else _FIRST_HITS
            yield [_told(hit, text) for hit in found[start : start + size]]
            start += size

    def unread(self, folders: Iterable[Path], stopped: Callable[[], bool]) -> Iterator[Path]:
        """Yield files that the index does not know to their end, the newest of each look first."""
        known = self._ask(_whole_files) or {}
        waiting: list[Seen] = []
        begun = time.monotonic()
        for folder in folders:
            for one in files_below(str(folder), stopped):
                if known.get(one.path) != (one.size, one.mtime_ns):
                    waiting.append(one)
                if time.monotonic() - begun > _LOOK_S:
                    yield from _newest(waiting)
                    waiting, begun = [], time.monotonic()
        yield from _newest(waiting)

    def close(self) -> None:
        """Give the file back."""
        with self._guard:
            self._closed = True
            self._close()

    def _judged(self, index: TraceIndex, wanted: Query) -> Query:
        return judged_query(index, wanted, self.attached)

    def _ask(self, question: Callable[[TraceIndex], Answer]) -> Answer | None:
        """Return the answer; None without an index, or while it is being made anew."""
        with self._guard:
            index = self._current()
            if index is None:
                return None
            try:
                return question(index)
            except sqlite3.Error as problem:
                _log.debug("The index of sessions gave no answer: %s", problem)
                self._close()
                return None

    def _current(self) -> TraceIndex | None:
        """Return the index, opened anew where its file is another one; None without one."""
        try:
            status = os.stat(self._path)  # noqa: PTH116 - beside the thread's other calls
        except OSError:
            self._close()
            return None
        lies = status.st_dev, status.st_ino
        if lies != self._opened:
            self._close()
        if self._index is None and not self._closed:
            try:
                self._index = TraceIndex(self._path, reading=True)
                self._opened = lies
            except TraceError:
                return None
        return self._index

    def _close(self) -> None:
        index, self._index, self._opened = self._index, None, None
        if index is not None:
            index.close()


def found_in_bytes(
    paths: Iterable[Path], text: str, stopped: Callable[[], bool]
) -> Iterator[Found]:
    """Yield places in files that are not indexed yet; the window comes first between blocks."""

    def rested() -> bool:
        time.sleep(_REST_S)
        return stopped()

    for hit in literal_hits(paths, text, MOST_HITS, rested):
        at = hit.excerpt.casefold().find(text.casefold())
        span = (at, at + len(text)) if at >= 0 else find_words(hit.excerpt, text) or (0, 0)
        yield Found(
            path=hit.path,
            owner=hit.path,
            trajectory="",
            step=None,
            offset=hit.offset,
            said=hit.excerpt,
            start=span[0],
            end=span[1],
            title=Path(hit.path).name,
        )


def place_of(found: Found) -> tuple[str, str, int]:
    """Return the file, trajectory and step of a hit, which is read for it where need be.

    Raises:
        TraceError: the file cannot be read any more.
    """
    if found.step is not None:
        return found.owner, found.trajectory, found.step
    traces = open_traces(Path(found.path))
    try:
        for trace in traces:
            step = step_at(trace.trajectory, found.offset)
            if step is not None:
                return found.owner, trace.trajectory.id, step
    finally:
        for trace in traces:
            trace.close()
    return found.owner, "", 0


def _told(hit: Hit, text: str) -> Found:
    said = excerpt(hit, text)
    span = find_words(said, text) or (0, 0)
    return Found(
        path=hit.path,
        owner=hit.owner or hit.path,
        trajectory=hit.trajectory,
        step=hit.step,
        offset=hit.records[0][1] if hit.records else 0,
        said=said or "(the file is another one by now)",
        start=span[0],
        end=span[1],
        title=hit.title,
        agent=hit.agent or "",
        date=hit.started or "",
    )


def _whole_files(index: TraceIndex) -> dict[str, tuple[int, int]]:
    rows = index.connection.execute(
        "SELECT path, size, mtime_ns FROM files WHERE status IN ('ready', 'no_trace', 'failed')"
    )
    return {row["path"]: (row["size"], row["mtime_ns"]) for row in rows}


def _newest(waiting: list[Seen]) -> Iterator[Path]:
    for one in sorted(waiting, key=lambda one: -one.mtime_ns):
        yield Path(one.path)
