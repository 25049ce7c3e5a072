"""Two groups of sessions side by side: with a skill and without, before an edit and after, ...

What is compared was seen, not tried: an agent loads a skill when the task calls for it, so the
groups differ in their tasks as well. ``CAUTION`` says so and travels with the figures; sessions of
the same task in both groups are compared on their own (``TaskPairs``), and what else differs
between the groups is listed (``Confounder``).
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Final, Literal

from msgspec import Struct
from msgspec.structs import replace

from workbench.domain.text import counted
from workbench.domain.trajectory import Trajectory
from workbench.traces.compare.keys import task_of
from workbench.traces.prices import PriceTable
from workbench.traces.rollup import family, used_with_subagents
from workbench.traces.times import moment_of, seconds_between
from workbench.traces.titles import title_of
from workbench.usage.differences import Difference, rank_sum_p, share_difference, shift
from workbench.usage.pairs import TaskPairs, pairs_of
from workbench.usage.proportions import (
    ENOUGH,
    Share,
    Spread,
    fisher_two_sided,
    share,
    spread,
)

CAUTION: Final = (
    "These sessions were observed, not assigned: their tasks differ as well. A difference is a "
    "reason to look, no proof of an effect."
)

MeasureName = Literal[
    "passed", "with_errors", "steps", "tool_calls", "errors", "output_tokens", "cost_usd",
    "duration_s",
]  # fmt: skip
SHARES: Final[tuple[MeasureName, ...]] = ("passed", "with_errors")
AMOUNTS: Final[tuple[MeasureName, ...]] = (
    "steps", "tool_calls", "errors", "output_tokens", "cost_usd", "duration_s",
)  # fmt: skip


class Member(Struct, frozen=True):
    """One session of a group, with what is counted of it; None is "not recorded".

    Of ``values`` a share is 1.0 or 0.0. Tokens, cost, calls and errors are with the subagents'.
    ``estimated``: the cost is not from the trace but from a table of prices.
    """

    path: str
    id: str
    title: str
    task: str
    agent: str | None
    model: str | None
    started: str | None
    outcome: str
    values: dict[str, float | None]
    estimated: bool = False


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
    members: tuple[Member, ...] = ()


class Measure(Struct, frozen=True):
    """One figure of both groups: ``shares`` or ``spreads``, one a group.

    ``difference`` is first minus second (of shares; else the typical shift), ``p`` two-sided by
    ``test``. ``few``: a group has fewer than 20 sessions that say it, so counts are all there is.
    """

    name: MeasureName
    shares: tuple[Share, Share] | None
    spreads: tuple[Spread, Spread] | None
    difference: Difference | None
    p: float | None
    test: str
    few: bool


class Tally(Struct, frozen=True):
    """A value and how many sessions of each group have it."""

    value: str
    first: int
    second: int


class Confounder(Struct, frozen=True):
    """What differs between the groups besides what they were chosen by, in words and counts."""

    what: Literal["model", "agent", "date", "task", "outcome"]
    words: str
    tallies: tuple[Tally, ...] = ()


class CohortComparison(Struct, frozen=True):
    """Two groups and the exact chance of shares so far apart if they were one group.

    ``left_out`` sessions belong to neither: what they are chosen by is not recorded.
    """

    first: Cohort
    second: Cohort
    left_out: int
    p_passed: float | None
    p_with_errors: float | None
    caution: str = CAUTION
    measures: tuple[Measure, ...] = ()
    tasks: TaskPairs | None = None
    confounders: tuple[Confounder, ...] = ()
    warnings: tuple[str, ...] = ()


def by_skill(
    trajectories: Iterable[Trajectory], skill: str, *, prices: PriceTable | None = None
) -> CohortComparison:
    """Compare sessions that loaded a skill (itself or a subagent) with those that did not.

    ``skill`` is its name, with or without the plugin's prefix; case does not matter. With
    ``prices``, here and below, a cost that is not recorded is estimated.
    """
    names = f"with {skill}", f"without {skill}"
    return split(trajectories, lambda one: loaded(one, skill), *names, prices=prices)


def by_time(
    trajectories: Iterable[Trajectory],
    moment: datetime,
    skill: str = "",
    *,
    prices: PriceTable | None = None,
) -> CohortComparison:
    """Compare sessions that began before a time with those that began at it or after.

    With a ``skill``, only those that loaded it: before and after an edit of it.
    """
    aware = moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)

    def before(one: Trajectory) -> bool | None:
        begun = moment_of(one.started)
        if begun is None or (skill and not loaded(one, skill)):
            return None
        return begun < aware

    at = aware.isoformat()
    of = f"{skill}, " if skill else ""
    return split(trajectories, before, f"{of}before {at}", f"{of}from {at}", prices=prices)


def by_model(
    trajectories: Iterable[Trajectory],
    model: str,
    other: str = "",
    *,
    prices: PriceTable | None = None,
) -> CohortComparison:
    """Compare sessions of a model with those of another, or of all others."""

    def of_model(one: Trajectory) -> bool | None:
        if one.model == model:
            return True
        if one.model is None or (other and one.model != other):
            return None
        return False

    return split(trajectories, of_model, model, other or "other models", prices=prices)


def by_version(
    trajectories: Iterable[Trajectory],
    versions: Mapping[tuple[str, str], str],
    before: Collection[str],
    names: tuple[str, str],
    *,
    prices: PriceTable | None = None,
) -> CohortComparison:
    """Compare sessions that had a version of a skill from ``before`` with those of later ones.

    ``versions`` gives the version in force by (path, id) of a session; "" is unknown. Sessions
    without one are in neither group.
    """

    def older(one: Trajectory) -> bool | None:
        version = versions.get((_path(one), one.id), "")
        return version in before if version else None

    return split(trajectories, older, *names, prices=prices)


def by_choice(
    trajectories: Iterable[Trajectory],
    first: frozenset[tuple[str, str]],
    second: frozenset[tuple[str, str]] | None = None,
    names: tuple[str, str] = ("first set", "second set"),
    *,
    prices: PriceTable | None = None,
) -> CohortComparison:
    """Compare two sets of sessions, given by (path, id); None is all that are not in the first."""

    def chosen(one: Trajectory) -> bool | None:
        key = (_path(one), one.id)
        if key in first:
            return True
        return False if second is None or key in second else None

    return split(trajectories, chosen, *names, prices=prices)


def split(
    trajectories: Iterable[Trajectory],
    belongs: Callable[[Trajectory], bool | None],
    first: str,
    second: str,
    *,
    prices: PriceTable | None = None,
) -> CohortComparison:
    """Compare the sessions for which ``belongs`` is True with those for which it is False."""
    groups: dict[bool | None, list[Trajectory]] = {True: [], False: [], None: []}
    for one in trajectories:
        groups[belongs(one)].append(one)
    left, right = (cohort(n, groups[g], prices) for n, g in ((first, True), (second, False)))
    as_of = "" if prices is None else prices.as_of
    return _comparison(left, right, len(groups[None]), as_of)


def split_members(
    members: Iterable[Member],
    belongs: Callable[[Member], bool | None],
    first: str,
    second: str,
    as_of: str = "",
) -> CohortComparison:
    """As ``split``, of sessions whose figures are known; ``as_of`` is the day of the prices."""
    groups: dict[bool | None, list[Member]] = {True: [], False: [], None: []}
    for one in members:
        groups[belongs(one)].append(one)
    left, right = cohort_of(first, groups[True]), cohort_of(second, groups[False])
    return _comparison(left, right, len(groups[None]), as_of)


def _comparison(left: Cohort, right: Cohort, left_out: int, as_of: str) -> CohortComparison:
    made = CohortComparison(
        left,
        right,
        left_out,
        fisher_two_sided(left.passed, right.passed),
        fisher_two_sided(left.with_errors, right.with_errors),
        measures=tuple(_measures(left, right)),
        tasks=pairs_of(_by_task(left), _by_task(right), (*SHARES, *AMOUNTS)),
        confounders=tuple(_confounders(left, right)),
    )
    return replace(made, warnings=tuple(_warnings(made, as_of)))


def cohort(name: str, sessions: Sequence[Trajectory], prices: PriceTable | None = None) -> Cohort:
    """Return the figures of a group; tokens, cost, calls and errors are with the subagents'."""
    return cohort_of(name, [member_of(one, prices) for one in sessions])


def cohort_of(name: str, members: Sequence[Member]) -> Cohort:
    """Return the figures of a group of sessions that were looked at."""
    outcomes = [one.outcome for one in members]

    def values(measure: str) -> list[float | None]:
        return [one.values[measure] for one in members]

    return Cohort(
        name=name,
        sessions=len(members),
        passed=_share(values("passed")),
        unknown=outcomes.count("unknown"),
        infra=outcomes.count("infra"),
        with_errors=_share(values("with_errors")),
        calls=int(sum(value or 0 for value in values("tool_calls"))),
        errors=int(sum(value or 0 for value in values("errors"))),
        steps=spread(values("steps")),
        output_tokens=spread(values("output_tokens")),
        cost_usd=spread(values("cost_usd")),
        duration_s=spread(values("duration_s")),
        members=tuple(members),
    )


def member_of(one: Trajectory, prices: PriceTable | None = None) -> Member:
    """Return what is counted of one session; ``prices`` estimate a cost it does not record."""
    parts = list(family(one))
    status = one.outcome.status
    errors = sum(part.errors for part in parts)
    usd, estimated = _usd(one, prices)
    decided = status in ("pass", "fail", "partial", "timeout")
    return Member(
        path=_path(one),
        id=one.id,
        title=title_of(one),
        task=task_of(one),
        agent=one.agent,
        model=one.model,
        started=one.started,
        outcome=status,
        values={
            "passed": float(status == "pass") if decided else None,
            "with_errors": float(errors > 0),
            "steps": float(_own_steps(one)),
            "tool_calls": float(sum(part.tool_calls for part in parts)),
            "errors": float(errors),
            "output_tokens": _sum(one, "output"),
            "cost_usd": usd,
            "duration_s": seconds_between(one.started, one.ended),
        },
        estimated=estimated,
    )


def loaded(one: Trajectory, skill: str) -> bool:
    """Whether a session, or a subagent of it, loaded a skill."""
    return any(
        event.kind == "loaded" and _same_skill(event.skill, skill)
        for part in family(one)
        for event in part.skill_events
    )


def _measures(first: Cohort, second: Cohort) -> Iterable[Measure]:
    for name in SHARES:
        left, right = _known(first, name), _known(second, name)
        shares = (share(int(sum(left)), len(left)), share(int(sum(right)), len(right)))
        apart = share_difference(*shares)
        yield Measure(
            name, shares, None, apart, fisher_two_sided(*shares), "Fisher's exact test",
            _few(left, right),
        )  # fmt: skip
    for name in AMOUNTS:
        left, right = _known(first, name), _known(second, name)
        spreads = (
            spread([one.values[name] for one in first.members]),
            spread([one.values[name] for one in second.members]),
        )
        p, way = rank_sum_p(left, right)
        test = f"rank-sum test, {way}" if way else ""
        yield Measure(name, None, spreads, shift(left, right), p, test, _few(left, right))


def _few(left: Sequence[float], right: Sequence[float]) -> bool:
    return min(len(left), len(right)) < ENOUGH


def _known(one: Cohort, name: str) -> list[float]:
    return [value for member in one.members if (value := member.values[name]) is not None]


def _share(values: Sequence[float | None]) -> Share:
    known = [value for value in values if value is not None]
    return share(int(sum(known)), len(known))


def _by_task(one: Cohort) -> Mapping[str, Sequence[Mapping[str, float | None]]]:
    tasks: dict[str, list[Mapping[str, float | None]]] = {}
    for member in one.members:
        if member.task:
            tasks.setdefault(member.task, []).append(member.values)
    return tasks


def _confounders(first: Cohort, second: Cohort) -> Iterable[Confounder]:
    if not first.members or not second.members:
        return
    kinds: tuple[tuple[Literal["model", "agent"], Callable[[Member], str]], ...] = (
        ("model", lambda one: one.model or "unknown"),
        ("agent", lambda one: one.agent or "unknown"),
    )
    for what, value in kinds:
        tallies = _tallies(first, second, value)
        gap = sum(abs(t.first / first.sessions - t.second / second.sessions) for t in tallies) / 2
        # Less than a tenth of the sessions would have to change to make the mixes equal.
        if gap >= 0.1:
            words = f"The groups were run by different {what}s: {_listed(tallies)}."
            yield Confounder(what, words, tallies)
    days = [_days(first), _days(second)]
    if all(days) and (days[0][-1] < days[1][0] or days[1][-1] < days[0][0]):
        spans = " and ".join(f"{one[0]} to {one[-1]}" for one in days)
        yield Confounder("date", f"The groups are of different times: {spans}.")
    shared = {one.task for one in first.members} & {one.task for one in second.members} - {""}
    alone = sum(one.task not in shared for one in (*first.members, *second.members))
    if alone:
        total = first.sessions + second.sessions
        yield Confounder(
            "task", f"{alone} of {total} sessions have a first prompt that the other group lacks."
        )
    gone = [one.unknown / one.sessions for one in (first, second)]
    if abs(gone[0] - gone[1]) >= 0.1:
        yield Confounder(
            "outcome",
            f"The outcome is unknown in {first.unknown} of {first.sessions} and "
            f"{second.unknown} of {second.sessions} sessions: who is counted differs.",
        )


def _tallies(first: Cohort, second: Cohort, value: Callable[[Member], str]) -> tuple[Tally, ...]:
    counts: dict[str, list[int]] = {}
    for group, one in enumerate((first, second)):
        for member in one.members:
            counts.setdefault(value(member), [0, 0])[group] += 1
    ordered = sorted(counts.items(), key=lambda pair: (-sum(pair[1]), pair[0]))
    return tuple(Tally(name, *pair) for name, pair in ordered)


def _listed(tallies: Sequence[Tally]) -> str:
    shown = ", ".join(f"{one.value} {one.first} and {one.second}" for one in tallies[:4])
    return shown + (f", and {len(tallies) - 4} more" if len(tallies) > 4 else "")


def _days(one: Cohort) -> list[str]:
    moments = (moment_of(member.started) for member in one.members)
    return sorted(moment.date().isoformat() for moment in moments if moment is not None)


def _warnings(made: CohortComparison, as_of: str) -> Iterable[str]:
    for one in (made.first, made.second):
        if not one.sessions:
            yield f"No session is in “{one.name}”: there is nothing to compare."
        elif one.sessions < ENOUGH:
            yield (
                f"“{one.name}” has {counted(one.sessions, 'session')}. Below {ENOUGH} there "
                "are counts only, no rates: those of so few say little."
            )
    if made.left_out:
        are = "is" if made.left_out == 1 else "are"
        yield (
            f"{counted(made.left_out, 'session')} {are} in neither group: what divides "
            "them is not recorded."
        )
    members = (*made.first.members, *made.second.members)
    guessed = sum(one.estimated for one in members)
    if guessed:
        yield (
            f"The cost of {guessed} of {len(members)} sessions is an estimate by prices of {as_of}."
        )
    tests = sum(one.p is not None for one in made.measures)
    low = sum(one.p is not None and one.p < 0.05 for one in made.measures)
    if low:
        yield (
            f"{tests} figures were tested, {low} with p below 0.05. By chance alone about one "
            "in twenty is."
        )


def _same_skill(recorded: str, wanted: str) -> bool:
    recorded, wanted = recorded.casefold(), wanted.casefold()
    return recorded == wanted or (":" not in wanted and recorded.rsplit(":", 1)[-1] == wanted)


def _own_steps(one: Trajectory) -> int:
    """Count steps, without those replayed from an earlier session."""
    return sum("copied" not in step.flags for step in one.steps)


def _sum(one: Trajectory, field: str) -> float | None:
    known = [v for part in family(one) if (v := getattr(part.totals, field)) is not None]
    return float(sum(known)) if known else None


def _usd(one: Trajectory, prices: PriceTable | None) -> tuple[float | None, bool]:
    """Return the cost and whether it is an estimate; None where a part of it has no price."""
    if prices is None:
        return _sum(one, "cost_usd"), False
    cost = used_with_subagents(one, prices).cost
    usd = None if cost.unpriced else cost.usd
    return usd, usd is not None and cost.source == "estimated"


def _path(one: Trajectory) -> str:
    return one.sources[0].path if one.sources else ""
