"""What a skill adds: score with the library minus score without the skill, on the same tasks.

SLIM keeps a moving average of this leave-one-out difference (arXiv 2605.10923; its thresholds are
not published, those used here are of a re-implementation: evolution reference, section 1.2,
November 2026).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from math import comb
from statistics import fmean
from typing import NamedTuple

from lifecycle.observations import Run


class Delta(NamedTuple):
    """A task on which only this skill was left out: mean scores with and without it."""

    task: str
    family: str
    place: str
    with_skill: float
    without: float

    @property
    def gain(self) -> float:
        """What the skill adds here."""
        return self.with_skill - self.without


class Marginal(NamedTuple):
    """What is known of one skill.

    ``present`` counts runs with the skill in the library, ``uses`` those that read it (all of them
    where that is not recorded, see ``is_recorded``). ``average`` is the smoothed gain, None without
    pairs. ``rates`` are mean scores on the tasks of the runs that had the skill: with it, without
    it whatever else differed, and with no skill at all; None where there are no runs.
    """

    skill: str
    present: int
    uses: int
    is_recorded: bool
    deltas: tuple[Delta, ...]
    average: float | None
    rates: tuple[float | None, float | None, float | None]

    @property
    def helped(self) -> int:
        """Tasks that go better with it."""
        return sum(one.gain > _SAME for one in self.deltas)

    @property
    def harmed(self) -> int:
        """Tasks that go worse with it."""
        return sum(one.gain < -_SAME for one in self.deltas)

    @property
    def chance(self) -> float:
        """How likely that many harmed tasks are when it does nothing (exact, one-sided)."""
        n = self.helped + self.harmed
        return sum(comb(n, k) for k in range(self.harmed, n + 1)) / 2**n


_SAME = 1e-9
_Key = tuple[str, str, str]
_Sides = tuple[dict[int, list[float]], dict[int, list[float]]]


def marginals_of(
    skills: Iterable[str], runs: Sequence[Run], smoothing: float
) -> Iterator[Marginal]:
    """Measure each skill; only libraries that differ in it alone are compared."""
    sides = _sides(runs)
    for skill in skills:
        yield _marginal(skill, runs, sides.get(skill, {}), smoothing)


def _marginal(
    skill: str, runs: Sequence[Run], sides: Mapping[_Key, _Sides], smoothing: float
) -> Marginal:
    there = [run for run in runs if skill in run.skills]
    known = [run for run in there if run.loaded is not None]
    is_recorded = bool(there) and len(known) == len(there)
    used = [run for run in there if run.loaded is None or skill in run.loaded]
    deltas = tuple(_delta(key, sides[key]) for key in sorted(sides))
    tasks = {run.task for run in there}
    same = [run for run in runs if run.task in tasks]
    return Marginal(
        skill,
        len(there),
        len(used),
        is_recorded,
        deltas,
        _smoothed(sides.values(), smoothing),
        (
            _mean(there),
            _mean([run for run in same if skill not in run.skills]),
            _mean([run for run in same if not run.skills]),
        ),
    )


def _sides(runs: Iterable[Run]) -> dict[str, dict[_Key, _Sides]]:
    """Return scores by round with and without a skill, by skill and by task with its place."""
    groups: dict[_Key, dict[frozenset[str], list[Run]]] = defaultdict(lambda: defaultdict(list))
    for run in runs:
        groups[run.task, run.family, run.place][run.skills].append(run)
    found: dict[str, dict[_Key, _Sides]] = defaultdict(dict)
    for key, libraries in groups.items():
        by_size: dict[int, list[frozenset[str]]] = defaultdict(list)
        for skills in libraries:
            by_size[len(skills)].append(skills)
        for skills, group in libraries.items():
            for smaller in by_size.get(len(skills) - 1, ()):
                if smaller < skills:
                    (skill,) = skills - smaller
                    both = found[skill].setdefault(key, (defaultdict(list), defaultdict(list)))
                    for side, some in zip(both, (group, libraries[smaller]), strict=True):
                        for run in some:
                            side[run.number].append(run.score)
    return found


def _delta(key: _Key, sides: _Sides) -> Delta:
    with_skill, without = (fmean(s for some in side.values() for s in some) for side in sides)
    return Delta(*key, with_skill, without)


def _smoothed(tasks: Iterable[_Sides], smoothing: float) -> float | None:
    """Return the moving average of the gain over rounds; a round is a number of a run.

    A task without a run of that number on one side stands there with its mean.
    """
    rounds: dict[int, list[float]] = defaultdict(list)
    for sides in tasks:
        means = [fmean(s for some in side.values() for s in some) for side in sides]
        for number in sides[0].keys() | sides[1].keys():
            scores = [
                fmean(side[number]) if side.get(number) else mean
                for side, mean in zip(sides, means, strict=True)
            ]
            rounds[number].append(scores[0] - scores[1])
    average: float | None = None
    for number in sorted(rounds):
        gain = fmean(rounds[number])
        average = gain if average is None else smoothing * gain + (1 - smoothing) * average
    return average


def _mean(runs: Sequence[Run]) -> float | None:
    return fmean(run.score for run in runs) if runs else None


def confined_to(deltas: Sequence[Delta], least: float) -> str:
    """Return the one family, else the one place, that has all the harm; "" when there is none.

    There, two tasks at least go worse and the mean falls by more than ``least``; elsewhere there
    are as many tasks, and they go better with the skill.
    """
    for field in ("family", "place"):
        groups: dict[str, list[Delta]] = defaultdict(list)
        for one in deltas:
            groups[getattr(one, field)].append(one)
        bad = [name for name, some in groups.items() if any(one.gain < -_SAME for one in some)]
        if len(bad) != 1 or not bad[0]:
            continue
        rest = [one for one in deltas if getattr(one, field) != bad[0]]
        there = groups[bad[0]]
        is_harm = sum(one.gain < -_SAME for one in there) >= 2
        is_harm = is_harm and fmean(one.gain for one in there) <= -least
        if is_harm and len(rest) >= 2 and fmean(one.gain for one in rest) > _SAME:
            return bad[0]
    return ""
