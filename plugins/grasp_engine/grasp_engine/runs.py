"""Runs of tasks on versions of the library, and the lineage of these versions."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from grasp_engine.library import SkillNames, version_of
from workbench.plugin.api import Candidate, Change, EvalResult, JobEvent, PackageCalls, TaskInput

_SAYS_NOTHING = ("infra", "unknown")


def says_nothing(result: EvalResult) -> bool:
    """Whether a run ended for reasons no skill can change."""
    return (result.score is None and result.status != "timeout") or result.status in _SAYS_NOTHING


class Versions:
    """Which versions were tried, on which one they build, and which skill came with which."""

    def __init__(self, names: SkillNames, tell: Callable[[JobEvent], None]) -> None:
        self._names = names
        self._tell = tell
        self._lock = threading.Lock()
        self._current = "base"
        self.parents: dict[str, str] = {"base": ""}
        self._tried: dict[tuple[str, str], str] = {}
        self._taken: dict[tuple[str, str], str] = {}

    def of(
        self, skills: Sequence[Mapping[str, Any]], *, is_trial: bool
    ) -> tuple[str, tuple[Change, ...]]:
        """Return name and changes of a version; one not seen before is told of.

        Raises:
            Refused: it cannot be tried.
        """
        changes = self._names.changes(skills)
        version = version_of(changes)
        with self._lock:
            if version not in self.parents:
                self.parents[version] = self._current
                words = ", ".join(sorted({f"{one.op} {one.path}" for one in changes})[:6])
                parents = (self._current,)
                self._tell(Candidate(id=version, parents=parents, summary=words))
            for one in skills:
                self._tried[_print_of(one)] = version
                if not is_trial:
                    self._taken.setdefault(_print_of(one), version)
            if not is_trial:
                self._current = version
        return version, changes

    def origin(self, skill: Mapping[str, Any] | None) -> str:
        """Return the version in which a skill was taken with this text, else was last tried."""
        if skill is None:
            return self._current
        text = _print_of(skill)
        return self._taken.get(text) or self._tried.get(text, "base")

    def rivals(self, version: str) -> tuple[str, ...]:
        """Return the other versions that were tried on the same one."""
        parent = self.parents.get(version, "")
        return tuple(
            one for one, of in self.parents.items() if of == parent and one not in (version, "base")
        )


def _print_of(skill: Mapping[str, Any]) -> tuple[str, str]:
    return str(skill["name"]), f"{skill.get('description', '')}\0{skill.get('content', '')}"


class TaskRuns:
    """Results by version and task. Where ``fresh``, asking again is another run."""

    def __init__(self, calls: PackageCalls, *, fresh: bool) -> None:
        self._calls = calls
        self._fresh = fresh
        self._lock = threading.Lock()
        self._asked: Counter[tuple[str, str]] = Counter()
        self._known: dict[tuple[str, str, int], EvalResult] = {}
        self.infra = 0

    def of_base(self, tasks: Sequence[TaskInput]) -> tuple[TaskInput, ...]:
        """Run the library as it is; return the tasks whose runs say something."""
        for one in self._calls.evaluate("base", [task.id for task in tasks]):
            self._known["base", one.task, 0] = one
        return tuple(
            task
            for task in tasks
            if ("base", task.id, 0) in self._known
            and not says_nothing(self._known["base", task.id, 0])
        )

    def result(self, version: str, changes: Sequence[Change], task: str) -> EvalResult:
        """Return a run of a task. One that says nothing is replaced by one that does.

        Raises:
            Unavailable: the version cannot be run.
        """
        with self._lock:
            number = self._asked[version, task] if self._fresh else 0
            self._asked[version, task] += 1
        key = (version, task, number)
        if key not in self._known:
            made = self._calls.evaluate(version, [task], changes, runs=number + 1)
            self._known |= {(version, one.task, one.run): one for one in made}
        found = self._known.get(key)
        if found is not None and not says_nothing(found):
            return found
        self.infra += 1
        earlier = self._known.get((version, task, 0))
        if earlier is not None and not says_nothing(earlier):
            return earlier
        return self._known["base", task, 0]
