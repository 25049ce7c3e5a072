"""The rules are those of ATIF 1.7 as the published models check them (see ``check``)."""

import json
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from workbench.domain.trajectory import Trajectory
from workbench.traces.export_atif import to_atif
from workbench.traces.importer import TraceError
from workbench.traces.open import OpenTrace, SharedSources, open_traces, trace_files
from workbench.traces.registry import importer_of
from workbench.traces.source import SourceBytes

_ROOT = {
    *("schema_version", "session_id", "trajectory_id", "agent", "steps", "notes"),
    *("final_metrics", "continued_trajectory_ref", "extra", "subagent_trajectories"),
}
_AGENT = {"name", "version", "model_name", "tool_definitions", "extra"}
_STEP = {
    *("step_id", "timestamp", "source", "model_name", "reasoning_effort", "message"),
    *("reasoning_content", "tool_calls", "observation", "metrics", "is_copied_context"),
    *("llm_call_count", "extra"),
}
_AGENT_ONLY = {"model_name", "reasoning_effort", "reasoning_content", "tool_calls", "metrics"}
_RESULT = {"source_call_id", "content", "subagent_trajectory_ref", "extra"}
_METRICS = {
    *("prompt_tokens", "completion_tokens", "cached_tokens", "cost_usd", "prompt_token_ids"),
    *("completion_token_ids", "logprobs", "extra"),
}
_FINAL = {
    *("total_prompt_tokens", "total_completion_tokens", "total_cached_tokens"),
    *("total_cost_usd", "total_steps", "extra"),
}


def check(value: dict[str, Any], root: bool = True) -> None:
    """Fail when the object is no valid ATIF 1.7."""
    assert value.keys() <= _ROOT
    assert value["schema_version"] == "ATIF-v1.7"
    assert root or isinstance(value["trajectory_id"], str)
    assert {"name", "version"} <= value["agent"].keys() <= _AGENT
    assert value["final_metrics"].keys() <= _FINAL
    children = value.get("subagent_trajectories", [])
    ids = [child["trajectory_id"] for child in children]
    assert len(ids) == len(set(ids))
    assert [step["step_id"] for step in value["steps"]] == [*range(1, len(value["steps"]) + 1)]
    for step in value["steps"]:
        _check_step(step, set(ids))
    for child in children:
        check(child, root=False)
    json.dumps(value, allow_nan=False).encode()


def _check_step(step: dict[str, Any], children: set[str]) -> None:
    assert step.keys() <= _STEP
    assert step["source"] in ("user", "agent", "system")
    assert isinstance(step["message"], str | list)
    assert step["source"] == "agent" or not step.keys() & _AGENT_ONLY
    if "timestamp" in step:
        datetime.fromisoformat(step["timestamp"])
    calls = [call["tool_call_id"] for call in step.get("tool_calls", [])]
    for call in step.get("tool_calls", []):
        assert call.keys() <= {"tool_call_id", "function_name", "arguments", "extra"}
        assert isinstance(call["arguments"], dict)
    for result in step.get("observation", {}).get("results", []):
        assert result.keys() <= _RESULT
        assert result["source_call_id"] in calls
        for reference in result.get("subagent_trajectory_ref", []):
            assert reference.get("trajectory_id") in children or reference["trajectory_path"]
    assert step.get("metrics", {}).keys() <= _METRICS


def opened(tmp_path: Path, *records: Any) -> OpenTrace:
    path = tmp_path / "trace.jsonl"
    path.write_text("\n".join(map(json.dumps, records)))
    return open_traces(path)[0]


def rollout(kind: str, **payload: Any) -> dict[str, Any]:
    return {"timestamp": "2026-05-01T10:00:01Z", "type": kind, "payload": payload}


CODEX = [
    rollout("session_meta", id="sess", cli_version="0.146.0", cwd="/home/someone/w"),
    rollout("turn_context", model="gpt", cwd="/home/someone/w"),
    rollout("response_item", type="message", role="user",
            content=[{"type": "input_text", "text": "Go"},
                     {"type": "input_image", "image_url": "data:image/png;base64,QUJD"}]),
    rollout("response_item", type="reasoning", summary=[{"type": "summary_text", "text": "Hm."}]),
    rollout("response_item", type="function_call", name="exec_command", call_id="a",
            arguments='{"cmd":"cat /x/.codex/skills/pdf/SKILL.md"}'),
    rollout("response_item", type="custom_tool_call", name="apply_patch", call_id="b",
            input="*** Begin Patch\n*** Update File: a.py"),
    rollout("response_item", type="function_call", name="wait", call_id="c", arguments="{}"),
    rollout("event_msg", type="token_count", info={"last_token_usage":
            {"input_tokens": 50, "cached_input_tokens": 40, "output_tokens": 3,
             "reasoning_output_tokens": 2}}),
    rollout("response_item", type="function_call_output", call_id="a",
            output="Exit code: 1\nOutput:\nno \ud83d"),
    rollout("response_item", type="function_call_output", call_id="b", output="Done"),
    rollout("compacted", message="Summary"),
    rollout("mystery", x=1),
]  # fmt: skip


def test_an_exported_session_is_valid(tmp_path: Path) -> None:
    with opened(tmp_path, *CODEX) as trace:
        value = to_atif(trace)
    check(value)
    step = next(step for step in value["steps"] if step["source"] == "agent")
    assert step["reasoning_content"] == "Hm."
    assert [call["arguments"] for call in step["tool_calls"]] == [
        {"cmd": "cat /x/.codex/skills/pdf/SKILL.md"},
        {"input": "*** Begin Patch\n*** Update File: a.py"},
        {},
    ]
    first, second = step["observation"]["results"]  # the third call has no result
    assert first["extra"] == {"status": "error", "exit_code": 1, "is_error": True}
    assert first["content"].endswith("no \ufffd")
    assert second["content"] == "Done"
    assert step["metrics"] == {
        "prompt_tokens": 50,
        "completion_tokens": 3,
        "cached_tokens": 40,
        "extra": {"reasoning_tokens": 2},
    }
    assert value["extra"]["skill_events"][0]["kind"] == "load_failed"
    assert value["extra"]["source"] == ["trace.jsonl"]


def test_context_and_events_are_system_steps_that_say_what_they_were(tmp_path: Path) -> None:
    with opened(tmp_path, *CODEX) as trace:
        steps = to_atif(trace)["steps"]
    assert [(s["source"], s["extra"].get("kind"), s["extra"].get("label")) for s in steps[-2:]] == [
        ("system", "context", "compaction"),
        ("system", "event", "mystery"),
    ]


def test_an_export_read_back_is_the_same_trajectory(tmp_path: Path) -> None:
    with opened(tmp_path, *CODEX) as trace:
        first = trace.trajectory
        value = to_atif(trace)
    with opened(tmp_path, value) as again:
        second = again.trajectory
        for step in second.steps:
            assert again.body(step.index).index == step.index
    assert second.format == "atif"
    for name in ("kind", "uid", "label", "time", "metrics", "turn"):
        was, now = ([getattr(s, name) for s in t.steps] for t in (first, second))
        assert was == now, name
    assert _calls(first) == _calls(second)
    assert (first.totals, first.tool_calls, first.errors) == (
        second.totals,
        second.tool_calls,
        second.errors,
    )
    assert [e.kind for e in first.skill_events] == [e.kind for e in second.skill_events]


def _calls(made: Trajectory) -> list[tuple[Any, ...]]:
    return [(c.id, c.name, c.status, c.exit_code) for s in made.steps for c in s.tool_calls]


def test_subagents_are_embedded_and_referred_to(tmp_path: Path) -> None:
    child = {
        "schema_version": "ATIF-v1.6",
        "session_id": "same",
        "agent": {"name": "sub", "version": "1"},
        "steps": [{"step_id": 1, "source": "user", "message": "Inspect"}],
    }
    reference = {"source_call_id": "a", "subagent_trajectory_ref": [{"session_id": "same"}]}
    step = {
        "step_id": 1,
        "source": "agent",
        "message": "",
        "tool_calls": [{"tool_call_id": "a", "function_name": "task", "arguments": {}}],
        "observation": {"results": [reference]},
    }
    parent = {**child, "steps": [step], "subagent_trajectories": [child, child]}
    with opened(tmp_path, parent) as trace:
        value = to_atif(trace)
    check(value)
    names = [value["trajectory_id"], *(c["trajectory_id"] for c in value["subagent_trajectories"])]
    assert len(set(names)) == 3
    (result,) = value["steps"][0]["observation"]["results"]
    assert result["subagent_trajectory_ref"][0]["trajectory_id"] in names[1:]


def test_a_time_that_is_none_goes_to_extra(tmp_path: Path) -> None:
    odd = {**CODEX[2], "timestamp": "yesterday"}
    with opened(tmp_path, CODEX[0], odd) as trace:
        value = to_atif(trace)
    check(value)
    assert value["steps"][0]["extra"]["time"] == "yesterday"


def test_copied_steps_are_copied_context(tmp_path: Path) -> None:
    with opened(tmp_path, CODEX[0], CODEX[2]) as trace:
        assert "is_copied_context" not in to_atif(trace)["steps"][0]
    copied = {"step_id": 1, "source": "user", "message": "x", "is_copied_context": True}
    value = {
        "schema_version": "ATIF-v1.5",
        "agent": {"name": "a", "version": "1"},
        "steps": [copied],
    }
    with opened(tmp_path, value) as trace:
        assert to_atif(trace)["steps"][0]["is_copied_context"] is True


def test_a_trajectory_without_steps_cannot_be_exported() -> None:
    source = SourceBytes.of_bytes(b'{"schema_version": "ATIF-v1.7", "steps": []}', "empty.json")
    importer = importer_of("atif")
    (made,) = importer.skeleton([source])
    with (
        OpenTrace(made, importer, SharedSources([source])) as trace,
        pytest.raises(TraceError, match="no step"),
    ):
        to_atif(trace)


def test_what_a_document_says_beyond_our_model_is_kept(tmp_path: Path) -> None:
    image = {"type": "image", "source": {"media_type": "image/png", "path": "a.png"}}
    told: dict[str, Any] = {
        "schema_version": "ATIF-v1.6",
        "session_id": "s",
        "trajectory_id": "t",
        "agent": {
            "name": "a",
            "version": "3.1",
            "model_name": "m",
            "tool_definitions": [{"name": "look"}],
            "extra": {"x": 1},
        },
        "notes": "A note",
        "continued_trajectory_ref": "next.json",
        "extra": {"mine": [1, 1 << 70]},
        "final_metrics": {"total_prompt_tokens": 5, "extra": {"wall": 2}},
        "steps": [
            {"step_id": 1, "source": "user", "message": [{"type": "text", "text": "Look"}, image],
             "extra": {"seen": True}},
            {"step_id": 2, "source": "agent", "message": "ok", "reasoning_effort": "high",
             "llm_call_count": 2, "metrics": {"prompt_tokens": 5, "prompt_token_ids": [1, 2],
                                              "logprobs": [-0.5], "extra": {"m": 1}},
             "tool_calls": [{"tool_call_id": "c", "function_name": "look", "arguments": {"a": 1},
                             "extra": {"t": 9}}],
             "observation": {"results": [{"source_call_id": "c", "content": [image],
                 "subagent_trajectory_ref": [{"trajectory_path": "sub.json"}],
                 "extra": {"r": 3}}]}},
        ],
    }  # fmt: skip
    child = {**told, "trajectory_id": "kid", "notes": "Kid"}
    with opened(tmp_path, {**told, "subagent_trajectories": [child]}) as trace:
        value = to_atif(trace)
    told["extra"]["mine"][1] = str(1 << 70)  # more than a JSON reader must know
    assert _missing(told | {"schema_version": "ATIF-v1.7"}, value) == []
    assert (
        _missing(
            {**child, "extra": told["extra"], "schema_version": "ATIF-v1.7"},
            value["subagent_trajectories"][0],
        )
        == []
    )


def test_sound_makes_a_document_of_the_version_that_has_it(tmp_path: Path) -> None:
    sound = {"type": "audio", "source": {"media_type": "audio/wav", "path": "a.wav"}}
    other = {"type": "audio", "source": {"media_type": "audio/tune", "path": "a.tune"}}
    for part, version in ((sound, "ATIF-v1.8"), (other, "ATIF-v1.7")):
        step = {"step_id": 1, "source": "user", "message": [part]}
        told = {"schema_version": "ATIF-v1.8", "agent": {"name": "a", "version": "1"}}
        with opened(tmp_path, {**told, "steps": [step]}) as trace:
            value = to_atif(trace)
        assert value["schema_version"] == version
        assert (value["steps"][0]["message"] == [part]) is (part is sound)


def test_each_document_of_a_file_keeps_its_own(tmp_path: Path) -> None:
    told = [
        {"schema_version": "ATIF-v1.7", "agent": {"name": "a", "version": name}, "notes": name,
         "steps": [{"step_id": 1, "source": "user", "message": name}]}
        for name in ("one", "two")
    ]  # fmt: skip
    path = tmp_path / "two.jsonl"
    path.write_text("\n".join(map(json.dumps, told)))
    found = []
    for trace in open_traces(path):
        with trace:
            found.append(to_atif(trace))
    assert [(one["notes"], one["agent"]["version"]) for one in found] == [
        ("one", "one"),
        ("two", "two"),
    ]


@pytest.mark.corpus
def test_every_sample_is_a_valid_document(corpus: Path) -> None:
    count = 0
    for path in trace_files(corpus / "traces"):
        try:
            traces = open_traces(path)
        except TraceError:
            continue  # a record without a step
        for trace in traces:
            with trace:
                if trace.trajectory.steps:
                    check(to_atif(trace))
                    count += 1
    assert count > 300


def _missing(told: Any, made: Any, at: str = "") -> list[str]:
    """Return where a document lacks what another says."""
    if isinstance(told, dict):
        return [
            place
            for name, value in told.items()
            for place in (
                _missing(value, made[name], f"{at}.{name}") if name in made else [f"{at}.{name}"]
            )
        ]
    if isinstance(told, list) and isinstance(made, list) and len(told) == len(made):
        pairs = zip(told, made, strict=True)
        return [place for one, other in pairs for place in _missing(one, other, f"{at}[]")]
    return [] if told == made else [f"{at}: {made!r}"]
