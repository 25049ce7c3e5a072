"""Trial folders of Harbor and SkillsBench, and the ACP-like logs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.unit.traces.opening import every_text_is_found, format_of, ignored, kinds, lines, opened
from workbench.traces.open import open_traces, trace_files

_RESULT: dict[str, Any] = {
    "task_name": "fix-pdf",
    "trial_name": "fix-pdf__abc",
    "agent_info": {"name": "claude-code", "version": "2.1", "model_info": {"name": "m-1"}},
    "agent_result": {"n_input_tokens": 100, "n_cache_tokens": 40, "n_output_tokens": 9,
                     "cost_usd": 0.25},
    "verifier_result": {"rewards": {"reward": 1.0}},
    "exception_info": None,
}  # fmt: skip
_ATIF = {
    "schema_version": "ATIF-v1.7",
    "agent": {"name": "a", "version": "1"},
    "steps": [{"step_id": 1, "source": "user", "message": "Fix it"},
              {"step_id": 2, "source": "agent", "message": "Fixed."}],
}  # fmt: skip
_STREAM = lines(
    {"type": "system", "subtype": "init", "session_id": "s", "tools": [], "model": "m-2"},
    {"type": "assistant", "session_id": "s", "message": {
        "id": "m", "role": "assistant", "content": [{"type": "text", "text": "From the stream"}]}},
)  # fmt: skip


def _trial(folder: Path, files: dict[str, bytes | dict[str, Any]], **more: Any) -> Path:
    for name, value in {"result.json": _RESULT | more, **files}.items():
        path = folder / "trial" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(value if isinstance(value, bytes) else json.dumps(value).encode())
    return folder / "trial" / "result.json"


def test_a_trial_is_the_agents_trajectory_with_the_verdict(tmp_path: Path) -> None:
    ctrf = {"results": {"summary": {"tests": 5, "passed": 5}}}
    path = _trial(tmp_path, {"agent/trajectory.json": _ATIF, "verifier/ctrf.json": ctrf,
                             "verifier/reward.txt": b"1\n", "config.json": {}})  # fmt: skip
    assert trace_files(tmp_path) == [path]
    (trace,) = open_traces(path)
    with trace:
        made = trace.trajectory
        assert made.format == "atif"
        assert (made.title, made.agent, made.model) == ("fix-pdf", "a", "m-1")
        assert (made.outcome.status, made.outcome.reward) == ("pass", 1.0)
        assert (made.outcome.tests_passed, made.outcome.tests_total) == (5, 5)
        assert (made.totals.input, made.totals.cached, made.totals.cost_usd) == (100, 40, 0.25)
        assert trace.path == path.parent / "agent" / "trajectory.json"
        assert trace.body(1).text == "Fixed."
        assert every_text_is_found(trace) == 2


def test_the_richest_file_of_the_agent_is_read(tmp_path: Path) -> None:
    path = _trial(tmp_path, {"agent/trajectory.json": _ATIF, "agent/claude-code.txt": _STREAM})
    (trace,) = open_traces(path)
    with trace:
        assert trace.trajectory.format == "claude-code-stream"
        assert trace.trajectory.outcome.status == "pass"
        texts = [trace.body(step.index).text for step in trace.trajectory.steps]
        assert "From the stream" in texts


@pytest.mark.parametrize(
    ("more", "files", "status", "reward"),
    [
        ({"verifier_result": {"rewards": {"reward": 0.0}}}, {}, "fail", 0.0),
        ({"verifier_result": {"rewards": {"reward": 0.5}}}, {}, "partial", 0.5),
        ({"verifier_result": None}, {}, "unknown", None),
        ({"verifier_result": None}, {"verifier/reward.txt": b" 0.25\n"}, "partial", 0.25),
        ({"verifier_result": None}, {"verifier/reward.json": b'{"reward": 1}'}, "pass", 1.0),
        ({"verifier_result": None, "exception_info": {"exception_type": "AgentTimeoutError",
                                                      "exception_message": "late"}},
         {}, "timeout", None),
        ({"verifier_result": None, "exception_info": {"exception_type": "DockerError",
                                                      "exception_message": "no image"}},
         {}, "infra", None),
    ],
)  # fmt: skip
def test_the_outcome_is_the_verifiers(
    tmp_path: Path, more: dict[str, Any], files: dict[str, Any], status: str, reward: float | None
) -> None:
    (trace,) = open_traces(_trial(tmp_path, files, **more))
    with trace:
        outcome = trace.trajectory.outcome
        assert (outcome.status, outcome.reward) == (status, reward)
        assert outcome.tests_total is None


def test_a_trial_without_a_known_trajectory_is_shown_alone(tmp_path: Path) -> None:
    failed = {"exception_type": "AgentSetupError", "exception_message": "pip failed"}
    path = _trial(tmp_path, {"verifier/test-stdout.txt": b"1 failed\n"}, exception_info=failed)
    (trace,) = open_traces(path)
    with trace:
        made = trace.trajectory
        assert made.format == "harbor-trial"
        assert [step.label for step in made.steps] == [
            *("agent_result", "verifier_result", "exception_info", "test-stdout"),
        ]
        assert (made.agent, made.model, made.errors) == ("claude-code", "m-1", 1)
        assert trace.body(2).text == "pip failed"
        assert trace.body(3).text == "1 failed"
        assert every_text_is_found(trace) == 2


def test_links_out_of_the_folder_are_not_followed(tmp_path: Path) -> None:
    outside = tmp_path / "outside.json"
    outside.write_text(json.dumps(_ATIF))
    path = _trial(tmp_path, {"agent/x.txt": b"nothing"})
    (path.parent / "agent" / "trajectory.json").symlink_to(outside)
    (trace,) = open_traces(path)
    with trace:
        assert trace.trajectory.format == "harbor-trial"


_ACP = lines(
    {"kind": "user_message", "text": "Fix\nit"},
    {"kind": "thought", "text": "hm"},
    {"kind": "execute", "title": "ls -l", "status": "pending", "tool_call_id": "t1"},
    {"kind": "execute", "title": "ls -l", "status": "completed", "tool_call_id": "t1",
     "text": "total 0"},
    {"kind": "read", "title": "Read x", "status": "failed", "tool_call_id": "t2", "text": "gone"},
    {"kind": "edit", "title": "Edit y", "status": "pending", "tool_call_id": "t3"},
    {"kind": "agent_message", "text": "Done."},
    {"kind": "plan", "text": "1. x"},
    b"{torn",
)  # fmt: skip


def test_an_acp_like_log_joins_the_lines_of_a_call(tmp_path: Path) -> None:
    assert format_of(_ACP) == "acp-log"
    with opened(tmp_path, _ACP) as trace:
        assert kinds(trace) == ["user", "agent", "agent", "agent", "agent", "agent", "event"]
        calls = [call for step in trace.trajectory.steps for call in step.tool_calls]
        assert [(one.name, one.argument, one.status) for one in calls] == [
            ("execute", "ls -l", "ok"),
            ("read", "Read x", "error"),
            ("edit", "Edit y", "running"),
        ]
        assert trace.body(1).reasoning == "hm"
        assert trace.body(2).tool_calls[0].observation == "total 0"
        assert ignored(trace) == {"line/plan": 1}
        assert trace.trajectory.loss.lines == 9
        assert every_text_is_found(trace) >= 8


def test_an_acp_like_log_of_a_trial_gets_the_verdict(tmp_path: Path) -> None:
    (trace,) = open_traces(_trial(tmp_path, {"trajectory.sanitized.jsonl": _ACP}))
    with trace:
        assert trace.trajectory.format == "acp-log"
        assert trace.trajectory.outcome.status == "pass"


@pytest.mark.parametrize(
    ("config", "title"),
    [
        ({"task": {"path": "tasks-no-skills/fix-pdf"}}, "fix-pdf (without skills)"),
        ({"task": {"path": "/runs/with_skills/fix-pdf"}}, "fix-pdf (with skills)"),
        ({"task": {"path": "tasks/skills-sort"}}, "fix-pdf"),
        ({"agent": {"kwargs": {"include_skills": False}}}, "fix-pdf (without skills)"),
        ({"skill_mode": "no-skill"}, "fix-pdf (without skills)"),
        ({"environment": {"skills_dir": "/skills"}}, "fix-pdf (with skills)"),
    ],
)
def test_a_trial_tells_whether_the_agent_had_skills(
    tmp_path: Path, config: dict[str, Any], title: str
) -> None:
    path = _trial(tmp_path, {"agent/trajectory.json": _ATIF}, config=config)
    (trace,) = open_traces(path)
    with trace:
        assert trace.trajectory.title == title


def test_several_rewards_are_all_kept(tmp_path: Path) -> None:
    rewards = {"reward": 0.5, "f2p": 1, "p2p": 0}
    path = _trial(tmp_path, {}, verifier_result={"rewards": rewards})
    (trace,) = open_traces(path)
    with trace:
        outcome = trace.trajectory.outcome
        assert (outcome.status, outcome.reward) == ("partial", 0.5)
        assert [(score.name, score.value) for score in outcome.scores] == [
            ("reward", 0.5),
            ("f2p", 1.0),
            ("p2p", 0.0),
        ]
