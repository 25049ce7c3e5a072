"""Plugins that read foreign formats: in a child, on a copy, once for each content."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from tests.jobs.conftest import WritePlugin
from workbench.plugin.jobs import JobRunner
from workbench.plugin.registry import PluginInfo, Registry
from workbench.plugin.trace_readers import ReadingProblem, TraceReaders
from workbench.traces.importer import TraceError
from workbench.traces.index.tail import LiveTail
from workbench.usage.foreign_traces import TraceDoor

MARKS = "[trace]\nbegins = '\\ALOG '\nnames = ['*.log']"
READS = """
    from pathlib import Path
    from workbench.plugin.api import ByteSpan, TraceHeader, TraceStep

    def run(request, context):
        data = Path(request.source).read_bytes()
        print("noise")
        yield TraceHeader("t", "log", "probe", None, None, "", "unknown", None)
        for number, line in enumerate(data.splitlines()[1:]):
            at = data.index(line)
            yield TraceStep(
                number, f"s{number}", "user", line.decode(), raw=(ByteSpan(0, at, len(line)),)
            )
            context.progress(1.0)
"""


@pytest.fixture
def write_reader(write_plugin: WritePlugin, tmp_path: Path):
    def write(code: str, *, form: str = "inprocess") -> PluginInfo:
        write_plugin(code, form=form)
        manifest = tmp_path / "plugins" / "probe" / "plugin.toml"
        text = manifest.read_text().replace('["scanner", "evolver"]', '["trace_reader"]')
        manifest.write_text(text + MARKS + "\n")
        registry = Registry(
            [tmp_path / "plugins"], tmp_path / "state" / "plugins.json", installed=False
        )
        return registry.get("probe")

    return write


@pytest.fixture
def log(tmp_path: Path) -> Path:
    path = tmp_path / "a.log"
    path.write_bytes(b"LOG 1\nfirst\nsecond\n")
    return path


def readers_of(plugin: PluginInfo, runner: JobRunner, tmp_path: Path) -> TraceReaders:
    return TraceReaders([plugin], lambda: runner, tmp_path / "cache")


def door_of(plugin: PluginInfo, runner: JobRunner, tmp_path: Path) -> TraceDoor:
    return TraceDoor(lambda: readers_of(plugin, runner, tmp_path))


def test_a_file_is_read_once_and_leads_to_its_own_bytes(
    write_reader, runner: JobRunner, tmp_path: Path, log: Path
) -> None:
    door = door_of(write_reader(READS), runner, tmp_path)
    told: list[float] = []
    (trace,) = door.open(log, told.append)
    with trace:
        assert trace.path == log
        assert [trace.body(index).text for index in range(2)] == ["first", "second"]
        assert trace.raw(trace.trajectory.steps[1].raw[0]) == b"second"
    twin = log.with_name("b.log")
    twin.write_bytes(log.read_bytes())
    for path in (log, twin):
        (again,) = door.open(path)
        with again:
            assert again.path == path
    runs = [run for run in runner.runs_dir.iterdir() if run.name[:1] != "."]
    assert len(runs) == 1
    assert not (runs[0] / "source").exists()
    log.write_bytes(b"LOG 1\nother\n")
    (changed,) = door.open(log)
    with changed:
        assert changed.body(0).text == "other"


def test_a_name_that_is_not_utf8_is_no_obstacle(
    write_reader, runner: JobRunner, tmp_path: Path, log: Path
) -> None:
    odd = Path(os.fsdecode(os.fsencode(tmp_path) + b"/\xff.log"))
    log.rename(odd)
    (trace,) = door_of(write_reader(READS), runner, tmp_path).open(odd)
    with trace:
        assert trace.body(0).text == "first"
        assert trace.path == odd


def test_a_command_prints_the_lines(
    write_reader, runner: JobRunner, tmp_path: Path, log: Path
) -> None:
    plugin = write_reader(
        """
        import json, sys
        request = json.load(open(sys.argv[1]))
        lines = open(request["source"]).read().splitlines()[1:]
        print(json.dumps({"event": "progress", "fraction": 0.5}))
        print("Reading ...")
        print(json.dumps({"schema": "skill-workbench/trajectory/1", "id": "t", "format": "log",
                          "agent": None, "model": None, "task": None, "title": "T",
                          "outcome": "pass", "reward": 1}))
        for number, line in enumerate(lines):
            print(json.dumps({"index": number, "uid": str(number), "kind": "user", "text": line}))
        """,
        form="command",
    )
    (trace,) = door_of(plugin, runner, tmp_path).open(log)
    with trace:
        assert trace.trajectory.outcome.reward == 1.0
        assert [step.preview for step in trace.trajectory.steps] == ["first", "second"]


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("def run(request, context):\n    raise ValueError('odd file')", "odd file"),
        ("def run(request, context):\n    return []", "no step"),
        (
            "from workbench.plugin.api import TraceStep\n"
            "def run(request, context):\n    yield TraceStep(0, 'a', 'user', 'x')",
            "before the header",
        ),
        ("def run(request, context):\n    yield 5", "type int"),
        ("import os\ndef run(request, context):\n    os.kill(os.getpid(), 9)", "SIGKILL"),
    ],
)
def test_a_reader_that_fails_is_told_in_words(
    code: str, words: str, write_reader, runner: JobRunner, tmp_path: Path, log: Path
) -> None:
    readers = readers_of(write_reader(code), runner, tmp_path)
    with pytest.raises(TraceError, match=words):
        TraceDoor(lambda: readers).open(log)
    with pytest.raises(ReadingProblem, match=words):
        readers.read(log)  # a failure is not kept
    assert list((tmp_path / "cache").glob("*")) == []


def test_a_reader_gets_a_copy_that_it_cannot_write(
    write_reader, runner: JobRunner, tmp_path: Path, log: Path
) -> None:
    code = """
    import os, stat
    from workbench.plugin.api import TraceHeader, TraceStep

    def run(request, context):
        mode = stat.S_IMODE(os.stat(request.source).st_mode)
        yield TraceHeader("t", "log", None, None, None, "", "unknown", None)
        yield TraceStep(0, "a", "user", f"{request.source} {mode:o}")
        os.chmod(request.source, 0o600)
        open(request.source, "wb").close()
    """
    before, mode = log.read_bytes(), log.stat().st_mode
    (trace,) = door_of(write_reader(code), runner, tmp_path).open(log)
    with trace:
        source, told = trace.body(0).text.rsplit(" ", 1)
    assert Path(source).is_relative_to(runner.runs_dir)
    assert told == "400"
    assert (log.read_bytes(), log.stat().st_mode) == (before, mode)
    assert stat.S_ISREG(mode)


def test_nothing_runs_for_a_plugin_that_is_not_in_use(
    write_reader, runner: JobRunner, tmp_path: Path, log: Path
) -> None:
    write_reader(READS)
    registry = Registry([tmp_path / "plugins"], tmp_path / "none.json", installed=False)
    readers = readers_of(registry.get("probe"), runner, tmp_path)
    assert not readers
    assert readers.reader_of(log) is None
    with pytest.raises(TraceError, match="no trace of a known format"):
        TraceDoor(lambda: readers).open(log)
    assert not runner.runs_dir.exists()


def test_marks_decide_what_is_claimed(
    write_reader, runner: JobRunner, tmp_path: Path, log: Path
) -> None:
    readers = readers_of(write_reader(READS), runner, tmp_path)
    other = tmp_path / "b.log"
    other.write_bytes(b"x LOG 1\n")
    named = tmp_path / "log.txt"
    named.write_bytes(log.read_bytes())
    assert readers.reader_of(log) is not None
    for path in (other, named, tmp_path, tmp_path / "missing.log"):
        assert readers.reader_of(path) is None
    door = TraceDoor(lambda: readers)
    assert door.files(tmp_path) == [log]
    assert door.files(other) == []


def test_a_reading_can_be_stopped(
    write_reader, runner: JobRunner, tmp_path: Path, log: Path
) -> None:
    code = "import time\ndef run(request, context):\n    time.sleep(60)\n    return []"
    readers = readers_of(write_reader(code), runner, tmp_path)
    with pytest.raises(ReadingProblem):
        readers.read(log, stopped=lambda: True)


def test_a_trace_larger_than_a_job_may_write_ends_it(
    write_reader, runner: JobRunner, tmp_path: Path, log: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("workbench.plugin.trace_readers._LEAST_OUTPUT", 300)
    with pytest.raises(ReadingProblem, match="larger than the 300 bytes"):
        readers_of(write_reader(READS), runner, tmp_path).read(log)


def test_a_file_that_grows_is_to_be_opened_again(
    write_reader, runner: JobRunner, tmp_path: Path, log: Path
) -> None:
    (trace,) = door_of(write_reader(READS), runner, tmp_path).open(log)
    with trace:
        tail = LiveTail(trace)
        assert tail.refresh().outcome == "unchanged"
        with log.open("ab") as file:
            file.write(b"third\n")
        change = tail.refresh()
    assert (change.outcome, change.traces) == ("gone", ())
    assert "changed since a plugin read it" in change.problem
