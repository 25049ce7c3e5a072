"""Gates on stored results of published experiments: the replay of the evolution reference, 2.4."""

from __future__ import annotations

import json
from collections import defaultdict
from pathlib import Path

import pytest

from workbench.domain.task import PairedRow, PairedTable
from workbench.evaluation.gates import Limits, gate

pytestmark = pytest.mark.corpus

#: model: repairs, regressions, two-sided p, level, and what the other rules say.
REPLAY = {
    "qwen3-32b": (20, 5, 0.004, "supported"),
    "kimi-k2-instruct-0905": (7, 5, 0.77, "rejected"),
    "glm-4.6": (5, 2, 0.45, "promising"),
}


def _rewards(path: Path) -> dict[str, list[float]]:
    found: dict[str, list[float]] = defaultdict(list)
    for line in path.read_text(encoding="utf-8").splitlines():
        record = json.loads(line)
        found[record["task_id"]].append(float(record["reward"]))
    return found


def _table(corpus: Path, model: str) -> PairedTable:
    logs = corpus / "evolution" / "skillx" / "exp_log" / "bfcl"
    before = _rewards(logs / "vanilla" / f"bfcl_{model}_vanilla.jsonl")
    after = _rewards(logs / "skillx" / f"bfcl_{model}_autoskills.jsonl")
    return PairedTable(
        tuple(
            PairedRow(task, tuple(before[task]), tuple(after[task]))
            for task in sorted(before.keys() & after.keys())
        )
    )


@pytest.mark.parametrize("model", REPLAY)
def test_the_default_gate_on_published_pairs_says_what_the_reference_found(
    corpus: Path, model: str
) -> None:
    repairs, regressions, p, level = REPLAY[model]
    found = gate(_table(corpus, model))
    assert (found.repairs, found.regressions) == (repairs, regressions)
    assert found.p_two_sided == pytest.approx(p, abs=0.006)
    assert found.level == level
    assert found.flake_rate is not None
    assert found.flake_rate > 0


@pytest.mark.parametrize("model", REPLAY)
def test_any_net_gain_accepts_all_pairs_and_stricter_rules_none(corpus: Path, model: str) -> None:
    table = _table(corpus, model)
    assert gate(table, "net").level != "rejected"
    assert gate(table, "budget", Limits(regressions=0)).level == "rejected"
    assert gate(table, "worst_drop").level == "rejected"
