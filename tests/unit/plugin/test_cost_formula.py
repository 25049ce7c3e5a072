"""The cost of a run as a formula: read by our own parser, and nothing else is understood."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workbench.plugin.cost_formula import FormulaProblem, merges, parse_formula


@pytest.mark.parametrize(
    ("text", "known", "calls"),
    [
        ("calls = n + merges(n, 5) + n / 2 + 3", {"n": 20}, 38),
        ("calls = 2 * n + s + 1", {"n": 20, "s": 5}, 46),
        ("calls = 2 + 3 * 4 - 6 / 3", {}, 12),
        ("calls = (2 + 3) * -4 + 21", {}, 1),
        ("e = ceil(n / 3); calls = max(e, 2) + min(e, 2)", {"n": 10}, 6),
        ("calls = n - 100", {"n": 20}, 0),
    ],
)
def test_published_formulas_are_worked_out(
    text: str, known: dict[str, float], calls: float
) -> None:
    assert parse_formula(text).work_out(known)["calls"] == calls


def test_it_gives_the_results_it_names_and_no_helper() -> None:
    found = parse_formula("batch = 48\nruns = batch + 36 * 5; calls = 2 + 4").work_out({})
    assert found == {"runs": 228.0, "calls": 6.0}


def test_merging_goes_on_until_one_is_left() -> None:
    assert (merges(20, 5), merges(26, 5), merges(1, 5), merges(0, 5)) == (5, 9, 0, 0)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("calls = __import__('os')", "not understood"),
        ("calls = open(n)", "no function 'open'"),
        ("calls = n.real", "not understood"),
        ("calls = n ** 2", "'*' stands where a value"),
        ("calls", "ends too early"),
        ("calls = (1", "ends too early"),
        ("calls = 1 2", "stands where the formula should end"),
        ("cost = 4", "gives none of"),
        ("calls = max(1)", "takes 2 values"),
        ("calls = " + "(" * 200 + "1", "too deep"),
        ("calls = 1;" * 1000, "longer than"),
    ],
)
def test_what_is_no_formula_is_told(text: str, words: str) -> None:
    with pytest.raises(FormulaProblem) as problem:
        parse_formula(text)
    assert words in str(problem.value)


@pytest.mark.parametrize(
    ("text", "words"),
    [("calls = unknown", "'unknown' is not known"), ("calls = 1 / n", "cannot be worked out")],
)
def test_what_cannot_be_worked_out_is_told(text: str, words: str) -> None:
    with pytest.raises(FormulaProblem) as problem:
        parse_formula(text).work_out({"n": 0})
    assert words in str(problem.value)


@given(st.text(max_size=60) | st.text("n+-*/(), 0123456789ceilmaxrgs", max_size=60))
def test_any_text_is_a_formula_or_is_refused(text: str) -> None:
    with contextlib.suppress(FormulaProblem):
        assert parse_formula(f"calls = {text}").work_out({"n": 2})["calls"] >= 0
