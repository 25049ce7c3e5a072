"""The engines that search, against a real model: plumbing, not judgement."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.plugins.engine_world import SKILL, world
from workbench.domain.job import LlmCall
from workbench.llm.profiles import EndpointProfile

pytestmark = [pytest.mark.realmodel, pytest.mark.slow, pytest.mark.timeout(300)]


@pytest.mark.parametrize(
    ("engine", "package", "settings"),
    [
        ("gepa_engine", "gepa", {"metric_calls": 8, "minibatch": 1, "max_output_tokens": 64}),
        ("grasp_engine", "grasp", {"epochs": 1, "candidates": 1, "max_output_tokens": 64}),
    ],
)
def test_a_search_ends_in_good_order_whatever_a_small_model_says(
    tmp_path: Path, real_model: str, engine: str, package: str, settings: dict[str, Any]
) -> None:
    pytest.importorskip(package, reason=f"the package {package} is not installed")
    endpoint = EndpointProfile("loopback", real_model, "smollm2", timeout_s=120)
    with world(tmp_path, endpoint=endpoint) as here:
        result, events = here.run(engine, settings=settings, seed=1)
    assert result.status in ("completed", "no_change"), result.summary
    calls = [one for one in events if isinstance(one, LlmCall)]
    assert calls
    assert sum(one.input_tokens for one in calls) > 100  # counted by the server
    for proposal in result.proposals:
        assert proposal.gate.held_out == "test"
    assert (tmp_path / "library/words/SKILL.md").read_text() == SKILL
