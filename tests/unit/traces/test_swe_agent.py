import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workbench.traces.formats.swe_agent import SweAgent
from workbench.traces.open import OpenTrace, detect, open_traces
from workbench.traces.source import SourceBytes


def item(action: str, observation: str, thought: str = "I think.", **more: Any) -> dict[str, Any]:
    return {
        "action": action,
        "observation": observation,
        "response": f"{thought}\n```\n{action}\n```",
        "thought": thought,
        "state": {"working_dir": "/repo", "open_file": "n/a"},
        **more,
    }


HISTORY: list[dict[str, Any]] = [
    {"role": "system", "content": "SETTING", "agent": "main", "message_type": "system_prompt"},
    {"role": "user", "content": "A demonstration", "agent": "main", "is_demo": True},
    {"role": "user", "content": "Fix the bug", "agent": "main", "message_type": "observation"},
    {
        "role": "assistant",
        "content": "I think.",
        "agent": "main",
        "thought": "I think.",
        "action": "open a.py",
        "tool_calls": [{"id": "call_1", "function": {"name": "open", "arguments": "{}"}}],
    },
    {"role": "tool", "content": "1: x = 1", "agent": "main", "tool_call_ids": ["call_1"]},
]
INFO = {
    "exit_status": "submitted",
    "submission": "diff --git a/a.py",
    "swe_agent_version": "1.1.0",
    "model_stats": {
        "instance_cost": 0.5,
        "tokens_sent": 700,
        "tokens_received": 30,
        "api_calls": 2,
    },
}


def run(**fields: Any) -> dict[str, Any]:
    steps = [item("open a.py", "1: x = 1", execution_time=0.25), item("submit", "")]
    return {
        "environment": "swe_main",
        "trajectory": steps,
        "history": HISTORY,
        "info": INFO,
        "replay_config": json.dumps({"agent": {"model": {"name": "some-model"}}}),
        **fields,
    }


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[Callable[..., tuple[OpenTrace, ...]]]:
    traces: list[OpenTrace] = []

    def open_document(document: Any) -> tuple[OpenTrace, ...]:
        path = tmp_path / f"run-{len(traces)}.traj"
        text = document if isinstance(document, str) else json.dumps(document, indent=2)
        path.write_text(text)
        assert detect(path) == "swe-agent"
        found = open_traces(path)
        traces.extend(found)
        return found

    yield open_document
    for trace in traces:
        trace.close()


def test_a_run_has_prompts_actions_and_its_end(opened: Any) -> None:
    (trace,) = opened(run())
    made = trace.trajectory
    assert [(step.kind, step.label) for step in made.steps] == [
        ("system", ""),
        ("context", "demonstration"),
        ("user", ""),
        ("agent", ""),
        ("agent", ""),
        ("event", "info"),
    ]
    call = made.steps[3].tool_calls[0]
    assert (call.id, call.name, call.argument, call.status) == ("call_1", "open", "open a.py", "ok")
    assert call.duration_s == 0.25
    assert trace.body(3).tool_calls[0].observation == "1: x = 1"
    assert trace.body(5).text == "diff --git a/a.py"
    assert (made.model, made.format_version, made.cwd) == ("some-model", "1.1.0", "/repo")
    assert (made.totals.input, made.totals.output, made.totals.cost_usd) == (700, 30, 0.5)
    assert made.loss.duplicate == 2  # the history says the action and the observation once more


def test_old_files_keep_their_state_as_text(opened: Any) -> None:
    old = item("ls", "a.py", state='{"working_dir": "/old"}\n')
    (trace,) = opened(run(trajectory=[old]))
    assert trace.trajectory.cwd == "/old"


def test_a_query_repeats_the_history_and_is_no_evidence_of_the_step(opened: Any) -> None:
    (trace,) = opened(run(trajectory=[item("ls", "out", query=[{"content": "SETTING"}])]))
    step = next(step for step in trace.trajectory.steps if step.kind == "agent")
    assert trace.locate(step.index, "SETTING") is None
    assert trace.locate(0, "SETTING") is not None
    assert ("query", 1) in [(e.kind, e.count) for e in trace.trajectory.loss.lost_fields]


def test_a_demonstration_with_only_a_history(opened: Any) -> None:
    (trace,) = opened({"history": HISTORY})
    made = trace.trajectory
    assert [step.kind for step in made.steps] == ["system", "context", "user", "agent"]
    body = trace.body(3)
    assert (body.text, body.tool_calls[0].observation) == ("I think.", "1: x = 1")
    assert made.totals.input is None
    assert made.outcome.status == "unknown"


def test_attempts_are_trajectories_and_the_best_at_the_top_is_no_third(opened: Any) -> None:
    first = {"trajectory": [item("ls", "x")], "history": [], "info": {"exit_status": "exit_cost"}}
    second = {"trajectory": [item("pwd", "/")], "history": [], "info": INFO}
    traces = opened({"attempts": [first, second], **second})
    assert [trace.trajectory.id for trace in traces] == ["attempt-0", "attempt-1"]
    assert [trace.trajectory.outcome.status for trace in traces] == ["fail", "unknown"]
    assert traces[0].trajectory.loss.duplicate == 1
    assert traces[1].body(0).tool_calls[0].arguments == "pwd"


@pytest.mark.parametrize(
    ("recorded", "status"),
    [
        ("submitted", "unknown"),
        ("submitted (exit_context)", "unknown"),
        ("exit_cost", "fail"),
        ("exit_format", "fail"),
        ("exit_command_timeout", "timeout"),
        ("exit_total_execution_time", "timeout"),
        ("exit_environment_error", "infra"),
        ("exit_api", "infra"),
        (None, "unknown"),
    ],
)
def test_exit_status_is_a_class_and_submitting_no_success(
    opened: Any, recorded: str | None, status: str
) -> None:
    (trace,) = opened(run(info={"exit_status": recorded}))
    assert trace.trajectory.outcome.status == status


def test_zero_tokens_of_a_replay_are_not_recorded(opened: Any) -> None:
    stats = {"instance_cost": 0, "tokens_sent": 0, "tokens_received": 0, "api_calls": 0}
    (trace,) = opened(run(info={"model_stats": stats}))
    totals = trace.trajectory.totals
    assert (totals.input, totals.output, totals.cost_usd) == (None, None, None)


def test_a_cut_file_gives_the_items_that_are_whole(opened: Any) -> None:
    whole = json.dumps({"trajectory": [item("ls", "a"), item("pwd", "b")], "history": HISTORY})
    (trace,) = opened(whole[: whole.index('"pwd"') + 3])
    made = trace.trajectory
    assert [step.preview for step in made.steps] == ["I think."]
    assert not made.complete


def test_an_item_without_action_has_no_call(opened: Any) -> None:
    (trace,) = opened(run(trajectory=[item("", "Exit due to cost limit")]))
    step = next(step for step in trace.trajectory.steps if step.kind == "agent")
    assert (step.tool_calls, step.flags) == ((), ("no_action",))


def test_quotes_lead_to_their_exact_bytes(opened: Any) -> None:
    said = 'a "quote"\n\tä 😀 \\end'
    (trace,) = opened(run(trajectory=[item(f"echo {said}", said + "!", thought="T " + said)]))
    step = next(step for step in trace.trajectory.steps if step.kind == "agent")
    for quote in (said, f"echo {said}", said + "!", "T " + said):
        span = trace.locate(step.index, quote)
        assert span is not None
        assert trace.text(span) == quote


def test_other_formats_with_like_keys_are_not_taken(tmp_path: Path) -> None:
    path = tmp_path / "x.json"
    for document in (
        {"trajectory": [{"role": "ai", "text": "x"}], "instance_id": "a"},
        {"history": [{"action": "run", "source": "agent"}], "instance_id": "a"},
        {"messages": [], "info": {}, "trajectory_format": "mini-swe-agent-1.1"},
        {"history": "none"},
    ):
        path.write_text(json.dumps(document))
        assert detect(path) != "swe-agent"


_values = st.recursive(
    st.none() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=5,
)
_keys = st.sampled_from(
    ["action", "observation", "thought", "state", "role", "content", "tool_calls", "query"]
)
_entries = st.lists(st.dictionaries(_keys, _values, max_size=5) | _values, max_size=4)


@given(_entries | _values, _entries | _values, _values)
def test_drifted_documents_never_raise(trajectory: Any, history: Any, info: Any) -> None:
    text = json.dumps({"trajectory": trajectory, "history": history, "info": info})
    source = SourceBytes.of_bytes(text.encode("utf-8", "surrogatepass"), "x")
    (made,) = SweAgent().skeleton([source])
    for step in made.steps:
        raw = [source.read(span.offset, span.length) for span in step.raw]
        results = {
            call.id: [source.read(span.offset, span.length) for span in call.result]
            for call in step.tool_calls
        }
        assert len(SweAgent().body(step, raw, results).tool_calls) == len(step.tool_calls)


@given(st.integers(0, 2000))
def test_a_file_cut_anywhere_never_raises(at: int) -> None:
    text = json.dumps(run())[:at].encode()
    (made,) = SweAgent().skeleton([SourceBytes.of_bytes(text, "x")])
    assert made.format == "swe-agent"
