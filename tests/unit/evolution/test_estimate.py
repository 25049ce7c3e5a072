"""What a run will take, said before it starts."""

from __future__ import annotations

from pathlib import Path

import pytest

from workbench.domain.job import Budget, ModelInput
from workbench.evaluation.task_set import read_tasks
from workbench.evolution.estimate import Sizes, estimate, estimate_lines, sizes_of
from workbench.evolution.gating import GateChoice
from workbench.plugin.manifest import Manifest
from workbench.plugin.settings import Setting


def manifest(formula: str, *settings: Setting) -> Manifest:
    return Manifest(
        id="probe",
        name="Probe",
        version="1",
        api="1.0",
        licence="MIT",
        kinds=("evolver",),
        form="inprocess",
        folder="/",
        entry="a:b",
        settings=settings,
        cost_estimate="a few calls",
        cost_formula=formula,
    )


def test_a_formula_is_worked_out_with_the_figures_of_the_run() -> None:
    sizes = Sizes(traces=20, skills=2, trace_tokens=20_000)
    found = estimate(manifest("calls = n + merges(n, 5) + n / 2 + 3"), sizes)
    assert (found.calls, found.runs) == (38, None)
    assert found.input_tokens == 38 * 1000
    assert found.assumed_tokens


def test_settings_that_were_changed_count() -> None:
    size = Setting("merge_size", "integer", default=5)
    plugin = manifest("calls = merges(n, merge_size)", size)
    assert estimate(plugin, Sizes(traces=20)).calls == 5
    assert estimate(plugin, Sizes(traces=20), settings={"merge_size": 20}).calls == 1


def test_prices_of_the_endpoint_give_money_and_a_missing_price_none() -> None:
    plugin = manifest("calls = n; input_tokens = 1000 * n; output_tokens = 100 * n")
    priced = ModelInput("proposer", "m", 2.0, 10.0)
    found = estimate(plugin, Sizes(traces=10), models=(priced,))
    assert found.usd == pytest.approx((10_000 * 2 + 1000 * 10) / 1e6)
    assert not found.assumed_tokens
    free = estimate(plugin, Sizes(traces=10), models=(priced, ModelInput("judge", "j")))
    assert free.usd is None
    lines = dict(estimate_lines(free, Sizes(traces=10), Budget(), "weighted"))
    assert lines["Money"] == "not known: the endpoint has no price"


def test_the_gate_of_the_host_is_counted_exactly_and_its_promise_is_that_of_the_size() -> None:
    sizes = Sizes(traces=1, train=10, val=6, test=36)
    found = estimate(
        manifest(""), sizes, budget=Budget(max_proposals=2), gating=GateChoice(), has_runner=True
    )
    # Twice as it is, twice with no skill, once for each of two proposals.
    assert found.gate_runs == 52 * (2 + 2 + 2)
    assert found.trial is not None
    assert found.trial.tasks == 36
    assert found.promise is not None
    # The reference's table, section 2.4: 36 x 1, R - 2B > 0.
    assert found.promise.false_accept == pytest.approx(0.17, abs=0.02)
    assert found.promise.power == pytest.approx(0.61, abs=0.02)


def test_without_tasks_it_says_that_nothing_is_evaluated() -> None:
    found = estimate(manifest(""), Sizes(traces=3, skills=1), has_runner=True)
    lines = dict(estimate_lines(found, Sizes(traces=3, skills=1), Budget(), "weighted"))
    assert "stay not evaluated" in lines["Gate's part"]
    assert "Gate promises" not in lines
    assert lines["Works on"] == "3 traces, 1 skill"
    assert lines["Stops at"] == "no cap is set"


def test_a_name_nobody_knows_is_told_and_stops_nothing() -> None:
    found = estimate(manifest("calls = batch"), Sizes(traces=3))
    assert found.calls is None
    assert "'batch' is not known" in found.problem


def test_sizes_count_splits_and_the_files_of_traces_once(tmp_path: Path) -> None:
    tasks = tmp_path / "tasks.jsonl"
    tasks.write_text(
        "".join(
            f'{{"id": "{name}", "prompt": "x", "split": "{split}", "family": "f{name}"}}\n'
            for name, split in (("a", "train"), ("b", "val"), ("c", "test"), ("d", "test"))
        )
    )
    found = sizes_of((), read_tasks(tasks), 3, 1)
    assert (found.train, found.val, found.test, found.held_out, found.families) == (1, 1, 2, 2, 4)
