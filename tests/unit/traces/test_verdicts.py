"""Rewards, tests and verdicts of every format that has them, and what is none."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from tests.unit.traces.inspect_logs import HEADER, MESSAGES, SHELL
from tests.unit.traces.opening import format_of, kinds, lines, opened
from workbench.domain.trajectory import Outcome, Score
from workbench.traces.open import open_traces, trace_files

_TRAJ = {
    "trajectory": [{"action": "submit", "observation": "ok", "response": "r", "thought": "t"}],
    "history": [{"role": "user", "content": "fix", "agent": "primary"}],
    "info": {"exit_status": "submitted", "submission": "diff"},
}
_MINI = {
    "trajectory_format": "mini-swe-agent-1.1",
    "info": {"exit_status": "Submitted", "submission": "diff"},
    "messages": [{"role": "user", "content": "fix"}],
}
_STATUS = {
    "FAIL_TO_PASS": {"success": ["a"], "failure": ["b"]},
    "PASS_TO_PASS": {"success": ["c", "d"], "failure": []},
}


def _outcome(path: Path) -> Outcome:
    (trace,) = open_traces(path)
    with trace:
        return trace.trajectory.outcome


@pytest.mark.parametrize(("run", "suffix"), [(_TRAJ, ".traj"), (_MINI, ".traj.json")])
def test_the_report_beside_a_run_is_its_verdict(
    tmp_path: Path, run: dict[str, Any], suffix: str
) -> None:
    folder = tmp_path / "org__repo-1"
    folder.mkdir()
    path = folder / f"org__repo-1{suffix}"
    path.write_text(json.dumps(run))
    assert _outcome(path).status == "unknown"  # submitting is no success
    report = {"org__repo-1": {"resolved": False, "tests_status": _STATUS}}
    (folder / "report.json").write_text(json.dumps(report))
    judged = _outcome(path)
    assert (judged.status, judged.reward) == ("fail", 0.0)
    assert (judged.tests_passed, judged.tests_total) == (3, 4)
    assert judged.reason.lower() == "not resolved, submitted"
    assert trace_files(tmp_path) == [path]


@pytest.mark.parametrize(
    ("report", "status"),
    [
        ({"resolved_ids": ["i-1"], "unresolved_ids": []}, "pass"),
        ({"resolved_ids": [], "error_ids": ["i-1"]}, "fail"),
        ({"resolved": [], "generated": ["i-1"]}, "fail"),
        ({"i-1": {"resolved": True, "patch_successfully_applied": True}}, "pass"),
        ({"i-1": {"resolved": False, "patch_successfully_applied": False}}, "fail"),
        ({"resolved_ids": ["i-2"]}, "unknown"),
        ([], "unknown"),
        ({"i-1": {"resolved": "yes"}}, "unknown"),
    ],
)
def test_reports_of_a_whole_run_name_the_instance(
    tmp_path: Path, report: object, status: str
) -> None:
    path = tmp_path / "i-1.traj"
    path.write_text(json.dumps(_TRAJ))
    (tmp_path / "results.json").write_text(json.dumps(report))
    assert _outcome(path).status == status


@pytest.mark.skipif(not hasattr(os, "symlink"), reason="links need a system that has them")
def test_a_report_behind_a_link_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "run" / "i-1.traj"
    path.parent.mkdir()
    path.write_text(json.dumps(_TRAJ))
    (tmp_path / "elsewhere.json").write_text('{"resolved_ids": ["i-1"]}')
    (path.parent / "report.json").symlink_to(tmp_path / "elsewhere.json")
    assert _outcome(path).status == "unknown"


def test_all_scorers_of_an_inspect_sample_are_kept(tmp_path: Path) -> None:
    scores = {"first": {"value": "I"}, "second": {"value": {"f1": 0.5, "style": "good"}}}
    log = HEADER | {"samples": [SHELL | {"messages": MESSAGES, "scores": scores}]}
    with opened(tmp_path, log) as trace:
        outcome = trace.trajectory.outcome
        assert (outcome.status, outcome.reward, outcome.reason) == ("fail", 0.0, "first")
        assert outcome.scores == (
            Score("first", 0.0, "I"),
            Score("second/f1", 0.5),
            Score("second/style", None, "good"),
        )


def test_epochs_of_a_sample_have_verdicts_of_their_own(tmp_path: Path) -> None:
    samples = [
        SHELL | {"messages": MESSAGES, "epoch": epoch, "scores": {"s": {"value": grade}}}
        for epoch, grade in ((1, "C"), (2, "I"))
    ]
    path = tmp_path / "log.json"
    path.write_text(json.dumps(HEADER | {"samples": samples}))
    traces = open_traces(path)
    found = [(trace.trajectory.id, trace.trajectory.outcome.status) for trace in traces]
    traces[0].close()
    traces[1].close()
    assert found == [("a_epoch_1", "pass"), ("a_epoch_2", "fail")]


def _run(**more: Any) -> dict[str, Any]:
    return {"id": "r", "trace_id": "t", "run_type": "llm", "name": "chat",
            "dotted_order": "20260101T000000000000Zr", "start_time": "2026-01-01T00:00:00",
            "inputs": {"messages": [{"role": "user", "content": "hi"}]},
            "outputs": {"role": "assistant", "content": "yo"}} | more  # fmt: skip


@pytest.mark.parametrize(
    ("more", "status", "names"),
    [
        ({"feedback_stats": {"correctness": {"n": 1, "avg": 1.0}}}, "pass", ["correctness"]),
        ({"feedback_stats": {"style": {"n": 2, "avg": 0.4}, "unused": {"n": 0}}}, "unknown",
         ["style"]),
        ({"feedback": [{"key": "resolved", "score": False, "comment": "no"}]}, "fail",
         ["resolved"]),
        ({}, "unknown", []),
    ],
)  # fmt: skip
def test_feedback_of_langsmith(
    tmp_path: Path, more: dict[str, Any], status: str, names: list[str]
) -> None:
    with opened(tmp_path, _run(**more)) as trace:
        outcome = trace.trajectory.outcome
        assert outcome.status == status
        assert [score.name for score in outcome.scores] == names


def test_scores_of_langfuse(tmp_path: Path) -> None:
    scores = [
        {"name": "tone", "value": None, "stringValue": "kind"},
        {"name": "Success", "value": 0.5},
    ]
    trace_record = {"id": "t", "projectId": "p", "timestamp": "2026-01-01", "scores": scores}
    seen = {"id": "g", "traceId": "t", "type": "GENERATION", "name": "n", "startTime": "2026-01-01",
            "input": "hi", "output": "yo"}  # fmt: skip
    with opened(tmp_path, {"trace": trace_record, "observations": [seen]}) as trace:
        outcome = trace.trajectory.outcome
        assert (outcome.status, outcome.reward) == ("partial", 0.5)
        assert outcome.scores[0] == Score("tone", None, "kind")


@pytest.mark.parametrize(
    ("result", "status", "reward"),
    [
        ({"report": {"resolved": True, "empty_generation": False}}, "pass", 1.0),
        ({"result": False}, "fail", 0.0),
        ({"reward": 0.25, "turns": 7}, "partial", 0.25),
        (True, "pass", 1.0),
        ({"score": 70}, "unknown", None),
        ({"git_patch": "diff"}, "unknown", None),
        (None, "unknown", None),
    ],
)
def test_the_test_result_of_an_openhands_evaluation(
    tmp_path: Path, result: object, status: str, reward: float | None
) -> None:
    event = {"id": 0, "source": "user", "action": "message", "args": {"content": "hi"}}
    line = {"instance_id": "i", "history": [event], "metrics": {}, "test_result": result}
    with opened(tmp_path, line) as trace:
        outcome = trace.trajectory.outcome
        assert (outcome.status, outcome.reward) == (status, reward)


@pytest.mark.parametrize(
    ("extra", "status", "reward"),
    [
        ({"reward": 1}, "pass", 1.0),
        ({"rewards": {"reward": 0.5, "style": 1}}, "partial", 0.5),
        ({"outcome": {"status": "timeout", "reward": 0.0, "tests_passed": 2}}, "timeout", 0.0),
        ({"agentpile": {"outcome": {"success": False, "score": None}}}, "fail", 0.0),
        ({"outcome": "fine"}, "unknown", None),
    ],
)
def test_a_verdict_in_the_extra_of_atif(
    tmp_path: Path, extra: dict[str, Any], status: str, reward: float | None
) -> None:
    step = {"step_id": 1, "source": "user", "message": "hi"}
    agent = {"name": "a", "version": "1"}
    told = {"schema_version": "ATIF-v1.7", "agent": agent, "steps": [step], "extra": extra}
    with opened(tmp_path, told) as trace:
        outcome = trace.trajectory.outcome
        assert (outcome.status, outcome.reward) == (status, reward)


def _adk_case(ended: int, **more: Any) -> dict[str, Any]:
    metric = {"metric_name": "response_match_score", "score": 0.8, "eval_status": ended}
    return {"eval_id": f"case-{ended}", "final_eval_status": ended,
            "overall_eval_metric_results": [metric]} | more  # fmt: skip


def test_results_of_an_adk_evaluation_are_runs_with_verdicts(tmp_path: Path) -> None:
    said = {"role": "user", "parts": [{"text": "roll a die"}]}
    answer = {"role": "model", "parts": [{"text": "four"}]}
    use = {"id": "c", "name": "roll", "args": {"sides": 6}}
    back = {"id": "c", "name": "roll", "response": {"result": 4}}
    turn = {
        "user_content": said,
        "final_response": answer,
        "intermediate_data": {"tool_uses": [use], "tool_responses": [back]},
    }
    events = [{"id": "e", "author": "user", "timestamp": 1.5, "content": said}]
    results = {
        "eval_set_result_id": "x",
        "eval_case_results": [
            _adk_case(1, session_details={"app_name": "dice", "events": events}),
            _adk_case(2, eval_metric_result_per_invocation=[{"actual_invocation": turn}]),
            _adk_case(3),
        ],
    }
    data = json.dumps(json.dumps(results)).encode()  # ADK writes JSON into a JSON text
    assert format_of(data) == "adk"
    path = tmp_path / "result.json"
    path.write_bytes(data)
    traces = open_traces(path)
    try:
        found = [trace.trajectory.outcome for trace in traces]
        assert [one.status for one in found] == ["pass", "fail", "unknown"]
        assert found[1].reason == "response_match_score failed"
        assert found[0].scores == (Score("response_match_score", 0.8),)
        assert [kinds(trace) for trace in traces] == [["user"], ["user", "agent", "agent"], []]
        assert traces[1].body(1).tool_calls[0].observation == "4"
        span = traces[1].locate(2, "four")
        assert span is not None
        assert traces[1].text(span) == "four"
    finally:
        for trace in traces:
            trace.close()


@pytest.mark.parametrize(
    ("result", "status", "reason"),
    [
        ({"subtype": "success", "is_error": False}, "unknown", "success"),
        ({"subtype": "error_max_turns", "is_error": True}, "fail", "error_max_turns"),
        ({"subtype": "error_max_budget_usd", "is_error": True}, "fail", "error_max_budget_usd"),
        ({"subtype": "error_during_execution", "is_error": True}, "infra",
         "error_during_execution"),
        ({"subtype": "success", "is_error": True}, "infra", "API error"),
    ],
)  # fmt: skip
def test_the_result_of_a_claude_stream(
    tmp_path: Path, result: dict[str, Any], status: str, reason: str
) -> None:
    said = {"id": "m", "role": "assistant", "content": [{"type": "text", "text": "hi"}]}
    data = lines(
        {"type": "system", "subtype": "init", "session_id": "s", "tools": [], "model": "m"},
        {"type": "assistant", "session_id": "s", "message": said},
        {"type": "result", "session_id": "s", "num_turns": 1, "total_cost_usd": 0.1} | result,
    )
    with opened(tmp_path, data) as trace:
        outcome = trace.trajectory.outcome
        assert (outcome.status, outcome.reason) == (status, reason)
