"""Copilot CLI: events, subagents, totals."""

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


def _event(name: str, kind: str, **data: Any) -> dict[str, Any]:
    return {"type": kind, "data": data, "id": name, "timestamp": "2026-01-01T00:00:00Z"}


_START = _event("e0", "session.start", sessionId="s1", copilotVersion="1.0.77",
                selectedModel="m-0", context={"cwd": "/w"})  # fmt: skip


def _asks(name: str, call: str, text: str = "", **more: Any) -> dict[str, Any]:
    request = {"toolCallId": call, "name": "shell", "arguments": '{"command":"ls"}'}
    return _event(name, "assistant.message", messageId=f"m-{name}", content=text,
                  toolRequests=[request], **more)  # fmt: skip


def _done(name: str, call: str, *, success: bool = True, **more: Any) -> dict[str, Any]:
    return _event(name, "tool.execution_complete", toolCallId=call, success=success, **more)


def test_a_session_becomes_steps(tmp_path: Path) -> None:
    data = lines(
        _START,
        _event("e1", "session.skills_loaded", skills=["review", {"name": "pdf"}]),
        _event("e2", "user.message", content="List", transformedContent="List now"),
        _event("e3", "assistant.turn_start", turnId="t"),
        _event("e4", "assistant.message_delta", deltaContent="I l"),
        _asks("e5", "c1", "I look.", reasoningText="hm", model="m-1", outputTokens=12),
        _event("e6", "tool.execution_start", toolCallId="c1", toolName="shell", arguments={}),
        _done("e7", "c1", result={"content": "a.txt"},
              toolTelemetry={"metrics": {"durationMs": 500, "exitCode": 0}}),
        _asks("e8", "c2"),
        _done("e9", "c2", success=False, error={"message": "denied"}),
        _event("e10", "session.error", message="model error"),
        _event("e11", "abort", reason="user"),
        _event("e12", "session.truncation", reason="limit"),
        _event("e13", "session.shutdown", modelMetrics={"m-1": {"usage": {
            "inputTokens": 1000, "outputTokens": 50, "cacheReadTokens": 800}}}),
        _event("e14", "future.kind", x=1),
        _event("e15", "session.future", x=1),
    )  # fmt: skip
    with opened(tmp_path, data) as trace:
        made = trace.trajectory
        assert (made.format, made.id, made.cwd) == ("copilot-cli", "s1", "/w")
        assert (made.model, made.format_version) == ("m-1", "1.0.77")
        labels = [step.label or step.kind for step in made.steps]
        assert labels == [
            *("session.skills_loaded", "user", "agent", "agent", "session.error", "abort"),
            *("session.truncation", "session.shutdown", "event/future.kind"),
            "event/session.future",
        ]
        first, second = made.steps[2].tool_calls[0], made.steps[3].tool_calls[0]
        assert (first.status, first.exit_code, first.duration_s) == ("ok", 0, 0.5)
        assert second.status == "error"
        assert trace.body(3).tool_calls[0].observation == "denied"
        assert trace.body(2).reasoning == "hm"
        assert (made.totals.input, made.totals.output, made.totals.cached) == (1000, 50, 800)
        assert [(e.skill, e.kind) for e in made.skill_events] == [
            ("review", "listed"),
            ("pdf", "listed"),
        ]
        assert made.errors == 2
        assert made.loss.lines == 16
        assert ignored(trace) == {"event/future.kind": 1, "event/session.future": 1}
        assert every_text_is_found(trace) >= 8


def test_a_subagent_is_a_child_of_its_call(tmp_path: Path) -> None:
    inner = {"parentToolCallId": "c1"}
    data = lines(
        _START,
        _event("u", "user.message", content="Delegate"),
        _asks("a", "c1"),
        _event("s", "subagent.started", toolCallId="c1", agentName="explore"),
        _asks("b", "c9", "inner work", **inner),
        _done("c", "c9", result={"content": "found"}, **inner),
        _done("d", "c1", result={"content": "all done"}),
    )
    with opened(tmp_path, data) as trace:
        assert kinds(trace) == ["user", "agent"]
        (call,) = trace.trajectory.steps[1].tool_calls
        assert (call.status, call.sub) == ("ok", "s1/c1")
        (child,) = trace.children
        assert (child.trajectory.agent, child.trajectory.parent) == ("explore", "s1")
        assert child.trajectory.steps[0].tool_calls[0].status == "ok"
        assert every_text_is_found(child) == 3


def test_calls_only_their_start_tells_of_and_prompts_only_a_hook_was_told(tmp_path: Path) -> None:
    data = lines(
        _event("h", "hook.start", hookType="userPromptSubmitted",
               input={"prompt": "Do it", "sessionId": "hooked"}),
        _event("s", "tool.execution_start", toolCallId="x", toolName="bash",
               arguments={"command": "cat /k/skills/pdf/SKILL.md"}),
        _done("z", "nobody", result={"content": "?"}),
        b"{not json",
    )  # fmt: skip
    with opened(tmp_path, data) as trace:
        assert kinds(trace) == ["user", "agent", "event"]
        assert trace.trajectory.session == "hooked"
        assert trace.trajectory.steps[1].tool_calls[0].status == "missing"
        assert [e.skill for e in trace.trajectory.skill_events] == ["pdf"]
        assert len(trace.trajectory.loss.unparsed) == 1


def test_thoughts_before_a_message_belong_to_it(tmp_path: Path) -> None:
    data = lines(
        _START,
        _event("r", "assistant.reasoning", content="because"),
        _event("a", "assistant.message", content="So.", messageId="m", reasoningText="because"),
    )
    with opened(tmp_path, data) as trace:
        assert kinds(trace) == ["agent"]
        assert trace.body(0).reasoning == "because"


def test_copilot_is_told_by_content() -> None:
    assert format_of(lines(_START)) == "copilot-cli"
    assert format_of(b'{"type":"session.start","payload":{}}') != "copilot-cli"
