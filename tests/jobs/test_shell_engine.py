"""The protocol is language-neutral: an engine in POSIX shell does all that a Python one can.

Its agent is a shell script and its endpoint a scripted one; both are test doubles. The engine, the
job, the evaluations and the gate are real.
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from tests.unit.evolution.test_means import run, world
from workbench.domain.job import EvalResult, LlmCall, UnknownEvent
from workbench.plugin.registry import Registry
from workbench.traces.open import open_traces

HERE = Path(__file__).parent / "shell_engine"
SESSION = [
    {"role": "user", "content": "Name the words."},
    {
        "role": "assistant",
        "content": "",
        "tool_calls": [
            {
                "id": "a",
                "type": "function",
                "function": {"name": "bash", "arguments": '{"command": "say blue"}'},
            }
        ],
    },
    {"role": "tool", "tool_call_id": "a", "content": "Error: blue is not known"},
]


@pytest.fixture
def engine(tmp_path: Path):
    folder = tmp_path / "shell-plugins"
    shutil.copytree(HERE, folder / "shell_engine")
    registry = Registry((folder,), tmp_path / "shell.json", installed=False)
    return registry.set_enabled("shell_engine", True)


def test_an_engine_in_shell_asks_evaluates_and_proposes_with_evidence(
    tmp_path: Path, engine
) -> None:
    session = tmp_path / "session.json"
    session.write_text(json.dumps(SESSION))
    traces = open_traces(session)
    try:
        with world(tmp_path, word="blue") as (library, _, means):
            result, events = run(tmp_path, library, engine, means, traces)
    finally:
        for trace in traces:
            trace.close()
    assert (result.status, result.summary) == ("completed", "One word proposed.")
    assert [event.score for event in events if isinstance(event, EvalResult)] == [1.0]
    assert len([event for event in events if isinstance(event, LlmCall)]) == 1
    assert [event.tag for event in events if isinstance(event, UnknownEvent)] == ["haiku"]
    assert result.refused == ()
    (proposal,) = result.proposals
    assert proposal.draft.changes[0].new_text.endswith("- red\n- blue\n")
    assert proposal.draft.confidence == 0.9
    assert [check.status for check in proposal.checks] == ["verified"]
    # Its own confidence changes nothing: on the tasks it never saw it mends nothing.
    assert proposal.gate.level == "rejected"
    assert result.cost.calls == 1
