"""What the reader of aider's chats makes of one, opened as the program does."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.plugins.aider_reader.foreign_file import CHAT, write_file
from workbench.domain.job import Finished, Request
from workbench.plugin.jobs import JobRunner
from workbench.plugin.registry import Registry
from workbench.plugin.testing import run_in_process
from workbench.plugin.trace_readers import TraceReaders
from workbench.resources import bundled
from workbench.traces.open import OpenTrace
from workbench.usage.foreign_traces import TraceDoor

FOLDER = bundled("plugins") / "aider_reader"


@pytest.fixture
def door(tmp_path: Path) -> Iterator[TraceDoor]:
    registry = Registry([bundled("plugins")], tmp_path / "plugins.json", installed=False)
    with JobRunner(tmp_path / "runs") as runner:
        readers = TraceReaders(registry.of_kind("trace_reader"), lambda: runner, tmp_path / "cache")
        yield TraceDoor(lambda: readers)


@pytest.fixture
def traces(door: TraceDoor, tmp_path: Path) -> Iterator[tuple[OpenTrace, ...]]:
    opened = door.open(write_file(tmp_path))
    yield opened
    for trace in opened:
        trace.close()


def test_each_session_is_a_trace(traces: tuple[OpenTrace, ...], tmp_path: Path) -> None:
    rest, first, second = (trace.trajectory for trace in traces)
    assert [step.preview for step in rest.steps] == ["the end of an older session"]
    assert (first.agent, first.model, first.format_version) == ("aider", "some/model-1", "0.86.0")
    assert (first.started, first.converted_from) == ("2026-03-01T10:00:00", "aider")
    assert first.title == "Add a total to the report, <please>"
    assert [step.kind for step in first.steps] == ["event", "user", "agent", "event", "user"]
    assert (second.model, second.started) == ("other", "2026-03-02T11:30:00")
    assert {trace.path for trace in traces} == {tmp_path / ".aider.chat.history.md"}


def test_edits_are_calls_with_what_became_of_them(traces: tuple[OpenTrace, ...]) -> None:
    (done,) = traces[1].body(2).tool_calls
    assert json.loads(done.arguments) == {
        "file_path": "report.py",
        "old_string": 'print("x")',
        "new_string": 'print("x")\nprint(total)',
    }
    assert (done.name, done.status, done.observation) == (
        "edit",
        "ok",
        "Applied edit to report.py",
    )
    (failed,) = traces[2].body(2).tool_calls
    assert failed.status == "error"
    assert "failed to match" in (failed.observation or "")


def test_what_a_message_spent_is_with_its_answer(traces: tuple[OpenTrace, ...]) -> None:
    metrics = traces[1].trajectory.steps[2].metrics
    assert metrics is not None
    assert (metrics.input, metrics.cached, metrics.output, metrics.cost_usd) == (
        2100,
        1000,
        150,
        0.01,
    )
    assert traces[1].trajectory.steps[1].metrics is None


def test_steps_and_quotes_lead_to_the_original_file(traces: tuple[OpenTrace, ...]) -> None:
    trace = traces[1]
    answer = trace.trajectory.steps[2]
    original = trace.raw(answer.raw[0])
    assert original.startswith(b"I add it to `report.py`:")
    assert original in CHAT.encode()
    span = trace.locate(2, "Then the tests.")
    assert span is not None
    assert trace.trajectory.sources[span.source].path == str(trace.path)
    assert trace.text(span) == "Then the tests."


@given(st.binary(max_size=200) | st.text(alphabet="#> \n`<=SEARCHREPLAC./x", max_size=400))
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_no_file_makes_it_raise(
    tmp_path_factory: pytest.TempPathFactory, content: bytes | str
) -> None:
    folder = tmp_path_factory.mktemp("aider")
    data = content if isinstance(content, bytes) else content.encode()
    path = folder / "chat.md"
    path.write_bytes(b"# aider chat started at 2026-03-01 10:00:00\n\n" + data)
    request = Request("j", "trace_reader", "", (), source=str(path))
    end = run_in_process(FOLDER, request, folder)[-1]
    assert isinstance(end, Finished)
    assert end.status == "completed" or "no step" in end.summary, end
