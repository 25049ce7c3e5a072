"""GRASP's task interface over the host's tasks; imports the package."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from grasp import Rollout, Task

from grasp_engine.library import Refused
from grasp_engine.runs import TaskRuns, Versions
from workbench.plugin.api import (
    Context,
    EvalResult,
    JobEvent,
    Progress,
    TaskInput,
    TraceStep,
    Unavailable,
)

_ACTION = 300
_MESSAGE = 2000
_MOST_STEPS = 40


class HostTask(Task):  # type: ignore[misc]
    """The tasks of the request; the agent GRASP hands over tells only which skills it would have.

    ``main`` returns GRASP's own library, beside which it tries candidates in copies.
    """

    name = "tasks of the host"
    updater_task_family = "task-solving"

    def __init__(
        self,
        context: Context,
        runs: TaskRuns,
        versions: Versions,
        *,
        tasks: Mapping[str, Sequence[TaskInput]],
        pass_score: float,
        tell: Callable[[JobEvent], None],
    ) -> None:
        self._context = context
        self._runs = runs
        self._versions = versions
        self._tasks = tasks
        self._pass_score = pass_score
        self._tell = tell
        self._made = 0
        self.expected = 0
        self.main: object = None
        self.updater_guidance = ""

    def samples(self, split: str) -> list[dict[str, Any]]:
        """Return the samples of "dev" and "val"; there are none of "test" here."""
        return [
            {"id": task.id, "description": task.prompt, "type": task.family or "other"}
            for task in self._tasks.get(split, ())
        ]

    def rollout(self, sample: dict[str, Any], agent: Any) -> Any:
        """Have the host run the task with the skills the agent would have."""
        self._context.check_cancelled()
        try:
            version, changes = self._versions.of(
                agent.skill_repo.snapshot(), is_trial=agent.skill_repo is not self.main
            )
            result = self._runs.result(version, changes, sample["id"])
        except (Refused, Unavailable) as problem:
            return Rollout(status="error", raw={"score": 0.0, "error": str(problem)})
        self._made += 1
        if self.expected:
            share = min(0.99, self._made / self.expected)
            self._tell(Progress(fraction=share, text=f"{self._made} results used"))
        return self._as_rollout(result)

    def evaluate(self, sample: dict[str, Any], rollout: Any) -> bool:
        """Whether the host's score says that it passed."""
        return bool(rollout.status != "error" and rollout.raw["score"] >= self._pass_score)

    def failure_tags(self, sample: dict[str, Any], rollout: Any) -> list[str]:
        """Return the visible criteria that were not met."""
        return [str(one) for one in rollout.raw.get("unmet", ())]

    def _as_rollout(self, result: EvalResult) -> Any:
        history, actions = self._what_was_done(result)
        return Rollout(
            history=history,
            agent_actions=actions,
            status="completed" if result.status != "timeout" else "timeout",
            raw={
                "score": result.score or 0.0,
                "unmet": [one.id for one in result.criteria if one.passed is False],
                "error": "; ".join(one.detail for one in result.criteria if one.passed is False),
            },
        )

    def _what_was_done(self, result: EvalResult) -> tuple[list[dict[str, str]], list[str]]:
        history: list[dict[str, str]] = []
        actions: list[str] = []
        if result.trace is None:
            return history, actions
        try:
            _, steps = self._context.read_trace(result.trace)
            for step in steps:
                history += _messages(step)
                actions += [
                    f"{one.name}: {one.argument[:_ACTION]} ({one.status})" for one in step.calls
                ]
        except (OSError, ValueError):
            return [], []
        return history[-_MOST_STEPS:], actions[-_MOST_STEPS:]


def _messages(step: TraceStep) -> list[dict[str, str]]:
    role = "assistant" if step.kind == "agent" else "user"
    said = [{"role": role, "content": step.text[:_MESSAGE]}] if step.text else []
    seen = [one.observation for one in step.calls if one.observation]
    return said + [{"role": "user", "content": text[:_MESSAGE]} for text in seen]
