import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workbench.traces.formats.run_log import RunLog
from workbench.traces.open import OpenTrace, detect, open_traces
from workbench.traces.source import SourceBytes

SAID = 'Found "three" bugs\tin ä\\ö 😀\nand fixed them.'


def stream(*items: dict[str, Any], end: bool = True) -> str:
    records: list[dict[str, Any]] = [{"type": "thread.started", "thread_id": "t"}]
    records.append({"type": "turn.started"})
    records += [{"type": "item.completed", "item": item} for item in items]
    if end:
        records.append(
            {"type": "turn.completed", "usage": {"input_tokens": 10, "output_tokens": 2}}
        )
    return "\n".join(["bash: warning", *(json.dumps(r, ensure_ascii=False) for r in records)])


MESSAGE = {"id": "m", "type": "agent_message", "text": SAID}
COMMAND = {
    "id": "c",
    "type": "command_execution",
    "command": "pytest",
    "aggregated_output": SAID + " again",
    "exit_code": 1,
    "status": "failed",
}


def result(**fields: Any) -> dict[str, Any]:
    base = {"type": "execution_result", "attempt": 0, "success": True, "reward": 1.0}
    base |= {"status": "PASS", "n_passed": 3, "n_tests": 3, "error": "", "ts": 1777520732.8}
    return {**base, "agent_stdout_full": stream(MESSAGE, COMMAND), **fields}


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[Callable[..., tuple[OpenTrace, ...]]]:
    traces: list[OpenTrace] = []

    def open_records(*records: Any) -> tuple[OpenTrace, ...]:
        path = tmp_path / "trajectory.jsonl"
        lines = [r if isinstance(r, str) else json.dumps(r) for r in records]
        path.write_text("\n".join(lines) + "\n")
        assert detect(path) == "run-log"
        found = open_traces(path)
        traces.extend(found)
        return found

    yield open_records
    for trace in traces:
        trace.close()


def test_each_attempt_is_a_trajectory_of_its_own(opened: Any) -> None:
    first, second = opened(
        result(success=False, reward=0.0, status="FAIL", n_passed=1),
        {"type": "reflect_call", "attempt": 0, "response": "Try harder. " * 10, "input_tokens": 9},
        result(attempt=1),
        {"type": "task_summary", "task_name": "forms", "success": True},
    )
    assert (first.trajectory.id, second.trajectory.id) == ("attempt-0", "attempt-1")
    assert [step.label for step in first.trajectory.steps] == [
        "",
        "turn completed",
        "execution_result",
        "reflect_call",
    ]
    assert second.trajectory.title == first.trajectory.title == "forms"
    assert first.trajectory.outcome.status == "fail"
    assert first.body(3).text == "Try harder. " * 10
    assert "input_tokens: 9" in first.body(3).notes


def test_the_embedded_stream_has_one_layer_and_exact_bytes(opened: Any) -> None:
    (trace,) = opened(result())
    step = trace.trajectory.steps[0]
    assert {span.layers for span in step.raw} == {1}
    assert trace.body(0).text == SAID
    assert trace.body(0).tool_calls[0].observation == SAID + " again"
    for quote in (SAID, "ä\\ö 😀\nand", '"three"', "them. again"):
        span = trace.locate(0, quote)
        assert span is not None
        assert span.layers == 2
        assert trace.text(span) == quote


def test_what_the_agent_said_is_not_found_in_the_verifiers_record(opened: Any) -> None:
    (trace,) = opened(result(test_summary="FAILED test_sum: assert 3 == 4 " * 4))
    verdict = trace.trajectory.steps[-1]
    assert verdict.label == "execution_result"
    assert trace.locate(verdict.index, SAID) is None
    assert trace.locate(verdict.index, "test_sum: assert 3") is not None
    assert "test_sum" in trace.body(verdict.index).text


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        ({}, "pass"),
        ({"success": False, "reward": 0.0, "status": "FAIL"}, "fail"),
        ({"success": False, "reward": 0.5, "status": "FAIL"}, "partial"),
        ({"success": False, "reward": 0.0, "status": "INFRA_ERROR"}, "infra"),
        (
            {
                "success": False,
                "reward": 0.0,
                "status": "ERROR",
                "result_json": {"exception_info": {"exception_type": "AgentTimeoutError"}},
            },
            "timeout",
        ),
        ({"agent_stdout_full": "", "success": False, "status": "FAIL", "reward": 0}, "infra"),
        ({"agent_stdout_full": stream(end=False), "success": False, "reward": 0}, "infra"),
        ({"agent_stdout_full": None, "success": False}, "infra"),
        ({"success": None, "reward": None, "status": "?"}, "unknown"),
    ],
)
def test_outcome_of_an_attempt(fields: dict[str, Any], status: str) -> None:
    source = SourceBytes.of_bytes(json.dumps(result(**fields)).encode(), "x")
    (made,) = RunLog().skeleton([source])
    assert made.outcome.status == status


def test_tests_are_counted_only_when_there_were_any() -> None:
    for total, counted in ((0, None), (5, 3)):
        source = SourceBytes.of_bytes(json.dumps(result(n_tests=total)).encode(), "x")
        (made,) = RunLog().skeleton([source])
        assert (made.outcome.tests_passed, made.outcome.tests_total) == (counted, total or None)


def test_agent_and_times_come_from_the_result(opened: Any) -> None:
    info = {
        "agent_info": {"name": "codex", "version": "0.78.0"},
        "agent_execution": {
            "started_at": "2026-04-30T03:38:30Z",
            "finished_at": "2026-04-30T03:45Z",
        },
    }
    (trace,) = opened(result(result_json=info))
    made = trace.trajectory
    assert (made.agent, made.format_version, made.started) == (
        "codex",
        "0.78.0",
        "2026-04-30T03:38:30Z",
    )


def test_a_record_damaged_by_a_scrubber_is_still_read(opened: Any) -> None:
    whole = json.dumps(result(test_stdout_full="MARK"))
    damaged = whole.replace("MARK", "import pytest\\n\\someone@example.com")
    with pytest.raises(ValueError, match="escape"):
        json.loads(damaged)
    (trace,) = opened(damaged)
    assert trace.trajectory.outcome.status == "pass"
    assert trace.body(0).text == SAID
    span = trace.locate(trace.trajectory.steps[-1].index, "\\someone@example.com")
    assert span is not None
    assert trace.text(span) == "\\someone@example.com"


def test_a_log_of_other_records_alone_still_opens(opened: Any) -> None:
    (trace,) = opened({"type": "pdi_snapshot", "attempt": 3, "step": 1}, {"type": "odd"})
    assert [step.label for step in trace.trajectory.steps] == ["pdi_snapshot", "odd"]
    assert [entry.kind for entry in trace.trajectory.loss.ignored] == ["odd"]


def test_a_repeated_attempt_number_gets_an_id_of_its_own(opened: Any) -> None:
    traces = opened(result(), result())
    assert [trace.trajectory.id for trace in traces] == ["attempt-0", "attempt-0#2"]


@given(st.text(max_size=80), st.booleans())
def test_any_text_of_the_stream_is_found_again(text: str, ascii_only: bool) -> None:
    said = {"id": "m", "type": "agent_message", "text": text or "x"}
    inner = json.dumps({"type": "item.completed", "item": said}, ensure_ascii=ascii_only)
    line = json.dumps(result(agent_stdout_full=f"noise\n{inner}\n"), ensure_ascii=not ascii_only)
    source = SourceBytes.of_bytes(line.encode("utf-8", "surrogatepass"), "x")
    (made,) = RunLog().skeleton([source])
    span = made.steps[0].raw[0]
    raw = source.read(span.offset, span.length)
    assert json.loads(b'"' + raw + b'"') == inner


@given(st.binary(max_size=200))
def test_no_bytes_make_the_importer_raise(junk: bytes) -> None:
    line = b'{"type":"execution_result","agent_stdout_full":"' + junk + b'"}'
    for made in RunLog().skeleton([SourceBytes.of_bytes(line, "x")]):
        assert made.loss.lines >= 1
