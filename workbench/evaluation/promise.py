"""What a gate can promise at a size: how often it accepts an edit that does nothing, or misses one.

Exact, by adding up every outcome, under the model of the evolution reference, section 2.4
(November 2026): a share of the tasks fails, every run comes out wrong with the same chance,
independently, and a task passes by the majority of its runs. Real runs are not that independent.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator
from math import comb

from msgspec import Struct

from workbench.domain.task import PairedTable
from workbench.evaluation.statistics import flake_rate, p_one_sided, paired, passes

#: Says whether so many repairs and regressions are accepted.
Acceptance = Callable[[int, int], bool]

#: The rules of the reference's table, by the name they have there.
ACCEPTANCES: dict[str, Acceptance] = {
    "net": lambda repairs, regressions: repairs > regressions,
    "weighted": lambda repairs, regressions: repairs > 2 * regressions,
    "budget": lambda repairs, regressions: repairs > 0 and regressions == 0,
    "significant": lambda repairs, regressions: p_one_sided(repairs, regressions) <= 0.1,
}


#: Above so many tasks the sum over all outcomes takes seconds, and there is little left to say.
MOST_TASKS = 120
#: The chance of a wrong run where the baseline did not run twice: the reference's.
ASSUMED_FLAKE = 0.1


class Promise(Struct, frozen=True):
    """Chances from 0 to 1: of accepting an edit that does nothing, and one that helps."""

    false_accept: float
    power: float


class Trial(Struct, frozen=True):
    """The size of a comparison. ``flake`` is the chance of a run to come out wrong.

    ``failing`` is the share of tasks that fail without the edit, ``repaired`` the chance of each of
    those to be mended by a good edit. ``runs`` of a task are counted by majority; an odd number.
    """

    tasks: int
    runs: int = 1
    flake: float = 0.1
    failing: float = 0.5
    repaired: float = 0.3


def promise(trial: Trial, accepts: Acceptance) -> Promise:
    """Return how often the rule accepts a null edit, and a good one, at that size.

    Raises:
        ValueError: the number of runs is even or below one, or a share is no share.
    """
    if trial.runs < 1 or trial.runs % 2 == 0:
        raise ValueError("runs must be an odd number, so that a majority decides")
    if not all(0.0 <= share <= 1.0 for share in (trial.flake, trial.failing, trial.repaired)):
        raise ValueError("flake, failing and repaired are shares from 0 to 1")
    return Promise(
        false_accept=_accepted(trial, 0.0, accepts), power=_accepted(trial, trial.repaired, accepts)
    )


def promise_of(table: PairedTable, rule: str) -> tuple[Trial, Promise] | None:
    """Return what a rule promises at the size of a table, with what was assumed of it.

    The flake rate is that of the table's own baseline runs. None for a rule that is not about
    repairs and regressions, and for a table with no pair or more than ``MOST_TASKS``.
    """
    rows = paired(table.rows)
    if rule not in ACCEPTANCES or not rows or len(rows) > MOST_TASKS:
        return None
    runs = sorted(min(len(row.before), len(row.after)) for row in rows)[len(rows) // 2]
    disagree = flake_rate(rows)
    # Two runs of one task disagree when exactly one of them is wrong: 2 f (1 - f).
    flake = ASSUMED_FLAKE if disagree is None else (1 - (1 - 2 * min(disagree, 0.5)) ** 0.5) / 2
    failing = sum(not passes(row.before) for row in rows) / len(rows)
    trial = Trial(len(rows), runs - (runs % 2 == 0), flake, failing)
    return trial, promise(trial, ACCEPTANCES[rule])


def _accepted(trial: Trial, mended: float, accepts: Acceptance) -> float:
    failing = round(trial.tasks * trial.failing)
    wrong = _majority_wrong(trial.runs, trial.flake)
    # A task that stays as it is flips either way with the same chance; a mended one flips to pass
    # unless a majority lies on one side. Each failing task is mended with the same chance.
    same = wrong * (1 - wrong)
    repair = mended * (1 - wrong) ** 2 + (1 - mended) * same
    regression = mended * wrong**2 + (1 - mended) * same
    chances = dict(_flips(trial.tasks - failing, same, same))
    chances = _together(chances, dict(_flips(failing, repair, regression)))
    return sum(chance for flips, chance in chances.items() if accepts(*flips))


def _majority_wrong(runs: int, flake: float) -> float:
    """Return the chance that most of the runs come out wrong."""
    return sum(
        comb(runs, k) * flake**k * (1 - flake) ** (runs - k) for k in range(runs // 2 + 1, runs + 1)
    )


def _flips(tasks: int, repair: float, regression: float) -> Iterator[tuple[tuple[int, int], float]]:
    """Yield the chance of each number of repairs and regressions among equal tasks."""
    for repairs in range(tasks + 1):
        for regressions in range(tasks - repairs + 1):
            rest = tasks - repairs - regressions
            ways = comb(tasks, repairs) * comb(tasks - repairs, regressions)
            chance = (
                ways * repair**repairs * regression**regressions * (1 - repair - regression) ** rest
            )
            if chance > 1e-12:
                yield (repairs, regressions), chance


def _together(
    left: dict[tuple[int, int], float], right: dict[tuple[int, int], float]
) -> dict[tuple[int, int], float]:
    found: dict[tuple[int, int], float] = defaultdict(float)
    for (repairs, regressions), chance in left.items():
        for (more, worse), other in right.items():
            found[repairs + more, regressions + worse] += chance * other
    return dict(found)
