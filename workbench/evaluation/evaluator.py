"""Tasks run on versions of a library: counted, kept, many at once; the table every gate reads."""

from __future__ import annotations

import itertools
import shutil
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import CancelledError, Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from msgspec import Struct

from workbench.domain.job import EvalResult, TraceInput
from workbench.domain.task import PairedRow, PairedTable, Task
from workbench.evaluation.cache import EvaluationCache, RunKey
from workbench.evaluation.runner import (
    RunLimits,
    Runner,
    RunnerRefused,
    RunOutcome,
    RunPlace,
    infra,
)
from workbench.evaluation.task_set import TaskSet, input_files
from workbench.files import FileProblem

_STOPPED = "The evaluation was stopped."


class Variant(Struct, frozen=True):
    """A version of the library that tasks run on; without a folder it is no skills at all."""

    folder: Path | None
    hash: str
    present: tuple[str, ...] = ()


#: A run with no skill at all: the baseline that one in four evolved skills does not reach.
NO_SKILLS = Variant(None, "no-skills")


class Scored(Struct, frozen=True):
    """One run of a task on a variant."""

    task: Task
    run: int
    outcome: RunOutcome
    cached: bool


class BudgetUsed(Exception):  # noqa: N818 - it ends an evaluation in good order
    """The runs the user allowed are done; the message says so."""


@dataclass
class _Counter:
    """Fresh runs so far and how many there may be; the lock is the evaluator's."""

    most: int | None
    made: int = 0


class Evaluator:
    """Evaluates variants on one task set with one runner; thread-safe. Close it when done.

    ``folder`` is where runs take place; working folders are removed, traces stay.
    """

    def __init__(
        self,
        tasks: TaskSet,
        runner: Runner,
        folder: Path,
        *,
        limits: RunLimits | None = None,
        cache: EvaluationCache | None = None,
        budget: int | None = None,
        workers: int = 2,
    ) -> None:
        self.tasks = tasks
        self.runner = runner
        self._folder = folder
        self._limits = limits or RunLimits()
        self._cache = cache
        self._counter = _Counter(budget)
        self._lock = threading.Lock()
        self._numbers = itertools.count(1)
        self._closing = threading.Event()
        self._pool = ThreadPoolExecutor(max(1, workers), thread_name_prefix="evaluation")

    @property
    def budget(self) -> int | None:
        """How many fresh runs may be made in all; None is no cap."""
        return self._counter.most

    @property
    def runs_made(self) -> int:
        """How many runs were made; those from the cache cost nothing and are not counted."""
        return self._counter.made

    def stop(self) -> None:
        """Begin to stop and do not wait: what waits is not made, ``run`` tells by raising."""
        self._closing.set()
        self._pool.shutdown(wait=False, cancel_futures=True)

    @property
    def stopped(self) -> bool:
        """Whether it was stopped, so that runs of now say nothing."""
        return self._closing.is_set()

    def kept(self, variant: Variant, tasks: Sequence[Task], runs: int) -> tuple[Scored, ...]:
        """Return the runs that need not be made, because they were made before.

        Raises:
            RunnerRefused: an input of a task cannot be read.
        """
        if self._cache is None:
            return ()
        wanted = ((task, number) for task in tasks for number in range(runs))
        found = (
            (task, number, self._cache.get(self._key(variant, task, number)))
            for task, number in wanted
        )
        return tuple(
            Scored(task, number, kept, cached=True)
            for task, number, kept in found
            if kept is not None
        )

    def close(self) -> None:
        """Stop: runs that wait are not made, those under way are stopped."""
        self._closing.set()
        self._pool.shutdown(wait=True, cancel_futures=True)

    def run(
        self,
        variant: Variant,
        tasks: Sequence[Task],
        runs: int = 1,
        *,
        first_run: int = 0,
        keep: int = 0,
        done: Callable[[Scored], None] = lambda _: None,
    ) -> tuple[Scored, ...]:
        """Run tasks, each so many times; results come in the order of tasks, then runs.

        ``first_run`` numbers the runs: an A/A baseline is the same variant with other numbers.
        ``keep`` runs of the budget are not touched.

        Raises:
            BudgetUsed: the runs allowed are done; what was made is kept in the cache.
            RunnerRefused: an input of a task cannot be read, or it was stopped.
        """
        numbers = range(first_run, first_run + runs)
        waiting: list[Future[Scored]] = []
        try:
            waiting.extend(
                self._pool.submit(self._scored, variant, task, number, keep)
                for task in tasks
                for number in numbers
            )
        except RuntimeError as problem:
            raise RunnerRefused(_STOPPED) from problem
        found = []
        try:
            for future in waiting:
                found.append(future.result())
                done(found[-1])
        except CancelledError as problem:
            raise RunnerRefused(_STOPPED) from problem
        finally:
            for future in waiting:
                future.cancel()
        return tuple(found)

    def paired(
        self,
        before: Variant,
        after: Variant,
        tasks: Sequence[Task],
        runs: int = 1,
        *,
        baseline_runs: int | None = None,
        done: Callable[[Scored], None] = lambda _: None,
    ) -> PairedTable:
        """Return the table of two variants; the baseline runs twice at least (A/A).

        Raises:
            BudgetUsed, RunnerRefused: as ``run``.
        """
        twice = max(2, runs) if baseline_runs is None else baseline_runs
        first = self.run(before, tasks, twice, done=done)
        second = self.run(after, tasks, runs, done=done)
        return table_of(first, second)

    def _scored(self, variant: Variant, task: Task, number: int, keep: int) -> Scored:
        key = self._key(variant, task, number)
        kept = self._cache.get(key) if self._cache is not None else None
        if kept is not None:
            return Scored(task, number, kept, cached=True)
        if self._closing.is_set():
            return Scored(task, number, infra("stopped"), cached=False)
        self._count(keep)
        outcome = self._made(variant, task, number)
        if self._cache is not None and not self._closing.is_set():
            self._cache.put(key, outcome)
        return Scored(task, number, outcome, cached=False)

    def forget(self, variant: Variant, tasks: Sequence[Task], runs: int) -> None:
        """Drop what was kept of runs that turned out to be of something else."""
        if self._cache is not None:
            for task in tasks:
                for number in range(runs):
                    self._cache.forget(self._key(variant, task, number))

    def _key(self, variant: Variant, task: Task, number: int) -> RunKey:
        try:
            return RunKey(
                variant.hash,
                self.tasks.task_hash(task),
                self.runner.capabilities,
                self._limits,
                number,
            )
        except (FileProblem, OSError) as problem:
            raise RunnerRefused(str(problem)) from problem

    def _count(self, keep: int) -> None:
        if not self.runner.capabilities.executes:
            return
        with self._lock:
            counter = self._counter
            if counter.most is not None and counter.made >= counter.most - keep:
                kept = f", but for {keep:,} kept for the gate" if keep else ""
                raise BudgetUsed(f"The budget of {counter.most:,} task runs is spent{kept}.")
            counter.made += 1

    def _made(self, variant: Variant, task: Task, number: int) -> RunOutcome:
        with self._lock:
            name = f"{next(self._numbers):05d}"
        try:
            with self._place(variant, task, name) as place:
                return self.runner.run(task, place, self._limits, number, self._closing.is_set)
        except (FileProblem, OSError) as problem:
            return infra(f"the run could not be set up: {problem}")

    @contextmanager
    def _place(self, variant: Variant, task: Task, name: str) -> Iterator[RunPlace]:
        """Make the folder of a run with the task's inputs in it; remove it afterwards."""
        work = self._folder / name
        work.mkdir(parents=True)
        try:
            for path in input_files(self.tasks.folder, task):
                copy = work / _inner(path.relative_to(self.tasks.folder), task)
                copy.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(path, copy)
            yield RunPlace(
                work,
                self._folder / f"{name}.jsonl",
                variant.folder,
                variant.hash,
                variant.present,
            )
        finally:
            shutil.rmtree(work, ignore_errors=True)


def _inner(path: Path, task: Task) -> Path:
    """Return where an input goes: of a task in a folder of its own that folder is taken off."""
    home = Path(task.id)
    return path.relative_to(home) if path.is_relative_to(home) else path


def table_of(before: Sequence[Scored], after: Sequence[Scored]) -> PairedTable:
    """Return the paired table; infrastructure failures are left out and counted.

    A run without a reward that is no such failure (a time-out) counts as failed.
    """
    ids = list(dict.fromkeys(one.task.id for one in (*before, *after)))
    tasks = {one.task.id: one.task for one in (*before, *after)}
    sides = [_side(before), _side(after)]
    rows = tuple(
        PairedRow(
            task=one,
            before=tuple(run.reward or 0.0 for run in sides[0].get(one, ())),
            after=tuple(run.reward or 0.0 for run in sides[1].get(one, ())),
            family=tasks[one].family,
            split=tasks[one].split,
            cost_before=_cost(sides[0].get(one, ())),
            cost_after=_cost(sides[1].get(one, ())),
        )
        for one in ids
    )
    failures = sum(one.outcome.status in _SAYS_NOTHING for one in (*before, *after))
    return PairedTable(rows, infra=failures)


_SAYS_NOTHING = ("infra", "unknown")


def _side(scored: Sequence[Scored]) -> dict[str, list[RunOutcome]]:
    found: dict[str, list[RunOutcome]] = {}
    for one in scored:
        if one.outcome.status not in _SAYS_NOTHING:
            found.setdefault(one.task.id, []).append(one.outcome)
    return found


def _cost(runs: Sequence[RunOutcome]) -> float | None:
    known = [run.usd for run in runs if run.usd is not None]
    return sum(known) / len(known) if known else None


def told(scored: Scored, request_id: str, candidate: str) -> EvalResult:
    """Return a result as an engine may see it: no check, no text of a hidden criterion."""
    outcome = scored.outcome
    visible = {one.id for one in scored.task.criteria if one.visible}
    tokens = (
        None
        if outcome.input_tokens is None and outcome.output_tokens is None
        else (outcome.input_tokens or 0) + (outcome.output_tokens or 0)
    )
    trace = Path(outcome.trace) if outcome.trace else None
    return EvalResult(
        id=request_id,
        candidate=candidate,
        task=scored.task.id,
        run=scored.run,
        score=outcome.reward,
        status=outcome.status,
        criteria=tuple(one for one in outcome.criteria if one.id in visible),
        trace=None if trace is None else TraceInput(trace.stem, str(trace)),
        usd=outcome.usd,
        tokens=tokens,
        cached=scored.cached,
    )
