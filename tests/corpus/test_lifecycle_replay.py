"""Leave-one-out on stored results of others: SkillX's BFCL runs without and with its skills.

The library is taken as one skill. Tasks are compared by their mean score over three runs,
so there are more differences than the flips of the gate's replay (evolution reference, 2.4).
"""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.corpus.test_gate_replay import _rewards
from tests.plugins.lifecycle.test_lifecycle import drafts, run
from workbench.domain.job import ProposalEvent, StoredResult

pytestmark = pytest.mark.corpus


#: model: how many tasks go better and worse, and what becomes of the skills when the sides are
#: exchanged, so that they are known to harm.
REPLAY = {
    "qwen3-32b": (55, 19, "retire"),
    "glm-4.6": (21, 10, "retire"),
    "kimi-k2-instruct-0905": (25, 18, "narrow"),
}


def _results(corpus: Path, model: str, *, exchanged: bool) -> list[StoredResult]:
    logs = corpus / "evolution" / "skillx" / "exp_log" / "bfcl"
    names = [(), ("skillx",)]
    sides = (
        _rewards(logs / "vanilla" / f"bfcl_{model}_vanilla.jsonl"),
        _rewards(logs / "skillx" / f"bfcl_{model}_autoskills.jsonl"),
    )
    return [
        StoredResult(task, skills, score, run=number)
        for skills, rewards in zip(reversed(names) if exchanged else names, sides, strict=True)
        for task, scores in rewards.items()
        for number, score in enumerate(scores)
    ]


@pytest.mark.parametrize("model", REPLAY)
def test_skills_that_were_measured_to_help_are_left_alone(
    corpus: Path, tmp_path: Path, model: str
) -> None:
    events = run(tmp_path, _results(corpus, model, exchanged=False), ("skillx",))
    assert not [one for one in events if isinstance(one, ProposalEvent)]
    better, worse, _ = REPLAY[model]
    words = f"{better} tasks better with it, {worse} worse"
    assert words in drafts(events)["skillx"].rationale


@pytest.mark.parametrize("model", REPLAY)
def test_with_the_sides_exchanged_they_go_as_far_as_chance_allows(
    corpus: Path, tmp_path: Path, model: str
) -> None:
    events = run(tmp_path, _results(corpus, model, exchanged=True), ("skillx",))
    (proposed,) = [one.draft for one in events if isinstance(one, ProposalEvent)]
    assert proposed is not None
    assert proposed.kind == REPLAY[model][2]
