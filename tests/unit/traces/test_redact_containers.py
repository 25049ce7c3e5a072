"""Redacted copies of databases and archives: they open as before, and hold no secret anywhere."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from tests.unit.traces.inspect_logs import HEADER, sample, zipped
from workbench.cli.main import run
from workbench.traces.importer import TraceError
from workbench.traces.open import OpenTrace, open_traces
from workbench.traces.redact.files import redact_file, redact_folder
from workbench.traces.redact.redactor import Redactor

KEY = "ghp_a1B2" + "c3D4" * 8
MAIL = "ann@firm.org"
SAID = f'token {KEY} of {MAIL} in /home/annabel/w "quoted"'


def shape(traces: tuple[OpenTrace, ...]) -> list[Any]:
    try:
        return [
            (
                one.trajectory.format,
                [
                    (step.kind, step.label, [(call.name, call.status) for call in step.tool_calls])
                    for step in one.trajectory.steps
                ],
                [len(one.body(step.index).text) > 0 for step in one.trajectory.steps],
            )
            for one in traces
        ]
    finally:
        for one in traces:
            one.close()


def write_database(path: Path) -> sqlite3.Connection:
    database = sqlite3.connect(path)
    database.execute("PRAGMA journal_mode = wal")
    database.execute(
        "CREATE TABLE session (id TEXT, parent_id TEXT, title TEXT, directory, time_created)"
    )
    database.execute("CREATE TABLE message (id TEXT, session_id TEXT, time_created, data TEXT)")
    database.execute(
        "CREATE TABLE part (id TEXT, message_id TEXT, session_id TEXT, time_created, data TEXT)"
    )
    info = {"role": "user", "time": {"created": 1767225601000}}
    database.execute("INSERT INTO session VALUES ('s', NULL, ?, '/home/annabel/w', 1)", [SAID])
    database.execute("INSERT INTO message VALUES ('m', 's', 1, ?)", [json.dumps(info)])
    part = json.dumps({"type": "text", "text": SAID})
    database.execute("INSERT INTO part VALUES ('p', 'm', 's', 1, ?)", [part])
    database.commit()
    return database


def nothing_is_left(path: Path) -> None:
    data = path.read_bytes()
    for secret in (KEY, MAIL, "annabel"):
        assert secret.encode() not in data


def test_a_database_in_use_is_copied_without_secrets(tmp_path: Path) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    path, out = folder / "opencode.db", tmp_path / "copy.db"
    with closing(write_database(path)) as database:
        before = {one.name: one.read_bytes() for one in folder.iterdir() if "-shm" not in one.name}
        assert any(name.endswith("-wal") for name in before)
        made = redact_file(path, out, Redactor())
        after = {one.name: one.read_bytes() for one in folder.iterdir() if "-shm" not in one.name}
        assert after == before
        database.execute("INSERT INTO session VALUES ('t', NULL, 'x', '/w', 2)")
        assert shape(open_traces(out)) == shape(open_traces(path))
    nothing_is_left(out)
    assert {hit.place for hit in made.hits} == {
        "session.title",
        "session.directory",
        "part.data",
    }
    assert made.counts == {"github-token": 2, "home": 3, "mail": 2}
    assert KEY not in repr(made)
    (trace,) = open_traces(out)
    with trace:
        assert trace.body(0).text == (
            'token REDACTED_GITHUB_TOKEN_1 of REDACTED_MAIL_1 in /home/REDACTED_HOME_1/w "quoted"'
        )


def test_what_was_deleted_and_what_is_searched_is_not_in_the_copy(tmp_path: Path) -> None:
    path, out = tmp_path / "a.db", tmp_path / "b.db"
    with closing(write_database(path)) as database:
        database.execute("CREATE TABLE note (a INTEGER PRIMARY KEY, b TEXT UNIQUE) WITHOUT ROWID")
        database.execute("INSERT INTO note VALUES (1, ?), (2, 'stays')", [SAID])
        database.execute("CREATE TABLE gone (x)")
        database.execute("INSERT INTO gone VALUES (?)", [SAID * 500])
        database.execute("DELETE FROM gone")
        database.execute("CREATE VIRTUAL TABLE words USING fts5(x)")
        database.execute("INSERT INTO words VALUES (?)", [SAID])
        database.execute("CREATE TABLE made (x TEXT, y TEXT GENERATED ALWAYS AS (upper(x)) STORED)")
        database.execute("INSERT INTO made (x) VALUES (?)", [SAID])
        database.execute("INSERT INTO gone VALUES (?)", [b"\0\1" + KEY.encode()[:3]])
        database.execute(
            "CREATE TRIGGER keep AFTER UPDATE ON note BEGIN INSERT INTO gone VALUES (old.b); END"
        )
        database.commit()
    made = redact_file(path, out, Redactor())
    nothing_is_left(out)
    assert "annabel".upper().encode() not in out.read_bytes()
    told = " ".join(made.left)
    assert "search table words" in told
    assert "trigger keep" in told
    assert "1 binary values of gone.x" in told
    with closing(sqlite3.connect(out)) as copy:
        assert copy.execute("SELECT b FROM note WHERE a = 2").fetchall() == [("stays",)]
        assert copy.execute("PRAGMA integrity_check").fetchone() == ("ok",)


@pytest.mark.parametrize("method", ["deflate", "zstd", "stored"])
def test_an_archive_opens_as_before(method: str, tmp_path: Path) -> None:
    told = json.loads(json.dumps(sample()).replace("Pick one", SAID.replace('"', '\\"')))
    members = {"header.json": HEADER, "samples/a_epoch_1.json": told, "x.bin": b"\0\1\2"}
    path, out = tmp_path / "log.eval", tmp_path / "copy.eval"
    path.write_bytes(zipped(members, method))
    made = redact_file(path, out, Redactor())
    assert shape(open_traces(out)) == shape(open_traces(path))
    assert {hit.place for hit in made.hits} == {"samples/a_epoch_1.json"}
    assert [words for words in made.left if "x.bin" in words]
    with pytest.raises(TraceError, match="exists"):
        redact_file(path, out, Redactor())
    for trace in open_traces(out):
        with trace:
            texts = [trace.body(step.index).text for step in trace.trajectory.steps]
            assert any("REDACTED_GITHUB_TOKEN_1" in text for text in texts)
            assert KEY not in "".join(texts)


def test_a_folder_with_a_database_is_one_copy_with_the_same_names(tmp_path: Path) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    (folder / "a.jsonl").write_text(json.dumps({"by": MAIL}) + "\n")
    with closing(write_database(folder / "opencode.db")):
        made = redact_folder(folder, tmp_path / "out", Redactor())
    assert sorted(one.name for one in (tmp_path / "out").iterdir()) == ["a.jsonl", "opencode.db"]
    words = {hit.replacement for file in made.files for hit in file.hits if hit.kind == "mail"}
    assert words == {"REDACTED_MAIL_1"}
    assert [path for path, _ in made.left_out if "wal" not in path and "shm" not in path] == []


def test_own_patterns_are_replaced(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text(json.dumps({"x": "EMP-1234 and EMP-99\nEMP-1234"}) + "\n")
    given = ["trace", "redact", str(path), "--out", str(tmp_path / "b.jsonl"), "--pattern"]
    assert run([*given, r"EMP-\d+"], lambda *_: 0) == 0
    assert "3 pattern" in capsys.readouterr().out
    assert json.loads((tmp_path / "b.jsonl").read_text()) == {
        "x": "REDACTED_PATTERN_1 and REDACTED_PATTERN_2\nREDACTED_PATTERN_1"
    }
    for wrong, words in (("(", "no regular expression"), ("x*", "fits the empty text")):
        assert run([*given[:4], str(tmp_path / "c"), "--pattern", wrong], lambda *_: 0) == 2
        assert words in capsys.readouterr().err


def test_a_pattern_over_several_strings_leaves_json_whole() -> None:
    data = json.dumps(["one", "two\nthree", 4]).encode()
    made, _ = Redactor((), (), ["one.*three"]).redact(data)
    assert json.loads(made) == [
        "REDACTED_PATTERN_1",
        "REDACTED_PATTERN_2\nREDACTED_PATTERN_3",
        4,
    ]


def test_pictures_and_hashes_stay() -> None:
    picture = "iVBORw0KGgoAAAANSUhEUgAA" + "eyJAKIAsk0Ghp/x+SG9XoXb" * 40 + "=="
    said = {
        "image": f"data:image/png;base64,{picture}",
        "data": picture,
        "tree": "9c4f1e0b7a6d5c4b3a29181706f5e4d3c2b1a098",
        "id": "0f8fad5b-d9cb-469f-a165-70867728950e",
    }
    data = json.dumps(said).encode()
    assert Redactor().redact(data) == (data, [])
