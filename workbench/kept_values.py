"""Values that may be made anew, kept by key in one SQLite file of the user's cache.

Several threads and programs use a file at once. A file that cannot be used keeps nothing and stops
nobody; ``problem`` says why.
"""

from __future__ import annotations

import sqlite3
import threading
from pathlib import Path

_TABLE = "CREATE TABLE IF NOT EXISTS kept(key TEXT PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID"


class KeptValues:
    """Bytes by key; close it when done."""

    def __init__(self, path: Path) -> None:
        """Open the file, or begin it."""
        self._lock = threading.Lock()
        self._connection: sqlite3.Connection | None = None
        self.problem = ""
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._connection = sqlite3.connect(
                path, timeout=5, check_same_thread=False, isolation_level=None
            )
            self._connection.execute("PRAGMA journal_mode=WAL")
            # A power cut may lose the newest values, never the file; nobody waits for the disk.
            self._connection.execute("PRAGMA synchronous=NORMAL")
            self._connection.execute(_TABLE)
        except (OSError, sqlite3.Error) as problem:
            self.close()
            self.problem = f"{path} cannot be used, so nothing is kept there ({problem})."

    def get(self, key: str) -> bytes | None:
        """Return the value of a key, None when there is none."""
        row = self._asked("SELECT value FROM kept WHERE key = ?", key)
        return None if row is None else bytes(row[0])

    def put(self, key: str, value: bytes) -> None:
        """Keep a value; it takes the place of an earlier one."""
        self._asked("INSERT OR REPLACE INTO kept VALUES(?, ?)", key, value)

    def forget(self, key: str) -> None:
        """Drop the value of a key."""
        self._asked("DELETE FROM kept WHERE key = ?", key)

    def close(self) -> None:
        """Give the file back."""
        with self._lock:
            if self._connection is not None:
                self._connection.close()
                self._connection = None

    def _asked(self, statement: str, *values: str | bytes) -> tuple[bytes] | None:
        with self._lock:
            if self._connection is None:
                return None
            try:
                row: tuple[bytes] | None = self._connection.execute(statement, values).fetchone()
            except sqlite3.Error as problem:
                self.problem = f"A value could not be kept or found ({problem})."
                return None
            return row
