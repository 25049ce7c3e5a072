"""Gates are arithmetic; these are the cases that decide."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workbench.domain.task import PairedRow, PairedTable
from workbench.evaluation.gates import RULES, Limits, gate
from workbench.evaluation.statistics import flake_rate, p_one_sided, p_two_sided


def _flipped(repairs: int, regressions: int, same: int = 5) -> PairedTable:
    rows = [PairedRow(f"r{n}", (0.0,), (1.0,)) for n in range(repairs)]
    rows += [PairedRow(f"b{n}", (1.0,), (0.0,)) for n in range(regressions)]
    rows += [PairedRow(f"s{n}", (1.0,), (1.0,)) for n in range(same)]
    return PairedTable(tuple(rows))


@pytest.mark.parametrize(
    ("repairs", "regressions", "p", "level"),
    [
        (3, 0, 0.125, "promising"),
        (4, 0, 0.0625, "supported"),
        (7, 2, 0.090, "supported"),
        (14, 7, 0.095, "rejected"),
        (0, 0, 1.0, "rejected"),
    ],
)
def test_default_rule_on_its_edge_cases(
    repairs: int, regressions: int, p: float, level: str
) -> None:
    result = gate(_flipped(repairs, regressions))
    assert (result.repairs, result.regressions, result.level) == (repairs, regressions, level)
    assert result.p_one_sided == pytest.approx(p, abs=5e-4)


@pytest.mark.parametrize(
    ("repairs", "regressions", "p"), [(20, 5, 0.004), (7, 5, 0.77), (5, 2, 0.45), (8, 0, 0.008)]
)
def test_two_sided_p_agrees_with_published_replays(
    repairs: int, regressions: int, p: float
) -> None:
    assert p_two_sided(repairs, regressions) == pytest.approx(p, abs=6e-3)


def test_nothing_to_compare_is_not_evaluated() -> None:
    result = gate(PairedTable(()))
    assert (result.level, result.p_one_sided, result.flake_rate) == ("not_evaluated", None, None)


def test_a_lower_mean_is_rejected_even_with_repairs() -> None:
    rows = (
        PairedRow("a", (0.45,), (0.5,)),
        PairedRow("b", (1.0,), (0.6,)),
    )
    assert gate(PairedTable(rows), "net").level == "promising"
    assert gate(PairedTable(rows), "weighted").level == "rejected"


@pytest.mark.parametrize(
    ("rule", "table", "level"),
    [
        ("net", _flipped(2, 1), "promising"),
        ("net", _flipped(1, 1), "rejected"),
        ("budget", _flipped(4, 0), "supported"),
        ("budget", _flipped(9, 1), "rejected"),
        ("mean", _flipped(1, 1), "rejected"),
        ("worst_drop", PairedTable((PairedRow("a", (0.9,), (0.7,)),)), "promising"),
        ("worst_drop", PairedTable((PairedRow("a", (0.9,), (0.69,)),)), "rejected"),
        ("floor", PairedTable((PairedRow("a", (0.1,), (0.75,)),)), "promising"),
        ("floor", PairedTable((PairedRow("a", (0.1,), (0.74,)),)), "rejected"),
        ("saturated", _flipped(0, 0), "rejected"),
        ("saturated", _flipped(2, 0), "promising"),
        ("cost", _flipped(1, 0), "not_evaluated"),
        (
            "cost",
            PairedTable((PairedRow("a", (1.0,), (1.0,), cost_before=10, cost_after=8.5),)),
            "promising",
        ),
        ("dominance", _flipped(1, 0), "promising"),
        ("dominance", _flipped(5, 1), "rejected"),
        ("size", PairedTable((), size_before=1000, size_after=1200, hunks=4), "promising"),
        ("size", PairedTable((), size_before=1000, size_after=1201), "rejected"),
        ("size", PairedTable((), size_before=1000, size_after=1100, hunks=5), "rejected"),
        ("size", PairedTable(()), "not_evaluated"),
        ("harm", PairedTable((PairedRow("a", (), (), uses=5, failures=1),)), "promising"),
        ("harm", PairedTable((PairedRow("a", (), (), uses=5, failures=2),)), "rejected"),
        ("harm", PairedTable((PairedRow("a", (), (), uses=2, failures=2),)), "not_evaluated"),
        ("marginal", _flipped(1, 0), "promising"),
    ],
)
def test_each_rule_at_its_limit(rule: str, table: PairedTable, level: str) -> None:
    assert gate(table, rule).level == level


def test_capacity_compares_with_the_worst_that_is_kept() -> None:
    table = PairedTable((PairedRow("a", (0.0,), (0.5,)),))
    assert gate(table, "capacity", Limits(rivals=(0.9,))).level == "promising"
    assert gate(table, "capacity", Limits(rivals=(0.9, 0.8, 0.5))).level == "rejected"
    assert gate(table, "capacity", Limits(rivals=(0.9, 0.8, 0.4))).level == "promising"


def test_flake_rate_is_the_disagreement_of_baseline_runs() -> None:
    rows = (PairedRow("a", (1.0, 0.0), (1.0,)), PairedRow("b", (1.0, 1.0), (1.0,)))
    assert flake_rate(rows) == 0.5
    assert flake_rate((PairedRow("a", (1.0,), (1.0, 0.0)),)) is None


@given(st.integers(0, 40), st.integers(0, 40))
def test_p_is_a_probability_and_more_repairs_never_raise_it(repairs: int, regressions: int) -> None:
    p = p_one_sided(repairs, regressions)
    assert 0.0 < p <= 1.0
    assert p_one_sided(repairs + 1, regressions) <= p


@given(
    st.lists(
        st.tuples(st.lists(st.floats(0, 1), max_size=3), st.lists(st.floats(0, 1), max_size=3)),
        max_size=12,
    ),
    st.sampled_from(RULES),
)
def test_no_table_breaks_a_rule(runs: list[tuple[list[float], list[float]]], rule: str) -> None:
    rows = tuple(
        PairedRow(str(number), tuple(before), tuple(after))
        for number, (before, after) in enumerate(runs)
    )
    result = gate(PairedTable(rows), rule)
    assert result.rule == rule
    assert result.repairs + result.regressions <= result.n
