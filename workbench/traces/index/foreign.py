"""Files that no format of ours knows and a plugin reads, in the index.

Which plugin reads a file is noted with it. When other plugins are in use than before, files that
nobody knew, and those that a plugin read, are looked at again.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Final, Protocol

from workbench.traces.importer import Progress
from workbench.traces.index.database import written
from workbench.traces.open import OpenTrace

#: What plugins make of a file is read by this format.
CONVERTED: Final = "skill-workbench"


class Foreign(Protocol):
    """Who reads files of foreign formats (``workbench.usage.foreign_traces.TraceDoor``)."""

    @property
    def key(self) -> str:
        """What changes when other plugins, or other versions of them, are in use."""
        ...

    def reader(self, path: Path) -> str:
        """Return the id of the plugin that reads files that look like this one, "" for none."""
        ...

    def open_foreign(
        self, path: Path, progress: Progress | None, stopped: Callable[[], bool]
    ) -> tuple[OpenTrace, ...]:
        """Open a file that a plugin reads.

        Raises:
            TraceError: the plugin could not read it, or was stopped.
        """
        ...


def follow_readers(connection: sqlite3.Connection, foreign: Foreign) -> None:
    """See that files are looked at again that other plugins may know now, or know no more."""
    known = connection.execute("SELECT key FROM readers").fetchone()
    if (known["key"] if known is not None else "") == foreign.key:
        return
    with written(connection):
        connection.execute("UPDATE files SET size = -1 WHERE reader != '' OR status = 'no_trace'")
        connection.execute("DELETE FROM readers")
        connection.execute("INSERT INTO readers VALUES(?)", (foreign.key,))


def reader_of(foreign: Foreign | None, path: Path) -> str:
    """Return the plugin that reads a file, "" for none."""
    return foreign.reader(path) if foreign is not None else ""
