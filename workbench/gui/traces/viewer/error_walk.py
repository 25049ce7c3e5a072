"""The failed steps of a trace and of its subagents, in the order in which they were taken. No Qt.

A subagent's steps come after the step that started it; one that no step is known to have started,
after all steps.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from dataclasses import dataclass

from workbench.domain.trajectory import Trajectory
from workbench.gui.traces.step_marks import failed

#: Where a step is in that order: a place for each trajectory on the way down to it.
Key = tuple[tuple[int, ...], ...]
Way = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class ErrorWalk:
    """All failed steps of a file's trace: the way down to the trajectory, and the step in it."""

    top: Trajectory
    keys: tuple[Key, ...]
    steps: tuple[tuple[Way, int], ...]

    def next_of(self, way: Way, step: int, by: int = 1) -> tuple[Way, int] | None:
        """Return the failed step after another step (before it with ``by`` -1), going round."""
        if not self.keys:
            return None
        here = (*_key_of(self.top, way), (step, 0))
        at = bisect_right(self.keys, here) if by > 0 else bisect_left(self.keys, here) - 1
        return self.steps[at % len(self.steps)]


def error_walk(top: Trajectory) -> ErrorWalk:
    """Find the failed steps of a trace and all its subagents. For a thread: it looks at steps."""
    found = sorted(_errors(top, (), ()))
    return ErrorWalk(top, tuple(key for key, _, _ in found), tuple((w, s) for _, w, s in found))


def _errors(one: Trajectory, way: Way, key: Key) -> Iterator[tuple[Key, Way, int]]:
    for number, step in enumerate(one.steps):
        if failed(step):
            yield (*key, (number, 0)), way, number
    starts = _starts(one)
    for number, child in enumerate(one.children):
        if _any_errors(child):
            yield from _errors(child, (*way, number), (*key, starts[number]))


def _any_errors(one: Trajectory) -> bool:
    """Whether there are errors, without a look at steps that may not be made yet."""
    return one.errors > 0 or any(_any_errors(child) for child in one.children)


def _starts(one: Trajectory) -> list[tuple[int, ...]]:
    """Return where each subagent comes among the steps."""
    asked: dict[str, int] = {}
    for number, step in enumerate(one.steps):
        for call in step.tool_calls:
            if call.sub is not None:
                asked.setdefault(call.sub, number)
    last = len(one.steps)
    return [(asked.get(child.id, last), 1, number) for number, child in enumerate(one.children)]


def _key_of(top: Trajectory, way: Way) -> Key:
    key: Key = ()
    for number in way:
        key = (*key, _starts(top)[number])
        top = top.children[number]
    return key
