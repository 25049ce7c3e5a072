"""Redacted copies of what is no text file: SQLite databases and zip archives.

Only copies are written; the original is copied aside first, with the journal of a database in use,
so that an agent that writes it is neither blocked nor read half.
"""

from __future__ import annotations

import shutil
import sqlite3
import tempfile
import zipfile
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import IO, Final

from workbench.traces.importer import TraceError
from workbench.traces.redact.redactor import Hit, Redactor
from workbench.traces.zip_members import ZIP_MAGIC, Archive

SQLITE_MAGIC: Final = b"SQLite format 3\x00"
#: Columns that are computed cannot be written, nor need to be.
_GENERATED: Final = (2, 3)

#: Sees that a record that was JSON is JSON still; raises TraceError otherwise.
Check = Callable[[bytes, bytes, str], None]


def is_container(head: bytes) -> bool:
    """Whether a file that begins so is a database or an archive."""
    return head.startswith((SQLITE_MAGIC, ZIP_MAGIC))


def redact_container(
    path: Path, head: bytes, target: IO[bytes], redactor: Redactor, check: Check
) -> tuple[list[Hit], list[str]]:
    """Write a redacted copy of a database or an archive.

    Returns:
        What was replaced, each hit with the place in the container; and what had to stay as it is
        because it is no text, in words.

    Raises:
        TraceError: it cannot be read, or a part of it cannot be copied without its secrets.
    """
    if head.startswith(SQLITE_MAGIC):
        return _redact_database(path, target, redactor, check)
    return _redact_archive(path, target, redactor, check)


def _redact_archive(
    path: Path, target: IO[bytes], redactor: Redactor, check: Check
) -> tuple[list[Hit], list[str]]:
    archive = Archive(path)
    for name in archive.names():
        redactor.learn(archive.read(name)[: 64 << 20])
    hits: list[Hit] = []
    left: list[str] = []
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as made:
        for name in archive.names():
            data = archive.read(name)
            if b"\0" in data[:8192]:
                left.append(f"{path}!{name} is no text and was left as it is")
            else:
                data = _replaced(data, name, redactor, check, hits)
            info = zipfile.ZipInfo(redactor.redact(name.encode())[0].decode())
            info.compress_type = zipfile.ZIP_DEFLATED
            made.writestr(info, data)
    return hits, left


def _redact_database(
    path: Path, target: IO[bytes], redactor: Redactor, check: Check
) -> tuple[list[Hit], list[str]]:
    with tempfile.TemporaryDirectory(prefix="skill-workbench-") as folder:
        copy = Path(folder) / "copy.db"
        try:
            shutil.copyfile(path, copy)
            journal = path.with_name(path.name + "-wal")
            if journal.is_file():
                shutil.copyfile(journal, copy.with_name("copy.db-wal"))
            with closing(sqlite3.connect(copy, isolation_level=None)) as database:
                found = _Tables(database, path, redactor, check).redact()
        except sqlite3.Error as problem:
            raise TraceError(
                f"{path} cannot be redacted: {problem}. No copy was made."
            ) from problem
        with copy.open("rb") as file:
            shutil.copyfileobj(file, target)
        return found


class _Tables:
    """The tables of the copy of a database."""

    def __init__(
        self, database: sqlite3.Connection, path: Path, redactor: Redactor, check: Check
    ) -> None:
        self._database = database
        self._path = path
        self._redactor = redactor
        self._check = check
        self._hits: list[Hit] = []
        self._left: list[str] = []
        self._place = ""
        self._binary = 0
        self._problem: TraceError | None = None

    def redact(self) -> tuple[list[Hit], list[str]]:
        """Replace in every table, and let nothing of what was replaced stay in the file."""
        database = self._database
        (encoding,) = database.execute("PRAGMA encoding").fetchone()
        (state,) = database.execute("PRAGMA quick_check(1)").fetchone()
        if encoding != "UTF-8" or state != "ok":
            raise TraceError(f"{self._path} is {encoding}, {state}: its texts cannot be replaced.")
        for pragma in ("journal_mode=DELETE", "foreign_keys=OFF", "ignore_check_constraints=ON"):
            database.execute(f"PRAGMA {pragma}")
        database.create_function("redacted", 1, self._one)
        database.create_function("learnt", 1, self._learn)
        self._drop()
        tables = list(self._columns())
        for table, columns in tables:
            for column in columns:
                database.execute(f"SELECT count(learnt(CAST({column} AS BLOB))) FROM {table}")
        database.execute("BEGIN")
        for table, columns in tables:
            for column in columns:
                self._column(table, column)
        database.execute("COMMIT")
        database.execute("VACUUM")
        return self._hits, self._left

    def _drop(self) -> None:
        """Leave out what would act on a change or keeps words apart: triggers, search tables."""
        for kind, name, sql in self._database.execute(
            "SELECT type, name, sql FROM sqlite_master WHERE type IN ('trigger', 'table')"
        ).fetchall():
            search = kind == "table" and (sql or "").lower().startswith("create virtual")
            if kind == "trigger" or search:
                self._database.execute(f"DROP {kind} IF EXISTS {_quoted(name)}")
                what = "search table" if search else "trigger"
                self._left.append(f"{self._path}: the {what} {name} is not in the copy")

    def _columns(self) -> Iterator[tuple[str, list[str]]]:
        names = self._database.execute(
            "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"
        ).fetchall()
        for (name,) in names:
            rows = self._database.execute(f"PRAGMA table_xinfo({_quoted(name)})").fetchall()
            yield _quoted(name), [_quoted(row[1]) for row in rows if row[6] not in _GENERATED]

    def _column(self, table: str, column: str) -> None:
        self._place, self._binary = f"{table}.{column}".replace('"', ""), 0
        try:
            self._database.execute(
                f"UPDATE {table} SET {column} = CASE typeof({column}) "
                f"WHEN 'text' THEN CAST(redacted(CAST({column} AS BLOB)) AS TEXT) "
                f"ELSE redacted({column}) END WHERE typeof({column}) IN ('text', 'blob')"
            )
        except sqlite3.Error:
            if self._problem is not None:
                raise self._problem from None
            raise
        if self._binary:
            self._left.append(
                f"{self._path}: {self._binary} binary values of {self._place} were left as they are"
            )

    def _one(self, value: bytes) -> bytes:
        if b"\0" in value[:8192]:
            self._binary += 1
            return value
        try:
            return _replaced(value, self._place, self._redactor, self._check, self._hits)
        except TraceError as problem:
            self._problem = problem
            raise

    def _learn(self, value: bytes | None) -> None:
        if value:
            self._redactor.learn(value)


def _replaced(data: bytes, place: str, redactor: Redactor, check: Check, hits: list[Hit]) -> bytes:
    made, found = redactor.redact(data)
    if found:
        check(data, made, place)
        hits += (Hit(h.kind, h.offset, h.length, h.line, h.replacement, place) for h in found)
    return made


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
