"""dataclaw: published sessions, one a line."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.unit.traces.opening import every_text_is_found, format_of, lines, opened_all


def _use(tool: str, status: str, output: Any, **arguments: Any) -> dict[str, Any]:
    return {"tool": tool, "input": arguments, "output": output, "status": status}


def _session(name: str, *messages: dict[str, Any], **more: Any) -> dict[str, Any]:
    stats = {"user_messages": 1, "input_tokens": 100, "output_tokens": 20}
    return {"session_id": name, "model": "m-1", "git_branch": None, "start_time": None,
            "end_time": "2026-01-01T00:00:00Z", "messages": list(messages), "stats": stats,
            "project": "p", "source": "claude"} | more  # fmt: skip


_MESSAGES: list[dict[str, Any]] = [
    {"role": "user", "content": "Read it", "timestamp": None},
    {"role": "assistant", "thinking": "where", "timestamp": None, "tool_uses": [
        _use("Read", "success", {"text": "# PDF"}, file_path="/s/skills/pdf/SKILL.md"),
        _use("Bash", "error", {"stdout": "", "text": "failed"}, command="false"),
        _use("Bash", "running", {}, command="sleep 9"),
    ]},
    {"role": "assistant", "content": "Done."},
    {"role": "judge", "content": "?"},
]  # fmt: skip


def test_each_line_is_a_session(tmp_path: Path) -> None:
    data = lines(_session("a", *_MESSAGES), b"{torn", _session("b", source="codex"))
    assert format_of(data) == "dataclaw"
    with opened_all(tmp_path, data) as (first, second):
        made = first.trajectory
        assert (made.id, made.agent, made.model) == ("a", "Claude Code", "m-1")
        assert [step.kind for step in made.steps] == ["user", "agent", "agent", "event"]
        assert [call.status for call in made.steps[1].tool_calls] == ["ok", "error", "missing"]
        assert (made.totals.input, made.totals.output, made.totals.cached) == (100, 20, None)
        assert made.started is None
        assert [(e.skill, e.kind) for e in made.skill_events] == [("pdf", "loaded")]
        body = first.body(1)
        assert body.reasoning == "where"
        assert [call.observation for call in body.tool_calls] == ["# PDF", "failed", None]
        assert every_text_is_found(first) >= 7
        assert (second.trajectory.agent, len(second.trajectory.loss.unparsed)) == ("Codex", 1)


def test_a_chat_without_statistics_is_none() -> None:
    assert format_of(b'{"messages":[{"role":"user","content":"x"}]}') == "openai-chat"
