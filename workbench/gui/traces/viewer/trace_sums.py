"""Figures of a trace that take a walk over its steps: tokens, cost, context size. No Qt."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from workbench.domain.trajectory import Step, Trajectory
from workbench.gui.traces.words import count
from workbench.traces.prices import Cost, PriceTable, dollar_words
from workbench.traces.rollup import Used, added, used_by

#: Where a trajectory is below the file's own trace: ordinals of children.
Way = tuple[int, ...]

_POINTS = 240


@dataclass(frozen=True, slots=True)
class AgentSums:
    """What an agent used itself, and with its subagents."""

    own: Used
    whole: Used


@dataclass(frozen=True, slots=True)
class ContextCurve:
    """Tokens in the model's context, call by call, as recorded; ``steps`` are those of the points.

    Long curves are thinned out; the greatest of each part stays. ``peak`` is (step, tokens).
    """

    steps: tuple[int, ...] = ()
    tokens: tuple[int, ...] = ()
    peak: tuple[int, int] | None = None

    @property
    def last(self) -> int:
        """Tokens of the last call."""
        return self.tokens[-1] if self.tokens else 0


@dataclass(frozen=True, slots=True)
class TraceSums:
    """Sums of every agent of a file by its way, and the prices they were made with."""

    agents: Mapping[Way, AgentSums]
    prices: PriceTable


def sums_of(top: Trajectory, own_prices: Path | None) -> TraceSums:
    """Add up a file's trace and its subagents. For a thread.

    Raises:
        TraceError: the user's price table cannot be read.
    """
    prices = PriceTable.load(own_prices)
    made: dict[Way, AgentSums] = {}
    ways: list[tuple[Way, Trajectory]] = [((), top)]
    for way, one in ways:  # grows while it is walked: parents before their children
        ways += [((*way, number), child) for number, child in enumerate(one.children)]
    for way, one in reversed(ways):
        own = used_by(one, prices)
        below = [made[(*way, number)].whole for number in range(len(one.children))]
        made[way] = AgentSums(own, added((own, *below)) if below else own)
    return TraceSums(made, prices)


def context_of(one: Trajectory) -> ContextCurve:
    """Return how the context grew; empty where no step records its input."""
    found = [
        (step.index, step.metrics.input)
        for step in one.steps
        if step.metrics is not None and step.metrics.input
    ]
    if not found:
        return ContextCurve()
    peak = max(found, key=lambda one: one[1])
    size = -(-len(found) // _POINTS)
    kept = [max(found[at : at + size], key=lambda one: one[1]) for at in range(0, len(found), size)]
    if kept[-1] != found[-1]:
        kept.append(found[-1])
    return ContextCurve(tuple(step for step, _ in kept), tuple(held for _, held in kept), peak)


def step_cost(step: Step, fallback: str | None, prices: PriceTable) -> str:
    """Return what a step cost in words, "" where nothing is recorded."""
    metrics = step.metrics
    if metrics is None:
        return ""
    if metrics.cost_usd is not None:
        return dollar_words(metrics.cost_usd)
    if "copied" in step.flags:
        return ""
    usd = prices.step_usd(metrics, step.model or fallback or "", step.time or "")
    return "" if usd is None else f"≈ {dollar_words(usd)}"


def cost_texts(cost: Cost) -> tuple[str, str]:
    """Return a cost, and where it comes from: an estimate is never taken for a bill."""
    if cost.usd is None:
        return ("no price is known" if cost.unpriced else "not recorded"), ""
    if cost.source == "reported":
        return dollar_words(cost.usd), "as the trace reports it"
    lacking = f", {cost.unpriced:,} without" if cost.unpriced else ""
    return f"≈ {dollar_words(cost.usd)} estimated", f"prices of {cost.as_of}{lacking}"


def used_text(used: Used) -> str:
    """Return tokens and dollars in few words: "45.2k → 1,203  ·  ≈ $0.12"."""
    parts = []
    if used.tokens.input is not None or used.tokens.output is not None:
        parts.append(f"{count(used.tokens.input)} → {count(used.tokens.output)}")
    if used.cost.usd is not None:
        sign = "" if used.cost.source == "reported" else "≈ "
        parts.append(f"{sign}{dollar_words(used.cost.usd)}")
    return "  ·  ".join(parts)
