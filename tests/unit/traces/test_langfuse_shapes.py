"""Langfuse beyond one export: pages of the API, lone observations, lines of both."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.unit.traces.opening import every_text_is_found, format_of, lines, opened_all


def _seen(trace: str, name: str, at: int, **more: Any) -> dict[str, Any]:
    return {"id": f"{trace}-{name}", "traceId": trace, "type": "GENERATION", "name": name,
            "startTime": f"2026-01-01T00:00:0{at}Z", "level": "DEFAULT", "projectId": "p",
            "model": "m", "usageDetails": {"input": 3, "output": 2}} | more  # fmt: skip


def _asked(text: str) -> list[dict[str, str]]:
    return [{"role": "user", "content": text}]


_FIRST = _seen("t1", "a", 1, input=_asked("One?"), output={"role": "assistant", "content": "1"})
_SECOND = _seen("t2", "b", 2, input=_asked("Two?"), output={"role": "assistant", "content": "2"})
_META = {"page": 1, "limit": 50, "totalItems": 2, "totalPages": 1}


@pytest.mark.parametrize(
    "data",
    [
        json.dumps({"data": [_FIRST, _SECOND], "meta": _META}).encode(),
        json.dumps([_FIRST, _SECOND], indent=1).encode(),
        lines(_FIRST, _SECOND, b"{torn"),
    ],
    ids=["page", "list", "lines"],
)
def test_lone_observations_are_put_together_by_their_trace(tmp_path: Path, data: bytes) -> None:
    assert format_of(data) == "langfuse"
    with opened_all(tmp_path, data) as traces:
        assert [trace.trajectory.id for trace in traces] == ["t1", "t2"]
        for trace, asked, answer in zip(traces, ("One?", "Two?"), ("1", "2"), strict=True):
            assert [step.preview for step in trace.trajectory.steps] == [asked, answer]
            assert trace.trajectory.totals.input == 3
            assert every_text_is_found(trace) == 2
        assert len(traces[0].trajectory.loss.unparsed) == (b"{torn" in data)


def test_a_page_of_traces_is_read_trace_by_trace(tmp_path: Path) -> None:
    whole = {"id": "t1", "projectId": "p", "timestamp": "2026-01-01", "name": "bot",
             "scores": [{"name": "reward", "value": 1}], "observations": [_FIRST]}  # fmt: skip
    bare = {"id": "t3", "projectId": "p", "timestamp": "2026-01-02", "observations": ["id-only"]}
    data = json.dumps({"data": [whole, bare], "meta": _META}).encode()
    assert format_of(data) == "langfuse"
    with opened_all(tmp_path, data) as traces:
        assert [trace.trajectory.outcome.status for trace in traces] == ["pass", "unknown"]
        assert [len(trace.trajectory.steps) for trace in traces] == [2, 0]
        assert len(traces[1].trajectory.loss.unparsed) == 1


def test_a_page_of_something_else_is_not_taken() -> None:
    assert format_of(b'{"data": [{"id": "x"}], "meta": {}}') is None
    assert format_of(b'{"data": "x", "meta": {}}') is None
