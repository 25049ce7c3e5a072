"""What a run may use besides traces: tasks with a runner, models, documents, stored results."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from workbench.domain.job import (
    EvalRequested,
    LlmRequested,
    ModelInput,
    StoredResult,
)
from workbench.domain.model_call import Completion, ModelGrant
from workbench.evaluation.evaluator import BudgetUsed, Evaluator, told
from workbench.evaluation.runner import RunnerRefused
from workbench.evaluation.task_set import TaskSet
from workbench.evolution.variants import VariantProblem, Variants
from workbench.llm.service import ANY_ROLE, ModelService
from workbench.plugin.protocol import EvalAnswer, LlmAnswer
from workbench.plugin.services import HostServices, Reply

#: So many requests of an engine are worked on at once; each runs many tasks itself.
_AT_ONCE = 4
#: More runs of one task in one request say nothing more, and take the budget of all others.
MOST_RUNS = 100


@dataclass(frozen=True)
class Means:
    """The caller makes them and closes them after the run; all may be left out.

    ``evaluator`` runs tasks of ``tasks``; tasks without it can be read and not run. ``results``
    were measured earlier. ``documents`` are files an engine may learn from. ``problems`` are told
    with those of the run: what cannot be kept for the next one.
    """

    tasks: TaskSet | None = None
    evaluator: Evaluator | None = None
    models: ModelService | None = None
    documents: tuple[Path, ...] = ()
    results: tuple[StoredResult, ...] = ()
    problems: tuple[str, ...] = ()

    def available(self, needs: tuple[str, ...]) -> set[str]:
        """Return which needs of a manifest these meet."""
        found = {
            name
            for name, there in (
                ("tasks", self.tasks is not None),
                ("runner", self.evaluator is not None),
                ("documents", bool(self.documents)),
                ("results", bool(self.results)),
                ("network", self.models is not None),
            )
            if there
        }
        roles = {model.role for model in self.model_inputs(needs)}
        return found | {f"model:{role}" for role in roles}

    def model_inputs(self, needs: tuple[str, ...]) -> tuple[ModelInput, ...]:
        """Return the models an engine is told of: one for each role it needs and there is."""
        if self.models is None:
            return ()
        wanted = [need.partition(":")[2] for need in needs if need.startswith("model:")]
        return self.models.models_for(wanted)

    def grants(self) -> dict[str, ModelGrant]:
        """Return how commands reach the models."""
        if self.models is None:
            return {}
        return {
            "model" if role == ANY_ROLE else role: one
            for role, one in self.models.proxy_grants().items()
        }


class EngineServer:
    """Answers what an engine asks while it runs; close it after the job."""

    def __init__(self, means: Means, variants: Variants, keep: int = 0) -> None:
        """Begin; ``keep`` runs of the budget are left for the host's own gate."""
        self._means = means
        self._keep = keep
        self._variants = variants
        self._pool = ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="engine-requests")

    @property
    def services(self) -> HostServices:
        """What the job is given; what there are no means for is refused by the job itself."""
        return HostServices(
            evaluate=self._evaluate if self._means.evaluator is not None else None,
            complete=self._complete if self._means.models is not None else None,
        )

    def close(self) -> None:
        """Answer nothing more."""
        self._pool.shutdown(wait=True, cancel_futures=True)

    def _complete(self, event: LlmRequested, reply: Reply) -> None:
        assert self._means.models is not None
        if event.prompt is None:
            empty = Completion(refused="There is no prompt in the request.", refusal="failed")
            reply(LlmAnswer(event.id, empty))
            return
        self._means.models.ask(event.prompt, lambda made: reply(LlmAnswer(event.id, made)))

    def _evaluate(self, event: EvalRequested, reply: Reply) -> None:
        try:
            self._pool.submit(self._answer, event, reply)
        except RuntimeError:
            reply(EvalAnswer(event.id, refused="The run was stopped.", refusal="failed"))

    def _answer(self, event: EvalRequested, reply: Reply) -> None:
        try:
            reply(self._results(event))
        except BudgetUsed as problem:
            reply(EvalAnswer(event.id, refused=str(problem), refusal="budget"))
        except (RunnerRefused, VariantProblem) as problem:
            reply(EvalAnswer(event.id, refused=str(problem), refusal="failed"))
        except Exception as problem:
            # An engine that waits for an answer must get one, whatever went wrong here.
            words = f"The evaluation failed: {type(problem).__name__}: {problem}"
            reply(EvalAnswer(event.id, refused=words, refusal="failed"))

    def _results(self, event: EvalRequested) -> EvalAnswer:
        evaluator = self._means.evaluator
        assert evaluator is not None
        known = {task.id: task for task in evaluator.tasks.of("train", "val")}
        unknown = [task for task in event.tasks if task not in known]
        if unknown:
            raise RunnerRefused(f"There is no task '{unknown[0]}' an engine may run.")
        tasks = [known[task] for task in dict.fromkeys(event.tasks)] or list(known.values())
        variant = self._variants.of(event.changes, event.without)
        runs = min(max(1, event.runs), MOST_RUNS)
        scored = evaluator.run(variant, tasks, runs, keep=self._keep)
        if not self._variants.is_intact(variant):
            evaluator.forget(variant, tasks, runs)
            raise VariantProblem(
                "The version was written to while its tasks ran, so its results do not count."
            )
        return EvalAnswer(event.id, tuple(told(one, event.id, event.candidate) for one in scored))
