"""Which files hold the indexed sessions, and what tokens cost. No Qt."""

from __future__ import annotations

import contextlib
import sqlite3
from pathlib import Path

from workbench.traces.importer import TraceError
from workbench.traces.index.query import Query, query
from workbench.traces.index.trace_index import TraceIndex
from workbench.traces.prices import PriceTable

_ALL = 1_000_000


def session_files(index: Path) -> tuple[Path, ...]:
    """Return the files of all indexed sessions, the oldest first; none without an index."""
    if not index.is_file():
        return ()
    try:
        with contextlib.closing(TraceIndex(index, reading=True)) as opened:
            rows = query(opened, Query(limit=_ALL, descending=False))
    except (TraceError, sqlite3.Error):
        return ()
    return tuple(dict.fromkeys(Path(row.path) for row in rows))


def prices_of(own: Path) -> PriceTable | None:
    """Return the prices, the user's own before the bundled; None where theirs cannot be read."""
    try:
        return PriceTable.load(own)
    except TraceError:
        return None
