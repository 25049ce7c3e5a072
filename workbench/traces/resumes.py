"""Steps that a resumed or forked session replays from an earlier file, each counted once.

Claude Code writes the records of the session that is resumed into the new file with the same
uuids; a folder of sessions therefore holds the same step several times.
"""

from __future__ import annotations

from collections.abc import Sequence

from msgspec.structs import replace

from workbench.domain.trajectory import Metrics, Step, Trajectory

COPIED = "copied"


def copies_marked(trajectories: Sequence[Trajectory]) -> tuple[Trajectory, ...]:
    """Return the trajectories in the same order, with replayed steps flagged ``copied``.

    The file that ends first is the one that is copied from. Figures of a trajectory with copies
    (messages, calls, errors, totals) are those of its other steps. Steps are the same when their
    native uid, their time and their format are; steps without time are never taken for copies.
    """
    seen: dict[int, int] = {}
    made = list(trajectories)
    order = sorted(range(len(made)), key=lambda at: (made[at].ended or "", made[at].started or ""))
    for at in order:
        made[at] = _marked(made[at], at, seen)
    return tuple(made)


class CopiesSeen:
    """Marks copies in sessions that come one after the other: the first that comes is copied from.

    Which of two files is the copy may differ from ``copies_marked``; each step counts once anyway.
    """

    def __init__(self) -> None:
        self._seen: dict[int, int] = {}

    def marked(self, one: Trajectory) -> Trajectory:
        """Return a session with the steps flagged ``copied`` that an earlier one had.

        The same session may come again, such as one that has grown.
        """
        path = one.sources[0].path if one.sources else ""
        return _marked(one, hash((path, one.id)), self._seen)


def copied_steps(trajectory: Trajectory) -> int:
    """Return how many steps are copies."""
    return sum(COPIED in step.flags for step in trajectory.steps)


def _marked(one: Trajectory, at: int, seen: dict[int, int]) -> Trajectory:
    steps: list[Step] = []
    copies: list[Step] = []
    for step in one.steps:
        key = hash((one.format, step.uid, step.time or ""))
        if step.time and seen.setdefault(key, at) != at:
            copies.append(step)
            flags = step.flags if COPIED in step.flags else (*step.flags, COPIED)
            steps.append(replace(step, flags=flags))
        else:
            steps.append(step)
    if not copies:
        return one
    failed = sum(call.status == "error" for step in copies for call in step.tool_calls)
    failed += sum("error" in step.flags for step in copies)
    return replace(
        one,
        steps=tuple(steps),
        messages=one.messages - sum(_records(step) for step in copies),
        tool_calls=one.tool_calls - sum(len(step.tool_calls) for step in copies),
        errors=one.errors - failed,
        totals=_less(one.totals, [step.metrics for step in copies if step.metrics is not None]),
    )


def _records(step: Step) -> int:
    """Count the user and assistant records of a step; results of one record count once."""
    if step.kind not in ("user", "agent"):
        return 0
    results = {(span.source, span.offset) for call in step.tool_calls for span in call.result}
    return len(step.raw) + len(results)


def _less(totals: Metrics, copied: Sequence[Metrics]) -> Metrics:
    def rest(name: str) -> int | None:
        total = getattr(totals, name)
        return None if total is None else total - sum(getattr(one, name) or 0 for one in copied)

    return Metrics(
        input=rest("input"),
        output=rest("output"),
        cached=rest("cached"),
        cache_write=rest("cache_write"),
        reasoning=rest("reasoning"),
        cost_usd=totals.cost_usd,
    )
