"""The figures of two groups in words, the same on the command line, on the screen and in a report.

Below twenty sessions there are counts and no rates (traces reference, section 8.4).
"""

from __future__ import annotations

from typing import Final

from workbench.domain.text import counted
from workbench.traces.prices import dollar_words
from workbench.traces.times import duration_words
from workbench.usage.cohorts import Measure
from workbench.usage.differences import Difference
from workbench.usage.pairs import PairedMeasure
from workbench.usage.proportions import Share, Spread

#: What a figure is called.
MEASURES: Final[dict[str, str]] = {
    "passed": "passed",
    "with_errors": "sessions with errors",
    "steps": "steps",
    "tool_calls": "tool calls",
    "errors": "errors",
    "output_tokens": "output tokens",
    "cost_usd": "cost",
    "duration_s": "duration",
}


def share_text(one: Share) -> str:
    """Return "3 of 7", with rate and interval where there are enough."""
    if one.low is None or one.high is None:
        return "unknown: no session says"
    if one.few:
        return f"{one.hits} of {one.of}, too few for a rate"
    return (
        f"{one.hits} of {one.of} = {one.hits / one.of:.0%} "
        f"(95% interval {one.low:.0%} to {one.high:.0%})"
    )


def spread_text(one: Spread, measure: str = "") -> str:
    """Return median and quartiles, and how many sessions record the figure."""
    if one.median is None:
        return "not recorded"
    return (
        f"median {amount(one.median, measure)} (quartiles {amount(one.low, measure)} to "
        f"{amount(one.high, measure)}), "
        f"{one.n} of {one.of} record it"
    )


def difference_text(one: Measure) -> str:
    """Return the difference with its interval and p; of too few sessions no rate."""
    if one.difference is None:
        return "one group has no such figure, nothing can be compared"
    apart, p = one.difference, "" if one.p is None else f"; {one.test}, two-sided p = {one.p:.3g}"
    if one.shares is not None:
        if one.few:
            return f"counts only: {counts_text(one)}{p}"
        return f"{signed(round(apart.value * 100))} points{interval_text(apart, 100)}{p}"
    return f"typically {signed(apart.value, one.name)}{interval_text(apart, measure=one.name)}{p}"


def interval_text(one: Difference, by: int = 1, measure: str = "") -> str:
    """Return the interval in brackets, "" where so few values allow none."""
    if one.low is None or one.high is None:
        return ", too few for an interval"
    low, high = (value if by == 1 else round(value * by) for value in (one.low, one.high))
    return f" (95% interval {signed(low, measure)} to {signed(high, measure)})"


def counts_text(one: Measure) -> str:
    """Return the plain counts of both groups."""
    if one.shares is not None:
        return " and ".join(f"{share.hits} of {share.of}" for share in one.shares)
    assert one.spreads is not None
    return " and ".join(f"{spread.n} of {spread.of}" for spread in one.spreads)


def paired_text(one: PairedMeasure) -> str:
    """Return in how many tasks the first group has more, less, as much."""
    unknown = f", {one.unknown} not recorded" if one.unknown else ""
    return (
        f"higher in the first in {counted(one.higher, 'task')}, lower in {one.lower}, equal in "
        f"{one.equal}{unknown}; sign test, two-sided p = {one.p:.3g}"
    )


def amount(value: float | None, measure: str = "") -> str:
    """Return a figure with as many digits as it has meaning, in the unit of its measure."""
    if value is None:
        return "–"
    if measure == "duration_s":
        return duration_words(value)
    if measure == "cost_usd":
        return dollar_words(value)
    if abs(value) >= 100 or value == int(value):
        return f"{value:,.0f}"
    return f"{value:.1f}" if abs(value) >= 10 else f"{value:.3g}"


def signed(value: float, measure: str = "") -> str:
    """Return a difference with its sign; a real minus, so that it does not look like a dash."""
    if not value:
        return "0"
    return f"{'+' if value > 0 else '−'}{amount(abs(value), measure)}"
