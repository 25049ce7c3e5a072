"""The file of the index: its tables, opened so that a killed program leaves it whole."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from workbench.traces.importer import TraceError
from workbench.traces.index import sums

#: Raised with every change of tables or of what is put into them; an older file is made anew.
VERSION: Final = 5
_TABLES: Final = f"""
CREATE TABLE readers(key TEXT NOT NULL);
CREATE TABLE folders(path TEXT PRIMARY KEY, missing INTEGER NOT NULL DEFAULT 0);
CREATE TABLE files(
  id INTEGER PRIMARY KEY, path TEXT NOT NULL UNIQUE, format TEXT, size INTEGER NOT NULL,
  mtime_ns INTEGER NOT NULL, inode INTEGER NOT NULL, mark TEXT NOT NULL DEFAULT '',
  stamp TEXT NOT NULL DEFAULT '', state BLOB, status TEXT NOT NULL,
  problem TEXT NOT NULL DEFAULT '',
  owner TEXT, read_bytes INTEGER NOT NULL DEFAULT 0, reader TEXT NOT NULL DEFAULT '');
CREATE INDEX files_owner ON files(owner);
CREATE TABLE traces(
  id INTEGER PRIMARY KEY, file INTEGER NOT NULL REFERENCES files(id) ON DELETE CASCADE,
  trajectory TEXT NOT NULL, parent INTEGER REFERENCES traces(id) ON DELETE CASCADE,
  family TEXT NOT NULL, format TEXT NOT NULL, format_version TEXT, agent TEXT, model TEXT,
  title TEXT NOT NULL, cwd TEXT, session TEXT, started TEXT, ended TEXT, duration_s REAL,
  outcome TEXT NOT NULL, reward REAL, steps INTEGER NOT NULL, tool_calls INTEGER NOT NULL,
  errors INTEGER NOT NULL, input INTEGER, output INTEGER, cached INTEGER, cache_write INTEGER,
  cost_usd REAL, estimate_usd REAL, sources TEXT NOT NULL, complete INTEGER NOT NULL,
  beginning TEXT NOT NULL DEFAULT '', task TEXT NOT NULL DEFAULT '');
CREATE INDEX traces_file ON traces(file);
CREATE INDEX traces_family ON traces(family);
CREATE INDEX traces_beginning ON traces(beginning);
CREATE TABLE copies(
  trace INTEGER PRIMARY KEY REFERENCES traces(id) ON DELETE CASCADE, seen INTEGER NOT NULL,
  steps INTEGER NOT NULL, tool_calls INTEGER NOT NULL, errors INTEGER NOT NULL, input INTEGER,
  output INTEGER, cached INTEGER, cache_write INTEGER, cost_usd REAL, estimate_usd REAL);
CREATE TABLE skills(
  trace INTEGER NOT NULL REFERENCES traces(id) ON DELETE CASCADE, name TEXT NOT NULL,
  kind TEXT NOT NULL, step INTEGER);
CREATE INDEX skills_trace ON skills(trace);
CREATE INDEX skills_name ON skills(name);
CREATE TABLE steps(
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  trace INTEGER NOT NULL REFERENCES traces(id) ON DELETE CASCADE,
  step INTEGER NOT NULL, known INTEGER NOT NULL, uid TEXT NOT NULL, kind TEXT NOT NULL,
  spans TEXT NOT NULL, copied INTEGER NOT NULL DEFAULT 0);
CREATE INDEX steps_trace ON steps(trace, known, step);
CREATE VIRTUAL TABLE words USING fts5(text, content='', tokenize='unicode61 remove_diacritics 2');
{sums.TABLES}
"""


def open_database(path: Path, key: int = 0) -> sqlite3.Connection:
    """Open the index, made anew where it is of another version or key, or damaged.

    Raises:
        TraceError: the file cannot be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        for _ in range(2):
            with contextlib.suppress(sqlite3.DatabaseError):
                connection = _connected(path)
                if _fits(connection, key):
                    return connection
                connection.close()
            _delete(path)
        connection = _connected(path)
        if _fits(connection, key):
            return connection
        connection.close()
    except (OSError, sqlite3.Error) as problem:
        raise _cannot(path, problem) from problem
    raise _cannot(path, "its tables cannot be made")


def open_for_reading(path: Path) -> sqlite3.Connection:
    """Open an index that is there, for questions alone.

    Raises:
        TraceError: there is none, or it is of another version.
    """
    if not path.is_file():
        raise TraceError(f"There is no index of traces in {path} yet. Watch a folder to make one.")
    try:
        connection = _connected(path)
        (version,) = connection.execute("PRAGMA user_version").fetchone()
        connection.execute("PRAGMA query_only = ON")
    except sqlite3.Error as problem:
        raise _cannot(path, problem) from problem
    if version != VERSION:
        connection.close()
        raise TraceError(f"The index in {path} is of another version; it is made anew soon.")
    return connection


def _cannot(path: Path, problem: object) -> TraceError:
    return TraceError(
        f"Cannot keep the index of traces in {path}: {problem}. "
        "Delete that file, or free some room."
    )


def _connected(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, timeout=10, isolation_level=None, check_same_thread=False)
    try:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = NORMAL")
        connection.execute("PRAGMA foreign_keys = ON")
        connection.row_factory = sqlite3.Row
    except BaseException:
        connection.close()
        raise
    return connection


def _fits(connection: sqlite3.Connection, key: int) -> bool:
    """Whether the tables are ours; an empty file gets them."""
    try:
        with written(connection, fresh=True):
            (version,) = connection.execute("PRAGMA user_version").fetchone()
            tables = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
            if version == 0 and tables == 0:
                for statement in (*_TABLES.split(";\n"), *sums.TRIGGERS):
                    if statement.strip():
                        connection.execute(statement)
                connection.execute(f"PRAGMA user_version = {VERSION}")
                connection.execute(f"PRAGMA application_id = {key}")
                version = VERSION
            (known,) = connection.execute("PRAGMA application_id").fetchone()
    except sqlite3.OperationalError:
        connection.close()
        raise
    except sqlite3.DatabaseError:
        return False
    return bool((version, known) == (VERSION, key))


def _delete(path: Path) -> None:
    for name in (path, Path(f"{path}-wal"), Path(f"{path}-shm")):
        name.unlink(missing_ok=True)


@contextlib.contextmanager
def written(connection: sqlite3.Connection, *, fresh: bool = False) -> Iterator[None]:
    """Write all of it or nothing; the rows of sessions that changed are made anew with it."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
        if not fresh:
            sums.sum_up(connection)
    except BaseException:
        connection.rollback()
        raise
    connection.commit()
