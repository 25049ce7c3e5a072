"""Answers that were paid for once, by all that went into the question; SQLite in the user's cache.

A repeated run costs nothing and says the same. What is kept is what was sent, that is after secrets
were taken out; deleting the file only costs money.
"""

from __future__ import annotations

import hashlib
import sqlite3
import threading
import time
from pathlib import Path

import msgspec
from msgspec import Struct

from workbench.domain.model_call import ChatMessage, Prompt

_TABLE = """
CREATE TABLE IF NOT EXISTS answers(
  key TEXT PRIMARY KEY, answer BLOB NOT NULL, at REAL NOT NULL
) WITHOUT ROWID
"""


class Kept(Struct, frozen=True):
    """An answer with what it took."""

    text: str
    model: str
    input_tokens: int
    output_tokens: int


class ResponseCache:
    """One file for all runs; used by several threads and programs at once."""

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
            # A power cut may cost the last answers, never the file; a call does not wait for disks.
            self._connection.execute("PRAGMA synchronous=NORMAL")
            self._connection.execute(_TABLE)
        except (OSError, sqlite3.Error) as problem:
            self._connection = None
            self.problem = f"Answers are not kept: {path} cannot be used ({problem})."

    def get(self, key: str) -> Kept | None:
        """Return a kept answer."""
        with self._lock:
            if self._connection is None:
                return None
            try:
                row = self._connection.execute(
                    "SELECT answer FROM answers WHERE key = ?", (key,)
                ).fetchone()
            except sqlite3.Error:
                return None
        try:
            return None if row is None else msgspec.json.decode(row[0], type=Kept)
        except msgspec.MsgspecError:
            return None

    def put(self, key: str, answer: Kept) -> None:
        """Keep an answer."""
        with self._lock:
            if self._connection is not None:
                try:
                    self._connection.execute(
                        "INSERT OR REPLACE INTO answers VALUES(?, ?, ?)",
                        (key, msgspec.json.encode(answer), time.time()),
                    )
                except sqlite3.Error as problem:
                    self.problem = f"An answer could not be kept ({problem})."

    def close(self) -> None:
        """Give the file back."""
        with self._lock:
            if self._connection is not None:
                self._connection.close()
                self._connection = None


def answer_key(base_url: str, model: str, prompt: Prompt, messages: tuple[ChatMessage, ...]) -> str:
    """Return the key of a call: server, model, messages as sent, schema and sampling.

    The label and the role are not part of it: they change nothing in the answer.
    """
    asked = (
        base_url,
        model,
        messages,
        prompt.schema,
        prompt.max_tokens,
        prompt.temperature,
    )
    return hashlib.sha256(msgspec.json.encode(asked, order="deterministic")).hexdigest()
