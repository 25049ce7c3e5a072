"""Results that were measured earlier: no model, no command; enough for gates and leave-one-out."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from pathlib import Path

import msgspec

from workbench.domain.job import StoredResult
from workbench.domain.task import ResultStatus, Task
from workbench.evaluation.runner import (
    Capabilities,
    RunLimits,
    RunnerRefused,
    RunOutcome,
    RunPlace,
    infra,
)
from workbench.evaluation.verify import status_of

_STATUSES: dict[str, ResultStatus] = {
    "pass": "pass",
    "fail": "fail",
    "partial": "partial",
    "timeout": "timeout",
    "infra": "infra",
}


class StoredRunner:
    """Answers by the skills that were present, or by the hash of the library.

    A question nobody measured is an infrastructure failure: it says nothing, and is not invented.
    Runs are given in the order they were stored; one more than there are has no answer.
    """

    def __init__(self, results: Iterable[StoredResult]) -> None:
        self._found: dict[tuple[str, frozenset[str]], list[StoredResult]] = defaultdict(list)
        for result in results:
            self._found[result.task, frozenset(result.skills)].append(result)

    @property
    def capabilities(self) -> Capabilities:
        """What it is."""
        return Capabilities("stored", "1", executes=False, deterministic=True)

    def run(
        self,
        task: Task,
        place: RunPlace,
        limits: RunLimits,
        seed: int,
        cancelled: Callable[[], bool],
    ) -> RunOutcome:
        """Return the stored run number ``seed`` of the task."""
        del limits, cancelled
        for skills in (frozenset((place.variant,)), frozenset(place.present)):
            found = self._found.get((task.id, skills), ())
            if seed < len(found):
                return _outcome(found[seed])
        return infra(f"no stored run {seed} of {task.id} with these skills")


def _outcome(result: StoredResult) -> RunOutcome:
    if result.score is None and result.status not in ("infra", "timeout"):
        return infra("the stored run has no score")
    status = _STATUSES.get(result.status) or status_of(result.score or 0.0)
    return RunOutcome(status, result.score, loaded=result.loaded, detail="stored")


def read_results(path: Path) -> tuple[StoredResult, ...]:
    """Read stored results: JSON lines of ``{task, skills, score, status?, loaded?, run?}``.

    ``skills`` are ids, or one hash of a library.

    Raises:
        RunnerRefused: the file cannot be read, or a line is none.
    """
    try:
        lines = path.read_bytes().splitlines()
    except OSError as problem:
        raise RunnerRefused(f"Cannot read {path}: {problem.strerror}.") from problem
    found = []
    for number, line in enumerate(lines, 1):
        if line.strip():
            try:
                found.append(msgspec.json.decode(line, type=StoredResult))
            except (msgspec.MsgspecError, RecursionError) as problem:
                raise RunnerRefused(f"{path}, line {number}: {problem}.") from problem
    return tuple(found)
