"""JSON lines as they come: log noise before them, BOM and CRLF, a torn end, records joined."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.unit.traces.opening import format_of, lines, opened_all
from workbench.domain.trajectory import Step

_LINES: dict[str, list[Any]] = {
    "gemini-cli": [
        {"sessionId": "s", "projectHash": "h"},
        {"id": "u", "type": "user", "content": "Hé"},
        {"id": "a", "type": "gemini", "content": "Yes"},
    ],
    "pi": [
        {"type": "session", "id": "s", "cwd": "/w"},
        {"type": "message", "message": {"role": "user", "content": "Hé"}},
        {"type": "message", "message": {"role": "assistant", "content": "Yes"}},
    ],
    "openai-chat": [
        {"role": "user", "content": "Hé"},
        {"role": "assistant", "content": "Yes"},
        {"role": "user", "content": "More"},
    ],
    "openhands-v1": [
        {"id": "1", "kind": "MessageEvent", "source": "user", "llm_message": {"content": "Hé"}},
        {"id": "2", "kind": "MessageEvent", "source": "agent", "llm_message": {"content": "Yes"}},
        {"id": "3", "kind": "PauseEvent", "source": "user"},
    ],
    "openhands": [
        {
            "instance_id": "i",
            "history": [{"id": 0, "action": "message", "args": {"content": "Hé"}}],
        },
        {"instance_id": "j", "history": []},
        {"instance_id": "k", "history": []},
    ],
    "otlp": [
        {"resourceSpans": [{"scopeSpans": [{"spans": [{"traceId": "t", "spanId": str(number)}]}]}]}
        for number in range(3)
    ],
    "langsmith": [
        {"id": str(number), "trace_id": "t", "run_type": "tool", "name": "x", "inputs": {"a": "Hé"}}
        for number in range(3)
    ],
    "dataclaw": [
        {"session_id": name, "messages": [{"role": "user", "content": "Hé"}], "stats": {}}
        for name in "abc"
    ],
    "copilot-cli": [
        {"type": "session.start", "data": {"sessionId": "s"}, "id": "0"},
        {"type": "user.message", "data": {"content": "Hé"}, "id": "1"},
        {"type": "assistant.message", "data": {"content": "Yes"}, "id": "2"},
    ],
    "cursor": [
        {"role": "user", "message": {"content": "Hé"}},
        {"role": "assistant", "message": {"content": "Yes"}},
        {"type": "turn_ended", "status": "success"},
    ],
    "acp-log": [
        {"kind": "user", "title": "", "text": "Hé"},
        {"kind": "read", "title": "x", "tool_call_id": "t"},
        {"kind": "agent", "title": "", "text": "Yes"},
    ],
}
_EACH = pytest.mark.parametrize("format_id", _LINES)


def _facts(step: Step) -> tuple[Any, ...]:
    calls = [(call.name, call.argument, call.status) for call in step.tool_calls]
    return (step.kind, step.label, step.preview, step.turn, step.time, calls)


def _steps(folder: Path, data: bytes) -> list[list[tuple[Any, ...]]]:
    with opened_all(folder, data) as traces:
        return [[_facts(step) for step in trace.trajectory.steps] for trace in traces]


@_EACH
def test_log_noise_before_the_lines_does_not_hide_the_format(format_id: str) -> None:
    data = lines(*_LINES[format_id])
    assert format_of(data) == format_id
    assert format_of(b"npm warn deprecated\n[info] {} starting\n\n" + data) == format_id


@_EACH
def test_a_byte_order_mark_and_crlf_change_nothing(tmp_path: Path, format_id: str) -> None:
    data = lines(*_LINES[format_id])
    rough = b"\xef\xbb\xbf" + data.replace(b"\n", b"\r\n")
    assert _steps(tmp_path, rough) == _steps(tmp_path, data)


@_EACH
def test_a_torn_last_line_keeps_the_others_and_growth_completes_it(
    tmp_path: Path, format_id: str
) -> None:
    whole = lines(*_LINES[format_id])
    last = len(lines(_LINES[format_id][-1]))
    before = _steps(tmp_path, whole[:-last])
    torn = _steps(tmp_path, whole[: -last // 2])
    after = _steps(tmp_path, whole)
    for older, newer in zip(before, torn, strict=False):
        assert older == newer[: len(older)]
    assert sum(map(len, after)) >= sum(map(len, torn)) >= sum(map(len, before))


@_EACH
def test_a_torn_line_is_in_the_ledger(tmp_path: Path, format_id: str) -> None:
    data = lines(*_LINES[format_id]) + b'{"torn": "li'
    with opened_all(tmp_path, data) as traces:
        assert sum(len(trace.trajectory.loss.unparsed) for trace in traces) == 1
