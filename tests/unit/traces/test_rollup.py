"""Sums of a trace and its subagents: each counted once, what is not known said so."""

from __future__ import annotations

import pytest

from workbench.domain.trajectory import ByteSpan, Loss, Metrics, Step, Trajectory
from workbench.traces.prices import Price, PriceTable
from workbench.traces.rollup import family, used_by, used_with_subagents

PRICES = PriceTable([Price(("m",), 10.0, 20.0)], "2026-11-21")


def run(
    name: str,
    tokens: tuple[int, int] | None = None,
    *,
    model: str = "m",
    cost: float | None = None,
    errors: int = 0,
    children: tuple[Trajectory, ...] = (),
) -> Trajectory:
    metrics = Metrics(*tokens) if tokens else None
    step = Step(0, name, "agent", "", (ByteSpan(0, 0, 1),), metrics=metrics, model=model)
    totals = Metrics(*tokens, cost_usd=cost) if tokens else Metrics(cost_usd=cost)
    return Trajectory(
        name,
        "x",
        None,
        None,
        model,
        (),
        (step,),
        totals,
        Loss(),
        errors=errors,
        children=children,
    )


def test_own_and_with_subagents_are_told_apart() -> None:
    deep = run("deep", (1_000_000, 0), errors=2)
    top = run("top", (100_000, 50_000), children=(run("mid", (0, 100_000), children=(deep,)),))
    own, whole = used_by(top, PRICES), used_with_subagents(top, PRICES)
    assert [one.id for one in family(top)] == ["top", "mid", "deep"]
    assert (own.agents, whole.agents) == (1, 3)
    assert (own.tokens.input, whole.tokens.input) == (100_000, 1_100_000)
    assert (own.errors, whole.errors) == (0, 2)
    assert own.cost.usd == pytest.approx(2.0)
    assert whole.cost.usd == pytest.approx(2.0 + 2.0 + 10.0)
    assert whole.cost.source == "estimated"
    assert whole.cost.as_of == "2026-11-21"


def test_a_sum_is_reported_only_where_all_of_it_is() -> None:
    child = run("child", (1_000_000, 0))
    assert used_with_subagents(run("top", cost=1.0), PRICES).cost.source == "reported"
    mixed = used_with_subagents(run("top", cost=1.0, children=(child,)), PRICES).cost
    assert (mixed.source, mixed.usd) == ("estimated", pytest.approx(11.0))


def test_what_has_no_price_is_counted_and_not_taken_for_free() -> None:
    child = run("child", (1_000_000, 0), model="unheard-of")
    made = used_with_subagents(run("top", cost=1.0, children=(child,)), PRICES).cost
    assert (made.usd, made.unpriced, made.source) == (1.0, 1, "estimated")
    nothing = used_with_subagents(run("top", children=(run("child"),)), PRICES)
    assert nothing.tokens.input is None
    assert nothing.cost.usd is None
    assert nothing.cost.source == "unknown"
