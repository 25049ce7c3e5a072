"""Runs of tasks with some skills present: from stored results, or made by the host's runner."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from workbench.plugin.api import (
    Context,
    EvalResult,
    Request,
    SkillFinder,
    StoredResult,
    TaskInput,
    number_setting,
)

_SAYS_NOTHING = ("infra", "unknown")


class Run(NamedTuple):
    """One run that says something. ``loaded`` is None where nobody recorded what was read."""

    task: str
    family: str
    place: str
    skills: frozenset[str]
    loaded: frozenset[str] | None
    score: float
    number: int


class Stored(NamedTuple):
    """Stored results as runs, and how many were of no use."""

    runs: tuple[Run, ...]
    infra: int
    foreign: int


def stored_runs(request: Request) -> Stored:
    """Return the stored results that name skills of this library alone; duplicates count once."""
    known = {skill.id for skill in request.skills}
    families = {task.id: task.family for task in request.tasks}
    found: dict[StoredResult, Run] = {}
    infra = foreign = 0
    for result in request.results:
        if not set(result.skills) <= known:
            foreign += 1
        elif result.status == "infra" or (result.score is None and result.status != "timeout"):
            infra += 1
        else:
            found[result] = Run(
                result.task,
                families.get(result.task, ""),
                " ".join(part for part in (result.environment, result.model) if part),
                frozenset(result.skills),
                None if result.loaded is None else frozenset(result.loaded),
                result.score or 0.0,
                result.run,
            )
    return Stored(tuple(sorted(found.values(), key=_order)), infra, foreign)


def _order(run: Run) -> tuple[object, ...]:
    loaded = None if run.loaded is None else sorted(run.loaded)
    return (run.task, run.place, sorted(run.skills), run.number, run.score, str(loaded))


class Measuring:
    """Leaves one skill out after the other; ``runs`` grows, also when it is stopped."""

    def __init__(self, request: Request, context: Context) -> None:
        self._request = request
        self._context = context
        self._finder = SkillFinder(request)
        self._skills = [skill.id for skill in request.skills]
        self.tasks = chosen_tasks(request)
        self.runs: list[Run] = []
        self.infra = 0

    @property
    def planned(self) -> tuple[tuple[str, tuple[str, ...]], ...]:
        """The versions that are run: a name and the skills left out."""
        versions: list[tuple[str, tuple[str, ...]]] = [("library", ())]
        versions += [(f"without {one}", (one,)) for one in self._skills]
        # With one skill, leaving it out is no skill at all.
        if self._request.settings.get("no_skill") is not False and len(self._skills) > 1:
            versions.append(("no skill", tuple(self._skills)))
        return tuple(versions)

    @property
    def rounds(self) -> int:
        """How often each task is run."""
        return int(number_setting(self._request, "runs", 1))

    def measure(self) -> Iterator[tuple[int, str]]:
        """Run version after version; yield how many are done and the next one's name.

        Raises:
            Unavailable, BudgetSpent, Cancelled: as ``Context.evaluate``.
        """
        for number, (name, without) in enumerate(self.planned):
            yield number, name
            results = self._context.evaluate(
                name, [task.id for task in self.tasks], without=without, runs=self.rounds
            )
            present = frozenset(self._skills) - frozenset(without)
            for result in results:
                self._note(result, present)

    def _note(self, result: EvalResult, present: frozenset[str]) -> None:
        is_cut = result.score is None and result.status != "timeout"
        if is_cut or result.status in _SAYS_NOTHING:
            self.infra += 1
            return
        family = next((task.family for task in self.tasks if task.id == result.task), "")
        loaded = self._loaded(result)
        score = result.score or 0.0
        self.runs.append(Run(result.task, family, "", present, loaded, score, result.run))

    def _loaded(self, result: EvalResult) -> frozenset[str] | None:
        """Return the skills the run's trace says were read; None where there is no trace."""
        if result.trace is None:
            return None
        try:
            header, _ = self._context.read_trace(result.trace)
        except (OSError, ValueError):
            return None
        found = (self._finder.find(name) for name in header.skills_loaded)
        return frozenset(skill.id for skill in found if skill is not None)


def chosen_tasks(request: Request) -> Sequence[TaskInput]:
    """Return the tasks that are run: those of the wanted split, all where there are none."""
    wanted = request.settings.get("splits", "val")
    return [task for task in request.tasks if task.split == wanted] or request.tasks
