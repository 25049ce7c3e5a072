"""OpenHands before 1.0 and after: events, evaluations, folders of events."""

from __future__ import annotations

import json
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
    opened_all,
)
from workbench.traces.open import open_traces, trace_files


def _event(number: int, **more: Any) -> dict[str, Any]:
    return {"id": number, "timestamp": f"2025-05-01T10:00:{number:02}", "source": "agent"} | more


def _called(number: int, name: str, arguments: str, **more: Any) -> dict[str, Any]:
    call = {"id": f"t{number}", "function": {"name": name, "arguments": arguments}}
    response = {
        "id": f"r{number}",
        "model": "m",
        "choices": [{"message": {"tool_calls": [call]}}],
        "usage": {"prompt_tokens": 10, "completion_tokens": 2},
    }
    metadata = {"function_name": name, "tool_call_id": f"t{number}", "model_response": response}
    return _event(number, tool_call_metadata=metadata, **more)


_EVENTS: list[dict[str, Any]] = [
    _event(0, action="system", args={"content": "You are OH", "openhands_version": "0.35.0"}),
    _event(1, source="user", action="message", args={"content": "Fix"}, message="Fix"),
    _event(2, action="recall", args={"query": "Fix", "recall_type": "knowledge"}),
    _event(3, observation="recall", cause=2, content="Known: docker",
           extras={"microagent_knowledge": [{"name": "docker", "trigger": "docker"}]}),
    _called(4, "execute_bash", '{"command":"ls"}', action="run",
            args={"command": "ls", "thought": "I look"}),
    _event(5, observation="run", cause=4, content="none", success=False,
           extras={"metadata": {"exit_code": 2}}),
    _called(6, "str_replace_editor", '{"command":"view","path":"/a"}', action="read",
            args={"path": "/a", "thought": ""}),
    _event(7, observation="error", cause=6, content="no such file"),
    _event(8, observation="agent_state_changed", content="", extras={"agent_state": "running"}),
    _event(9, source="agent", action="message", args={"content": "All good"}),
    _called(10, "finish", '{"message":"x"}', action="finish", args={"final_thought": "bye"}),
]  # fmt: skip


def test_a_list_of_events_pairs_observations_by_cause(tmp_path: Path) -> None:
    with opened(tmp_path, _EVENTS) as trace:
        made = trace.trajectory
        assert made.format == "openhands"
        assert kinds(trace) == [
            *("system", "user", "context", "agent", "agent", "event", "agent", "agent"),
        ]
        calls = [call for step in made.steps for call in step.tool_calls]
        assert [(one.name, one.status, one.exit_code) for one in calls] == [
            ("execute_bash", "error", 2),
            ("str_replace_editor", "error", None),
            ("finish", "ok", None),
        ]
        assert (made.totals.input, made.totals.output, made.model) == (30, 6, "m")
        assert made.format_version == "0.35.0"
        assert [(e.skill, e.trigger) for e in made.skill_events] == [("docker", "keyword")]
        assert trace.body(3).text == "I look"
        assert trace.body(3).tool_calls[0].arguments == '{"command":"ls"}'
        assert every_text_is_found(trace) >= 11


def test_lines_of_an_evaluation_are_runs_with_metrics_and_verdict(tmp_path: Path) -> None:
    old = [
        [{"action": "message", "content": "Do it"}, {"observation": "null", "content": ""}],
        [{"action": "run", "command": "true", "thought": "go"},
         {"observation": "run", "content": "", "exit_code": 0}],
    ]  # fmt: skip
    metrics = {"accumulated_cost": 0.5, "accumulated_token_usage": {"prompt_tokens": 7}}
    data = lines(
        {"instance_id": "a-1", "instruction": "x", "history": _EVENTS, "metrics": metrics,
         "test_result": {"report": {"resolved": True}}, "error": None},
        {"instance_id": "a-2", "instruction": "x", "history": old, "metrics": {},
         "error": "RuntimeError: Agent reached maximum iteration"},
    )  # fmt: skip
    assert format_of(data) == "openhands"
    with opened_all(tmp_path, data) as (first, second):
        assert first.trajectory.outcome.status == "pass"
        assert (first.trajectory.totals.input, first.trajectory.totals.cost_usd) == (7, 0.5)
        assert [step.kind for step in second.trajectory.steps] == ["user", "event", "agent"]
        (call,) = second.trajectory.steps[2].tool_calls
        assert (call.argument, call.status, call.exit_code) == ("true", "ok", 0)
        assert second.trajectory.outcome.status == "fail"
        assert every_text_is_found(first) >= 11


@pytest.mark.parametrize(
    "data",
    [
        b'[{"id":0,"source":"user","action":"message","args":{}}]',
        b'[[{"action":"run","args":{}},{"observation":"run","content":""}]]',
        b'{"instance_id":"x","instruction":"y","history":[{"id":1,"action":"run","args":{}',
    ],
)
def test_events_are_told_by_content(data: bytes) -> None:
    assert format_of(data) == "openhands"


def test_unknown_events_are_shown(tmp_path: Path) -> None:
    data = [_event(0, action="message", args={"content": "x"}), {"id": 9, "weird": 1}, 5]
    with opened(tmp_path, data) as trace:
        assert ignored(trace) == {"event/(no kind)": 1}
        assert len(trace.trajectory.loss.unparsed) == 1


def _v1(name: str, kind: str, **more: Any) -> dict[str, Any]:
    return {"id": name, "timestamp": "2026-06-01T10:00:00", "source": "agent", "kind": kind} | more


def _text(text: str) -> list[dict[str, str]]:
    return [{"type": "text", "text": text}]


def _acts(name: str, response: str, command: str) -> dict[str, Any]:
    call = {"id": f"c-{name}", "arguments": json.dumps({"command": command})}
    return _v1(name, "ActionEvent", thought=_text(f"think {name}"), tool_name="terminal",
               tool_call_id=f"c-{name}", tool_call=call, llm_response_id=response)  # fmt: skip


def _sees(name: str, action: str, code: int, text: str) -> dict[str, Any]:
    seen = {"content": _text(text), "is_error": False, "exit_code": code}
    return _v1(name, "ObservationEvent", action_id=action, observation=seen)


def _stats(prompt: int) -> dict[str, Any]:
    usage = {"accumulated_token_usage": {"prompt_tokens": prompt, "completion_tokens": 1}}
    value = {"usage_to_metrics": {"default": usage | {"model_name": "mm"}}}
    return _v1(f"s{prompt}", "ConversationStateUpdateEvent", key="stats", value=value)


_V1: list[dict[str, Any]] = [
    _v1("p", "SystemPromptEvent", system_prompt={"type": "text", "text": "You help."}),
    _v1("u", "MessageEvent", source="user", llm_message={"role": "user", "content": _text("Go")},
        activated_skills=["docker"]),
    _stats(10),
    _acts("a1", "r1", "ls"),
    _acts("a2", "r1", "false"),
    _sees("o1", "a1", 0, "files"),
    _sees("o2", "a2", 1, "no"),
    _acts("a3", "r2", "rm -rf x"),
    _v1("o3", "UserRejectObservation", action_id="a3", rejection_reason="not that"),
    _acts("a4", "r3", "sleep"),
    _v1("o4", "AgentErrorEvent", action_id="a4", error="lost"),
    _stats(50),
    _v1("z", "NeverSeenEvent", x=1),
]  # fmt: skip


@pytest.mark.parametrize(
    "data",
    [json.dumps(_V1).encode(), json.dumps({"items": _V1}).encode(), lines(*_V1)],
    ids=["list", "items", "lines"],
)
def test_actions_of_one_response_are_one_step(tmp_path: Path, data: bytes) -> None:
    with opened(tmp_path, data) as trace:
        made = trace.trajectory
        assert made.format == "openhands-v1"
        assert kinds(trace) == [
            "system",
            "user",
            "event",
            "agent",
            "agent",
            "agent",
            "event",
            "event",
        ]
        assert [[c.status for c in step.tool_calls] for step in made.steps if step.tool_calls] == [
            ["ok", "error"],
            ["rejected"],
            ["error"],
        ]
        assert made.steps[3].tool_calls[1].exit_code == 1
        assert (made.totals.input, made.totals.output, made.model) == (50, 1, "mm")
        assert ignored(trace) == {"event/NeverSeenEvent": 1}
        assert [(e.skill, e.trigger) for e in made.skill_events] == [("docker", "keyword")]
        assert trace.body(3).text == "think a1\n\nthink a2"
        assert [c.arguments for c in trace.body(3).tool_calls] == [
            '{"command": "ls"}',
            '{"command": "false"}',
        ]
        assert every_text_is_found(trace) >= 12


def test_a_folder_of_events_is_one_trace(tmp_path: Path) -> None:
    folder = tmp_path / "conv" / "events"
    folder.mkdir(parents=True)
    for number, event in enumerate(_V1):
        (folder / f"event-{number:05}-{event['id']}.json").write_text(json.dumps(event))
    base = {"id": "conv-9", "agent": {"llm": {"model": "base-model"}}, "execution_status": "error"}
    (folder.parent / "base_state.json").write_text(json.dumps(base))
    first = folder / "event-00000-p.json"
    assert trace_files(tmp_path) == [first]
    (trace,) = open_traces(first)
    with trace:
        made = trace.trajectory
        assert len(made.sources) == len(_V1) + 1
        assert (made.model, made.session, made.outcome.status) == ("mm", "conv-9", "infra")
        assert made.loss.lines == len(_V1) + 1
        assert every_text_is_found(trace) >= 12


@pytest.mark.parametrize("name", ["entries", "history", "events", "items", "trajectory"])
def test_a_wrapped_list_of_events_is_a_session(tmp_path: Path, name: str) -> None:
    asked = {"id": 0, "source": "user", "action": "message", "args": {"content": "hi"}}
    ran = {"id": 1, "source": "agent", "action": "run", "args": {"command": "ls"}}
    seen = {"id": 2, "source": "agent", "observation": "run", "content": "a", "cause": 1}
    data = json.dumps({name: [asked, ran, seen]}).encode()
    assert format_of(data) == "openhands"
    with opened(tmp_path, data) as trace:
        assert [step.kind for step in trace.trajectory.steps] == ["user", "agent"]
        assert trace.body(1).tool_calls[0].observation == "a"


def test_lists_of_other_actions_are_not_taken() -> None:
    demo = {"role": "assistant", "content": "x", "action": "ls", "agent": "primary"}
    assert format_of(json.dumps({"history": [demo]}).encode()) == "swe-agent"
    step = {"event": "step", "action": "begin", "timestamp": "2026-01-01", "id": 1}
    assert format_of(json.dumps({"events": [step]}).encode()) is None
