"""Results of runs that were made once, by everything they depend on; SQLite in the user's cache.

Key: what the agent could read (variant), task, model, runner with its version, and the number of
the run (evolution reference, section 3.7, November 2026). Infrastructure failures are not kept.
"""

from __future__ import annotations

import contextlib
import hashlib
import sqlite3
import threading
from pathlib import Path

import msgspec
from msgspec import Struct

from workbench.evaluation.runner import Capabilities, RunLimits, RunOutcome

_TABLE = """
CREATE TABLE IF NOT EXISTS runs(key TEXT PRIMARY KEY, outcome BLOB NOT NULL) WITHOUT ROWID
"""


class RunKey(Struct, frozen=True):
    """What a result depends on. ``task`` is the task's hash, ``variant`` that of the library."""

    variant: str
    task: str
    runner: Capabilities
    limits: RunLimits
    run: int

    @property
    def text(self) -> str:
        """The key as it is kept."""
        return hashlib.sha256(msgspec.json.encode(self)).hexdigest()


class EvaluationCache:
    """One file for all evaluations; used by several threads and programs at once."""

    def __init__(self, path: Path) -> None:
        """Open the cache, or begin it; one that cannot be opened keeps nothing."""
        self._lock = threading.Lock()
        self.problem = ""
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._connection: sqlite3.Connection | None = sqlite3.connect(
                path, timeout=5, check_same_thread=False, isolation_level=None
            )
            self._connection.execute("PRAGMA journal_mode=WAL")
            # A power cut may lose the newest results; waiting for the disk took 4 ms for each.
            self._connection.execute("PRAGMA synchronous=NORMAL")
            self._connection.execute(_TABLE)
        except (OSError, sqlite3.Error) as problem:
            self._connection = None
            self.problem = f"Results are not kept: {path} cannot be used ({problem})."

    def get(self, key: RunKey) -> RunOutcome | None:
        """Return a kept result; one whose trace is gone is given without it."""
        with self._lock:
            if self._connection is None:
                return None
            try:
                row = self._connection.execute(
                    "SELECT outcome FROM runs WHERE key = ?", (key.text,)
                ).fetchone()
                found = None if row is None else msgspec.json.decode(row[0], type=RunOutcome)
            except (sqlite3.Error, msgspec.MsgspecError):
                return None
        if found is not None and found.trace and not Path(found.trace).is_file():
            return msgspec.structs.replace(found, trace="")
        return found

    def put(self, key: RunKey, outcome: RunOutcome) -> None:
        """Keep a result, unless it says nothing."""
        if outcome.status == "infra":
            return
        with self._lock:
            if self._connection is not None:
                try:
                    self._connection.execute(
                        "INSERT OR REPLACE INTO runs VALUES(?, ?)",
                        (key.text, msgspec.json.encode(outcome)),
                    )
                except sqlite3.Error as problem:
                    self.problem = f"A result could not be kept ({problem})."

    def forget(self, key: RunKey) -> None:
        """Drop a result that turned out to say nothing."""
        with self._lock:
            if self._connection is not None:
                with contextlib.suppress(sqlite3.Error):
                    self._connection.execute("DELETE FROM runs WHERE key = ?", (key.text,))

    def close(self) -> None:
        """Give the file back."""
        with self._lock:
            if self._connection is not None:
                self._connection.close()
                self._connection = None
