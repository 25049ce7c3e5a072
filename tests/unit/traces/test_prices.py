"""Costs by a dated table: always marked as estimates."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from tests.unit.traces.compare.runs import run
from workbench.domain.trajectory import Metrics, Step, Trajectory
from workbench.resources import bundled
from workbench.traces.importer import TraceError
from workbench.traces.prices import PriceTable, cost_of


@pytest.fixture(scope="module")
def prices() -> PriceTable:
    return PriceTable.load()


def _call(model: str | None, time: str | None = "2026-05-01T00:00:00Z", **tokens: int) -> Step:
    metrics = Metrics(**tokens)  # type: ignore[arg-type]
    return Step(0, "u", "agent", "", (), time=time, model=model, metrics=metrics)


def _session(*steps: Step, **fields: object) -> Trajectory:
    made = run(**fields)  # type: ignore[arg-type]
    return Trajectory(
        **{name: getattr(made, name) for name in made.__struct_fields__} | {"steps": steps}
    )


def test_fresh_cached_and_written_tokens_have_prices_of_their_own(prices: PriceTable) -> None:
    step = _call(
        "claude-opus-4-6", input=1_000_000, cached=600_000, cache_write=300_000, output=100_000
    )
    made = cost_of(_session(step), prices)
    assert made.usd == pytest.approx(0.1 * 5 + 0.6 * 0.5 + 0.3 * 6.25 + 0.1 * 25)
    assert (made.source, made.unpriced, made.as_of) == ("estimated", 0, "2026-11-21")


def test_a_reported_cost_is_no_estimate(prices: PriceTable) -> None:
    one = _session(_call("claude-opus-4-6", input=10), totals=Metrics(cost_usd=0.5))
    assert (cost_of(one, prices).usd, cost_of(one, prices).source) == (0.5, "reported")


@pytest.mark.parametrize(
    ("model", "dollars"),
    [
        ("claude-sonnet-4-5-20250929", 3.0),
        ("anthropic/claude-sonnet-4-5", 3.0),
        ("us.anthropic.claude-sonnet-4-5-20250929-v1:0", 3.0),
        ("claude-opus-4-20250514", 15.0),
        ("claude-opus-4-6[1m]", 5.0),
        ("claude-opus-4-9", None),
        ("gpt-5.4-mini-2026-03-05", 0.75),
        ("gpt-5.4-micro", None),
        ("models/gemini-2.5-flash-preview-05-20", 0.3),
        ("llama-4", None),
        ("", None),
    ],
)
def test_a_model_is_known_by_its_name_and_never_by_a_likeness(
    prices: PriceTable, model: str, dollars: float | None
) -> None:
    made = prices.step_usd(Metrics(input=100_000, output=0), model, "2026-11-01")
    assert made == (None if dollars is None else pytest.approx(dollars / 10))


def test_the_day_decides(prices: PriceTable) -> None:
    tokens = Metrics(input=1_000_000, cached=1_000_000)
    assert prices.step_usd(tokens, "claude-sonnet-5-5", "2026-10-06T23:59:59Z") == 0.2
    assert prices.step_usd(tokens, "claude-sonnet-5-5", "2026-10-07") == 0.1
    assert prices.step_usd(tokens, "claude-sonnet-5-5") == 0.1


def test_a_long_prompt_costs_more(prices: PriceTable) -> None:
    assert prices.step_usd(Metrics(input=272_000), "gpt-5.4", "2026-06-01") == pytest.approx(0.68)
    assert prices.step_usd(Metrics(input=272_001), "gpt-5.4", "2026-06-01") == pytest.approx(
        1.360005
    )


def test_what_has_no_price_is_counted_and_not_guessed(prices: PriceTable) -> None:
    one = _session(_call("claude-opus-4-6", input=1000), _call("llama-4", input=1000), _call(None))
    made = cost_of(one, prices)
    assert (made.usd, made.unpriced) == (0.005, 2)
    made = cost_of(_session(_call("llama-4", input=1000)), prices)
    assert (made.usd, made.source, made.unpriced) == (None, "unknown", 1)
    assert cost_of(_session(), prices).source == "unknown"


def test_a_users_prices_come_first(tmp_path: Path) -> None:
    own = tmp_path / "prices.toml"
    own.write_text(
        'as_of = "2027-01-01"\n[[price]]\nmodels = ["llama-4", "claude-opus-5"]\n'
        "input = 1\noutput = 2\n"
    )
    made = PriceTable.load(own)
    tokens = Metrics(input=1_000_000, output=1_000_000)
    assert made.step_usd(tokens, "llama-4", "2020-01-01") == 3
    assert made.step_usd(tokens, "claude-opus-5", "2026-12-01") == 3
    assert made.step_usd(tokens, "claude-opus-4-8", "2026-12-01") == 30
    assert made.as_of == "2027-01-01"
    assert made.key != PriceTable.load().key


@pytest.mark.parametrize("text", ["[[price]]\nmodels = 3", "nonsense =", "[[price]]\ninptu = 1"])
def test_a_table_that_cannot_be_read_says_so(tmp_path: Path, text: str) -> None:
    own = tmp_path / "prices.toml"
    own.write_text(text)
    with pytest.raises(TraceError, match="is no table of prices"):
        PriceTable.load(own)


def test_every_bundled_price_has_its_source_and_day() -> None:
    table = tomllib.loads((bundled("resources") / "prices.toml").read_text())
    for row in table["price"]:
        assert row["source"] in table["sources"], row
        assert len(row["since"]) == 10
        assert row["since"] <= table["as_of"]
        assert 0 < row["cached"] < row["input"] < row["output"]
