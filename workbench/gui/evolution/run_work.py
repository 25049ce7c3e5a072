"""Seeing one run through in a thread: it tells batches of events, and at the end the result."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

from msgspec.structs import replace

from workbench.domain.annotation import Annotation
from workbench.domain.job import AnyEvent, GateEvent, Log, Progress, Stage
from workbench.domain.skill import Library
from workbench.evaluation.evaluator import Scored
from workbench.evolution.gating import GateChoice
from workbench.evolution.prepare import MeansChoice, prepared
from workbench.evolution.recipe import keep_recipe, recipe_of
from workbench.evolution.run import Cost, EngineInputs, Evolution, EvolveResult, GivenLabel
from workbench.gui.shell.jobs import JobCancelled, JobReporter
from workbench.plugin.jobs import JobRunner
from workbench.plugin.registry import PluginInfo
from workbench.store.proposals import ProposalStore
from workbench.traces.open import OpenTrace
from workbench.usage.engine_labels import labels_for_engine

_POLL_S = 0.05

#: Copying the library and writing the traces is this part of the bar.
_PREPARED = 0.1


class RunFailed(Exception):  # noqa: N818 - a problem for a person, in words
    """The engine failed. The message is its own summary or that of the host."""


@dataclass(frozen=True, slots=True)
class RunSetup:
    """All that a run needs. ``annotations`` are given to the engine as labels.

    A run that is not ``alone`` goes beside others on the same library.
    """

    library: Library
    plugin: PluginInfo
    traces: Sequence[OpenTrace]
    inputs: EngineInputs
    runner: JobRunner
    store: ProposalStore
    secrets: dict[str, str] = field(default_factory=dict)
    choice: MeansChoice = field(default_factory=MeansChoice)
    gating: GateChoice = field(default_factory=GateChoice)
    cache: Path | None = None
    annotations: tuple[Annotation, ...] = ()
    alone: bool = True


@dataclass(frozen=True, slots=True)
class Begun:
    """The job is there. ``kill`` ends it at once; ``problems`` are what had to be left out."""

    job: str
    run_dir: str
    problems: tuple[str, ...]
    kill: Callable[[], None]


@dataclass(frozen=True, slots=True)
class Spending:
    """What was used up so far, by the host's own count."""

    cost: Cost
    runs: int


Said = Begun | Spending | tuple[AnyEvent, ...] | EvolveResult
Tell = Callable[[Said], None]


def see_through(setup: RunSetup, reporter: JobReporter, tell: Tell) -> None:
    """Run an engine to its end and gate what it proposes. ``tell`` is called in this thread.

    Raises:
        TaskSetProblem, RunnerRefused, EvolveRefused, RequestProblem: it cannot be started; the
            message says what to do.
        RunFailed: it did not come to its end; the result was told before.
        JobCancelled: the person cancelled; the result was told before.
    """
    with ExitStack() as stack:
        reporter.progress(0.0, "Preparing tasks and models")
        means = None
        if setup.cache is not None:
            means = stack.enter_context(prepared(setup.choice, setup.cache))
        reporter.check_cancelled()
        inputs = replace(setup.inputs, labels=_labels(setup))
        evolution = Evolution(
            setup.library,
            setup.plugin,
            setup.traces,
            inputs,
            runner=setup.runner,
            store=setup.store,
            secrets=setup.secrets,
            means=means,
            gating=setup.gating,
            alone=setup.alone,
            progress=lambda fraction, text: reporter.progress(fraction * _PREPARED, text),
            cancelled=lambda: reporter.cancelled,
        )
        stack.callback(evolution.close)
        recipe = recipe_of(
            setup.plugin.id,
            setup.library.root,
            setup.traces,
            inputs=inputs,
            choice=setup.choice,
            gating=setup.gating,
        )
        keep_recipe(evolution.job.run_dir, recipe)
        result = _watched(evolution, reporter, tell)
        tell(result)
    if result.status == "cancelled":
        raise JobCancelled
    if result.status in ("failed", "lost"):
        raise RunFailed(result.summary)


def _labels(setup: RunSetup) -> tuple[GivenLabel, ...]:
    return tuple(
        GivenLabel(str(trace.path), trace.trajectory.id, label)
        for trace, label in labels_for_engine(setup.annotations, setup.traces)
    )


def _watched(evolution: Evolution, reporter: JobReporter, tell: Tell) -> EvolveResult:
    reporter.on_cancel(evolution.cancel)
    job = evolution.job
    tell(
        Begun(job.id, str(job.run_dir), evolution.problems, lambda: evolution.job.cancel(now=True))
    )
    reporter.progress(_PREPARED, "The engine is at work")
    spending = Spending(evolution.spent, evolution.runs_made)
    ended = False
    while not ended:
        # The last drain comes after the end was seen, so that no event is left behind.
        ended = job.wait(_POLL_S) is not None
        batch = tuple(evolution.drain())
        if batch:
            _report(batch, reporter)
            tell(batch)
        now = Spending(evolution.spent, evolution.runs_made)
        if now != spending:
            spending = now
            tell(now)
    _gate(evolution, reporter, tell)
    tell(Spending(evolution.spent, evolution.runs_made))
    return evolution.result()


def _gate(evolution: Evolution, reporter: JobReporter, tell: Tell) -> None:
    """Have the host gate what was proposed; each task run moves a stage of its own."""
    if not evolution.can_gate:
        return
    made, told = 0, 0.0

    def done(scored: Scored) -> None:
        nonlocal made, told
        made += 1
        now = time.monotonic()
        if now - told > _POLL_S:
            told = now
            reporter.progress(None, f"Gate: {made} task runs, {scored.task.id}")
            tell((Stage(name="Gate", done=made),))

    reporter.progress(None, "Gate: the host runs the tasks")
    for event in evolution.gate(done):
        tell((event, Stage(name="Gate", done=made)))
        if isinstance(event, GateEvent):
            reporter.log(f"{event.candidate}: {event.level} by the rule {event.rule}")


def _report(batch: Sequence[AnyEvent], reporter: JobReporter) -> None:
    for event in batch:
        if isinstance(event, Progress):
            share = _PREPARED + (1 - _PREPARED) * event.fraction
            reporter.progress(share, event.text)
        elif isinstance(event, Stage):
            reporter.log(f"{event.name} {event.done}/{event.total}" if event.total else event.name)
        elif isinstance(event, Log):
            reporter.log(event.text)
