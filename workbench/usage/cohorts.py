"""Two groups of sessions side by side: with a skill and without, before a time and after.

What is compared was seen, not tried: an agent loads a skill when the task calls for it, so the
groups differ in their tasks as well. ``CAUTION`` says so and travels with the figures.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from typing import Final

from msgspec import Struct

from workbench.domain.trajectory import Trajectory
from workbench.usage.proportions import Share, Spread, fisher_two_sided, share, spread

CAUTION: Final = (
    "These sessions were observed, not assigned: their tasks differ as well. A difference is a "
    "reason to look, no proof of an effect."
)


class Cohort(Struct, frozen=True):
    """One group. ``unknown`` sessions say nothing of their outcome and are in no pass share;
    ``infra`` ones broke for reasons that are not the agent's, and are left out as well.
    """

    name: str
    sessions: int
    passed: Share
    unknown: int
    infra: int
    with_errors: Share
    calls: int
    errors: int
    steps: Spread
    output_tokens: Spread
    cost_usd: Spread
    duration_s: Spread


class CohortComparison(Struct, frozen=True):
    """Two groups and the exact chance of shares so far apart if they were one group.

    ``left_out`` sessions belong to neither: their time is not recorded.
    """

    first: Cohort
    second: Cohort
    left_out: int
    p_passed: float | None
    p_with_errors: float | None
    caution: str = CAUTION


def by_skill(trajectories: Iterable[Trajectory], skill: str) -> CohortComparison:
    """Compare sessions that loaded a skill (itself or a subagent) with those that did not.

    ``skill`` is its name, with or without the plugin's prefix; case does not matter.
    """

    def loaded(one: Trajectory) -> bool:
        return any(
            event.kind == "loaded" and _same_skill(event.skill, skill)
            for part in _family(one)
            for event in part.skill_events
        )

    return _split(trajectories, loaded, f"with {skill}", f"without {skill}")


def by_time(trajectories: Iterable[Trajectory], moment: datetime) -> CohortComparison:
    """Compare sessions that began before a time with those that began at it or after."""
    aware = moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)

    def before(one: Trajectory) -> bool | None:
        begun = _moment(one.started)
        return None if begun is None else begun < aware

    at = aware.isoformat()
    return _split(trajectories, before, f"before {at}", f"from {at}")


def _split(
    trajectories: Iterable[Trajectory],
    belongs: Callable[[Trajectory], bool | None],
    first: str,
    second: str,
) -> CohortComparison:
    groups: dict[bool | None, list[Trajectory]] = {True: [], False: [], None: []}
    for one in trajectories:
        groups[belongs(one)].append(one)
    left, right = cohort(first, groups[True]), cohort(second, groups[False])
    return CohortComparison(
        left,
        right,
        len(groups[None]),
        fisher_two_sided(left.passed, right.passed),
        fisher_two_sided(left.with_errors, right.with_errors),
    )


def cohort(name: str, sessions: Sequence[Trajectory]) -> Cohort:
    """Return the figures of a group; tokens, cost, calls and errors are with the subagents'."""
    outcomes = [one.outcome.status for one in sessions]
    decided = sum(status in ("pass", "fail", "partial", "timeout") for status in outcomes)
    errors = [sum(part.errors for part in _family(one)) for one in sessions]
    return Cohort(
        name=name,
        sessions=len(sessions),
        passed=share(outcomes.count("pass"), decided),
        unknown=outcomes.count("unknown"),
        infra=outcomes.count("infra"),
        with_errors=share(sum(count > 0 for count in errors), len(sessions)),
        calls=sum(part.tool_calls for one in sessions for part in _family(one)),
        errors=sum(errors),
        steps=spread([float(_own_steps(one)) for one in sessions]),
        output_tokens=spread([_sum(one, "output") for one in sessions]),
        cost_usd=spread([_sum(one, "cost_usd") for one in sessions]),
        duration_s=spread([_seconds(one) for one in sessions]),
    )


def _same_skill(recorded: str, wanted: str) -> bool:
    recorded, wanted = recorded.casefold(), wanted.casefold()
    return recorded == wanted or (":" not in wanted and recorded.rsplit(":", 1)[-1] == wanted)


def _own_steps(one: Trajectory) -> int:
    """Count steps, without those replayed from an earlier session."""
    return sum("copied" not in step.flags for step in one.steps)


def _sum(one: Trajectory, field: str) -> float | None:
    known = [v for part in _family(one) if (v := getattr(part.totals, field)) is not None]
    return float(sum(known)) if known else None


def _seconds(one: Trajectory) -> float | None:
    begun, ended = _moment(one.started), _moment(one.ended)
    if begun is None or ended is None or ended < begun:
        return None
    return (ended - begun).total_seconds()


def _moment(text: str | None) -> datetime | None:
    try:
        found = datetime.fromisoformat(text or "")
    except ValueError:
        return None
    return found if found.tzinfo is not None else found.replace(tzinfo=UTC)


def _family(one: Trajectory) -> list[Trajectory]:
    return [one, *(part for child in one.children for part in _family(child))]
