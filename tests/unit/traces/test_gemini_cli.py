"""Gemini CLI: documents, replayed logs, calls and their results."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.unit.traces.opening import (
    every_text_is_found,
    format_of,
    ignored,
    kinds,
    lines,
    opened,
)

_HEAD = {"sessionId": "s1", "projectHash": "h", "startTime": "2026-05-01T10:00:00Z"}


def _user(name: str, text: str) -> dict[str, Any]:
    return {"id": name, "type": "user", "timestamp": "2026-05-01T10:00:01Z", "content": text}


def _agent(name: str, text: str, **more: Any) -> dict[str, Any]:
    return {"id": name, "type": "gemini", "model": "gemini-9", "content": text} | more


def _call(status: str = "success", **more: Any) -> dict[str, Any]:
    return {
        "id": "c1",
        "name": "run_shell_command",
        "args": {"command": "ls"},
        "status": status,
    } | (more)


def _response(**response: Any) -> list[dict[str, Any]]:
    return [{"functionResponse": {"id": "c1", "name": "x", "response": response}}]


@pytest.mark.parametrize(
    "data",
    [
        b'{"sessionId":"s","projectHash":"h","messages":[]}',
        b'\xef\xbb\xbf{\r\n  "messages": [{"type":"gemini"}],\r\n "sessionId": "s"}',
        lines(_HEAD, _user("u", "x")),
        lines(b"npm warn", _HEAD),
        lines({"$set": {"summary": "x"}}, _user("u", "x")),
        b'{"history":[{"role":"user","parts":[{"text":"x"}]}]}',
    ],
)
def test_sessions_logs_and_checkpoints_are_told_by_content(data: bytes) -> None:
    assert format_of(data) == "gemini-cli"


def test_a_document_becomes_steps_with_calls_results_and_tokens(tmp_path: Path) -> None:
    tokens = {"input": 100, "output": 20, "cached": 60, "thoughts": 5, "tool": 0, "total": 125}
    call = _call(result=_response(output="a.txt\nb.txt\nExit Code: 0"))
    thought = {"subject": "Look", "description": "first list the files"}
    data = _HEAD | {
        "lastUpdated": "2026-05-01T11:00:00Z",
        "messages": [
            _user("u1", "List"),
            _agent("a1", "I list.", toolCalls=[call], tokens=tokens, thoughts=[thought]),
            {"id": "i1", "type": "info", "content": "Request cancelled."},
            {"id": "e1", "type": "error", "content": "quota"},
        ],
    }
    with opened(tmp_path, data) as trace:
        made = trace.trajectory
        assert kinds(trace) == ["user", "agent", "event", "event"]
        assert (made.id, made.agent, made.model) == ("s1", "Gemini CLI", "gemini-9")
        assert (made.totals.input, made.totals.output, made.totals.cached) == (100, 20, 60)
        assert made.totals.reasoning == 5
        assert (made.started, made.ended) == ("2026-05-01T10:00:00Z", "2026-05-01T11:00:00Z")
        (call_made,) = made.steps[1].tool_calls
        assert (call_made.status, call_made.exit_code) == ("ok", 0)
        assert trace.body(1).reasoning == "Look\n\nfirst list the files"
        assert made.errors == 1
        assert every_text_is_found(trace) >= 7


@pytest.mark.parametrize(
    ("call", "status", "code"),
    [
        (_call("error", result=_response(error="no such file")), "error", None),
        (_call("cancelled"), "cancelled", None),
        (_call("executing"), "running", None),
        (_call(), "missing", None),
        (_call(result=_response(output="Output: x\nExit Code: 2\n")), "error", 2),
        (_call(resultDisplay="shown only"), "ok", None),
    ],
)
def test_the_state_of_a_call_is_what_is_recorded(
    tmp_path: Path, call: dict[str, Any], status: str, code: int | None
) -> None:
    data = _HEAD | {"messages": [_agent("a", "", toolCalls=[call])]}
    with opened(tmp_path, data) as trace:
        (made,) = trace.trajectory.steps[0].tool_calls
        assert (made.status, made.exit_code) == (status, code)


def test_a_log_is_replayed_to_its_last_state(tmp_path: Path) -> None:
    data = lines(
        _HEAD,
        _user("u1", "first"),
        _agent("a1", "draft"),
        _agent("a1", "final", tokens={"input": 5, "output": 1}),
        {"$set": {"lastUpdated": "2026-05-01T12:00:00Z", "summary": "A summary"}},
        _user("u2", "wrong way"),
        _agent("a2", "gone"),
        {"$rewindTo": "u2"},
        _user("u3", "right way"),
    )
    with opened(tmp_path, data) as trace:
        made = trace.trajectory
        assert [step.preview for step in made.steps] == ["first", "final", "right way"]
        assert made.title == "A summary"
        assert made.ended == "2026-05-01T12:00:00Z"
        assert ignored(trace) == {"rewound": 2}
        assert (made.loss.duplicate, made.loss.mapped, made.loss.lines) == (1, 3, 9)
        assert trace.locate(1, "draft") is None


def test_a_rewind_to_an_unknown_message_takes_all(tmp_path: Path) -> None:
    data = lines(_HEAD, _user("u1", "x"), {"$rewindTo": "nobody"}, _user("u2", "y"))
    with opened(tmp_path, data) as trace:
        assert [step.uid for step in trace.trajectory.steps] == ["u2"]


def test_set_messages_replaces_the_list_and_says_so(tmp_path: Path) -> None:
    data = lines(
        _HEAD, _user("u1", "old"), {"$set": {"messages": [_user("u9", "kept")]}}, _agent("a", "on")
    )
    with opened(tmp_path, data) as trace:
        assert [step.preview for step in trace.trajectory.steps] == ["kept", "on"]
        assert ignored(trace) == {"replaced": 1}
        assert every_text_is_found(trace) == 2


def test_a_message_update_overrides_what_it_names(tmp_path: Path) -> None:
    update = {"type": "message_update", "id": "a1", "tokens": {"input": 9, "output": 3}}
    update["toolCalls"] = [_call(result=_response(output="done"))]
    data = lines(_HEAD, _agent("a1", "I look.", toolCalls=[_call("executing")]), update)
    with opened(tmp_path, data) as trace:
        (step,) = trace.trajectory.steps
        assert step.metrics is not None
        assert (step.metrics.input, len(step.raw)) == (9, 2)
        assert [call.status for call in step.tool_calls] == ["ok"]
        assert trace.body(0).tool_calls[0].observation == "done"
        assert trace.body(0).text == "I look."
        assert every_text_is_found(trace) == 3


def test_unknown_records_and_torn_lines_are_shown_and_counted(tmp_path: Path) -> None:
    data = (
        lines(
            _HEAD,
            _user("u", "x"),
            {"type": "telemetry", "n": 1},
            {"id": "q", "type": "odd", "content": "y"},
        )
        + b'{"id":"t","type":"gem'
    )
    with opened(tmp_path, data) as trace:
        assert ignored(trace) == {"record/telemetry": 1, "message/odd": 1}
        assert len(trace.trajectory.loss.unparsed) == 1
        assert kinds(trace) == ["user", "event", "event"]


def test_activating_a_skill_is_seen(tmp_path: Path) -> None:
    call = {"id": "c", "name": "activate_skill", "args": {"name": "pdf"}, "status": "success"}
    call["result"] = _response(output='<activated_skill name="pdf">…</activated_skill>')
    read = {"id": "d", "name": "read_file", "args": {"absolute_path": "/s/skills/web/SKILL.md"}}
    read |= {"status": "success", "result": _response(output="# Web")}
    data = _HEAD | {"messages": [_user("u", "x"), _agent("a", "", toolCalls=[call, read])]}
    with opened(tmp_path, data) as trace:
        found = [(e.skill, e.kind, e.trigger) for e in trace.trajectory.skill_events]
        assert found == [
            ("pdf", "requested", "model"),
            ("pdf", "loaded", "model"),
            ("web", "loaded", "inferred"),
        ]


def test_a_checkpoint_pairs_function_calls_and_responses(tmp_path: Path) -> None:
    data = {
        "history": [
            {"role": "user", "parts": [{"text": "go"}]},
            {"role": "model", "parts": [{"functionCall": {"name": "ls", "args": {"path": "."}}}]},
            {
                "role": "user",
                "parts": [{"functionResponse": {"name": "ls", "response": {"output": "a"}}}],
            },
            {"role": "model", "parts": [{"text": "done"}]},
        ]
    }
    with opened(tmp_path, data) as trace:
        assert kinds(trace) == ["user", "agent", "agent"]
        assert trace.body(1).tool_calls[0].observation == "a"
        assert every_text_is_found(trace) == 4


def test_pictures_are_named_and_never_become_text(tmp_path: Path) -> None:
    parts = [{"text": "see"}, {"inlineData": {"mimeType": "image/png", "data": "QUJD" * 50}}]
    with opened(tmp_path, _HEAD | {"messages": [_user("u", "") | {"content": parts}]}) as trace:
        body = trace.body(0)
        assert body.text == "see"
        assert body.media[0].startswith("image/png: ")
        assert "QUJD" not in body.media[0]
