"""Intervals and tests against published figures, and against counting every deal."""

from __future__ import annotations

import time
from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workbench.usage.differences import (
    EXACT,
    rank_sum_p,
    share_difference,
    shift,
    sign_test_p,
)
from workbench.usage.proportions import fisher_two_sided, share

_VALUES = st.lists(st.integers(0, 6).map(float), min_size=1, max_size=5)


def test_the_difference_of_shares_has_the_published_interval() -> None:
    # Newcombe 1998 (Statistics in Medicine 17, 873), table II, method 10.
    for one, other, low, high in (
        ((56, 70), (48, 80), 0.0524, 0.3339),
        ((9, 10), (3, 10), 0.1705, 0.8090),
        ((10, 10), (0, 10), 0.6075, 1.0000),
    ):
        found = share_difference(share(*one), share(*other))
        assert found is not None
        assert (found.low, found.high) == (
            pytest.approx(low, abs=5e-5),
            pytest.approx(high, abs=5e-5),
        )
    assert share_difference(share(0, 0), share(1, 2)) is None


@given(_VALUES, _VALUES)
def test_the_rank_sum_counts_every_deal(first: list[float], second: list[float]) -> None:
    values = [*first, *second]
    ranks = [sum(other < one for other in values) + (values.count(one) + 1) / 2 for one in values]
    middle = len(first) * (len(values) + 1) / 2
    seen = abs(sum(ranks[: len(first)]) - middle)
    deals = [abs(sum(deal) - middle) for deal in combinations(ranks, len(first))]
    expected = sum(one >= seen for one in deals) / len(deals)
    assert rank_sum_p(first, second) == (pytest.approx(expected), "permutation")


def test_the_approximation_agrees_with_the_exact_p_where_both_can_be_had(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    first = [float(n * 37 % 101) for n in range(40)]
    second = [float(n * 53 % 101 + 12) for n in range(45)]
    exact, way = rank_sum_p(first, second)
    monkeypatch.setattr("workbench.usage.differences.EXACT", 10)
    near, other = rank_sum_p(first, second)
    assert (way, other) == ("permutation", "normal")
    assert near == pytest.approx(exact, abs=0.003)


def test_many_values_are_tested_and_nothing_is_said_of_none() -> None:
    values = [float(n % 7) for n in range(2 * EXACT)]
    assert rank_sum_p(values, values) == (pytest.approx(1.0), "normal")
    assert rank_sum_p([1.0] * EXACT, [1.0] * EXACT) == (1.0, "normal")
    assert rank_sum_p([], [1.0]) == (None, "")


def test_the_shift_is_the_published_one() -> None:
    # Hollander & Wolfe, Nonparametric Statistical Methods, example 4.1: permeability of the
    # chorioamnion; estimate -0.305.
    first = [0.80, 0.83, 1.89, 1.04, 1.45, 1.38, 1.91, 1.64, 0.73, 1.46]
    second = [1.15, 0.88, 0.90, 0.74, 1.21]
    found = shift(second, first)
    assert found is not None
    assert found.value == pytest.approx(-0.305)
    assert found.low == pytest.approx(-0.76)
    assert found.high == pytest.approx(0.15)
    assert shift([], [1.0]) is None


def test_of_too_few_values_there_is_a_shift_and_no_interval() -> None:
    found = shift([2.0, 4.0], [1.0, 1.0])
    assert found is not None
    assert (found.value, found.low, found.high) == (2.0, None, None)


def test_the_shift_of_large_groups_is_found_from_their_quantiles() -> None:
    first = [float(n) for n in range(3000)]
    found = shift([one + 100 for one in first], first)
    assert found is not None
    assert found.value == pytest.approx(100, abs=2)
    assert found.low is not None
    assert found.high is not None
    assert found.low < 100 < found.high


@given(st.integers(0, 60), st.integers(0, 60))
def test_the_sign_test_is_a_probability_and_symmetric(higher: int, lower: int) -> None:
    p = sign_test_p(higher, lower)
    assert 0 < p <= 1
    assert p == sign_test_p(lower, higher)


def test_five_of_five_is_one_in_sixteen() -> None:
    assert sign_test_p(5, 0) == 2 / 32


@pytest.mark.parametrize(("hits", "of", "others", "rest"), [(30, 90, 45, 80), (3, 40, 30, 60)])
def test_large_counts_are_tested_in_logarithms_as_small_ones_are(
    hits: int, of: int, others: int, rest: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, other = share(hits, of), share(others, rest)
    whole, signs = fisher_two_sided(one, other), sign_test_p(hits, others)
    monkeypatch.setattr("workbench.usage.proportions.WHOLE", 0)
    monkeypatch.setattr("workbench.usage.differences.WHOLE", 0)
    assert fisher_two_sided(one, other) == pytest.approx(whole, rel=1e-6)
    assert sign_test_p(hits, others) == pytest.approx(signs, rel=1e-6)


def test_a_hundred_thousand_sessions_are_tested_at_once() -> None:
    begun = time.process_time()
    p = fisher_two_sided(share(17_000, 33_000), share(33_500, 66_000))
    assert p is not None
    assert 0 < p < 1
    assert 0 < sign_test_p(30_100, 30_000) < 1
    assert shift([1.0, 2.0] * 20_000, [2.0] * 30_000) is not None
    assert time.process_time() - begun < 5
