"""OpenCode: exports, the database while it is in use, the storage folder."""

from __future__ import annotations

import json
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.unit.traces.opening import every_text_is_found, format_of, ignored, kinds, opened
from workbench.traces.importer import TraceError
from workbench.traces.index.sight import first_screen
from workbench.traces.open import detect, open_source, open_traces, trace_files

_TOOL: dict[str, Any] = {
    "type": "tool",
    "callID": "c1",
    "tool": "bash",
    "state": {
        "status": "completed",
        "input": {"command": "false"},
        "output": "nothing\nto see",
        "metadata": {"exit": 1},
        "time": {"start": 1000, "end": 2500},
    },
}
_FINISH = {
    "type": "step-finish",
    "reason": "tool-calls",
    "cost": 0.25,
    "tokens": {"input": 10, "output": 5, "reasoning": 1, "cache": {"read": 100, "write": 7}},
}
_USER = {"role": "user", "time": {"created": 1767225601000}}
_AGENT = {"role": "assistant", "modelID": "m-1", "providerID": "p", "cost": 0.5,
          "time": {"created": 1767225602000}, "path": {"cwd": "/w"}}  # fmt: skip
_PARTS: list[dict[str, Any]] = [
    {"type": "step-start"},
    {"type": "reasoning", "text": "hm"},
    _TOOL,
    _FINISH,
    {"type": "step-start"},
    {"type": "text", "text": "Done."},
    {"type": "patch", "files": ["/w/a"], "hash": "h"},
    _FINISH | {"cost": 0.25},
]


def _message(name: str, info: dict[str, Any], *parts: dict[str, Any]) -> dict[str, Any]:
    named = [part | {"id": f"{name}-{at}"} for at, part in enumerate(parts)]
    return {"info": info | {"id": name}, "parts": named}


_EXPORT = {
    "info": {"id": "ses_1", "title": "A talk", "directory": "/w", "version": "1.3.0",
             "time": {"created": 1767225600000, "updated": 1767225700000}},
    "messages": [
        _message("m1", _USER, {"type": "text", "text": "Go"},
                 {"type": "file", "mime": "text/plain", "filename": "n.txt"}),
        _message("m2", _AGENT, *_PARTS),
    ],
}  # fmt: skip


def test_an_export_has_a_step_for_each_model_call(tmp_path: Path) -> None:
    with opened(tmp_path, _EXPORT) as trace:
        made = trace.trajectory
        assert made.format == "opencode"
        assert kinds(trace) == ["user", "agent", "agent"]
        assert (made.id, made.title, made.cwd) == ("ses_1", "A talk", "/w")
        assert (made.started, made.model) == ("2026-01-01T00:00:00Z", "m-1")
        (call,) = made.steps[1].tool_calls
        assert (call.status, call.exit_code, call.duration_s) == ("error", 1, 1.5)
        assert (made.totals.input, made.totals.cached, made.totals.cache_write) == (234, 200, 14)
        assert made.totals.cost_usd == 0.5
        assert trace.body(0).media == ("text/plain: n.txt",)
        assert trace.body(1).reasoning == "hm"
        assert every_text_is_found(trace) == 5
        assert made.complete


@pytest.mark.parametrize(
    ("state", "tool", "status"),
    [
        ({"status": "completed", "output": "x"}, "read", "ok"),
        ({"status": "completed", "output": "bad arguments"}, "invalid", "error"),
        ({"status": "error", "error": "denied"}, "read", "error"),
        ({"status": "running"}, "read", "running"),
        ({"status": "pending"}, "read", "running"),
        ({}, "read", "missing"),
    ],
)
def test_states_of_a_tool(tmp_path: Path, state: dict[str, Any], tool: str, status: str) -> None:
    part = {"type": "tool", "callID": "c", "tool": tool, "state": {"input": {}} | state}
    data = {"info": {"id": "s"}, "messages": [_message("m", _AGENT, part)]}
    with opened(tmp_path, data) as trace:
        assert [call.status for call in trace.trajectory.steps[0].tool_calls] == [status]


def test_errors_compactions_and_unknown_parts(tmp_path: Path) -> None:
    error = {"name": "MessageAbortedError", "data": {"message": "stopped"}}
    parts = [{"type": "compaction", "auto": True}, {"type": "new-part"}, {"type": "step-start"}]
    data = {"info": {"id": "s"}, "messages": [_message("m", _AGENT | {"error": error}, *parts)]}
    with opened(tmp_path, data) as trace:
        assert kinds(trace) == ["agent", "context", "event"]
        assert trace.trajectory.steps[0].flags == ("interrupted",)
        assert trace.body(0).text == "stopped"
        assert ignored(trace) == {"part/new-part": 1}
        assert trace.trajectory.totals.input is None
        assert trace.trajectory.totals.cost_usd == 0.5


def test_the_skill_tool_is_seen(tmp_path: Path) -> None:
    state = {"status": "completed", "input": {"name": "pdf"}, "output": "# PDF"}
    part = {"type": "tool", "callID": "c", "tool": "skill", "state": state}
    data = {"info": {"id": "s"}, "messages": [_message("m", _AGENT, part)]}
    with opened(tmp_path, data) as trace:
        found = [(e.skill, e.kind, e.confidence) for e in trace.trajectory.skill_events]
        assert found == [("pdf", "requested", "explicit"), ("pdf", "loaded", "explicit")]


def _insert(database: sqlite3.Connection, session: str, parent: str | None = None) -> None:
    database.execute("INSERT INTO session VALUES (?, ?, ?, ?, ?)",
                     (session, parent, f"Title {session}", "/w", 1767225600000))  # fmt: skip
    for message in _EXPORT["messages"]:  # type: ignore[attr-defined]
        name = f"{session}-{message['info']['id']}"
        info = {key: value for key, value in message["info"].items() if key != "id"}
        created = info["time"]["created"]
        database.execute(
            "INSERT INTO message VALUES (?, ?, ?, ?)", (name, session, created, json.dumps(info))
        )
        for at, part in enumerate(message["parts"]):
            body = {key: value for key, value in part.items() if key != "id"}
            database.execute(
                "INSERT INTO part VALUES (?, ?, ?, ?, ?)",
                (f"{name}-{at}", name, session, created + at, json.dumps(body, ensure_ascii=True)),
            )


@contextmanager
def _database(path: Path) -> Iterator[sqlite3.Connection]:
    database = sqlite3.connect(path)
    try:
        database.execute("PRAGMA journal_mode = wal")
        database.execute(
            "CREATE TABLE session (id TEXT, parent_id TEXT, title TEXT, directory, time_created)"
        )
        database.execute("CREATE TABLE message (id TEXT, session_id TEXT, time_created, data TEXT)")
        database.execute(
            "CREATE TABLE part (id TEXT, message_id TEXT, session_id TEXT, time_created, data TEXT)"
        )
        _insert(database, "ses_a")
        _insert(database, "ses_b", "ses_a")
        database.commit()
        yield database
    finally:
        database.close()


def _folder(path: Path) -> dict[str, bytes]:
    return {entry.name: entry.read_bytes() for entry in sorted(path.iterdir())}


def test_a_database_in_use_is_read_and_nothing_is_written(tmp_path: Path) -> None:
    path = tmp_path / "opencode.db"
    with _database(path) as database:
        before = _folder(tmp_path)
        assert set(before) == {"opencode.db", "opencode.db-shm", "opencode.db-wal"}
        # Another process: within one, SQLite shares the writer's own index of the log.
        reader = (
            "import sys; from workbench.traces.open import open_traces; from pathlib import Path"
        )
        reader += "; print(open_traces(Path(sys.argv[1]))[0].body(2).text)"
        shown = subprocess.run(
            [sys.executable, "-c", reader, path], capture_output=True, check=True
        )
        assert shown.stdout.strip() == b"Done."
        assert _folder(tmp_path) == before
        assert detect(path) == "opencode"
        (trace,) = open_traces(path)
        with trace:
            made = trace.trajectory
            assert kinds(trace) == ["user", "agent", "agent"]
            assert (made.title, made.cwd) == ("Title ses_a", "/w")
            assert made.sources[1].path == f"{path}!session/ses_a"
            assert every_text_is_found(trace) == 5
            (child,) = trace.children
            with child:
                assert (child.trajectory.id, child.trajectory.parent) == ("ses_b", "ses_a")
                assert every_text_is_found(child) == 5
                # Going back loads the first session again.
                assert trace.body(2).text == "Done."
            _insert(database, "ses_c")  # the agent is not blocked
            database.commit()
            assert database.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0] == 0
            assert trace.changed()
            assert trace.body(2).text == "Done."


def test_a_session_that_was_rewritten_is_not_read_with_old_places(tmp_path: Path) -> None:
    path = tmp_path / "opencode.db"
    with _database(path) as database:
        (trace,) = open_traces(path)
        with trace:
            database.execute("DELETE FROM part WHERE id LIKE 'ses_a-m1%'")
            database.commit()
            with pytest.raises(TraceError, match="rewritten by another program"):
                trace.body(1)


def test_a_closed_database_gets_no_files_beside_it(tmp_path: Path) -> None:
    path = tmp_path / "opencode.db"
    with _database(path):
        pass
    before = _folder(tmp_path)
    assert set(before) == {"opencode.db"}
    (trace,) = open_traces(path)
    with trace:
        assert trace.body(2).text == "Done."
    assert _folder(tmp_path) == before
    assert len(first_screen(path).steps) == 3


def test_a_log_without_its_index_is_read_from_a_copy(tmp_path: Path) -> None:
    live, left = tmp_path / "live", tmp_path / "left"
    live.mkdir()
    left.mkdir()
    with _database(live / "o.db"):
        for name in ("o.db", "o.db-wal"):
            (left / name).write_bytes((live / name).read_bytes())
    before = _folder(left)
    (trace,) = open_traces(left / "o.db")
    with trace:
        assert len(trace.trajectory.steps) == 3
    assert _folder(left) == before


def test_an_inner_source_opens_by_its_path(tmp_path: Path) -> None:
    path = tmp_path / "opencode.db"
    with _database(path):
        (trace,) = open_traces(path)
        with trace:
            span = trace.locate(2, "Done.")
            assert span is not None
            with open_source(trace.trajectory.sources[span.source].path) as source:
                assert source.read(span.offset, span.length) == b"Done."
        with pytest.raises(TraceError, match="holds no session/none any more"):
            open_source(f"{path}!session/none")


def test_other_databases_and_damaged_ones_are_no_sessions(tmp_path: Path) -> None:
    other = tmp_path / "other.db"
    with sqlite3.connect(other) as database:
        database.execute("CREATE TABLE notes (id)")
    database.close()
    assert detect(other) is None
    broken = tmp_path / "broken.db"
    broken.write_bytes(other.read_bytes()[:100] + b"\xff" * 9000)
    assert detect(broken) is None


def test_the_storage_folder_is_one_trace_of_many_files(tmp_path: Path) -> None:
    storage = tmp_path / "storage"
    session = {"id": "ses_1", "projectID": "p", "directory": "/w", "title": "T",
               "time": {"created": 1767225600000}}  # fmt: skip
    files: dict[str, Any] = {"session/p/ses_1.json": session}
    for message in _EXPORT["messages"]:  # type: ignore[attr-defined]
        name = message["info"]["id"]
        files[f"message/ses_1/{name}.json"] = message["info"] | {"sessionID": "ses_1"}
        for part in message["parts"]:
            files[f"part/{name}/{part['id']}.json"] = part | {"messageID": name}
    files["part/loose.json"] = {"id": "x", "messageID": "m2", "type": "text", "text": "Old part"}
    for name, value in files.items():
        (storage / name).parent.mkdir(parents=True, exist_ok=True)
        (storage / name).write_text(json.dumps(value))
    first = storage / "session/p/ses_1.json"
    assert trace_files(tmp_path) == [first]
    (trace,) = open_traces(first)
    with trace:
        assert kinds(trace) == ["user", "agent", "agent"]
        assert len(trace.trajectory.sources) == len(files)
        assert trace.body(2).text == "Done.\n\nOld part"
        assert every_text_is_found(trace) == 6


@pytest.mark.parametrize(
    ("data", "format_id"),
    [
        (b'{"info":{"id":"s"},"messages":[{"info":{},"parts":[]}]}', "opencode"),
        (b'{"info":{"exit_status":"x","mini_version":"1"},"messages":[{"role":"user"}]}',
         "mini-swe-agent"),
        (b'{"id":"s","title":"t","time":{"created":1},"directory":"/"}', "opencode"),
        (b'{"id":"s","title":"t","time":{"at":1}}', None),
    ],
)  # fmt: skip
def test_exports_are_told_by_content(data: bytes, format_id: str | None) -> None:
    assert format_of(data) == format_id
