import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workbench.domain.trajectory import Trajectory
from workbench.traces.formats.codex_exec import CodexExec
from workbench.traces.open import OpenTrace, detect, open_traces
from workbench.traces.source import SourceBytes

THREAD = {"type": "thread.started", "thread_id": "t-1"}
TURN = {"type": "turn.started"}


def started(item_id: str, command: str) -> dict[str, Any]:
    item = {"id": item_id, "type": "command_execution", "command": command}
    return {"type": "item.started", "item": {**item, "status": "in_progress", "exit_code": None}}


def ended(item_id: str, command: str, output: str, exit_code: int = 0) -> dict[str, Any]:
    item = {"id": item_id, "type": "command_execution", "command": command}
    status = "failed" if exit_code else "completed"
    result = {"aggregated_output": output, "exit_code": exit_code, "status": status}
    return {"type": "item.completed", "item": item | result}


def completed(item_id: str, kind: str, **fields: Any) -> dict[str, Any]:
    return {"type": "item.completed", "item": {"id": item_id, "type": kind, **fields}}


def usage(tokens: int) -> dict[str, Any]:
    counts = {"input_tokens": tokens, "cached_input_tokens": tokens // 2, "output_tokens": 5}
    return {"type": "turn.completed", "usage": counts}


def read_text(text: str) -> list[Trajectory]:
    return list(CodexExec().skeleton([SourceBytes.of_bytes(text.encode(), "x")]))


def read(*records: dict[str, Any]) -> Trajectory:
    (made,) = read_text("\n".join(map(json.dumps, [THREAD, TURN, *records])))
    return made


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[Callable[..., OpenTrace]]:
    traces: list[OpenTrace] = []

    def open_records(*records: dict[str, Any]) -> OpenTrace:
        path = tmp_path / f"stream-{len(traces)}.txt"
        path.write_text("\n".join(json.dumps(r, ensure_ascii=False) for r in [THREAD, *records]))
        traces.extend(open_traces(path))
        return traces[-1]

    yield open_records
    for trace in traces:
        trace.close()


def test_a_message_told_while_a_command_runs_belongs_to_the_same_model_call() -> None:
    made = read(
        started("1", "ls"),
        completed("2", "agent_message", text="Looking."),
        ended("1", "ls", "a"),
        started("3", "pwd"),
        ended("3", "pwd", "/"),
    )
    assert [(s.preview, [c.id for c in s.tool_calls]) for s in made.steps] == [
        ("Looking.", ["1"]),
        ("command_execution: pwd", ["3"]),
    ]


def test_commands_running_at_once_are_one_model_call() -> None:
    made = read(started("1", "a"), started("2", "b"), ended("1", "a", ""), ended("2", "b", ""))
    assert [len(step.tool_calls) for step in made.steps] == [2]


def test_exit_code_and_status_come_from_the_completed_item() -> None:
    made = read(started("1", "/bin/bash -lc 'make all'"), ended("1", "make", "boom", 2))
    call = made.steps[0].tool_calls[0]
    assert (call.argument, call.status, call.exit_code) == ("make all", "error", 2)
    assert (made.errors, made.tool_calls) == (1, 1)


def test_usage_is_the_threads_running_total_and_not_summed() -> None:
    made = read(
        completed("1", "agent_message", text="A"),
        usage(100),
        TURN,
        completed("2", "agent_message", text="B"),
        usage(250),
    )
    assert (made.totals.input, made.totals.cached, made.totals.output) == (250, 125, 5)
    assert [s.metrics.input for s in made.steps if s.metrics] == [100, 150]
    assert made.complete


def test_a_proxy_that_reports_only_zeros_recorded_nothing() -> None:
    made = read(
        completed("1", "agent_message", text="A"), usage(0) | {"usage": {"input_tokens": 0}}
    )
    assert made.totals.input is None


def test_garbage_around_the_stream_is_counted_and_the_rest_read() -> None:
    lines = ["bash: warning: setlocale", json.dumps(THREAD), json.dumps(TURN), '{"type":"item.comp']
    lines.append(json.dumps(completed("1", "agent_message", text="Hi")) + " trailing")
    (made,) = read_text("\n".join(lines))
    assert [step.preview for step in made.steps] == ["Hi"]
    assert len(made.loss.unparsed) == 3
    assert made.loss.lines == 6


def test_garbage_first_lines_do_not_hide_the_format(tmp_path: Path) -> None:
    path = tmp_path / "out.json"
    path.write_text("npm notice\n\n" + json.dumps(THREAD) + "\n" + json.dumps(TURN))
    assert detect(path) == "codex-exec"


def test_a_stream_cut_short_leaves_its_call_running() -> None:
    made = read(started("1", "sleep 999"))
    assert made.steps[0].tool_calls[0].status == "running"
    assert not made.complete


def test_a_call_left_open_by_a_failed_turn_is_cancelled() -> None:
    failed = {"type": "turn.failed", "error": {"message": "stream lost"}}
    made = read(started("1", "x"), {"type": "error", "message": "stream lost"}, failed)
    assert made.steps[0].tool_calls[0].status == "cancelled"
    assert made.errors == 1  # the failed turn repeats the error before it


def test_each_state_of_the_plan_is_a_call_and_the_last_record_repeats_it() -> None:
    def plan(kind: str, done: bool) -> dict[str, Any]:
        entries = [{"text": "one", "completed": done}]
        return {"type": kind, "item": {"id": "0", "type": "todo_list", "items": entries}}

    made = read(
        plan("item.started", False), plan("item.updated", True), plan("item.completed", True)
    )
    calls = [call for step in made.steps for call in step.tool_calls]
    assert [(c.id, c.argument) for c in calls] == [("0", "0 of 1 done"), ("0#2", "1 of 1 done")]
    assert made.loss.duplicate == 1


def test_a_message_that_grew_is_shown_as_it_ended(opened: Callable[..., OpenTrace]) -> None:
    grown = completed("1", "agent_message", text="Hello world")
    trace = opened(
        {**completed("1", "agent_message", text="Hel"), "type": "item.updated"},
        started("2", "ls"),
        grown,
    )
    assert [trace.body(0).text, len(trace.body(0).tool_calls)] == ["Hello world", 1]
    assert trace.trajectory.loss.duplicate == 1


def test_an_unknown_item_or_record_is_shown_and_counted() -> None:
    made = read(completed("1", "hologram", beam=1), {"type": "turn.paused"}, {"no": "type"})
    assert [step.kind for step in made.steps] == ["event"] * 3
    assert {entry.kind for entry in made.loss.ignored} == {
        "item:hologram",
        "turn.paused",
        "(no type)",
    }


def test_a_second_thread_is_a_second_trajectory() -> None:
    text = "\n".join(
        json.dumps(record)
        for thread in ("a", "b")
        for record in (
            {"type": "thread.started", "thread_id": thread},
            completed("item_0", "agent_message", text=thread),
        )
    )
    made = read_text(text)
    assert [(t.id, t.session, t.steps[0].preview) for t in made] == [
        ("thread-1", "a", "a"),
        ("thread-2", "b", "b"),
    ]


def test_bodies_of_every_tool(opened: Callable[..., OpenTrace]) -> None:
    trace = opened(
        completed("1", "reasoning", text="Think."),
        completed(
            "2", "file_change", changes=[{"path": "/w/a.py", "kind": "add"}], status="completed"
        ),
        completed(
            "3",
            "mcp_tool_call",
            server="mail",
            tool="find",
            arguments={"q": "x"},
            result={"content": [{"type": "text", "text": "found"}]},
            status="completed",
        ),
        completed("4", "web_search", query="pdf forms"),
        completed("5", "error", message="model metadata missing"),
    )
    bodies = [trace.body(step.index) for step in trace.trajectory.steps]
    assert bodies[0].reasoning == "Think."
    assert bodies[0].tool_calls[0].arguments == '[{"path": "/w/a.py", "kind": "add"}]'
    assert (bodies[1].tool_calls[0].name, bodies[1].tool_calls[0].observation) == (
        "mail.find",
        "found",
    )
    assert bodies[2].tool_calls[0].arguments == "pdf forms"
    assert bodies[3].text == "model metadata missing"
    assert trace.trajectory.steps[0].tool_calls[0].files == ("/w/a.py",)


def test_quotes_lead_to_their_exact_bytes(opened: Callable[..., OpenTrace]) -> None:
    said = 'tab\t"quoted" ä 😀\nnext \\ line'
    trace = opened(started("1", f"echo {said}"), ended("1", "echo", said))
    for quote in (said, f"echo {said}", "ä 😀\nn"):
        span = trace.locate(0, quote)
        assert span is not None
        assert trace.text(span) == quote


def test_skill_use_is_seen_in_commands() -> None:
    skill = "/root/.codex/skills/pdf"
    made = read(
        started("1", f"/bin/bash -lc 'cat {skill}/SKILL.md'"),
        ended("1", "cat", "# PDF"),
        started("2", f'/bin/bash -lc "python3 {skill}/scripts/fill.py"'),
        ended("2", "python3", "boom", 1),
    )
    assert [(e.skill, e.kind, e.detail) for e in made.skill_events] == [
        ("pdf", "loaded", ""),
        ("pdf", "script_run", "exit code 1"),
    ]


_fields = st.dictionaries(
    st.sampled_from(["id", "text", "command", "status", "exit_code", "items", "changes", "result",
                     "error", "aggregated_output", "query", "arguments", "server", "tool"]),
    st.none() | st.integers() | st.text(max_size=5) | st.lists(st.integers(), max_size=2)
    | st.dictionaries(st.text(max_size=3), st.text(max_size=3), max_size=2),
)  # fmt: skip
_kinds = st.sampled_from(
    ["item.started", "item.updated", "item.completed", "turn.completed", "turn.failed", "error"]
)
_types = st.sampled_from(
    ["agent_message", "reasoning", "command_execution", "file_change", "mcp_tool_call", "todo_list"]
)


@given(st.lists(st.tuples(_kinds, _types, _fields), max_size=10))
def test_drifted_records_never_raise(records: list[tuple[str, str, dict[str, Any]]]) -> None:
    text = "\n".join(
        json.dumps({"type": kind, "item": {**fields, "type": inner}, "usage": fields})
        for kind, inner, fields in records
    )
    source = SourceBytes.of_bytes(text.encode(), "x")
    for made in CodexExec().skeleton([source]):
        assert made.loss.lines == len(records)
        for step in made.steps:
            raw = [source.read(span.offset, span.length) for span in step.raw]
            results = {
                call.id: [source.read(span.offset, span.length) for span in call.result]
                for call in step.tool_calls
            }
            assert len(CodexExec().body(step, raw, results).tool_calls) == len(step.tool_calls)
