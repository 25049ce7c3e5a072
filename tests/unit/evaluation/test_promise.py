"""What gates promise: the table of the evolution reference, section 2.4 (November 2026)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workbench.domain.task import PairedRow, PairedTable
from workbench.evaluation.promise import ACCEPTANCES, MOST_TASKS, Trial, promise, promise_of

#: Percent: false accept / power, as the reference found them by simulation.
SIMULATED = {
    (20, 1): {"net": (40, 80), "weighted": (23, 58), "budget": (13, 20), "significant": (2, 22)},
    (36, 1): {"net": (43, 90), "weighted": (17, 61), "budget": (3, 5), "significant": (4, 42)},
    (72, 1): {"net": (45, 97), "weighted": (11, 67), "budget": (0, 0), "significant": (6, 68)},
    (36, 3): {"net": (36, 98), "weighted": (28, 90), "budget": (25, 43), "significant": (1, 64)},
    (72, 3): {"net": (40, 100), "weighted": (22, 97), "budget": (12, 19), "significant": (2, 93)},
}
CELLS = [(size, rule) for size, rules in SIMULATED.items() for rule in rules]


@pytest.mark.parametrize(("size", "rule"), CELLS)
def test_the_exact_chances_are_those_of_the_simulated_table(
    size: tuple[int, int], rule: str
) -> None:
    found = promise(Trial(*size), ACCEPTANCES[rule])
    false_accept, power = SIMULATED[size][rule]
    assert 100 * found.false_accept == pytest.approx(false_accept, abs=2.5)
    assert 100 * found.power == pytest.approx(power, abs=2.5)


def test_without_flakes_nothing_false_is_accepted_and_a_good_edit_always_is() -> None:
    found = promise(Trial(20, flake=0.0, repaired=1.0), ACCEPTANCES["significant"])
    assert (found.false_accept, found.power) == (0.0, pytest.approx(1.0))


def test_one_task_by_hand() -> None:
    # It passes; before wrong (.1) and after right (.9) is the one way to a repair.
    found = promise(Trial(1, failing=0.0), ACCEPTANCES["net"])
    assert found.false_accept == pytest.approx(0.09)


@given(
    tasks=st.integers(1, 24),
    flake=st.floats(0, 0.5),
    failing=st.floats(0, 1),
    repaired=st.floats(0, 1),
)
def test_chances_add_up_and_an_edit_that_helps_is_accepted_no_less_often(
    tasks: int, flake: float, failing: float, repaired: float
) -> None:
    trial = Trial(tasks, 1, flake, failing, repaired)
    always = promise(trial, lambda _repairs, _regressions: True)
    assert always.false_accept == pytest.approx(1.0, abs=1e-6)
    assert always.power == pytest.approx(1.0, abs=1e-6)
    net = promise(trial, ACCEPTANCES["net"])
    assert net.power >= net.false_accept - 1e-6


@pytest.mark.parametrize("trial", [Trial(5, runs=2), Trial(5, runs=0), Trial(5, flake=1.5)])
def test_what_makes_no_sense_is_refused(trial: Trial) -> None:
    with pytest.raises(ValueError, match=r"runs must be|are shares"):
        promise(trial, ACCEPTANCES["net"])


def test_the_promise_of_a_table_takes_its_own_flake_rate_and_failing_share() -> None:
    steady = tuple(PairedRow(f"s{n}", (0.0, 0.0), (1.0, 1.0)) for n in range(6))
    flaky = tuple(PairedRow(f"f{n}", (0.0, 1.0), (1.0, 1.0)) for n in range(2))
    found = promise_of(PairedTable(steady + flaky), "net")
    assert found is not None
    trial, _ = found
    # Two of eight tasks disagree: 2 f (1 - f) = 1/4.
    assert 2 * trial.flake * (1 - trial.flake) == pytest.approx(0.25)
    assert (trial.tasks, trial.runs, trial.failing) == (8, 1, 0.75)


def test_where_a_promise_says_nothing_there_is_none() -> None:
    row = PairedRow("t", (0.0,), (1.0,))
    assert promise_of(PairedTable((row,)), "mean") is None
    assert promise_of(PairedTable(()), "net") is None
    many = tuple(PairedRow(str(n), (0.0,), (1.0,)) for n in range(MOST_TASKS + 1))
    assert promise_of(PairedTable(many), "net") is None
