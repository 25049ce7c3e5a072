"""Google ADK: sessions and evaluation sets."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.unit.traces.opening import every_text_is_found, format_of, kinds, opened, opened_all


def _event(name: str, author: str, *parts: dict[str, Any], **more: Any) -> dict[str, Any]:
    role = "user" if author == "user" else "model"
    content = {"role": role, "parts": list(parts)}
    return {"id": name, "author": author, "timestamp": 1767225600.5, "content": content} | more


_USAGE = {"prompt_token_count": 20, "candidates_token_count": 4, "cached_content_token_count": 8}
_EVENTS = [
    _event("e1", "user", {"text": "Lights\noff"}),
    _event("e2", "home", {"text": "hm", "thought": True},
           {"function_call": {"id": "f1", "name": "set_light", "args": {"on": False}}},
           {"function_call": {"name": "log", "args": {}}}, usage_metadata=_USAGE),
    _event("e3", "home", {"function_response": {"id": "f1", "name": "set_light",
                                                "response": {"error": "no bulb"}}},
           {"function_response": {"name": "log", "response": {"result": "fine"}}}),
    _event("e4", "home", {"text": "Do"}, partial=True),
    _event("e5", "home", {"text": "Done."}),
    {"id": "e6", "author": "home", "error_code": "429", "error_message": "quota"},
]  # fmt: skip
_SESSION = {"id": "s1", "app_name": "home_app", "user_id": "u", "state": {"a": 1},
            "events": _EVENTS, "last_update_time": 1767225700.0}  # fmt: skip


def _camel(value: Any) -> Any:
    if isinstance(value, list):
        return [_camel(one) for one in value]
    if not isinstance(value, dict):
        return value
    made = {}
    for key, one in value.items():
        first, *rest = key.split("_")
        made[first + "".join(part.title() for part in rest)] = _camel(one)
    return made


@pytest.mark.parametrize("data", [_SESSION, _camel(_SESSION)], ids=["snake", "camel"])
def test_a_session_pairs_calls_and_responses(tmp_path: Path, data: dict[str, Any]) -> None:
    with opened(tmp_path, data) as trace:
        made = trace.trajectory
        assert (made.format, made.id, made.agent) == ("adk", "s1", "home_app")
        assert kinds(trace) == ["user", "agent", "agent", "event"]
        calls = made.steps[1].tool_calls
        assert [(call.name, call.status) for call in calls] == [
            ("set_light", "error"),
            ("log", "ok"),
        ]
        assert (made.totals.input, made.totals.output, made.totals.cached) == (20, 4, 8)
        assert made.steps[0].time == "2026-01-01T00:00:00.500000Z"
        assert made.steps[1].label == "home"
        body = trace.body(1)
        assert body.reasoning == "hm"
        assert [call.observation for call in body.tool_calls] == ["no bulb", "fine"]
        assert trace.body(3).text == "quota"
        assert (made.errors, made.loss.duplicate) == (2, 1)
        assert every_text_is_found(trace) >= 7


def test_an_evaluation_set_shows_what_is_expected(tmp_path: Path) -> None:
    turn = {
        "invocation_id": "i1",
        "user_content": {"role": "user", "parts": [{"text": "Roll", "function_call": None}]},
        "final_response": {"role": "model", "parts": [{"text": "A five."}]},
        "intermediate_data": {"tool_uses": [{"id": None, "name": "roll", "args": {"sides": 6}}]},
        "creation_timestamp": 1767225600.0,
    }
    cases = [{"eval_id": "one", "conversation": [turn]}, {"eval_id": "two", "conversation": []}]
    with opened_all(tmp_path, {"eval_set_id": "set", "eval_cases": cases}) as (first, second):
        assert (first.trajectory.id, second.trajectory.id) == ("one", "two")
        assert kinds(first) == ["user", "agent", "agent"]
        assert [step.flags for step in first.trajectory.steps] == [(), ("expected",), ("expected",)]
        assert first.trajectory.steps[1].tool_calls[0].status == "missing"
        assert every_text_is_found(first) == 3


def test_the_oldest_evaluation_data_is_read(tmp_path: Path) -> None:
    use = {"tool_name": "roll", "tool_input": {"sides": 6}}
    data = [{"query": "Roll", "expected_tool_use": [use], "reference": "A five."}]
    with opened(tmp_path, data) as trace:
        assert kinds(trace) == ["user", "agent", "agent"]
        assert trace.trajectory.steps[1].tool_calls[0].argument == '{"sides": 6}'
        assert every_text_is_found(trace) == 3


@pytest.mark.parametrize(
    ("data", "format_id"),
    [
        ({"app_name": "a", "events": []}, "adk"),
        ({"evalSetId": "x", "evalCases": []}, "adk"),
        ({"events": [{"kind": "MessageEvent", "id": "x", "timestamp": "t"}]}, "openhands-v1"),
        ({"events": []}, None),
    ],
)
def test_adk_is_told_by_content(data: dict[str, Any], format_id: str | None) -> None:
    assert format_of(json.dumps(data).encode()) == format_id
