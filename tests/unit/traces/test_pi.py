"""Pi and OpenClaw: linear and tree sessions, branches, results, usage."""

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

_HEAD = {"type": "session", "version": 3, "id": "s1", "timestamp": "2026-06-01T10:00:00Z"}


def _entry(name: str | None, parent: str | None, message: dict[str, Any]) -> dict[str, Any]:
    link = {} if name is None else {"id": name, "parentId": parent}
    return {"type": "message", "timestamp": "2026-06-01T10:00:01Z", "message": message} | link


def _user(text: str) -> dict[str, Any]:
    return {"role": "user", "content": [{"type": "text", "text": text}]}


def _agent(text: str, *calls: dict[str, Any], **more: Any) -> dict[str, Any]:
    content = [{"type": "thinking", "thinking": "hm"}, {"type": "text", "text": text}, *calls]
    return {"role": "assistant", "content": content, "model": "m-1"} | more


def _call(name: str, tool: str, **arguments: Any) -> dict[str, Any]:
    return {"type": "toolCall", "id": name, "name": tool, "arguments": arguments}


def _result(call: str, text: str, **more: Any) -> dict[str, Any]:
    content = [{"type": "text", "text": text}]
    return {"role": "toolResult", "toolCallId": call, "toolName": "t", "content": content} | more


@pytest.mark.parametrize(
    "data",
    [
        lines({"type": "session", "id": "x", "timestamp": "t", "provider": "p", "modelId": "m"}),
        lines(_HEAD, _entry("a", None, _user("x"))),
        lines(b"log noise", b"", _HEAD),
        lines(_entry("a", None, _agent("x", _call("c", "bash")))),
    ],
)
def test_pi_is_told_by_content_also_without_a_version(data: bytes) -> None:
    assert format_of(data) == "pi"


def test_a_message_of_another_agent_is_not_taken() -> None:
    data = lines({"type": "message", "id": "a", "message": {"role": "user", "content": "x"}})
    assert format_of(data) != "pi"


def test_version_1_is_linear(tmp_path: Path) -> None:
    head = {"type": "session", "id": "v1", "timestamp": "t0", "cwd": "/w", "modelId": "m-0"}
    usage = {"input": 10, "output": 5, "cacheRead": 100, "cacheWrite": 7, "cost": {"total": 0.5}}
    data = lines(
        head,
        _entry(None, None, _user("go")),
        _entry(None, None, _agent("ok", _call("c1", "read", path="a.txt"), usage=usage)),
        _entry(None, None, _result("c1", "A", isError=False)),
        {"type": "compaction", "summary": "what was", "firstKeptEntryIndex": 1, "tokensBefore": 9},
        _entry(None, None, _agent("end", stopReason="aborted")),
    )
    with opened(tmp_path, data) as trace:
        made = trace.trajectory
        assert kinds(trace) == ["user", "agent", "context", "agent"]
        assert (made.format_version, made.cwd, made.agent) == ("1", "/w", "Pi")
        assert (made.totals.input, made.totals.cached, made.totals.cache_write) == (117, 100, 7)
        assert (made.totals.output, made.totals.cost_usd) == (5, 0.5)
        assert made.steps[1].tool_calls[0].status == "ok"
        assert made.steps[3].flags == ("interrupted",)
        assert made.loss.lines == 6
        assert every_text_is_found(trace) >= 8


def test_the_active_branch_is_the_session_and_the_rest_its_children(tmp_path: Path) -> None:
    data = lines(
        _HEAD,
        _entry("u1", None, _user("task")),
        _entry("a1", "u1", _agent("first try")),
        _entry("u2", "a1", _user("no")),
        _entry("u3", "u1", _user("other way")),
        _entry("a3", "u3", _agent("second try")),
    )
    with opened(tmp_path, data) as trace:
        made = trace.trajectory
        assert [step.uid for step in made.steps] == ["u1", "u3", "a3"]
        (child,) = made.children
        assert [step.uid for step in child.steps] == ["a1", "u2"]
        assert (child.parent, child.id) == ("s1", "s1/branch-1")
        assert made.loss.lines + child.loss.lines == 6
        for branch in trace.children:
            with branch:
                assert every_text_is_found(branch) == 3


def test_settings_and_parallel_results_beside_the_way_are_no_branch(tmp_path: Path) -> None:
    data = lines(
        _HEAD,
        {"type": "model_change", "id": "m", "parentId": None, "provider": "p", "modelId": "m-1"},
        {"type": "custom", "id": "x", "parentId": "m", "customType": "ui", "data": {"a": 1}},
        _entry("u1", "m", _user("task")),
        _entry("a1", "u1", _agent("both", _call("c1", "bash"), _call("c2", "bash"))),
        _entry("r1", "a1", _result("c1", "one")),
        _entry("r2", "c2", _result("c2", "two", isError=True)),
        _entry("a2", "r2", _agent("done")),
    )
    with opened(tmp_path, data) as trace:
        assert trace.trajectory.children == ()
        assert kinds(trace) == ["event", "event", "user", "agent", "agent"]
        calls = trace.trajectory.steps[3].tool_calls
        assert [call.status for call in calls] == ["ok", "error"]


def test_an_orphan_stays_visible_as_another_root(tmp_path: Path) -> None:
    data = lines(
        _HEAD,
        _entry("a", "lost", _user("orphan")),
        _entry("b", "gone", _user("late")),
        _entry("c", "b", _agent("yes")),
    )
    with opened(tmp_path, data) as trace:
        assert [step.uid for step in trace.trajectory.steps] == ["a", "b", "c"]


def test_commands_of_the_user_and_exit_codes(tmp_path: Path) -> None:
    bash = {"role": "bashExecution", "command": "false", "output": "nope\n", "exitCode": 3}
    timing = {"type": "custom", "customType": "run", "toolCallId": "c1", "exitCode": 0}
    data = lines(
        _HEAD,
        _entry("b", None, bash),
        _entry("a", "b", _agent("x", _call("c1", "bash", command="ls"))),
        timing | {"durationMs": 1500, "id": "t", "parentId": "a"},
        _entry("r", "a", _result("c1", "ok", details={"exitCode": 0, "durationMs": 1500})),
    )
    with opened(tmp_path, data) as trace:
        made = trace.trajectory
        (first,) = made.steps[0].tool_calls
        assert (first.status, first.exit_code) == ("error", 3)
        assert made.steps[0].label == "bashExecution"
        (second,) = made.steps[1].tool_calls
        assert (second.status, second.exit_code, second.duration_s) == ("ok", 0, 1.5)
        assert trace.body(0).tool_calls[0].arguments == "false"
        assert every_text_is_found(trace) >= 5


def test_what_is_missing_unknown_or_torn_is_said(tmp_path: Path) -> None:
    data = (
        lines(
            _HEAD,
            _entry("a", None, _agent("x", _call("c1", "bash"))),
            _entry("r", "a", _result("nobody", "stale")),
            {"type": "brand_new", "id": "n", "parentId": "r"},
        )
        + b'{"type":"message","id"'
    )
    with opened(tmp_path, data) as trace:
        assert trace.trajectory.steps[0].tool_calls[0].status == "missing"
        assert trace.trajectory.totals.input is None
        assert ignored(trace) == {"result without a call": 1, "entry/brand_new": 1}
        assert len(trace.trajectory.loss.unparsed) == 1


def test_skills_listed_named_and_read_are_seen(tmp_path: Path) -> None:
    listing = (
        "<available_skills>\n<skill>\n<name>pdf</name>\n<description>d</description>\n"
        "<location>/s/pdf/SKILL.md</location>\n</skill>\n</available_skills>"
    )
    body = '<skill name="pdf" location="/s/pdf/SKILL.md">\nRead me\n</skill>\n\nfill the form'
    data = lines(
        _HEAD,
        _entry("s", None, {"role": "system", "content": listing}),
        _entry("u", "s", _user(body)),
        _entry("a", "u", _agent("x", _call("c", "read", path="/s/pdf/forms.md"))),
        _entry("r", "a", _result("c", "forms")),
    )
    with opened(tmp_path, data) as trace:
        found = [(e.skill, e.kind, e.trigger) for e in trace.trajectory.skill_events]
        assert found == [
            ("pdf", "listed", "unknown"),
            ("pdf", "loaded", "slash"),
            ("pdf", "resource_read", "inferred"),
        ]
