"""An engine against a real model on loopback: it comes to a clean end and says so honestly.

A model of 135 million parameters hardly ever makes a usable patch: proposals are no matter here.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.unit.evolution.sessions import failing_session, write_report_library
from workbench.domain.job import LlmCall, Warning_
from workbench.evolution.prepare import MeansChoice, prepared
from workbench.evolution.run import EngineInputs, Evolution, EvolveResult, run_engine
from workbench.llm.profiles import EndpointProfile
from workbench.llm.service import ANY_ROLE
from workbench.plugin.jobs import JobRunner
from workbench.plugin.registry import Registry
from workbench.resources import bundled
from workbench.skills.library import read_library
from workbench.store.proposals import ProposalStore
from workbench.traces.open import open_traces

#: Seconds on a machine of its own; a busy one takes minutes.
pytestmark = [pytest.mark.realmodel, pytest.mark.slow, pytest.mark.timeout(900)]

SETTINGS = {"trace_characters": 1000, "skill_characters": 1000, "max_output_tokens": 128}


@pytest.fixture
def stack() -> Iterator[ExitStack]:
    with ExitStack() as made:
        yield made


def test_trace2skill_style_comes_to_a_clean_end(
    real_model: str, tmp_path: Path, isolated_home: Path, stack: ExitStack
) -> None:
    write_report_library(tmp_path / "library")
    before = (tmp_path / "library/report-tool/SKILL.md").read_bytes()
    for month in ("may", "june"):
        failing_session(tmp_path / f"traces/{month}.jsonl", month)
    traces = [
        stack.enter_context(one)
        for path in sorted((tmp_path / "traces").iterdir())
        for one in open_traces(path)
    ]
    profile = EndpointProfile("real", real_model, timeout_s=400.0, concurrency=2, retries=0)
    choice = MeansChoice(endpoints={ANY_ROLE: profile})
    means = stack.enter_context(prepared(choice, tmp_path / "cache"))
    evolution = Evolution(
        read_library(tmp_path / "library"),
        Registry([bundled("plugins")], tmp_path / "plugins.json").get("trace2skill_style"),
        traces,
        EngineInputs(settings=dict(SETTINGS)),
        runner=stack.enter_context(JobRunner(tmp_path / "jobs")),
        store=ProposalStore(tmp_path / "store"),
        means=means,
    )
    result = _result(evolution)
    calls = [event for event in result.events if isinstance(event, LlmCall)]
    assert len(calls) >= 2  # one for each trace at least
    assert all(one.model and one.input_tokens for one in calls)
    if result.status == "failed":  # no answer followed the schema: that is said
        assert "The model gave no usable answer" in result.summary
        assert any(isinstance(one, Warning_) for one in result.events)
    else:
        assert result.status in ("completed", "no_change"), result.summary
    for proposal in result.proposals:  # whatever it made up, no quote of it is invented
        assert {check.status for check in proposal.checks} == {"verified"}
    assert (tmp_path / "library/report-tool/SKILL.md").read_bytes() == before


def _result(evolution: Evolution) -> EvolveResult:
    events = run_engine(evolution)
    while True:
        try:
            next(events)
        except StopIteration as end:
            result: EvolveResult = end.value
            return result
