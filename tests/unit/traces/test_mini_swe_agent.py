"""mini-swe-agent: version 1 chats, later trajectories, exits."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.unit.traces.opening import every_text_is_found, format_of, kinds, lines, opened

_V1: list[dict[str, Any]] = [
    {"role": "system", "content": "One ```mswea_bash_command\nls\n``` block."},
    {"role": "user", "content": "Fix it"},
    {"role": "assistant", "content": "THOUGHT: look\n\n```mswea_bash_command\nls -la\n```"},
    {"role": "user", "content": "<returncode>2</returncode>\n<output>\nno\n</output>"},
    {"role": "assistant", "content": "nothing to run"},
    {"role": "user", "content": "Please always give a command."},
    {"role": "assistant", "content": "```bash\necho COMPLETE_TASK_AND_SUBMIT_FINAL_OUTPUT\n```"},
    {"role": "user", "content": ""},
]


def test_a_version_1_list_has_its_commands_and_return_codes(tmp_path: Path) -> None:
    with opened(tmp_path, _V1) as trace:
        made = trace.trajectory
        assert made.format == "mini-swe-agent"
        assert made.format_version == "1"
        assert kinds(trace) == ["system", "user", "agent", "agent", "system", "agent"]
        (call,) = made.steps[2].tool_calls
        assert (call.name, call.argument, call.status, call.exit_code) == (
            "bash",
            "ls -la",
            "error",
            2,
        )
        assert made.steps[4].flags == ("injected",)
        assert made.steps[5].flags == ("submitted",)
        assert every_text_is_found(trace) >= 8


def test_info_gives_cost_and_exit(tmp_path: Path) -> None:
    info = {"exit_status": "LimitsExceeded", "submission": "", "mini_version": "1.9.1"}
    info_more: dict[str, Any] = {"model_stats": {"instance_cost": 0.25, "api_calls": 3}}
    data = {"info": info | info_more, "messages": _V1}
    with opened(tmp_path, data) as trace:
        made = trace.trajectory
        assert (made.format_version, made.totals.cost_usd) == ("1.9.1", 0.25)
        assert (made.outcome.status, made.outcome.reason) == ("fail", "LimitsExceeded")
        assert trace.body(6).notes[0] == "exit_status: LimitsExceeded"


def test_version_2_calls_tools_and_exits(tmp_path: Path) -> None:
    usage = {"prompt_tokens": 100, "completion_tokens": 10}
    extra = {"cost": 0.1, "timestamp": 1767225600, "response": {"model": "m", "usage": usage}}
    call = {
        "id": "k",
        "type": "function",
        "function": {"name": "bash", "arguments": '{"command":"ls"}'},
    }
    data = {
        "trajectory_format": "mini-swe-agent-1.1",
        "info": {"exit_status": "Submitted", "submission": "diff --git"},
        "messages": [
            {"role": "user", "content": "Fix it"},
            {"role": "assistant", "content": "look", "tool_calls": [call], "extra": extra},
            {"role": "tool", "tool_call_id": "k", "content": "a", "extra": {"returncode": 0}},
            {"role": "exit", "content": "bye", "extra": {"exit_status": "Submitted"}},
        ],
    }
    with opened(tmp_path, data) as trace:
        made = trace.trajectory
        assert (made.format_version, made.model) == ("1.1", "m")
        assert kinds(trace) == ["user", "agent", "event", "event"]
        (done,) = made.steps[1].tool_calls
        assert (done.status, done.exit_code) == ("ok", 0)
        assert (made.totals.input, made.totals.cost_usd) == (100, 0.1)
        assert made.steps[1].time == "2026-01-01T00:00:00Z"
        assert (made.outcome.status, made.outcome.reason) == ("unknown", "Submitted")
        assert trace.body(3).text == "diff --git"


def test_another_format_or_a_plain_chat_is_not_taken() -> None:
    assert format_of(b'{"trajectory_format":"other-1","messages":[]}') != "mini-swe-agent"
    assert format_of(lines({"role": "user", "content": "x"})) == "openai-chat"
    assert (
        format_of(b'{"trajectory_format":"mini-swe-agent-1.1","messages":[]}') == "mini-swe-agent"
    )
