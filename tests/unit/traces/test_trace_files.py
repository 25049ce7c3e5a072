"""Finding traces in folders that were not made for it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.unit.traces.claude_records import Session
from workbench.cli.main import run
from workbench.traces.importer import TraceError
from workbench.traces.open import detect, trace_files


@pytest.fixture
def trace(tmp_path: Path) -> Path:
    session = Session()
    session.prompt("Please run the tests")
    return session.write(tmp_path, "a.jsonl")


def test_a_file_that_cannot_be_read_is_told_and_the_rest_goes_on(
    trace: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    locked = tmp_path / "locked.jsonl"
    locked.write_bytes(trace.read_bytes())

    def detected(path: Path) -> str | None:
        if path == locked:
            raise TraceError(f"Cannot read {path}: Permission denied.")
        return detect(path)

    monkeypatch.setattr("workbench.traces.open.detect", detected)
    told: list[str] = []
    assert trace_files(tmp_path, told.append) == [trace]
    assert told == [f"Cannot read {locked}: Permission denied."]
    assert run(["trace", "list", str(tmp_path)], lambda *_: 9) == 0
    assert "locked.jsonl: Permission denied" in capsys.readouterr().err


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads everything")
def test_a_folder_that_cannot_be_read_is_told(trace: Path, tmp_path: Path) -> None:
    for name, mode in (("closed", 0), ("listed", 0o444)):
        (tmp_path / name).mkdir()
        (tmp_path / name / "b.jsonl").write_text("")
        (tmp_path / name).chmod(mode)
    told: list[str] = []
    assert trace_files(tmp_path, told.append) == [trace]
    assert "closed" in told[0]
    for name in ("closed", "listed"):
        (tmp_path / name).chmod(0o755)


def test_files_and_folders_come_in_the_order_of_their_names(trace: Path, tmp_path: Path) -> None:
    for name in ("c.jsonl", "b/z.jsonl", "b/a/x.jsonl"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(trace.read_bytes())
    names = [file.relative_to(tmp_path).as_posix() for file in trace_files(tmp_path)]
    assert names == ["a.jsonl", "b/a/x.jsonl", "b/z.jsonl", "c.jsonl"]
