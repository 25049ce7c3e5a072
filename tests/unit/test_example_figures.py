"""The example's recorded figures are those of its steps: who looks them up finds no riddle."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from workbench.resources import bundled

_TRACES = sorted((bundled("resources") / "example" / "traces" / "atif").glob("*.json"))


@pytest.mark.parametrize("path", _TRACES, ids=lambda path: path.stem)
def test_recorded_totals_are_the_sum_of_the_steps(path: Path) -> None:
    trace = json.loads(path.read_text())
    metrics = [step.get("metrics", {}) for step in trace["steps"]]
    told = trace["final_metrics"]
    for name in ("prompt_tokens", "completion_tokens", "cached_tokens"):
        assert told[f"total_{name}"] == sum(one.get(name, 0) for one in metrics)
    assert told["total_steps"] == len(trace["steps"])
