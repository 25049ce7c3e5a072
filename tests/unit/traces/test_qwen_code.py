"""Qwen Code: parts in Claude Code's envelope, rewinds, repeated uuids."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.unit.traces.opening import (
    every_text_is_found,
    format_of,
    ignored,
    kinds,
    lines,
    opened,
)


def _record(uuid: str, parent: str | None, kind: str, *parts: Any, **more: Any) -> dict[str, Any]:
    envelope = {"uuid": uuid, "parentUuid": parent, "sessionId": "s1", "type": kind}
    told: dict[str, Any] = {"timestamp": "2026-08-17T12:00:00.000Z", "version": "0.21.13"}
    if parts:
        role = "model" if kind == "assistant" else "user"
        told["message"] = {"role": role, "parts": list(parts)}
    return envelope | told | {"cwd": "/w"} | more


def _call(name: str, native: str, **arguments: Any) -> dict[str, Any]:
    return {"functionCall": {"id": native, "name": name, "args": arguments}}


def _response(native: str, **response: Any) -> dict[str, Any]:
    return {"functionResponse": {"id": native, "name": "read_file", "response": response}}


_SESSION = lines(
    _record("a", None, "user", {"text": "look"}),
    _record("b", "a", "assistant", {"text": "hm", "thought": True}, model="qwen-1"),
    _record("b", "a", "assistant", {"text": "I read."}, _call("read_file", "c1", path="/w/a"),
            _call("run_shell_command", "c2", command="false"), model="qwen-1",
            usageMetadata={"promptTokenCount": 12, "candidatesTokenCount": 4,
                           "cachedContentTokenCount": 5, "thoughtsTokenCount": 2}),
    _record("c", "b", "tool_result", _response("c1", output="body of a"),
            toolCallResult={"callId": "c1", "status": "success"}),
    _record("d", "c", "tool_result", _response("c2", error="exit 1"),
            toolCallResult={"callId": "c2", "status": "error"}),
    _record("t", "d", "system", subtype="ui_telemetry", systemPayload={"uiEvent": {}}),
)  # fmt: skip


def test_parts_become_texts_thoughts_calls_and_results(tmp_path: Path) -> None:
    assert format_of(_SESSION) == "qwen-code"
    with opened(tmp_path, _SESSION) as trace:
        made = trace.trajectory
        assert kinds(trace) == ["user", "agent"]
        assert (made.agent, made.model, made.session) == ("Qwen Code", "qwen-1", "s1")
        assert [call.status for call in made.steps[1].tool_calls] == ["ok", "error"]
        assert made.totals.input == 12
        assert made.totals.reasoning == 2
        body = trace.body(1)
        assert (body.text, body.reasoning) == ("I read.", "hm")
        assert [call.observation for call in body.tool_calls] == ["body of a", "exit 1"]
        assert (made.loss.mapped, made.loss.attached, made.loss.lines) == (3, 3, 6)
        assert every_text_is_found(trace) >= 7


def test_what_a_rewind_made_void_is_abandoned(tmp_path: Path) -> None:
    data = lines(
        _record("a", None, "user", {"text": "begin"}),
        _record("b", "a", "assistant", {"text": "void"}),
        _record("r", "a", "system", subtype="rewind", systemPayload={"targetUuid": "a"}),
        _record("e", "r", "user", {"text": "again"}, subtype="mid_turn_user_message"),
        _record("f", "e", "assistant", {"text": "kept"}),
        _record("g", "b", "system", subtype="session_artifact_snapshot", systemPayload={"x": 1}),
    )
    with opened(tmp_path, data) as trace:
        void = [step.preview for step in trace.trajectory.steps if "abandoned" in step.flags]
        assert void == ["void"]


def test_compactions_notifications_and_unknown_records_are_told(tmp_path: Path) -> None:
    data = lines(
        _record("a", None, "user", {"text": "go"}),
        _record("n", "a", "user", {"text": "task done"}, subtype="notification"),
        _record("k", "n", "system", subtype="chat_compression", systemPayload={"info": "short"}),
        _record("u", "k", "hologram"),
        _record("x", "u", "tool_result", _response("nobody", output="lost")),
        _record("y", "x", "system", subtype="custom_title", systemPayload={"customTitle": "My"}),
        b"{torn",
    )
    with opened(tmp_path, data) as trace:
        assert kinds(trace) == ["user", "context", "context", "event", "event"]
        assert trace.trajectory.title == "My"
        assert ignored(trace) == {"record/hologram": 1, "result without a call": 1}
        assert len(trace.trajectory.loss.unparsed) == 1
        assert trace.trajectory.loss.lines == 7


def test_claude_codes_own_records_are_not_taken() -> None:
    own = {"uuid": "u", "parentUuid": None, "sessionId": "s", "type": "user",
           "message": {"role": "user", "content": "x"}}  # fmt: skip
    assert format_of(lines(own)) == "claude-code"
