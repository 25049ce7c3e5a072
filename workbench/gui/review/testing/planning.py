"""What a test of the selection would take, and the test itself. Blocking; runs in threads."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Literal

from msgspec import Struct
from msgspec.structs import replace

from workbench.domain.proposal import Gate, Hunk, HunkVerdict
from workbench.domain.selection_test import SelectionTest
from workbench.domain.text import counted
from workbench.evaluation.evaluator import Scored
from workbench.evaluation.runner import RunnerRefused
from workbench.evaluation.sandbox import available_sandbox
from workbench.evaluation.task_set import TaskSetProblem, read_tasks
from workbench.evolution.prepare import prepared
from workbench.evolution.recipe import Ready, ready
from workbench.files import FileProblem
from workbench.gui.review.backend import now
from workbench.review.again.retest import (
    RetestEstimate,
    Wanted,
    retesting,
    wanted_hunks,
    wanted_selection,
)
from workbench.review.again.retest_means import Source, sources_of, why_nothing
from workbench.review.compose import accepted_hunks
from workbench.review.plan import ReviewProblem
from workbench.review.session import WHOLE, Review
from workbench.review.tested import hunk_tests, is_whole, standing_gate, standing_test
from workbench.store.paths import UserFolders

Scope = Literal["selection", "hunks", "both"]
_RUNNERS = {
    "stored": "answered from stored results",
    "command": "run by the command of an agent",
    "loop": "run by the built-in agent",
}


class Standing(Struct, frozen=True):
    """What tests say of the selection and of each hunk alone; ``whole`` is the proposal's gate.

    ``edited`` counts hunks of the selection that a person edited.
    """

    gate: Gate
    whole: Gate
    test: SelectionTest | None
    alone: dict[str, SelectionTest]
    chosen: int
    edited: int
    is_whole: bool


class Plan(Struct, frozen=True):
    """What a test takes, by what is to be tested. With something ``missing`` it cannot be run."""

    proposal: str
    verdicts: tuple[HunkVerdict, ...]
    chosen: int
    edited: int
    hunks: int
    titles: tuple[str, ...] = ()
    source: int = 0
    means: Ready | None = None
    words: str = ""
    estimates: dict[Scope, RetestEstimate] = {}
    missing: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


def standing_of(review: Review, verdicts: Sequence[HunkVerdict]) -> Standing:
    """Look up what holds for a selection.

    Raises:
        ReviewProblem, FileProblem: the selection makes no sense, or the store cannot be read.
    """
    chosen = _chosen(review, verdicts)
    everything = tuple(HunkVerdict(hunk.id, "accept") for hunk in review.hunks)
    return Standing(
        gate=standing_gate(review, verdicts),
        whole=standing_gate(review, everything),
        test=standing_test(review, verdicts),
        alone=hunk_tests(review, verdicts) if len(review.hunks) > 1 else {},
        chosen=len(chosen),
        edited=sum(hunk.edited_from is not None for hunk in chosen),
        is_whole=bool(chosen) and is_whole(review, chosen),
    )


def plan_test(
    review: Review, verdicts: tuple[HunkVerdict, ...], folders: UserFolders, source: int = 0
) -> Plan:
    """Work out with what the selection can be tested and what that takes; nothing is run.

    Raises:
        ReviewProblem, FileProblem: the selection makes no sense, or files changed.
    """
    chosen = _chosen(review, verdicts)
    plan = Plan(
        review.proposal.id,
        verdicts,
        len(chosen),
        sum(hunk.edited_from is not None for hunk in chosen),
        len(review.hunks),
    )
    proposal = review.proposal
    found = sources_of(proposal, folders.runs, folders.state, library=str(review.library))
    if not found:
        return replace(plan, missing=(why_nothing(proposal, folders.runs),))
    at = source if source < len(found) else 0
    means = ready(found[at].recipe, folders.endpoints)
    plan = replace(
        plan,
        titles=tuple(one.title for one in found),
        source=at,
        means=means,
        missing=means.missing,
        notes=means.notes,
        words=_words(found[at]),
    )
    return plan if means.missing else _estimated(plan, review, folders.cache)


def wanted_of(review: Review, verdicts: Sequence[HunkVerdict], scope: Scope) -> tuple[Wanted, ...]:
    """Return what is to be tested.

    Raises:
        ReviewProblem: nothing is.
    """
    found: tuple[Wanted, ...] = ()
    if scope in ("selection", "both"):
        found = (wanted_selection(review, verdicts),)
    return found if scope == "selection" else (*found, *wanted_hunks(review, verdicts))


def run_test(
    review: Review,
    plan: Plan,
    scope: Scope,
    cache: Path,
    *,
    by: str,
    started: Callable[[Callable[[], None]], None],
    done: Callable[[Scored], None],
) -> tuple[SelectionTest, ...]:
    """Run the tasks. ``started`` is given what stops it; ``done`` is told of each run.

    Raises:
        ReviewProblem: it cannot be run, or was stopped.
    """
    assert plan.means is not None
    with ExitStack() as stack:
        try:
            means = stack.enter_context(prepared(plan.means.choice, cache))
        except (TaskSetProblem, RunnerRefused, FileProblem) as problem:
            raise ReviewProblem(str(problem)) from problem
        retest = stack.enter_context(
            retesting(review, means, plan.means.gating, cache / "selection-tests")
        )
        started(retest.stop)
        return tuple(
            retest.test(one, by=by, now=now, done=done)
            for one in wanted_of(review, plan.verdicts, scope)
        )


def _estimated(plan: Plan, review: Review, cache: Path) -> Plan:
    assert plan.means is not None
    scopes: tuple[Scope, ...] = ("hunks",)
    if plan.chosen:
        scopes = ("selection", "hunks", "both") if plan.hunks > 1 else ("selection",)
    with ExitStack() as stack:
        try:
            means = stack.enter_context(prepared(plan.means.choice, cache))
        except (TaskSetProblem, RunnerRefused) as problem:
            return replace(plan, missing=(str(problem),))
        retest = stack.enter_context(
            retesting(review, means, plan.means.gating, cache / "selection-tests")
        )
        found = {
            scope: retest.estimate(wanted_of(review, plan.verdicts, scope)) for scope in scopes
        }
    return replace(plan, estimates=found)


def _words(source: Source) -> str:
    """Say which tasks are run by whom."""
    recipe = source.recipe
    try:
        tasks = counted(len(read_tasks(Path(recipe.tasks)).tasks), "task")
    except TaskSetProblem:
        tasks = "tasks"
    by = _RUNNERS.get(recipe.runner, recipe.runner)
    boxed = ""
    if recipe.runner in ("command", "loop"):
        boxed = " in the sandbox" if available_sandbox() is not None else " with your own rights"
    return f"{tasks} of {Path(recipe.tasks).name}, {by}{boxed}"


def _chosen(review: Review, verdicts: Sequence[HunkVerdict]) -> tuple[Hunk, ...]:
    own = tuple(one for one in verdicts if one.hunk != WHOLE)
    return accepted_hunks(review.hunks, own)
