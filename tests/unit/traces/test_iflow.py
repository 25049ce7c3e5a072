"""iFlow: a call told twice is one call, results wrap a function response."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.unit.traces.opening import every_text_is_found, format_of, kinds, lines, opened

_ID = "session-5de701fc-0000-4858-a249-95cac4fd3b51"


def _record(uuid: str, kind: str, message: dict[str, Any]) -> dict[str, Any]:
    return {"uuid": uuid, "parentUuid": None, "sessionId": _ID, "type": kind, "cwd": "/w",
            "timestamp": "2026-01-21T05:56:34.812Z", "version": "1.0.0",
            "message": message | {"role": kind}}  # fmt: skip


def _answer(number: int, *blocks: dict[str, Any]) -> dict[str, Any]:
    return {"id": f"response-17689750124{number}", "model": "glm", "content": list(blocks),
            "usage": {"input_tokens": 0, "output_tokens": 0}}  # fmt: skip


def _use(native: str, path: str) -> dict[str, Any]:
    return {"type": "tool_use", "id": native, "name": "read_file", "input": {"path": path}}


def _result(native: str, **response: Any) -> dict[str, Any]:
    inner = {"functionResponse": {"id": native, "name": "read_file", "response": response}}
    content = {"callId": native, "responseParts": inner}
    return {"content": [{"type": "tool_result", "tool_use_id": native, "content": content}]}


def test_repeated_calls_are_one_and_results_are_read(tmp_path: Path) -> None:
    data = lines(
        _record("a", "user", {"content": "look"}),
        _record("b", "assistant", _answer(1, {"type": "text", "text": "I read."}, _use("c1", "a"))),
        _record("c", "assistant", _answer(2, _use("c1", "a"), _use("c2", "b"))),
        _record("d", "assistant", _answer(3, _use("c2", "b"))),
        _record("e", "user", _result("c1", output="text of a")),
        _record("f", "user", _result("c2", error="no such file")),
        _record("g", "user", _result("nobody", output="lost")),
        {"type": "user", "sessionId": _ID},
        b"{torn",
    )
    assert format_of(data) == "iflow"
    with opened(tmp_path, data) as trace:
        made = trace.trajectory
        assert kinds(trace) == ["user", "agent", "agent", "event", "event"]
        assert [len(step.tool_calls) for step in made.steps[:3]] == [0, 1, 1]
        assert made.tool_calls == 2
        assert [call.status for step in made.steps for call in step.tool_calls] == ["ok", "error"]
        assert trace.body(1).tool_calls[0].observation == "text of a"
        assert trace.body(2).tool_calls[0].observation == "no such file"
        assert made.totals.input is None
        assert made.loss.duplicate == 1
        assert every_text_is_found(trace) >= 6


def test_another_clients_session_is_not_taken() -> None:
    record = _record("a", "user", {"content": "look"}) | {"sessionId": "5de701fc"}
    assert format_of(lines(record)) == "claude-code"
