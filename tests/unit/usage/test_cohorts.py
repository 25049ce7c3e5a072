"""Groups of sessions and the figures that compare them."""

from __future__ import annotations

from datetime import UTC, datetime
from math import comb

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from tests.unit.traces.compare.runs import run
from workbench.domain.trajectory import Metrics, Outcome, Trajectory
from workbench.traces.prices import PriceTable
from workbench.usage.cohorts import by_choice, by_model, by_skill, by_time, cohort
from workbench.usage.proportions import fisher_two_sided, share, spread

_COUNTS = st.integers(0, 40).flatmap(lambda of: st.tuples(st.integers(0, of), st.just(of)))


def _session(*words: object, outcome: str = "unknown", **fields: object) -> Trajectory:
    return run(*words, outcome=Outcome(outcome), **fields)  # type: ignore[arg-type]


def test_wilson_gives_the_published_interval() -> None:
    # Newcombe 1998, table I, method 3: 81 of 263 and 15 of 148.
    found = share(81, 263)
    assert (found.low, found.high) == (
        pytest.approx(0.2553, abs=5e-5),
        pytest.approx(0.3662, abs=5e-5),
    )
    found = share(15, 148)
    assert (found.low, found.high) == (
        pytest.approx(0.0624, abs=5e-5),
        pytest.approx(0.1605, abs=5e-5),
    )


@given(_COUNTS)
def test_an_interval_holds_its_share_and_stays_within_bounds(counts: tuple[int, int]) -> None:
    found = share(*counts)
    if not counts[1]:
        assert (found.low, found.high, found.few) == (None, None, True)
        return
    assert found.low is not None
    assert found.high is not None
    assert 0 <= found.low <= counts[0] / counts[1] <= found.high <= 1
    assert found.few is (counts[1] < 20)


def test_fisher_gives_the_published_p() -> None:
    # Fisher's tea: 3 of 4 and 1 of 4 (Agresti, Categorical Data Analysis): two-sided 0.4857.
    assert fisher_two_sided(share(3, 4), share(1, 4)) == pytest.approx(34 / comb(8, 4))
    assert fisher_two_sided(share(8, 10), share(1, 6)) == pytest.approx(0.034965, abs=1e-6)
    assert fisher_two_sided(share(0, 0), share(1, 2)) is None


@given(_COUNTS, _COUNTS)
def test_fisher_is_a_probability_and_symmetric(one: tuple[int, int], two: tuple[int, int]) -> None:
    p = fisher_two_sided(share(*one), share(*two))
    assert p == fisher_two_sided(share(*two), share(*one))
    assert p is None or 0 < p <= 1


def test_no_share_is_made_of_nonsense() -> None:
    with pytest.raises(ValueError, match="3 of 2"):
        share(3, 2)


def test_quartiles_say_how_many_values_there_are() -> None:
    found = spread([1.0, None, 3.0, 2.0, 4.0])
    assert (found.n, found.of, found.low, found.median, found.high) == (4, 5, 1.75, 2.5, 3.25)
    assert spread([None]).median is None


def test_sessions_are_grouped_by_what_they_loaded_themselves_or_in_a_subagent() -> None:
    child = run(("Skill", "tools:pdf"), name="child")
    found = by_skill(
        [
            _session(("Skill", "PDF"), outcome="pass"),
            _session("Hi.", children=(child,), outcome="fail"),
            _session(("Skill", "csv"), outcome="pass"),
            _session("Hi.", outcome="infra"),
            _session("Hi."),
        ],
        "pdf",
    )
    assert (found.first.sessions, found.second.sessions) == (2, 3)
    assert (found.first.passed.hits, found.first.passed.of) == (1, 2)
    assert (found.second.passed.hits, found.second.passed.of) == (1, 1)
    assert (found.second.unknown, found.second.infra) == (1, 1)
    assert found.p_passed == pytest.approx(1.0)
    assert "no proof" in found.caution


def test_sessions_are_grouped_by_time_and_those_without_are_counted() -> None:
    found = by_time(
        [
            _session(started="2026-01-01T00:00:00Z"),
            _session(started="2026-03-01T00:00:00+01:00"),
            _session(started=None),
            _session(started="soon"),
        ],
        datetime(2026, 2, 1, tzinfo=UTC),
    )
    assert (found.first.sessions, found.second.sessions, found.left_out) == (1, 1, 2)


def test_what_is_not_recorded_is_unknown_and_what_subagents_used_counts() -> None:
    child = run(totals=Metrics(output=5), errors=2, tool_calls=3)
    found = cohort(
        "all", [_session("Hi.", children=(child,), totals=Metrics(output=7)), _session()]
    )
    assert (found.output_tokens.n, found.output_tokens.median) == (1, 12.0)
    assert found.cost_usd.median is None
    assert (found.with_errors.hits, found.errors, found.calls) == (1, 2, 3)
    assert found.passed.low is None


def test_the_same_task_on_both_sides_is_compared_with_itself() -> None:
    def session(task: str, model: str, steps: int, outcome: str) -> Trajectory:
        return _session(
            f"user: {task}", *["Hm."] * steps, outcome=outcome, model=model, name=f"{task}{model}"
        )

    found = by_model(
        [
            session("Fix  it", "a", 3, "pass"),
            session("fix it", "b", 1, "fail"),
            session("Only here", "a", 9, "pass"),
        ],
        "a",
    )
    assert found.tasks is not None
    (task,) = found.tasks.tasks
    assert (task.task, task.first, task.second) == ("fix it", 1, 1)
    assert task.means["steps"] == (4.0, 2.0)
    steps = next(one for one in found.tasks.measures if one.name == "steps")
    assert (steps.higher, steps.lower, steps.equal, steps.p) == (1, 0, 0, 1.0)
    cost = next(one for one in found.tasks.measures if one.name == "cost_usd")
    assert cost.unknown == 1
    told = {one.what: one.words for one in found.confounders}
    assert told["task"].startswith("1 of 3 sessions")
    assert "a 2 and 0, b 0 and 1" in told["model"]


def test_what_else_differs_is_told() -> None:
    found = by_skill(
        [
            _session(("Skill", "pdf"), started="2026-01-01T00:00:00Z", outcome="pass"),
            _session("Hi.", started="2026-02-01T00:00:00Z"),
        ],
        "pdf",
    )
    told = {one.what: one.words for one in found.confounders}
    assert "2026-01-01 to 2026-01-01 and 2026-02-01 to 2026-02-01" in told["date"]
    assert "0 of 1 and 1 of 1" in told["outcome"]
    assert sum("counts only" in one for one in found.warnings) == 2


def test_like_groups_have_no_confounders() -> None:
    sessions = [
        _session("user: x", name=f"{n}", started="2026-01-01T00:00:00Z", model="m") for n in "abcd"
    ]
    keys = frozenset(("/t/" + n, n) for n in "ab")
    found = by_choice(sessions, keys)
    assert found.confounders == ()
    assert (found.first.sessions, found.second.sessions) == (2, 2)
    assert by_choice(sessions, keys, frozenset({("/t/c", "c")})).left_out == 1


def test_every_figure_leads_to_the_sessions_it_counts() -> None:
    found = by_model(
        [
            _session(outcome="pass", model="a", name="one"),
            _session(outcome="infra", model="a", name="two"),
            _session(outcome="fail", model="b", name="three"),
        ],
        "a",
        "b",
    )
    passed = found.measures[0]
    assert passed.name == "passed"
    assert passed.shares is not None
    for group, counted in zip((found.first, found.second), passed.shares, strict=True):
        known = [one for one in group.members if one.values["passed"] is not None]
        assert len(known) == counted.of
        assert sum(one.values["passed"] or 0 for one in known) == counted.hits


def test_before_and_after_an_edit_counts_sessions_of_the_skill_alone() -> None:
    found = by_time(
        [
            _session(("Skill", "pdf"), started="2026-01-01T00:00:00Z"),
            _session("Hi.", started="2026-01-01T00:00:00Z"),
            _session(("Skill", "pdf"), started="2026-03-01T00:00:00Z"),
        ],
        datetime(2026, 2, 1, tzinfo=UTC),
        "pdf",
    )
    assert (found.first.sessions, found.second.sessions, found.left_out) == (1, 1, 1)


def test_an_empty_group_is_said_and_compares_nothing() -> None:
    found = by_skill([_session("Hi.")], "pdf")
    assert any("nothing to compare" in one for one in found.warnings)
    assert found.confounders == ()
    assert all(one.p is None for one in found.measures)


def test_a_cost_that_is_not_recorded_is_estimated_where_there_are_prices() -> None:
    used = replace(
        _session("Do it."), model="claude-sonnet-5", totals=Metrics(input=1000, output=1000)
    )
    told = replace(used, totals=Metrics(cost_usd=0.5))
    assert cohort("all", [used]).cost_usd.median is None
    prices = PriceTable.load()
    made = cohort("all", [used], prices)
    assert made.cost_usd.median is not None
    assert made.members[0].estimated
    found = by_choice([used, told], frozenset({("", used.id)}), prices=prices)
    assert [one.estimated for one in cohort("all", [told], prices).members] == [False]
    assert any("is an estimate by prices of" in words for words in found.warnings)
