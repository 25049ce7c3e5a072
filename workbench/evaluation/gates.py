"""Every published gate as a pure function of one paired table.

The formulas are those of the engines named beside them (evolution reference, section 2.3, November
2026). An engine may name the rule it wants; the host computes it. Two levels are shown: *promising*
(the rule holds) and *supported* (also one-sided exact p <= .1), since net rules alone accept an
edit that does nothing in 11-45 % of cases at the sizes used in practice.
"""

from __future__ import annotations

from collections.abc import Callable

import msgspec
from msgspec import Struct

from workbench.domain.task import GateLevel, GateResult, PairedTable
from workbench.evaluation.statistics import (
    Flips,
    flake_rate,
    flips,
    mean,
    p_one_sided,
    p_two_sided,
    paired,
    passes,
)

DEFAULT_RULE = "weighted"
#: A result is *supported* at this one-sided p or below.
SUPPORTED_P = 0.1


class Limits(Struct, frozen=True):
    """The figures in the rules, each with its engine's default."""

    factor: float = 2.0  # weighted: GSO 2, SkillGen 1
    regressions: int = 0  # budget: GRASP
    gain: float = 0.0  # mean: SkillOpt 0 (strict), SkVM .02
    drop: float = 0.2  # worst_drop: SkVM
    floor: float = 0.75  # floor: SkillClaw
    saturated: float = 0.95  # saturated: SkVM
    cost: float = 0.85  # cost: SkVM
    band: float = 0.0  # cost: how much lower the mean may be
    growth: float = 0.2  # size: hermes
    size: int = 15 * 1024  # size: hermes, bytes
    hunks: int = 4  # size: superqode
    uses: int = 3  # harm: SkillEvolBench
    harm: float = 0.4  # harm: quarantine from here, retire from .7
    smoothing: float = 0.5  # marginal: SLIM, weight of the newest round
    rivals: tuple[float, ...] = ()  # capacity: mean scores of the versions kept so far
    capacity: int = 3  # capacity: EvoSkill


class _Facts(Struct, frozen=True):
    """What all rules look at."""

    table: PairedTable
    flips: Flips
    before: float
    after: float


_Verdict = tuple[bool | None, str]
_Rule = Callable[[_Facts, Limits], _Verdict]


def _net(facts: _Facts, _: Limits) -> _Verdict:
    net = facts.flips.repairs - facts.flips.regressions
    return net > 0, f"repairs - regressions = {net}"


def _weighted(facts: _Facts, limits: Limits) -> _Verdict:
    value = facts.flips.repairs - limits.factor * facts.flips.regressions
    if facts.after < facts.before:
        return False, f"the mean fell from {facts.before:.3f} to {facts.after:.3f}"
    return value > 0, f"repairs - {limits.factor:g} x regressions = {value:g}"


def _budget(facts: _Facts, limits: Limits) -> _Verdict:
    count = facts.flips.regressions
    return count <= limits.regressions, f"{count} regressions, {limits.regressions} allowed"


def _mean(facts: _Facts, limits: Limits) -> _Verdict:
    gain = facts.after - facts.before
    holds = gain >= limits.gain if limits.gain else gain > 0
    return holds, f"mean {facts.before:.3f} -> {facts.after:.3f}"


def _worst_drop(facts: _Facts, limits: Limits) -> _Verdict:
    worst = max(
        ((mean(row.before) - mean(row.after), row.task) for row in facts.table.rows),
        default=(0.0, ""),
    )
    # Scores are decimal fractions; .9 - .7 must not fail a limit of .2.
    return worst[0] <= limits.drop + 1e-9, f"the largest fall is {worst[0]:.3f} ({worst[1]})"


def _floor(facts: _Facts, limits: Limits) -> _Verdict:
    return facts.after >= limits.floor, f"mean after {facts.after:.3f}, floor {limits.floor:g}"


def _saturated(facts: _Facts, limits: Limits) -> _Verdict:
    full = facts.before >= limits.saturated
    return not full, f"baseline mean {facts.before:.3f}, saturated from {limits.saturated:g}"


def _cost(facts: _Facts, limits: Limits) -> _Verdict:
    rows = [
        (row.cost_before, row.cost_after)
        for row in facts.table.rows
        if row.cost_before is not None and row.cost_after is not None
    ]
    if not rows:
        return None, "the table has no costs on both sides"
    before, after = sum(cost[0] for cost in rows), sum(cost[1] for cost in rows)
    holds = facts.after >= facts.before - limits.band and after <= limits.cost * before
    return holds, f"cost {before:g} -> {after:g}, at most {limits.cost:g} of it allowed"


def _capacity(facts: _Facts, limits: Limits) -> _Verdict:
    if len(limits.rivals) < limits.capacity:
        return True, f"room for {limits.capacity} versions, {len(limits.rivals)} kept"
    worst = min(limits.rivals)
    return facts.after > worst, f"mean after {facts.after:.3f}, the worst kept has {worst:.3f}"


def _dominance(facts: _Facts, _: Limits) -> _Verdict:
    better = [row.task for row in facts.table.rows if mean(row.after) > mean(row.before)]
    worse = [row.task for row in facts.table.rows if mean(row.after) < mean(row.before)]
    return bool(better) and not worse, f"better on {len(better)} tasks, worse on {len(worse)}"


def _size(facts: _Facts, limits: Limits) -> _Verdict:
    table = facts.table
    if table.size_before is None or table.size_after is None:
        return None, "the table has no sizes of the text"
    growth = table.size_after / table.size_before - 1 if table.size_before else 0.0
    reasons = [f"{table.size_after} bytes ({growth:+.0%})"]
    holds = growth <= limits.growth + 1e-9 and table.size_after <= limits.size
    if table.hunks is not None:
        reasons.append(f"{table.hunks} hunks")
        holds = holds and table.hunks <= limits.hunks
    return holds, ", ".join(reasons)


def _harm(facts: _Facts, limits: Limits) -> _Verdict:
    counted = [row for row in facts.table.rows if row.uses is not None and row.failures is not None]
    uses = sum(row.uses or 0 for row in counted)
    failures = sum(row.failures or 0 for row in counted)
    if uses < limits.uses:
        return None, f"{uses} uses recorded, {limits.uses} needed"
    rate = failures / uses
    return rate < limits.harm, f"{failures} failures in {uses} uses ({rate:.0%})"


def _marginal(facts: _Facts, limits: Limits) -> _Verdict:
    average = 0.0
    for number, row in enumerate(facts.table.rows):
        delta = mean(row.after) - mean(row.before)
        average = (
            delta if number == 0 else limits.smoothing * delta + (1 - limits.smoothing) * average
        )
    return average > 0, f"moving average of the gain {average:+.3f}"


_RULES: dict[str, _Rule] = {
    "net": _net,
    "weighted": _weighted,
    "budget": _budget,
    "mean": _mean,
    "worst_drop": _worst_drop,
    "floor": _floor,
    "saturated": _saturated,
    "cost": _cost,
    "capacity": _capacity,
    "dominance": _dominance,
    "size": _size,
    "harm": _harm,
    "marginal": _marginal,
}
RULES: tuple[str, ...] = tuple(_RULES)


def gate(table: PairedTable, rule: str = DEFAULT_RULE, limits: Limits | None = None) -> GateResult:
    """Compute one rule over the table.

    Raises:
        KeyError: there is no such rule; the known ones are ``RULES``.
    """
    limits = limits or Limits()
    check = _RULES[rule]
    rows = paired(table.rows)
    counted = flips(rows)
    one_sided = p_one_sided(counted.repairs, counted.regressions)
    facts = _Facts(
        table=msgspec.structs.replace(table, rows=rows),
        flips=counted,
        before=mean(mean(row.before) for row in rows),
        after=mean(mean(row.after) for row in rows),
    )
    reasons: list[str] = []
    if rows or rule in ("size", "harm"):
        holds, reason = check(facts if rows else _without_rows(table), limits)
        reasons.append(reason)
    else:
        holds, reason = None, "no task has a result on both sides"
        reasons.append(reason)
    if table.infra:
        reasons.append(f"{table.infra} runs left out as infrastructure failures")
    return GateResult(
        rule=rule,
        level=_level(holds, one_sided),
        repairs=counted.repairs,
        regressions=counted.regressions,
        n=len(rows),
        p_one_sided=one_sided if rows else None,
        p_two_sided=p_two_sided(counted.repairs, counted.regressions) if rows else None,
        flake_rate=flake_rate(rows),
        reasons=tuple(reasons),
    )


def _without_rows(table: PairedTable) -> _Facts:
    return _Facts(table=table, flips=Flips(0, 0), before=0.0, after=0.0)


def _level(holds: bool | None, p: float) -> GateLevel:
    if holds is None:
        return "not_evaluated"
    if not holds:
        return "rejected"
    return "supported" if p <= SUPPORTED_P else "promising"


__all__ = ["DEFAULT_RULE", "RULES", "Limits", "gate", "passes"]
