"""Formats that plugins read, on the command line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.plugins.aider_reader.foreign_file import write_file
from workbench.__main__ import main


@pytest.fixture
def chat(tmp_path: Path, isolated_home: Path) -> Path:
    del isolated_home
    folder = tmp_path / "project"
    folder.mkdir()
    (folder / "README.md").write_text("# Project\n")
    return write_file(folder)


def run(capsys: pytest.CaptureFixture[str], *words: object) -> tuple[int, str, str]:
    code = main([str(word) for word in words])
    captured = capsys.readouterr()
    return code, captured.out, captured.err


def test_a_foreign_file_is_a_trace_like_any_other(
    chat: Path, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    for path in (chat, chat.parent):
        code, out, _ = run(capsys, "trace", "list", path, "--format", "json")
        rows = json.loads(out)["traces"]
        assert code == 0
        assert [(row["agent"], row["steps"], row["path"]) for row in rows] == [
            ("aider", 1, str(chat)),
            ("aider", 5, str(chat)),
            ("aider", 4, str(chat)),
        ]
    identity = rows[1]["id"]
    code, out, _ = run(capsys, "trace", "show", chat, "--trace", identity, "--format", "json")
    assert json.loads(out)["steps"][2]["tool_calls"][0]["name"] == "edit"
    page = tmp_path / "page.html"
    code, _, _ = run(
        capsys, "trace", "convert", chat, "--trace", identity, "--to", "html", "--out", page
    )
    assert code == 0
    assert "&lt;please&gt;" in page.read_text()


def test_a_reader_that_was_switched_off_reads_nothing(
    chat: Path, capsys: pytest.CaptureFixture[str], isolated_home: Path
) -> None:
    state = isolated_home / "workbench" / "config" / "plugins.json"
    state.parent.mkdir(parents=True, exist_ok=True)
    state.write_text(json.dumps({"plugins": {"aider_reader": {"enabled": False}}}))
    code, _, err = run(capsys, "trace", "list", chat)
    assert code == 2
    assert "no trace of a known format" in err
