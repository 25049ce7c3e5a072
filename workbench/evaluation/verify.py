"""Checking what a run left behind: the task's criteria and its verifier, in the sandbox."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from workbench.domain.task import Criterion, CriterionResult, ResultStatus, Task
from workbench.evaluation.runner import RunLimits, RunOutcome
from workbench.evaluation.sandbox import Sandbox
from workbench.files import FileProblem, confined

_VERIFIER_S = 120.0
_SHOWN = 400
#: The shell's own words for "not executable" and "not found": the check could not be made.
_NOT_RUN = (126, 127)
#: Rewards this close to one count as passed.
_FULL = 1 - 1e-9

#: Says whether an answer meets a criterion, with a reason; a judge, where the host has one.
Judge = Callable[[Task, Criterion, str], CriterionResult]


@dataclass(frozen=True)
class _Left:
    """What a run left behind, and the bounds of checking it."""

    work: Path
    answer: str
    limits: RunLimits
    cancelled: Callable[[], bool]


class Verifier:
    """Checks results of one task set; used by several threads."""

    def __init__(self, sandbox: Sandbox | None, judge: Judge | None = None) -> None:
        self._sandbox = sandbox
        self._judge = judge

    def verdict(
        self,
        task: Task,
        work: Path,
        answer: str,
        limits: RunLimits,
        cancelled: Callable[[], bool] = lambda: False,
    ) -> RunOutcome:
        """Return status, reward and criteria; the rest of the outcome is the runner's to fill.

        The verifier's word goes before the criteria; with neither the status is *unknown*.
        """
        criteria = tuple(
            self._criterion(task, one, _Left(work, answer, limits, cancelled))
            for one in task.criteria
        )
        if task.verifier:
            return self._verified(task, work, limits, criteria, cancelled)
        weighed = [
            (asked.weight, found.score)
            for asked, found in zip(task.criteria, criteria, strict=True)
            if found.score is not None
        ]
        if any(found.infra for found in criteria):
            return RunOutcome("infra", criteria=criteria, detail="a criterion cannot be checked")
        total = sum(weight for weight, _ in weighed)
        if not weighed or total <= 0:
            return RunOutcome("unknown", criteria=criteria, detail="the task has nothing to check")
        reward = sum(weight * score for weight, score in weighed) / total
        return RunOutcome(status_of(reward), reward, criteria)

    def _verified(
        self,
        task: Task,
        work: Path,
        limits: RunLimits,
        criteria: tuple[CriterionResult, ...],
        cancelled: Callable[[], bool],
    ) -> RunOutcome:
        if self._sandbox is None:
            return RunOutcome("infra", criteria=criteria, detail="there is no sandbox to verify in")
        ran = self._sandbox.run(
            task.verifier, work, limits, seconds=_VERIFIER_S, cancelled=cancelled
        )
        if ran.ended != "exit" or ran.code in _NOT_RUN:
            why = ran.ended if ran.ended != "exit" else f"exit code {ran.code}"
            detail = f"the verifier did not run ({why}): {ran.output[-_SHOWN:]}"
            return RunOutcome("infra", criteria=criteria, detail=detail)
        told = _told(ran.output)
        reward = told if told is not None else float(ran.code == 0)
        detail = "" if reward >= _FULL else ran.output[-_SHOWN:]
        return RunOutcome(status_of(reward), reward, criteria, detail=detail)

    def _criterion(self, task: Task, asked: Criterion, left: _Left) -> CriterionResult:
        match asked.method:
            case "contains":
                return _scored(asked.id, asked.argument in left.answer)
            case "equals":
                return _scored(asked.id, asked.argument.strip() == left.answer.strip())
            case "file":
                return _scored(asked.id, _is_there(left.work, asked.argument))
            case "judge" if self._judge is not None:
                return self._judge(task, asked, left.answer)
            case "command" if self._sandbox is not None:
                argv = ["/bin/sh", "-c", asked.argument]
                ran = self._sandbox.run(
                    argv, left.work, left.limits, seconds=_VERIFIER_S, cancelled=left.cancelled
                )
                if ran.ended != "exit" or ran.code in _NOT_RUN:
                    return CriterionResult(asked.id, detail=ran.output[-_SHOWN:], infra=True)
                return _scored(asked.id, ran.code == 0, ran.output[-_SHOWN:])
            case "judge" | "command":
                missing = "a judge" if asked.method == "judge" else "a sandbox"
                return CriterionResult(asked.id, detail=f"there is no {missing}", infra=True)
            case _:
                return CriterionResult(asked.id, detail="checked by nobody here")


def status_of(reward: float) -> ResultStatus:
    """Return what a reward means."""
    if reward >= _FULL:
        return "pass"
    return "partial" if reward > 0 else "fail"


def _scored(criterion: str, passed: bool, detail: str = "") -> CriterionResult:
    return CriterionResult(criterion, passed, float(passed), "" if passed else detail)


def _is_there(work: Path, name: str) -> bool:
    try:
        return confined(work, name).exists()
    except FileProblem:
        return False


def _told(output: str) -> float | None:
    """Return the reward a verifier prints as JSON, ``{"reward": 0.5}``, in its last line."""
    lines = output.strip().splitlines()
    try:
        value = json.loads(lines[-1]) if lines else None
    except (ValueError, RecursionError):
        return None
    value = value.get("reward") if isinstance(value, dict) else None
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 1:
        return None
    return float(value)
