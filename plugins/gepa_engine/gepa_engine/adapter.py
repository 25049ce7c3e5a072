"""GEPA's adapter: it asks for scores and gets them from the host's runs of tasks."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

from gepa.core.adapter import EvaluationBatch

from gepa_engine.components import Components, Refused
from workbench.plugin.api import (
    Change,
    Context,
    EvalResult,
    PackageCalls,
    TaskInput,
    TraceText,
    Unavailable,
)

_SAYS_NOTHING = ("infra", "unknown")


def says_nothing(result: EvalResult) -> bool:
    """Whether a run ended for reasons no skill can change."""
    return (result.score is None and result.status != "timeout") or result.status in _SAYS_NOTHING


class HostAdapter:
    """Implements ``gepa.GEPAAdapter``; an instance of data is a task.

    A result is asked for once: the same texts on the same task are not run again. A run that says
    nothing about the skill counts like the first one of the library as it is.
    """

    propose_new_texts = None

    def __init__(self, context: Context, calls: PackageCalls, components: Components) -> None:
        self._context = context
        self._calls = calls
        self._components = components
        self._known: dict[tuple[str, str], EvalResult] = {}
        self._base: dict[str, float] = {}
        self.runs = 0
        self.infra = 0

    def evaluate_base(self, tasks: Sequence[TaskInput]) -> tuple[TaskInput, ...]:
        """Run the library as it is; return the tasks whose runs say something."""
        results = self._results("base", [task.id for task in tasks], ())
        self._base = {
            one.task: one.score or 0.0 for one in results.values() if not says_nothing(one)
        }
        return tuple(task for task in tasks if task.id in self._base)

    def evaluate(
        self, batch: list[TaskInput], candidate: dict[str, str], capture_traces: bool = False
    ) -> EvaluationBatch[Any, Any]:
        """Score a candidate on tasks. One that cannot be tried has 0 on all of them."""
        outcomes: list[EvalResult | str]
        try:
            changes = self._components.changes(candidate)
            found = self._results(name_of(changes), [task.id for task in batch], changes)
            outcomes = [found.get(task.id, "There is no result.") for task in batch]
        except (Refused, Unavailable) as problem:
            outcomes = [str(problem)] * len(batch)
        scores = [self._score(one) for one in outcomes]
        trajectories = list(zip(batch, outcomes, scores, strict=True))
        return EvaluationBatch(
            outputs=[one if isinstance(one, str) else one.status for one in outcomes],
            scores=scores,
            trajectories=trajectories if capture_traces else None,
        )

    def name_of_texts(self, candidate: Mapping[str, str]) -> str:
        """Return the name under which a candidate was evaluated; "" for one that could not be."""
        try:
            return name_of(self._components.changes(candidate))
        except Refused:
            return ""

    def make_reflective_dataset(
        self,
        candidate: dict[str, str],
        eval_batch: EvaluationBatch[Any, Any],
        components_to_update: list[str],
    ) -> Mapping[str, Sequence[Mapping[str, Any]]]:
        """Return, for each component, what the runs of the batch were and how they ended."""
        del candidate
        records = [
            {"task": task, "outcome": outcome, "score": score}
            for task, outcome, score in eval_batch.trajectories or ()
        ]
        return dict.fromkeys(components_to_update, records)

    def _score(self, outcome: EvalResult | str) -> float:
        if isinstance(outcome, str):
            return 0.0
        if says_nothing(outcome):
            self.infra += 1
            return self._base.get(outcome.task, 0.0)
        return outcome.score or 0.0

    def _results(
        self, name: str, tasks: Sequence[str], changes: tuple[Change, ...]
    ) -> dict[str, EvalResult]:
        wanted = [task for task in tasks if (name, task) not in self._known]
        if wanted:
            made = self._calls.evaluate(name, wanted, changes)
            self.runs += len(made)
            self._known |= {(name, one.task): one for one in made}
        return {task: self._known[name, task] for task in tasks if (name, task) in self._known}


def name_of(changes: Sequence[Change]) -> str:
    """Return the name of a version: the same changes have the same one."""
    if not changes:
        return "base"
    texts = "\0".join(f"{one.path}\0{one.new_text}" for one in changes)
    return f"gepa-{hashlib.sha256(texts.encode('utf-8', 'surrogatepass')).hexdigest()[:12]}"


def run_words(
    context: Context, task: TaskInput, outcome: EvalResult | str, score: float, most: int
) -> str:
    """Return one run in words: the task, what the agent did, and how it ended."""
    lines = [f"## Task {task.id}", task.prompt.strip()]
    if task.criteria:
        lines += ["What is checked, as far as it may be known:", *task.criteria]
    if isinstance(outcome, str):
        return "\n".join([*lines, f"The text could not be tried: {outcome}"])
    lines.append(f"Result: {outcome.status}, score {score:g}.")
    for one in outcome.criteria:
        state = {True: "met", False: "not met", None: "not checked"}[one.passed]
        lines.append(f"- {one.id}: {state}. {one.detail}".rstrip())
    if outcome.trace is not None:
        try:
            shown = TraceText(context, outcome.trace).shown(most)
        except (OSError, ValueError):
            shown = "The record of this run cannot be read."
        lines += ["What the agent did:", shown]
    return "\n".join(lines)
