"""Seeing one run through in a thread: it tells batches of events, and at the end the result."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from workbench.domain.job import AnyEvent, Log, Progress, Stage
from workbench.domain.skill import Library
from workbench.evolution.run import EngineInputs, Evolution, EvolveResult
from workbench.gui.shell.jobs import JobCancelled, JobReporter
from workbench.plugin.jobs import JobRunner
from workbench.plugin.registry import PluginInfo
from workbench.store.proposals import ProposalStore
from workbench.traces.open import OpenTrace

_POLL_S = 0.05

#: Copying the library and writing the traces is this part of the bar.
_PREPARED = 0.1


class RunFailed(Exception):  # noqa: N818 - a problem for a person, in words
    """The engine failed. The message is its own summary or that of the host."""


@dataclass(frozen=True, slots=True)
class RunSetup:
    """All that a run needs."""

    library: Library
    plugin: PluginInfo
    traces: Sequence[OpenTrace]
    inputs: EngineInputs
    runner: JobRunner
    store: ProposalStore
    secrets: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Begun:
    """The job is there. ``kill`` ends it at once; ``problems`` are what had to be left out."""

    job: str
    run_dir: str
    problems: tuple[str, ...]
    kill: Callable[[], None]


Tell = Callable[[Begun | tuple[AnyEvent, ...] | EvolveResult], None]


def see_through(setup: RunSetup, reporter: JobReporter, tell: Tell) -> None:
    """Run an engine to its end. ``tell`` is called in this thread.

    Raises:
        EvolveRefused, RequestProblem: it cannot be started; the message says what to do.
        RunFailed: it did not come to its end; the result was told before.
        JobCancelled: the person cancelled; the result was told before.
    """
    evolution = Evolution(
        setup.library,
        setup.plugin,
        setup.traces,
        setup.inputs,
        runner=setup.runner,
        store=setup.store,
        secrets=setup.secrets,
        progress=lambda fraction, text: reporter.progress(fraction * _PREPARED, text),
        cancelled=lambda: reporter.cancelled,
    )
    try:
        reporter.on_cancel(evolution.cancel)
        tell(
            Begun(
                evolution.job.id,
                str(evolution.job.run_dir),
                evolution.problems,
                lambda: evolution.job.cancel(now=True),
            )
        )
        ended = False
        while not ended:
            # The last drain comes after the end was seen, so that no event is left behind.
            ended = evolution.job.wait(_POLL_S) is not None
            batch = tuple(evolution.drain())
            if batch:
                _report(batch, reporter)
                tell(batch)
        result = evolution.result()
    finally:
        evolution.close()
    tell(result)
    if result.status == "cancelled":
        raise JobCancelled
    if result.status in ("failed", "lost"):
        raise RunFailed(result.summary)


def _report(batch: Sequence[AnyEvent], reporter: JobReporter) -> None:
    for event in batch:
        if isinstance(event, Progress):
            share = _PREPARED + (1 - _PREPARED) * event.fraction
            reporter.progress(share, event.text)
        elif isinstance(event, Stage):
            reporter.log(f"{event.name} {event.done}/{event.total}" if event.total else event.name)
        elif isinstance(event, Log):
            reporter.log(event.text)
