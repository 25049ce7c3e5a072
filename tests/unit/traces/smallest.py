"""The smallest valid trace of every format, with a record of a kind that nobody has seen.

``SMALLEST`` has the value of a file by format: a list is JSON lines, anything else one document.
``UNKNOWN`` says how a record of an unknown kind comes into it.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from typing import Any

from tests.unit.traces.inspect_logs import HEADER, sample
from tests.unit.traces.opening import lines

_AT = "2026-01-01T00:00:00.000Z"
_NEW = "never_seen_9"


class Lines(list[Any]):
    """Records of a file of JSON lines."""


def _claude(uuid: str, parent: str | None, kind: str, content: Any, **more: Any) -> dict[str, Any]:
    message = {"role": kind, "content": content} | more
    return {"uuid": uuid, "parentUuid": parent, "sessionId": "s", "type": kind, "timestamp": _AT,
            "cwd": "/w", "version": "2.1.40", "message": message}  # fmt: skip


_USE = {"type": "tool_use", "id": "t", "name": "Bash", "input": {"command": "ls"}}
_RESULT = {"type": "tool_result", "tool_use_id": "t", "content": "a.txt"}
_STREAM = [
    {"type": "system", "subtype": "init", "session_id": "s", "tools": [], "model": "m"},
    {"type": "assistant", "session_id": "s", "message": {"id": "m", "content": [_USE]}},
    {"type": "user", "session_id": "s", "message": {"content": [_RESULT]}},
]
_CLAUDE = [
    _claude("a", None, "user", "List"),
    _claude("b", "a", "assistant", [_USE], id="m", model="m", usage={"output_tokens": 5}),
    _claude("c", "b", "user", [_RESULT]),
]


def _codex(kind: str, **payload: Any) -> dict[str, Any]:
    return {"timestamp": _AT, "type": kind, "payload": payload}


_CHAT = [
    {"role": "user", "content": "List"},
    {"role": "assistant", "content": None, "tool_calls": [
        {"id": "t", "type": "function", "function": {"name": "ls", "arguments": "{}"}}]},
    {"role": "tool", "tool_call_id": "t", "content": "a.txt"},
    {"role": "assistant", "content": "One file."},
]  # fmt: skip


def _span(name: str, **attributes: Any) -> dict[str, Any]:
    pairs = [{"key": key.replace("__", "."), "value": value} for key, value in attributes.items()]
    return {"traceId": "t", "spanId": name, "name": name,
            "startTimeUnixNano": "1767225600000000000",
            "endTimeUnixNano": "1767225601000000000", "attributes": pairs}  # fmt: skip


_CHAT_SPAN = _span(
    "chat",
    gen_ai__operation__name={"stringValue": "chat"},
    gen_ai__usage__input_tokens={"intValue": "12"},
    gen_ai__input__messages={"stringValue": json.dumps(
        [{"role": "user", "parts": [{"type": "text", "content": "List"}]}])},
)  # fmt: skip
_OBSERVATION = {"id": "g", "traceId": "t", "type": "GENERATION", "name": "g", "startTime": _AT,
                "endTime": _AT, "input": [{"role": "user", "content": "List"}],
                "output": {"role": "assistant", "content": "One."}}  # fmt: skip
_PART = {"type": "tool", "callID": "c", "tool": "bash", "id": "p1", "state": {
    "status": "completed", "input": {"command": "ls"}, "output": "a.txt"}}  # fmt: skip
_TURN = {"role": "user", "parts": [{"text": "List"}]}

SMALLEST: dict[str, Any] = {
    "acp-log": Lines(
        [
            {"kind": "user", "title": "", "text": "List"},
            {"kind": "read", "title": "x", "tool_call_id": "t"},
            {"kind": "agent", "title": "", "text": "One file."},
        ]
    ),
    "adk": {"app_name": "a", "id": "s", "user_id": "u", "events": [
        {"id": "1", "author": "user", "timestamp": 1.0, "content": _TURN},
        {"id": "2", "author": "home", "timestamp": 2.0,
         "content": {"role": "model", "parts": [{"text": "One."}]}}]},
    "atif": {"schema_version": "ATIF-v1.7", "agent": {"name": "a", "version": "1"}, "steps": [
        {"step_id": 1, "source": "user", "message": "List"},
        {"step_id": 2, "source": "agent", "message": "One.", "metrics": {"prompt_tokens": 3},
         "tool_calls": [{"tool_call_id": "t", "function_name": "ls", "arguments": {"a": "b"}}],
         "observation": {"results": [{"source_call_id": "t", "content": "a.txt"}]}}]},
    "openai-chat": {"messages": _CHAT},
    "anthropic-messages": {"messages": [
        {"role": "user", "content": "List"},
        {"role": "assistant", "content": [{"type": "text", "text": "I look."}, _USE]},
        {"role": "user", "content": [_RESULT]}]},
    "claude-code": Lines(_CLAUDE),
    "claude-code-stream": Lines(_STREAM),
    "claude-code-web": {"loglines": _CLAUDE},
    "codex-exec": Lines([
        {"type": "thread.started", "thread_id": "t"},
        {"type": "turn.started"},
        {"type": "item.completed", "item": {"id": "i", "type": "agent_message", "text": "One."}},
        {"type": "turn.completed", "usage": {"input_tokens": 5, "output_tokens": 1}}]),
    "codex-rollout": Lines([
        _codex("session_meta", id="s", cwd="/w", timestamp=_AT),
        _codex("response_item", type="message", role="user",
               content=[{"type": "input_text", "text": "List"}]),
        _codex("response_item", type="function_call", name="shell", call_id="c",
               arguments='{"cmd":"ls"}'),
        _codex("response_item", type="function_call_output", call_id="c", output="a.txt")]),
    "copilot-cli": Lines([
        {"type": "session.start", "data": {"sessionId": "s"}, "id": "0", "timestamp": _AT},
        {"type": "user.message", "data": {"content": "List"}, "id": "1"},
        {"type": "assistant.message", "data": {"content": "One."}, "id": "2"}]),
    "cursor": Lines([
        {"role": "user", "message": {"content": [{"type": "text", "text": "List"}]}},
        {"role": "assistant", "message": {"content": [{"type": "text", "text": "One."}]}},
        {"type": "turn_ended", "status": "success"}]),
    "dataclaw": Lines([
        {"session_id": "a", "messages": [{"role": "user", "content": "List"},
                                         {"role": "assistant", "content": "One."}], "stats": {}}]),
    "gemini-cli": Lines([
        {"sessionId": "s", "projectHash": "h", "startTime": _AT},
        {"id": "u", "type": "user", "timestamp": _AT, "content": "List"},
        {"id": "a", "type": "gemini", "content": "One.", "tokens": {"input": 5, "output": 2}}]),
    "inspect-ai": HEADER | {"samples": [sample()]},
    "langfuse": {"trace": {"id": "t", "name": "bot", "timestamp": _AT},
                 "observations": [_OBSERVATION]},
    "langsmith": Lines([
        {"id": "1", "trace_id": "t", "run_type": "llm", "name": "m", "dotted_order": "1",
         "inputs": {"messages": [{"role": "user", "content": "List"}]},
         "outputs": {"messages": [{"role": "assistant", "content": "One."}]}}]),
    "mini-swe-agent": {"trajectory_format": "mini-swe-agent-1.1", "info": {}, "messages": [
        {"role": "user", "content": "List"}, {"role": "assistant", "content": "ls"}]},
    "openai-responses": {"object": "response", "id": "r", "model": "m", "status": "completed",
                         "input": [{"role": "user", "content": "List"}],
                         "output": [{"type": "message", "role": "assistant", "content": [
                             {"type": "output_text", "text": "One."}]}]},
    "opencode": {"info": {"id": "s", "title": "T", "directory": "/w"}, "messages": [
        {"info": {"id": "m1", "role": "user"}, "parts": [
            {"id": "p0", "type": "text", "text": "List"}]},
        {"info": {"id": "m2", "role": "assistant", "modelID": "m"}, "parts": [_PART]}]},
    "openhands": [
        {"id": 0, "source": "user", "action": "message", "args": {"content": "List"}},
        {"id": 1, "source": "agent", "action": "run", "args": {"command": "ls"}},
        {"id": 2, "source": "agent", "observation": "run", "cause": 1, "content": "a.txt"}],
    "openhands-v1": [
        {"id": "1", "kind": "MessageEvent", "source": "user", "llm_message": {"content": "List"}},
        {"id": "2", "kind": "MessageEvent", "source": "agent", "llm_message": {"content": "One."}}],
    "otlp": {"resourceSpans": [{"scopeSpans": [{"spans": [_CHAT_SPAN]}]}]},
    "pi": Lines([
        {"type": "session", "id": "s", "cwd": "/w", "timestamp": _AT},
        {"type": "message", "message": {"role": "user", "content": "List"}},
        {"type": "message", "message": {"role": "assistant", "content": [
            {"type": "text", "text": "One."}]}}]),
    "run-log": Lines([
        {"type": "execution_result", "attempt": 0, "success": True, "reward": 1.0, "ts": 1.0,
         "status": "PASS", "agent_stdout_full": lines(
             {"type": "item.completed", "item": {
                 "id": "m", "type": "agent_message", "text": "One."}}).decode()}]),
    "skill-workbench": Lines([
        {"schema": "skill-workbench/trajectory/1", "id": "t", "format": "goose", "agent": "goose",
         "model": None, "task": None, "title": "", "outcome": "unknown", "reward": None},
        {"index": 0, "uid": "u0", "kind": "user", "text": "List"}]),
    "swe-agent": {"environment": "e", "trajectory": [
        {"action": "ls", "observation": "a.txt", "response": "I look.", "thought": "I look."}],
        "history": [{"role": "user", "content": "List", "agent": "main"}], "info": {}},
}  # fmt: skip


def _line(record: dict[str, Any]) -> Callable[[Any], None]:
    return lambda value: value.append(copy.deepcopy(record))


def _below(record: dict[str, Any], *way: Any) -> Callable[[Any], None]:
    def put(value: Any) -> None:
        for key in way:
            value = value[key]
        value.append(copy.deepcopy(record))

    return put


#: How a record of an unknown kind comes into the smallest trace of a format.
UNKNOWN: dict[str, Callable[[Any], None]] = {
    "acp-log": _line({"kind": _NEW, "title": "x", "text": "y"}),
    "adk": _below(
        {"id": "9", "author": "home", "content": {"parts": [{_NEW: {"x": 1}}]}}, "events"
    ),
    "atif": _below({"step_id": 9, "source": _NEW, "message": "x"}, "steps"),
    "openai-chat": _below({"role": _NEW, "content": "x"}, "messages"),
    "anthropic-messages": _below({"role": _NEW, "content": "x"}, "messages"),
    "claude-code": _line({"type": _NEW, "uuid": "z", "parentUuid": "c", "sessionId": "s"}),
    "claude-code-stream": _line({"type": _NEW, "session_id": "s"}),
    "claude-code-web": _below({"type": _NEW, "uuid": "z", "parentUuid": "c"}, "loglines"),
    "codex-exec": _line({"type": _NEW, "x": 1}),
    "codex-rollout": _line({"timestamp": _AT, "type": _NEW, "payload": {"x": 1}}),
    "copilot-cli": _line({"type": f"session.{_NEW}", "data": {"x": 1}, "id": "9"}),
    "cursor": _line({"type": _NEW, "x": 1}),
    "dataclaw": _below({"role": _NEW, "content": "x"}, 0, "messages"),
    "gemini-cli": _line({"id": "z", "type": _NEW, "content": "x"}),
    "inspect-ai": _below({"event": _NEW, "x": 1}, "samples", 0, "events"),
    "langfuse": _below({"id": "z", "traceId": "t", "type": _NEW, "name": _NEW, "startTime": _AT},
                       "observations"),
    "langsmith": _line({"id": "9", "trace_id": "t", "run_type": _NEW, "name": "x"}),
    "mini-swe-agent": _below({"role": _NEW, "content": "x"}, "messages"),
    "openai-responses": _below({"type": _NEW, "x": 1}, "output"),
    "opencode": _below({"id": "p9", "type": _NEW, "x": 1}, "messages", 1, "parts"),
    "openhands": _line({"id": 9, "source": "agent", _NEW: "x"}),
    "openhands-v1": _line({"id": "9", "kind": f"{_NEW}Event", "source": "agent"}),
    "otlp": _below(_span(_NEW), "resourceSpans", 0, "scopeSpans", 0, "spans"),
    "pi": _line({"type": _NEW, "x": 1}),
    "run-log": _line({"type": _NEW, "attempt": 0, "ts": 2.0}),
    "skill-workbench": _line({_NEW: 1}),
    "swe-agent": _below({"role": _NEW, "content": "x", "agent": "main"}, "history"),
}  # fmt: skip


def written(value: Any) -> bytes:
    """Return the bytes of a file with that value."""
    if isinstance(value, Lines):
        return lines(*value)
    return json.dumps(value).encode()
