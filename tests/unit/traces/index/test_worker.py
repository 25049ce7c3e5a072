"""The process that keeps the index: what it is asked and what it tells."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec

from tests.unit.traces.claude_records import Session
from workbench.traces.index.messages import Asked, Told
from workbench.traces.index.query import Query, count
from workbench.traces.index.trace_index import TraceIndex


@contextmanager
def worker(tmp_path: Path) -> Iterator[subprocess.Popen[bytes]]:
    arguments = [str(tmp_path / "x.db"), str(tmp_path / "prices.toml")]
    with subprocess.Popen(
        [sys.executable, "-P", "-m", "workbench.usage.index_worker", *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as process:
        yield process
        assert process.stdin is not None
        process.stdin.close()
        assert process.wait(20) == 0


def ask(process: subprocess.Popen[bytes], asked: Asked) -> None:
    assert process.stdin is not None
    process.stdin.write(msgspec.json.encode(asked) + b"\n")
    process.stdin.flush()


def answer(process: subprocess.Popen[bytes]) -> list[Told]:
    assert process.stdout is not None
    told: list[Told] = []
    while not told or told[-1].kind not in ("done", "failed"):
        told.append(msgspec.json.decode(process.stdout.readline(), type=Told))
    return told


def write(folder: Path, number: int) -> None:
    folder.mkdir(exist_ok=True)
    made = Session()
    made.prompt(f"Prompt {number}")
    made.write(folder, f"{number}.jsonl")


def test_it_serves_pass_after_pass(tmp_path: Path) -> None:
    folder = tmp_path / "traces"
    write(folder, 1)
    with worker(tmp_path) as process:
        ask(process, Asked(folders=(str(folder), str(tmp_path / "gone"))))
        looked, *_, done = answer(process)
        assert (looked.kind, looked.files) == ("looked", 1)
        assert looked.bytes == (folder / "1.jsonl").stat().st_size
        assert done.report is not None
        assert (done.report.new, done.missing) == (1, (str(tmp_path / "gone"),))
        assert done.prices[:2] == "20"
        write(folder, 2)
        (tmp_path / "x.db").unlink()
        ask(process, Asked(folders=(str(folder),)))
        done = answer(process)[-1]
        assert done.report is not None
        assert (done.report.new, done.missing) == (2, ())
    with TraceIndex(tmp_path / "x.db", reading=True) as index:
        assert count(index, Query()) == 2


def test_what_is_wrong_is_told_and_it_goes_on(tmp_path: Path) -> None:
    (tmp_path / "prices.toml").write_text("nonsense")
    (tmp_path / "x.db").mkdir()
    with worker(tmp_path) as process:
        assert process.stdin is not None
        process.stdin.write(b"no json\n")
        ask(process, Asked(folders=()))
        assert "x.db" in answer(process)[-1].problem
        (tmp_path / "x.db").rmdir()
        ask(process, Asked(folders=()))
        done = answer(process)[-1]
        assert done.kind == "done"
        assert "prices.toml is no table of prices" in done.problem


def test_it_stops_when_asked(tmp_path: Path) -> None:
    folder = tmp_path / "traces"
    for number in range(300):
        write(folder, number)
    with worker(tmp_path) as process:
        ask(process, Asked(folders=(str(folder),)))
        ask(process, Asked(stop=True))
        report = answer(process)[-1].report
        assert report is not None
        assert report.files < 300
        ask(process, Asked(folders=(str(folder),)))
        report = answer(process)[-1].report
        assert report is not None
        assert (report.files, report.left) == (300, 0)
