"""OpenCode's SQLite database, read while the agent uses it: nothing is written, nobody waits.

A session is rendered as the document ``opencode export`` writes, from the JSON texts as they are
stored; only the ids, kept in columns, are put in front. A quote therefore leads to the stored text.
"""

from __future__ import annotations

import json
import shutil
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

from workbench.traces.importer import TraceError
from workbench.traces.inner import Held, InnerBytes
from workbench.traces.source import SourceBytes

MAGIC: Final = b"SQLite format 3\x00"
_TABLES: Final = frozenset({"session", "message", "part"})
_WAL_VERSION: Final = 2
_WAIT_S: Final = 2.0
_MESSAGES: Final = b',\n"messages": ['
_LOOSE: Final = b'\n],\n"loose_parts": ['


def has_sessions(path: Path) -> bool:
    """Whether a database has OpenCode's tables; False for one that cannot be read."""
    try:
        with _opened(path) as database:
            names = {
                str(_plain(row[0]))
                for row in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
            }
            return names >= _TABLES and {"session_id", "data"} <= _columns(database, "message")
    except (sqlite3.Error, OSError, TraceError):
        return False


def sessions_inside(source: SourceBytes) -> list[InnerBytes]:
    """Return a source for each session, the oldest first.

    Raises:
        TraceError: the database cannot be read.
    """
    path = source.path
    try:
        with _opened(path) as database:
            rows = database.execute(f"SELECT id FROM session {_order(database, 'session')}")
            names = [str(_plain(row[0])) for row in rows]
    except (sqlite3.Error, OSError) as problem:
        raise _unreadable(path, problem) from problem
    held = Held()
    return [
        InnerBytes(
            source,
            f"session/{name}",
            _Loader(path, name),
            held,
            (_beside(path, "-wal"),),
            steady=_said_so_far,
        )
        for name in names
    ]


def _said_so_far(rendered: bytes) -> tuple[int, int]:
    """Return the range of a session's messages: one in use gets others after them, and its row
    other times, which are of one length.
    """
    begin = max(0, rendered.find(_MESSAGES))
    end = rendered.rfind(_LOOSE)
    return begin, end if end > begin else len(rendered)


class _Loader:
    """Reads the text of one session."""

    def __init__(self, path: Path, session: str) -> None:
        self._path = path
        self._session = session

    def __call__(self) -> bytes:
        """Render the session; one short transaction, so that the agent's log can be cleaned up."""
        try:
            with _opened(self._path) as database:
                database.execute("BEGIN")
                return _rendered(database, self._session)
        except (sqlite3.Error, OSError) as problem:
            raise _unreadable(self._path, problem) from problem


@contextmanager
def _opened(path: Path) -> Iterator[sqlite3.Connection]:
    """Open a database so that no byte and no file beside it changes.

    A log (``-wal``) with its index is read through SQLite, the index read-only. Without a log the
    file is whole by itself; SQLite would create both, unless it is told that nothing changes. A log
    without index (left by a crash) is read from a copy.
    """
    with path.open("rb") as file:
        head = file.read(20)
    if len(head) < 20 or not head.startswith(MAGIC):
        raise TraceError(f"{path} is no SQLite database.")
    log = _beside(path, "-wal").is_file()
    if head[18] != _WAL_VERSION and not log:
        options = "mode=ro"
    elif not log:
        options = "mode=ro&immutable=1"
    elif _beside(path, "-shm").is_file():
        options = "mode=ro&readonly_shm=1"
    else:
        with tempfile.TemporaryDirectory(prefix="skill-workbench-") as folder:
            copy = Path(folder) / "copy.db"
            shutil.copyfile(path, copy)
            shutil.copyfile(_beside(path, "-wal"), _beside(copy, "-wal"))
            with closing(_connect(copy, "mode=rw")) as database:
                yield database
        return
    with closing(_connect(path, options)) as database:
        yield database


def _connect(path: Path, options: str) -> sqlite3.Connection:
    address = f"file:{quote(str(path.absolute()))}?{options}"
    database = sqlite3.connect(address, uri=True, timeout=_WAIT_S, isolation_level=None)
    # Texts are taken as they are stored, also when they are no valid UTF-8.
    database.text_factory = bytes
    return database


def _rendered(database: sqlite3.Connection, session: str) -> bytes:
    database.row_factory = sqlite3.Row
    wanted = session.encode("utf-8", "surrogatepass").decode("utf-8", "replace")
    row = database.execute("SELECT * FROM session WHERE id = ?", (wanted,)).fetchone()
    columns = {key: _plain(row[key]) for key in row.keys()} if row is not None else {}  # noqa: SIM118
    order = _order(database, "message")
    messages = database.execute(
        f"SELECT id, data FROM message WHERE session_id = ? {order}", (wanted,)
    ).fetchall()
    parts: dict[bytes, list[bytes]] = {}
    order = _order(database, "part")
    for part in database.execute(
        f"SELECT id, message_id, data FROM part WHERE session_id = ? {order}", (wanted,)
    ):
        parts.setdefault(_raw(part["message_id"]), []).append(_with_id(part["id"], part["data"]))
    text = [b'{"info": ' + json.dumps(columns, ensure_ascii=False).encode("utf-8", "replace")]
    text.append(_MESSAGES)
    for at, message in enumerate(messages):
        own = parts.pop(_raw(message["id"]), [])
        text.append(b",\n" if at else b"\n")
        text.append(b'{"info": ' + _with_id(message["id"], message["data"]) + b',\n "parts": [')
        text.append(b",\n  ".join(own) + b"]}")
    loose = [part for listed in parts.values() for part in listed]
    text.append(_LOOSE + b",\n".join(loose) + b"]}\n")
    return b"".join(text)


def _with_id(name: Any, data: Any) -> bytes:
    """Return a stored JSON object with its id in front, as the export has it."""
    stored = _raw(data).strip()
    label = json.dumps(_plain(name)).encode()
    if stored[:1] != b"{":
        return b'{"id": ' + label + b', "data": ' + json.dumps(_plain(stored)).encode() + b"}"
    rest = stored[1:].lstrip()
    return b'{"id": ' + label + (b", " if rest[:1] != b"}" else b"") + stored[1:]


def _raw(value: Any) -> bytes:
    return value if isinstance(value, bytes) else str(value).encode("utf-8", "replace")


def _plain(value: Any) -> Any:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else value


def _columns(database: sqlite3.Connection, table: str) -> set[str]:
    return {_plain(row[1]) for row in database.execute(f"PRAGMA table_info({table})")}


def _order(database: sqlite3.Connection, table: str) -> str:
    known = _columns(database, table)
    return "ORDER BY time_created, id" if "time_created" in known else "ORDER BY id"


def _beside(path: Path, suffix: str) -> Path:
    return path.with_name(path.name + suffix)


def _unreadable(path: Path, problem: Exception) -> TraceError:
    return TraceError(
        f"Cannot read the database {path}: {problem}. Close the agent, or make a copy, and try "
        "again."
    )
