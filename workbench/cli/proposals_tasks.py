"""``proposals test`` and ``ask-again``: tasks on a selection, and the engine once more."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from datetime import UTC, datetime

from workbench.cli.console import UsageProblem, coloured, document, one_line, print_json, progress
from workbench.cli.evolve_means import add_means_arguments, gate_of, means_of
from workbench.cli.skill_paths import library_at
from workbench.cli.trace_door import open_any
from workbench.domain.job import Progress, Warning_
from workbench.domain.proposal import Gate, HunkVerdict
from workbench.domain.selection_test import SelectionTest
from workbench.domain.task import PairedRow
from workbench.domain.text import counted
from workbench.evaluation.evaluator import Scored
from workbench.evaluation.runner import RunnerRefused
from workbench.evaluation.statistics import passes
from workbench.evaluation.task_set import TaskSetProblem
from workbench.evolution.gating import GateChoice
from workbench.evolution.prepare import MeansChoice, prepared
from workbench.evolution.recipe import ready
from workbench.plugin.jobs import JobRunner
from workbench.plugin.registry import Registry
from workbench.review.again.ask_again import Asked, AskPlan, AskWith, ask_again, plan_again
from workbench.review.again.retest import (
    RetestEstimate,
    Wanted,
    retesting,
    wanted_hunks,
    wanted_selection,
)
from workbench.review.again.retest_means import sources_of, why_nothing
from workbench.review.decide import decide, pick, record, with_needed
from workbench.review.session import Review
from workbench.store.paths import UserFolders

_GOOD_ENDS = ("completed", "no_change")
_BAD_LEVELS = ("rejected", "not_evaluated")


def add_task_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of both."""
    parser.add_argument("--each", action="store_true", help="test: each hunk alone as well")
    parser.add_argument(
        "--estimate", action="store_true", help="test: say what it takes, and run nothing"
    )
    add_means_arguments(parser)
    parser.set_defaults(max_proposals=None)


def run_tasks(review: Review, arguments: argparse.Namespace, reviewer: str) -> int:
    """Run tasks on what is accepted, or on ``--hunks``; 1 when it is not better for it."""
    folders = UserFolders.default()
    chosen = pick(review, arguments.hunks)
    verdicts = _verdicts(review, arguments)
    wanted: tuple[Wanted, ...] = (wanted_selection(review, verdicts),)
    if arguments.each:
        names = [hunk.id for hunk in chosen] if arguments.hunks else ()
        wanted += wanted_hunks(review, verdicts, names)
    choice, gating, said, notes = _means(review, arguments, folders)
    with ExitStack() as stack:
        try:
            means = stack.enter_context(prepared(choice, folders.cache))
        except (TaskSetProblem, RunnerRefused) as problem:
            raise UsageProblem(str(problem)) from problem
        retest = stack.enter_context(
            retesting(review, means, gating, folders.cache / "selection-tests")
        )
        estimate = retest.estimate(wanted)
        if not arguments.estimate:
            for note in notes:
                print(one_line(f"skill-workbench proposals: {note}"), file=sys.stderr)
        made = 0

        def done(_: Scored) -> None:
            nonlocal made
            made += 1
            progress(f"Testing: {made} of about {estimate.runs} task runs")

        tests = [
            retest.test(one, by=reviewer, now=_now, done=done)
            for one in (() if arguments.estimate else wanted)
        ]
        progress("")
    if arguments.format == "json":
        print_json(
            document(
                "proposal-test",
                id=review.proposal.id,
                means=said,
                notes=notes,
                estimate=estimate,
                tests=tests,
            )
        )
    elif arguments.estimate:
        print(one_line(f"{said}: {_estimate_words(estimate)}"))
        for note in notes:
            print(coloured(one_line(note), "yellow"))
    else:
        for one in tests:
            _print_test(review, one)
    return 1 if tests and tests[0].gate.level in _BAD_LEVELS else 0


def ask_engine(review: Review, arguments: argparse.Namespace, reviewer: str) -> int:
    """Send a proposal back to its engine; 1 when nothing takes its place."""
    folders = UserFolders.default()
    if not arguments.comment.strip() and review.decision is None:
        raise UsageProblem(
            "Say what is not right: --comment TEXT, or reject it with a reason before. Without it "
            "the engine would be asked the same again."
        )
    registry = Registry.of_user(folders.plugins, folders.config / "plugins.json")
    plan = plan_again(review.proposal, folders.runs, folders.endpoints, registry)
    if plan.missing:
        raise UsageProblem(" ".join(plan.missing))
    for note in plan.notes:
        print(one_line(f"skill-workbench proposals: {note}"), file=sys.stderr)
    if arguments.comment.strip():
        earlier = review.decision.verdicts if review.decision is not None else ()
        said = decide(review, earlier, reviewer=reviewer, now=_now(), comment=arguments.comment)
        record(review, said)
    with JobRunner(folders.runs) as runner:
        library = library_at(str(review.library))
        given = AskWith(library, open_any, runner, review.store, folders.cache)
        events = ask_again(plan, arguments.comment, given)
        while True:
            try:
                event = next(events)
            except StopIteration as end:
                asked: Asked = end.value
                break
            if isinstance(event, Progress):
                progress(f"{event.fraction:4.0%} {one_line(event.text)}")
            elif isinstance(event, Warning_):
                progress("")
                print(one_line(f"skill-workbench proposals: {event.text}"), file=sys.stderr)
    progress("")
    _print_asked(plan, asked, arguments.format)
    good = asked.result.status in _GOOD_ENDS and bool(asked.replacing)
    return 0 if good else 1


def _verdicts(review: Review, arguments: argparse.Namespace) -> tuple[HunkVerdict, ...]:
    """Return what is tested: the hunks named, else those accepted, else all; edits are kept."""
    decided = review.decision.verdicts if review.decision is not None else ()
    edits = {one.hunk: one.edited for one in decided}
    known = {hunk.id for hunk in review.hunks}
    accepted = [one.hunk for one in decided if one.verdict == "accept" and one.hunk in known]
    names: Sequence[str] = arguments.hunks or accepted
    hunks = with_needed(review, pick(review, names))
    return tuple(HunkVerdict(one.id, "accept", edited=edits.get(one.id)) for one in hunks)


def _means(
    review: Review, arguments: argparse.Namespace, folders: UserFolders
) -> tuple[MeansChoice, GateChoice, str, tuple[str, ...]]:
    """Return tasks and runner as given, else as the run of the proposal had them."""
    if arguments.tasks is not None:
        choice = means_of(arguments, folders.endpoints)
        if choice.runner == "none":
            raise UsageProblem(
                "--tasks: nobody runs them. Give --agent, --results or --endpoint, or --runner."
            )
        return choice, gate_of(arguments), f"tasks of {arguments.tasks}", ()
    proposal = review.proposal
    found = sources_of(proposal, folders.runs, folders.state, library=str(review.library))
    if not found:
        why = why_nothing(proposal, folders.runs)
        raise UsageProblem(f"{why} On the command line: --tasks PATH --agent COMMAND.")
    means = ready(found[0].recipe, folders.endpoints, allow_unsandboxed=arguments.allow_unsandboxed)
    if means.missing:
        raise UsageProblem(" ".join(means.missing))
    return means.choice, means.gating, f"tasks {found[0].title}", means.notes


def _print_test(review: Review, test: SelectionTest) -> None:
    number = {hunk.id: at for at, hunk in enumerate(review.hunks, 1)}
    what = "selection" if test.scope == "selection" else f"hunk {number.get(test.hunk, '?')} alone"
    gate = test.gate
    cost = "" if test.usd is None else f", ${test.usd:.4f}"
    print(
        one_line(
            f"{coloured(what, 'bold')}  {_level(gate)}  {gate.repairs} repairs, "
            f"{gate.regressions} regressions of {counted(gate.n, 'task')} ({gate.held_out}); "
            f"{counted(test.runs, 'run')} made, {test.kept} kept{cost}"
        )
    )
    for row in gate.table.rows if gate.table is not None else ():
        if (word := _flip(row)) and row.split == gate.held_out:
            print(one_line(f"    {word}  {row.task}"))
    for reason in (*gate.reasons, *test.problems):
        print(one_line(f"    {reason}"))


def _flip(row: PairedRow) -> str:
    if not row.before or not row.after or passes(row.before) == passes(row.after):
        return ""
    if passes(row.after) > passes(row.before):
        return coloured("repaired", "green")
    return coloured("broken", "red")


def _level(gate: Gate) -> str:
    colour = {"supported": "green", "promising": "blue", "rejected": "red"}.get(gate.level, "dim")
    return coloured(gate.level.replace("_", " "), colour)


def _estimate_words(estimate: RetestEstimate) -> str:
    words = f"{counted(estimate.runs, 'task run')}, {estimate.kept} of them kept from earlier"
    if estimate.seconds:
        words += f"; about {estimate.seconds:,.0f} seconds of runs"
    return words + (f", about ${estimate.usd:.2f}" if estimate.usd else "")


def _print_asked(plan: AskPlan, asked: Asked, form: str) -> None:
    result = asked.result
    if form == "json":
        print_json(
            document(
                "proposal-asked",
                id=plan.proposal.id,
                engine=plan.recipe.engine,
                status=result.status,
                summary=result.summary,
                job=result.job,
                proposals=[one.id for one in result.proposals],
                replacing=[one.id for one in asked.replacing],
                refused=result.refused,
                notes=plan.notes,
                cost=result.cost,
            )
        )
        return
    print(one_line(f"{plan.engine}: {result.status}. {result.summary}"))
    for one in asked.replacing:
        print(f"{coloured(one.id, 'bold')}  {one_line(one.draft.title)}")
        print(f"    from {plan.proposal.id}")
    if not asked.replacing:
        print("Nothing new came of it.")
    for text in result.refused:
        print(coloured(one_line(text), "yellow"))


#: Actions by name.
OF_TASKS: dict[str, Callable[[Review, argparse.Namespace, str], int]] = {
    "test": run_tasks,
    "ask-again": ask_engine,
}


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="microseconds")
