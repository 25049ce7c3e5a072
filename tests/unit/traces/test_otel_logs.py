"""Log events of agents over OpenTelemetry: Claude Code, Gemini CLI, Codex, GenAI messages."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from tests.unit.traces.opening import (
    every_text_is_found,
    format_of,
    ignored,
    kinds,
    lines,
    opened,
    opened_all,
)


def _value(value: Any) -> dict[str, Any]:
    if isinstance(value, dict):
        pairs = [{"key": key, "value": _value(one)} for key, one in value.items()]
        return {"kvlistValue": {"values": pairs}}
    if isinstance(value, list):
        return {"arrayValue": {"values": [_value(one) for one in value]}}
    return {"intValue": str(value)} if isinstance(value, int) else {"stringValue": value}


def _log(at: int, body: Any, **told: Any) -> dict[str, Any]:
    span = told.pop("span", "")
    pairs = [{"key": key.replace("__", "."), "value": _value(v)} for key, v in told.items()]
    made = {"timeUnixNano": f"{1767225600 + at}000000000", "body": _value(body)}
    return made | {"attributes": pairs} | ({"spanId": span} if span else {})


def _otlp(*logs: dict[str, Any]) -> dict[str, Any]:
    scope = {"scope": {"name": "com.anthropic.claude_code.events"}, "logRecords": list(logs)}
    return {"resourceLogs": [{"resource": {"attributes": []}, "scopeLogs": [scope]}]}


def _claude(at: int, name: str, **told: Any) -> dict[str, Any]:
    facts = {"event__name": name, "event__sequence": at, "session__id": "s1"}
    return _log(at, f"claude_code.{name}", **facts, **told)


_CLAUDE = (
    _claude(0, "user_prompt", prompt="fix it", prompt_length="6"),
    _claude(1, "api_request", model="claude-x", input_tokens="10", output_tokens="5",
            cache_read_tokens="90", cache_creation_tokens="7", cost_usd="0.25"),
    _claude(2, "skill_activated", skill__name="pdf", invocation_trigger="user-slash"),
    _claude(3, "tool_decision", tool_name="Bash", decision="accept"),
    _claude(4, "tool_result", tool_name="Bash", tool_use_id="t1", success="false",
            duration_ms="1500", error="exit 1", tool_parameters='{"command": "make"}'),
    _claude(5, "api_error", error="overloaded", status_code="529"),
    _claude(6, "user_prompt", prompt="<REDACTED>", prompt_length="9"),
    _claude(7, "hook_execution_complete", hook_event="Stop"),
)  # fmt: skip


def test_claude_codes_events_become_a_session(tmp_path: Path) -> None:
    data = json.dumps(_otlp(*reversed(_CLAUDE))).encode()
    assert format_of(data) == "otlp"
    with opened(tmp_path, data) as trace:
        made = trace.trajectory
        assert (made.agent, made.session, made.model) == ("Claude Code", "s1", "claude-x")
        assert kinds(trace) == ["user", "agent", "event", "event", "user", "event"]
        (call,) = made.steps[1].tool_calls
        assert (call.name, call.argument, call.status) == ("Bash", "make", "error")
        assert call.duration_s == 1.5
        assert (made.totals.input, made.totals.cached, made.totals.cost_usd) == (107, 90, 0.25)
        assert made.errors == 2
        (skill,) = made.skill_events
        assert (skill.skill, skill.kind, skill.trigger) == ("pdf", "loaded", "slash")
        assert trace.body(1).tool_calls[0].observation == "exit 1"
        assert trace.body(4).notes == ("prompt: not recorded",)
        assert made.loss.lines == 8
        assert every_text_is_found(trace) >= 4


def test_events_of_two_sessions_are_two_trajectories_in_lines(tmp_path: Path) -> None:
    other = _claude(9, "user_prompt", prompt="other")
    other["attributes"][2]["value"] = _value("s2")
    with opened_all(tmp_path, lines(_otlp(_CLAUDE[0]), _otlp(other), b"{torn")) as traces:
        assert [one.trajectory.session for one in traces] == ["s1", "s2"]
        assert [len(one.trajectory.loss.unparsed) for one in traces] == [1, 0]


def test_spans_and_events_in_one_file_are_both_read(tmp_path: Path) -> None:
    span = {"traceId": "t" * 32, "spanId": "a", "name": "GET /", "startTimeUnixNano": "1",
            "endTimeUnixNano": "2", "attributes": []}  # fmt: skip
    spans = {"resourceSpans": [{"scopeSpans": [{"spans": [span]}]}]}
    with opened_all(tmp_path, lines(spans, _otlp(_CLAUDE[0]))) as traces:
        assert [kinds(one) for one in traces] == [["event"], ["user"]]


def test_genai_events_of_repeated_histories_are_told_once(tmp_path: Path) -> None:
    call = {"id": "c1", "type": "function", "function": {"name": "add", "arguments": "{}"}}
    asked = {"role": "assistant", "tool_calls": [call]}
    data = _otlp(
        _log(0, {"content": "Sum"}, event__name="gen_ai.user.message", span="a"),
        _log(1, {"index": 0, "message": asked}, event__name="gen_ai.choice", span="a"),
        _log(2, {"content": "Sum"}, event__name="gen_ai.user.message", span="b"),
        _log(3, asked, event__name="gen_ai.assistant.message", span="b"),
        _log(4, {"id": "c1", "content": "2"}, event__name="gen_ai.tool.message", span="b"),
        _log(5, {"index": 0, "message": {"content": "Two."}}, event__name="gen_ai.choice",
             span="b"),
        _log(6, "x", event__name="gen_ai.unheard_of", span="b"),
    )  # fmt: skip
    with opened(tmp_path, data) as trace:
        assert kinds(trace) == ["user", "agent", "agent", "event"]
        assert trace.body(1).tool_calls[0].observation == "2"
        assert trace.body(2).text == "Two."
        assert trace.trajectory.loss.duplicate == 2
        assert ignored(trace) == {"log/gen_ai.unheard_of": 1}


def test_codex_events_give_calls_and_tokens(tmp_path: Path) -> None:
    data = _otlp(
        _log(0, "", event__name="codex.user_prompt", conversation__id="k", prompt="go"),
        _log(1, "", event__name="codex.sse_event", conversation__id="k", event__kind="delta"),
        _log(2, "", event__name="codex.sse_event", conversation__id="k", model="gpt",
             event__kind="response.completed", input_token_count=30, output_token_count=4,
             cached_token_count=20),
        _log(3, "", event__name="codex.tool_result", conversation__id="k", tool_name="shell",
             call_id="c", arguments='{"command": "ls"}', output="a b", success="true"),
    )  # fmt: skip
    with opened(tmp_path, data) as trace:
        assert kinds(trace) == ["user", "agent"]
        assert trace.trajectory.totals.input == 30
        assert trace.body(1).tool_calls[0].observation == "a b"
        assert trace.trajectory.loss.lines == 4


def _sdk(name: str, **told: Any) -> bytes:
    attributes = {"session.id": "g1", "event.name": f"gemini_cli.{name}"}
    attributes["event.timestamp"] = "2026-01-01T00:00:00.000Z"
    attributes |= {key.replace("__", "."): value for key, value in told.items()}
    record = {"hrTime": [1767225600, 5], "_body": "told", "attributes": attributes}
    return json.dumps(record, indent=2).encode()


def test_what_gemini_writes_to_a_file_is_read(tmp_path: Path) -> None:
    span = json.dumps({"name": "llm_call", "attributes": {}}, indent=2).encode()
    told = json.dumps([{"candidates": [{"content": {"parts": [{"text": "Done."}]}}]}])
    data = b"\n".join(
        [
            _sdk("user_prompt", prompt="list"),
            _sdk("api_request", model="gemini-x", request_text="[]"),
            span,
            _sdk("api_response", model="gemini-x", input_token_count=9, output_token_count=2,
                 response_text=told),
            _sdk("tool_call", function_name="read_file", function_args='{"path": "a"}',
                 success=True, duration_ms=20),
            b"{torn",
        ]
    )  # fmt: skip
    assert format_of(data) == "gemini-telemetry"
    with opened(tmp_path, data) as trace:
        made = trace.trajectory
        assert (made.agent, made.session, made.model) == ("Gemini CLI", "g1", "gemini-x")
        assert kinds(trace) == ["user", "agent"]
        assert trace.body(1).text == "Done."
        assert [call.status for call in made.steps[1].tool_calls] == ["ok"]
        assert made.totals.input == 9
        assert ignored(trace) == {"span or metric": 1}
        assert made.loss.lines == 6
