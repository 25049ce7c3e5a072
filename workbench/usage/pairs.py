"""Sessions of two groups that were given the same task, each task against itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from msgspec import Struct

from workbench.usage.differences import sign_test_p

_Values = Mapping[str, float | None]


class TaskPair(Struct, frozen=True):
    """A task with the number of its sessions in each group and the mean of each figure.

    Means are (first, second); None where no session of that side records it.
    """

    task: str
    first: int
    second: int
    means: dict[str, tuple[float | None, float | None]]


class PairedMeasure(Struct, frozen=True):
    """How many tasks have more of a figure in the first group, less, or as much.

    ``p`` is the two-sided exact sign test over tasks; ``unknown`` tasks lack the figure on a side.
    """

    name: str
    higher: int
    lower: int
    equal: int
    unknown: int
    p: float


class TaskPairs(Struct, frozen=True):
    """The tasks that both groups have."""

    tasks: tuple[TaskPair, ...]
    measures: tuple[PairedMeasure, ...]


def pairs_of(
    first: Mapping[str, Sequence[_Values]],
    second: Mapping[str, Sequence[_Values]],
    names: Sequence[str],
) -> TaskPairs | None:
    """Pair the sessions of each task, given by its text; None where no task is in both groups."""
    tasks = tuple(
        TaskPair(
            task,
            len(first[task]),
            len(second[task]),
            {name: (_mean(first[task], name), _mean(second[task], name)) for name in names},
        )
        for task in first
        if task in second
    )
    if not tasks:
        return None
    return TaskPairs(tasks, tuple(_measure(tasks, name) for name in names))


def _measure(tasks: Sequence[TaskPair], name: str) -> PairedMeasure:
    known = [
        (one, other)
        for task in tasks
        for one, other in [task.means[name]]
        if one is not None and other is not None
    ]
    higher = sum(one > other for one, other in known)
    lower = sum(one < other for one, other in known)
    return PairedMeasure(
        name,
        higher,
        lower,
        len(known) - higher - lower,
        len(tasks) - len(known),
        sign_test_p(higher, lower),
    )


def _mean(sessions: Sequence[_Values], name: str) -> float | None:
    known = [value for one in sessions if (value := one[name]) is not None]
    return sum(known) / len(known) if known else None
