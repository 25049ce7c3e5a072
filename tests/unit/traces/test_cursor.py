"""Cursor transcripts: messages, ends of turns, subagents."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.unit.traces.opening import every_text_is_found, format_of, kinds, lines, opened
from workbench.traces.open import open_traces, trace_files


def _line(role: str, *blocks: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"role": role, "message": {"content": list(blocks)}} | more


def _text(text: str) -> dict[str, Any]:
    return {"type": "text", "text": text}


_FAILED = {"type": "tool_result", "tool_use_id": "t2", "content": "A", "is_error": True}


def test_a_transcript_becomes_steps(tmp_path: Path) -> None:
    data = lines(
        _line("user", _text("<timestamp>x</timestamp>\n<user_query>\nlist\n</user_query>")),
        _line("assistant", {"type": "thinking", "thinking": "hm"}, _text("I look."),
              {"type": "tool_use", "name": "Shell", "input": {"command": "ls"}},
              {"type": "tool_use", "id": "t2", "name": "Read", "input": {"path": "a"}}),
        _line("user", _FAILED),
        {"type": "turn_ended", "status": "success"},
        _line("assistant", _text("Done."), model="m-1"),
        {"type": "turn_ended", "status": "error", "error": "User aborted request"},
        {"type": "never_seen"},
        b"{torn",
    )  # fmt: skip
    assert format_of(data) == "cursor"
    with opened(tmp_path, data) as trace:
        made = trace.trajectory
        assert kinds(trace) == ["user", "agent", "agent", "event", "event"]
        assert made.title == "list"
        assert made.model == "m-1"
        assert [call.status for call in made.steps[1].tool_calls] == ["missing", "error"]
        assert made.steps[3].flags == ("interrupted",)
        assert made.totals.input is None
        assert trace.body(1).reasoning == "hm"
        assert trace.body(1).tool_calls[1].observation == "A"
        assert every_text_is_found(trace) >= 8
        assert made.loss.lines == 8


def test_results_without_the_calls_ids_go_to_the_waiting_call(tmp_path: Path) -> None:
    data = lines(
        _line("assistant", {"type": "tool_use", "name": "Bash", "input": {"command": "ls"}}),
        _line("user", {"type": "tool_result", "tool_use_id": "t1", "content": "x"}),
    )
    with opened(tmp_path, data) as trace:
        assert [call.status for call in trace.trajectory.steps[0].tool_calls] == ["ok"]


def test_subagents_beside_a_session_are_its_children(tmp_path: Path) -> None:
    folder = tmp_path / "id" / "subagents"
    folder.mkdir(parents=True)
    spawn = {"type": "tool_use", "name": "Agent", "input": {"prompt": "part"}}
    main = tmp_path / "id" / "id.jsonl"
    main.write_bytes(lines(_line("user", _text("go")), _line("assistant", spawn)))
    (folder / "sub.jsonl").write_bytes(
        lines(_line("user", _text("part")), _line("assistant", _text("42")))
    )
    assert trace_files(tmp_path) == [main]
    (trace,) = open_traces(main)
    with trace:
        (child,) = trace.children
        assert trace.trajectory.steps[1].tool_calls[0].sub == child.trajectory.id
        assert child.trajectory.parent == trace.trajectory.id
        assert every_text_is_found(child) == 2


def test_other_lines_with_messages_are_not_taken() -> None:
    envelope = {"type": "user", "uuid": "u", "sessionId": "s", "message": {"content": "x"}}
    assert format_of(lines(envelope)) == "claude-code"
    assert format_of(lines({"role": "user", "content": "x"})) == "openai-chat"
