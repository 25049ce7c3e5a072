"""Running tasks on exactly what a reviewer selected, or on each hunk alone.

The host makes the files of the selection beside a copy of the library as it is now, runs the tasks
and gates them as it gated the whole; what was run before comes from the cache. What comes of it is
bound to the hash of the content.
"""

from __future__ import annotations

import shutil
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

from msgspec import Struct

from workbench.domain.proposal import HunkVerdict
from workbench.domain.selection_test import SelectionTest
from workbench.domain.text import counted
from workbench.evaluation.evaluator import BudgetUsed, Evaluator, Scored
from workbench.evaluation.runner import RunnerRefused
from workbench.evolution.gating import GateChoice, HostGate
from workbench.evolution.means import Means
from workbench.evolution.variants import VariantProblem, Variants, rest_of
from workbench.review.compose import Result, accepted_hunks
from workbench.review.disk import look
from workbench.review.plan import ReviewProblem
from workbench.review.session import WHOLE, Review
from workbench.review.tested import alone
from workbench.skills.library import read_library

#: So many different reasons of runs that say nothing are told.
_TOLD = 3


class RetestStopped(ReviewProblem):
    """A person stopped it; runs that were made are kept and cost nothing next time."""


class Wanted(Struct, frozen=True):
    """One thing to be tested: the files of some verdicts. ``hunk`` is the one taken alone."""

    scope: Literal["selection", "hunk"]
    verdicts: tuple[HunkVerdict, ...]
    hunk: str = ""


class RetestEstimate(Struct, frozen=True):
    """What a test takes: task runs in all, and of them those kept from earlier.

    ``seconds`` and ``usd`` are for the runs to be made, by the kept ones; None where none is kept
    or none names a price.
    """

    runs: int
    kept: int
    seconds: float | None = None
    usd: float | None = None

    @property
    def fresh(self) -> int:
        """The runs to be made."""
        return self.runs - self.kept


def wanted_selection(review: Review, verdicts: Sequence[HunkVerdict]) -> Wanted:
    """Return what is accepted, as it would be applied.

    Raises:
        ReviewProblem: nothing is, or it changes nothing.
    """
    own = tuple(one for one in verdicts if one.hunk != WHOLE and one.verdict == "accept")
    if not review.hunks:
        raise ReviewProblem("A diagnosis changes no file, so there is nothing to test.")
    if not own:
        raise ReviewProblem("Nothing is accepted yet. Accept the hunks that are to be tested.")
    if not review.result(own).files:
        raise ReviewProblem("What is accepted changes no file, so there is nothing to test.")
    return Wanted("selection", own)


def wanted_hunks(
    review: Review, verdicts: Sequence[HunkVerdict], names: Sequence[str] = ()
) -> tuple[Wanted, ...]:
    """Return each hunk taken alone, with what it depends on; ``names`` limits which.

    Raises:
        ReviewProblem: there is none.
    """
    found = tuple(
        Wanted("hunk", alone(review, hunk, verdicts), hunk.id)
        for hunk in review.hunks
        if not names or hunk.id in names
    )
    if not found:
        raise ReviewProblem("There is no hunk to test.")
    return found


class Retest:
    """Tests selections of one proposal with one runner; see ``retesting``."""

    def __init__(
        self, review: Review, means: Means, gating: GateChoice, variants: Variants
    ) -> None:
        if means.evaluator is None:
            raise ReviewProblem(NO_RUNNER)
        self.review = review
        self.evaluator: Evaluator = means.evaluator
        self._variants = variants
        self._gating = gating
        self._told: Callable[[Scored], None] = lambda _: None
        self._gate = HostGate(self.evaluator, variants, gating, self._scored)
        self._seen: list[Scored] = []

    def stop(self) -> None:
        """Stop without waiting; callable from any thread."""
        self.evaluator.stop()

    def estimate(self, wanted: Sequence[Wanted]) -> RetestEstimate:
        """Return what a test takes; nothing is run.

        Raises:
            ReviewProblem: it cannot be tested as things are.
        """
        tasks = self.evaluator.tasks.tasks
        try:
            variants = [
                self._variants.with_files(_files(self._result(one)), write=False) for one in wanted
            ]
            runs = self._gate.runs_of(variants)
            kept = [
                scored
                for variant, many in runs.items()
                for scored in self.evaluator.kept(variant, tasks, many)
            ]
        except (RunnerRefused, VariantProblem) as problem:
            raise ReviewProblem(str(problem)) from problem
        total = sum(runs.values()) * len(tasks)
        prices = [one.outcome.usd for one in kept if one.outcome.usd is not None]
        fresh = total - len(kept)
        return RetestEstimate(
            total,
            len(kept),
            sum(one.outcome.seconds for one in kept) / len(kept) * fresh if kept else None,
            sum(prices) / len(prices) * fresh if prices else None,
        )

    def test(
        self,
        wanted: Wanted,
        *,
        by: str,
        now: Callable[[], str],
        done: Callable[[Scored], None] = lambda _: None,
    ) -> SelectionTest:
        """Run the tasks, keep what came of it with the proposal, and return it.

        Raises:
            RetestStopped: a person stopped it.
            ReviewProblem: files changed since it was proposed, the budget is spent, or the runner
                cannot run at all.
        """
        began = time.monotonic()
        result = self._result(wanted)
        self._seen, self._told = [], done
        made = self.evaluator.runs_made
        try:
            files = _files(result)
            variant = self._variants.with_files(files)
            texts = {path: data for path, (data, _) in files.items() if data is not None}
            gate = self._gate.gate_of(variant, texts)
        except (BudgetUsed, RunnerRefused, VariantProblem) as problem:
            self._check_stopped()
            raise ReviewProblem(str(problem)) from problem
        self._check_stopped()
        chosen = accepted_hunks(self.review.hunks, wanted.verdicts)
        tasks = self.evaluator.tasks
        infra = [one for one in self._seen if one.outcome.status == "infra"]
        prices = [one.outcome.usd for one in self._seen if one.outcome.usd is not None]
        test = SelectionTest(
            proposal=self.review.proposal.id,
            content_hash=result.content_hash,
            gate=gate,
            time=now(),
            by=by,
            scope=wanted.scope,
            hunk=wanted.hunk,
            hunks=tuple(hunk.id for hunk in chosen),
            task_set=tasks.name,
            tasks_hash=tasks.hash,
            library=self._variants.version(),
            runs=self.evaluator.runs_made - made,
            kept=sum(one.cached for one in self._seen),
            usd=sum(prices) if prices else None,
            seconds=round(time.monotonic() - began, 3),
            infra=len(infra),
            problems=(*_infra_words(infra, len(self._seen)), *self._changed_meanwhile(result)),
        )
        self.review.store.add_test(test)
        return test

    def _scored(self, scored: Scored) -> None:
        self._seen.append(scored)
        self._told(scored)

    def _check_stopped(self) -> None:
        if self.evaluator.stopped:
            raise RetestStopped("The test was stopped. Runs that were made are kept.")

    def _result(self, wanted: Wanted) -> Result:
        """Return the files to be tested, if they still fit the library.

        Raises:
            ReviewProblem: they do not.
        """
        review = self.review
        if review.store.get(review.proposal.id).status == "applied":
            raise ReviewProblem("This proposal is applied. Revert it first, then test it.")
        result = review.result(wanted.verdicts)
        if stale := _stale(review, result):
            raise ReviewProblem(
                f"{', '.join(stale[:3])} changed since this was proposed. Merge it with what is on "
                "disk, and test the merged proposal."
            )
        return result

    def _changed_meanwhile(self, result: Result) -> tuple[str, ...]:
        stale = _stale(self.review, result)
        if not stale:
            return ()
        names = ", ".join(stale[:3])
        return (f"{names} changed while the tasks ran: this holds for the files as they were.",)


#: What to say where tasks cannot be run.
NO_RUNNER = (
    "There is nobody to run tasks. Choose a task set and a runner in Evolution, or give --tasks "
    "and --runner."
)


@contextmanager
def retesting(review: Review, means: Means, gating: GateChoice, folder: Path) -> Iterator[Retest]:
    """Copy the library and give a test of it; the copies go with the end, results stay.

    Args:
        review: the proposal; its library is only read.
        means: with tasks and a runner, which the caller closes.
        gating: how the whole was gated.
        folder: for what may be made anew.

    Raises:
        ReviewProblem: there is no runner, or the copy cannot be made.
    """
    if means.evaluator is None:
        raise ReviewProblem(NO_RUNNER)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        place = Path(tempfile.mkdtemp(dir=folder))
    except OSError as problem:
        raise ReviewProblem(f"Cannot write {folder}: {problem.strerror}.") from problem
    try:
        library = read_library(review.library)
        snapshot = rest_of(library, (), place / "library")
        yield Retest(review, means, gating, Variants(snapshot, place / "variants"))
    except VariantProblem as problem:
        raise ReviewProblem(str(problem)) from problem
    finally:
        shutil.rmtree(place, ignore_errors=True)


def _files(result: Result) -> dict[str, tuple[bytes | None, str | None]]:
    return {file.path: (file.data, file.mode) for file in result.files}


def _stale(review: Review, result: Result) -> list[str]:
    wanted = {file.path: file.base_sha256 for file in result.files}
    return [path for path, sha in wanted.items() if look(review.library, path).sha256 != sha]


def _infra_words(infra: Sequence[Scored], total: int) -> tuple[str, ...]:
    if not infra:
        return ()
    why = dict.fromkeys(" ".join(one.outcome.detail.split())[:200] for one in infra)
    said = "; ".join(list(why)[:_TOLD])
    runs = f"{len(infra)} of {counted(total, 'run')}"
    return (f"{runs} failed for reasons that say nothing of the skill: {said}.",)
