"""What a trace used: its own steps, and with its subagents, each counted once.

A peer that left subagents out reported 45 to 77 % too little (agentsview, 2026); both figures are
given apart so that neither is taken for the other.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from msgspec import Struct

from workbench.domain.trajectory import Metrics, Trajectory
from workbench.traces.prices import Cost, PriceTable, cost_of


class Used(Struct, frozen=True):
    """Steps, calls, errors, tokens and dollars of one or several trajectories.

    Tokens are None where none of them records any. ``agents`` is how many trajectories these are.
    """

    agents: int
    steps: int
    tool_calls: int
    errors: int
    tokens: Metrics
    cost: Cost


def used_by(one: Trajectory, prices: PriceTable) -> Used:
    """Return what a trajectory used, its subagents apart."""
    return Used(1, len(one.steps), one.tool_calls, one.errors, one.totals, cost_of(one, prices))


def used_with_subagents(one: Trajectory, prices: PriceTable) -> Used:
    """Return what a trajectory and all below it used."""
    return added(used_by(each, prices) for each in family(one))


def family(one: Trajectory) -> Iterator[Trajectory]:
    """Yield a trajectory and its subagents, their subagents too, however deep."""
    waiting = [one]
    while waiting:
        found = waiting.pop()
        yield found
        waiting += reversed(found.children)


def added(parts: Iterable[Used]) -> Used:
    """Return the sum. Dollars are reported only where every part's are; a part without any is
    counted in ``cost.unpriced``, so that a sum that lacks something says so."""
    agents = steps = calls = errors = unpriced = 0
    tokens: dict[str, int | None] = dict.fromkeys(_TOKENS)
    usd: float | None = None
    reported, as_of = True, ""
    for part in parts:
        agents, steps = agents + part.agents, steps + part.steps
        calls, errors = calls + part.tool_calls, errors + part.errors
        for name in _TOKENS:
            value = getattr(part.tokens, name)
            if value is not None:
                tokens[name] = (tokens[name] or 0) + value
        cost = part.cost
        unpriced += cost.unpriced
        if cost.usd is None:
            unpriced += 1 if part.steps and not cost.unpriced else 0
            continue
        usd = (usd or 0.0) + cost.usd
        if cost.source != "reported":
            reported, as_of = False, cost.as_of or as_of
    if usd is None:
        made = Cost(None, "unknown", unpriced, as_of)
    else:
        whole = reported and not unpriced
        made = Cost(usd, "reported" if whole else "estimated", unpriced, as_of)
    return Used(agents, steps, calls, errors, Metrics(**tokens, cost_usd=usd), made)


_TOKENS = ("input", "output", "cached", "cache_write", "reasoning")
