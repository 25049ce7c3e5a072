"""``evolve``: run an engine on a library and traces; what it proposes goes to a proposal store."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from msgspec.structs import replace

from workbench.cli.console import UsageProblem, coloured, document, one_line, print_json, progress
from workbench.cli.evolve_bakeoff import print_bakeoff
from workbench.cli.evolve_labels import given_labels, read_labels, traces_of
from workbench.cli.evolve_means import (
    add_means_arguments,
    budget_of,
    gate_of,
    means_of,
    settings_of,
)
from workbench.cli.evolve_plan import Plan, print_estimate, print_preview
from workbench.cli.evolve_taken import print_taken, take_in_run
from workbench.cli.skill_paths import library_at
from workbench.cli.trace_door import files_at, open_any
from workbench.domain.job import Finished, GateEvent, Progress, Warning_
from workbench.domain.proposal import Gate, Proposal
from workbench.domain.skill import Library
from workbench.domain.text import counted
from workbench.evaluation.runner import RunnerRefused
from workbench.evaluation.task_set import TaskSetProblem
from workbench.evolution.bakeoff import BakeoffRow, not_run, row_of
from workbench.evolution.means import Means
from workbench.evolution.prepare import MeansChoice, prepared
from workbench.evolution.recipe import keep_recipe, recipe_of
from workbench.evolution.run import (
    EngineInputs,
    Evolution,
    EvolveRefused,
    EvolveResult,
    RequestProblem,
    engine_kind,
    run_engine,
)
from workbench.files import FileProblem
from workbench.plugin.jobs import JobRunner
from workbench.plugin.registry import PluginInfo, Registry, UnknownPlugin
from workbench.store.paths import UserFolders
from workbench.store.proposals import ProposalStore
from workbench.traces.importer import TraceError
from workbench.traces.open import OpenTrace

SUMMARY = {"evolve": "run an engine on a library and traces; it proposes, you review"}
DEFAULT_ENGINE = "evidence_miner"
_GOOD_ENDS = ("completed", "no_change", "infra_blocked")


def add_arguments(command: str, parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.description = (
        "Run an engine on a copy of LIBRARY. Nothing in the library is changed: proposals go to a "
        "store, where 'proposals' and the window review them."
    )
    parser.add_argument("library", metavar="LIBRARY", help="folder of skills")
    parser.add_argument(
        "--traces", nargs="+", default=[], metavar="PATH", help="trace files, folders"
    )
    parser.add_argument(
        "--labels",
        type=Path,
        metavar="FILE",
        help="what people said of the traces, from 'trace annotations export'; names the traces "
        "where --traces does not",
    )
    parser.add_argument(
        "--engine",
        action="append",
        default=[],
        metavar="ID",
        help=f"plugin id (default: {DEFAULT_ENGINE}); several are compared on the same evidence",
    )
    parser.add_argument(
        "--estimate", action="store_true", help="say what it would take, and run nothing"
    )
    parser.add_argument(
        "--preview", action="store_true", help="say what would be sent and replaced; run nothing"
    )
    parser.add_argument(
        "--take-in", metavar="JOB", help="store what a lost or failed run had found; run nothing"
    )
    parser.add_argument(
        "--skill", action="append", default=[], metavar="ID", help="only this skill"
    )
    parser.add_argument("--source", metavar="PATH", help="what an importer reads, or git:BRANCH")
    parser.add_argument(
        "--max-proposals", type=_positive, metavar="N", help="stop proposing after N"
    )
    parser.add_argument("--out", metavar="DIR", help="proposal store (default: yours)")
    parser.add_argument("--format", choices=("text", "json"), default="text")
    add_means_arguments(parser)


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"{number} is less than 1")
    return number


def run_command(command: str, args: argparse.Namespace) -> int:
    """Run the engine. 0: it came to its end, 1: it failed or was stopped."""
    folders = UserFolders.default()
    plugins = _plugins(args.engine or [DEFAULT_ENGINE], folders)
    inputs = _inputs(args)
    _check_owners(inputs, plugins)
    choice = means_of(args, folders.endpoints)
    records = read_labels(args.labels) if args.labels is not None else ()
    if not args.traces:
        args.traces = traces_of(records)
    library = library_at(args.library)
    for plugin in plugins:
        _tell_unused(args, plugin)
    if args.take_in:
        return _take_in(args, library, folders)
    with ExitStack() as stack:
        if not args.estimate and not args.preview and len(plugins) == 1:
            # What it lacks is said before traces are opened, which may take long.
            means = _means(choice, folders, stack)
            _check(plugins[0], args.traces, inputs, means)
        traces = _open_all(args.traces, stack)
        inputs = replace(inputs, labels=given_labels(records, traces, _note))
        plan = Plan(library, traces, inputs, choice, gate_of(args))
        if args.estimate or args.preview:
            return _say(plan, plugins, args)
        runner = stack.enter_context(JobRunner(folders.runs))
        store = ProposalStore(Path(args.out) if args.out else folders.proposals)
        if len(plugins) > 1:
            rows = tuple(_compared(plan, one, runner, store, folders) for one in plugins)
            print_bakeoff(rows, str(store.folder), args.format)
            return 0 if all(row.status in _GOOD_ENDS for row in rows) else 1
        try:
            result, _ = _run(plan, plugins[0], means, runner, store)
        except (EvolveRefused, RequestProblem, FileProblem) as problem:
            raise UsageProblem(str(problem)) from problem
    if args.format == "json":
        print_json(_document(result))
    else:
        _print(result)
    return 0 if result.status in _GOOD_ENDS else 1


def _take_in(args: argparse.Namespace, library: Library, folders: UserFolders) -> int:
    store = ProposalStore(Path(args.out) if args.out else folders.proposals)
    with ExitStack() as stack:
        traces = _open_all(args.traces, stack)
        taken = take_in_run(folders.runs, args.take_in, library, traces, store)
    print_taken(taken, args.take_in, store, args.format)
    return 0 if taken.proposals else 1


def _plugins(names: Sequence[str], folders: UserFolders) -> tuple[PluginInfo, ...]:
    registry = Registry.of_user(folders.plugins, folders.config / "plugins.json")
    try:
        return tuple(registry.get(name) for name in dict.fromkeys(names))
    except UnknownPlugin as problem:
        raise UsageProblem(str(problem)) from problem


def _check_owners(inputs: EngineInputs, plugins: Sequence[PluginInfo]) -> None:
    """Refuse a setting of an engine that is not chosen: it would be without effect."""
    chosen = [one.id for one in plugins]
    for key in inputs.settings:
        owner = key.rpartition(".")[0]
        if owner and owner not in chosen:
            raise UsageProblem(
                f"--set {key}: '{owner}' is not chosen. Chosen is {', '.join(chosen)}."
            )


def _means(choice: MeansChoice, folders: UserFolders, stack: ExitStack) -> Means:
    try:
        return stack.enter_context(prepared(choice, folders.cache))
    except (TaskSetProblem, RunnerRefused) as problem:
        raise UsageProblem(str(problem)) from problem


def _check(
    plugin: PluginInfo, traces: Sequence[object], inputs: EngineInputs, means: Means
) -> None:
    try:
        engine_kind(plugin, traces, inputs, means)
    except EvolveRefused as problem:
        raise UsageProblem(
            f"{problem} Give it, or choose another engine with --engine."
        ) from problem


def _say(plan: Plan, plugins: Sequence[PluginInfo], args: argparse.Namespace) -> int:
    """Say what a run would take or send; nothing is run."""
    broken = next((one for one in plugins if one.manifest is None), None)
    if broken is not None:
        raise UsageProblem(f"The engine '{broken.id}' is {broken.state}. {broken.reason}")
    try:
        if args.estimate:
            print_estimate(plan, plugins, args.format)
        if args.preview:
            print_preview(plan, args.format)
    except TaskSetProblem as problem:
        raise UsageProblem(str(problem)) from problem
    return 0


def _compared(
    plan: Plan, plugin: PluginInfo, runner: JobRunner, store: ProposalStore, folders: UserFolders
) -> BakeoffRow:
    """Run one of several engines; each has the whole budget for itself."""
    name = plugin.manifest.name if plugin.manifest else plugin.id
    started = time.monotonic()
    with ExitStack() as stack:
        means = _means(plan.choice, folders, stack)
        try:
            engine_kind(plugin, plan.traces, plan.inputs_of(plugin.id), means)
            result, runs = _run(plan, plugin, means, runner, store)
        except (EvolveRefused, RequestProblem, FileProblem) as problem:
            return not_run(plugin.id, name, str(problem))
    return row_of(name, result, runs=runs, seconds=time.monotonic() - started)


def _run(
    plan: Plan, plugin: PluginInfo, means: Means, runner: JobRunner, store: ProposalStore
) -> tuple[EvolveResult, int]:
    """Run one engine to its end; return what came of it and how many task runs were made."""
    evolution = Evolution(
        plan.library,
        plugin,
        plan.traces,
        plan.inputs_of(plugin.id),
        runner=runner,
        store=store,
        means=means,
        gating=plan.gating,
        progress=lambda fraction, text: progress(f"{fraction:4.0%} {one_line(text)}"),
    )
    recipe = recipe_of(
        plugin.id,
        plan.library.root,
        plan.traces,
        inputs=plan.inputs_of(plugin.id),
        choice=plan.choice,
        gating=plan.gating,
    )
    keep_recipe(evolution.job.run_dir, recipe)
    for problem in evolution.problems:
        _note(problem)
    events = run_engine(evolution)
    while True:
        try:
            event = next(events)
        except StopIteration as end:
            progress("")
            result: EvolveResult = end.value
            return result, evolution.runs_made
        if isinstance(event, Progress):
            progress(f"{event.fraction:4.0%} {one_line(event.text)}")
        elif isinstance(event, Warning_):
            _note(event.text)
        elif isinstance(event, GateEvent) and event.candidate:
            _note(f"{event.candidate}: {event.level.replace('_', ' ')} ({event.rule or 'no gate'})")
        elif isinstance(event, Finished):
            progress("Evaluating" if evolution.can_gate else "")


def _inputs(args: argparse.Namespace) -> EngineInputs:
    source: str | None = args.source
    repository: str | None = None
    if source is not None and source.startswith("git:"):
        repository = str(Path(args.library).resolve())
    elif source is not None:
        if not Path(source).exists():
            raise UsageProblem(f"--source: {source} does not exist. Check the path.")
        source = str(Path(source).resolve())
    return EngineInputs(
        skills=tuple(args.skill),
        settings=settings_of(args),
        budget=budget_of(args),
        seed=args.seed,
        source=source,
        source_repository=repository,
    )


def _open_all(paths: Sequence[str], stack: ExitStack) -> list[OpenTrace]:
    """Open every trace; of a folder, broken ones are told and left out."""
    opened: list[OpenTrace] = []
    for file, named in _files(paths):
        progress(f"Opening {file}")
        try:
            found = open_any(file)
        except TraceError as problem:
            if named:
                raise UsageProblem(str(problem)) from problem
            _note(str(problem))
            continue
        for trace in found:
            stack.callback(trace.close)
        opened += found
    return opened


def _files(paths: Sequence[str]) -> list[tuple[Path, bool]]:
    files: dict[Path, bool] = {}
    for given in paths:
        path = Path(given).absolute()
        if path.is_dir():
            inside = files_at(path, _note)
            if not inside:
                raise UsageProblem(f"--traces: {given} holds no trace of a known format.")
            files |= {file: files.get(file, False) for file in inside}
        else:
            files[path] = True
    return list(files.items())


def _tell_unused(args: argparse.Namespace, plugin: PluginInfo) -> None:
    needs = plugin.manifest.needs if plugin.manifest else ()
    if args.endpoint and args.runner != "loop" and not any(n.startswith("model:") for n in needs):
        _note(f"The engine '{plugin.id}' uses no model: --endpoint is used by a runner alone.")


def _note(text: str) -> None:
    progress("")
    print(one_line(f"skill-workbench evolve: {text}"), file=sys.stderr)


def _document(result: EvolveResult) -> dict[str, Any]:
    return document(
        "evolve",
        engine=result.engine.id,
        engine_version=result.engine.version,
        status=result.status,
        summary=result.summary,
        job=result.job,
        proposals=[proposal.id for proposal in result.proposals],
        diagnoses=[_diagnosis(proposal) for proposal in result.diagnoses],
        refused=result.refused,
        warnings=result.problems,
        cost=result.cost,
        out=result.out,
    )


def _diagnosis(proposal: Proposal) -> dict[str, Any]:
    draft = proposal.draft
    return {
        "id": proposal.id,
        "title": draft.title,
        "rationale": draft.rationale,
        "root_cause": draft.root_cause,
        "skills": draft.skills,
        "evidence": [
            {"id": one.id, "trace": one.trace, "step": one.step_first, "quote": one.quote}
            for one in draft.evidence
        ],
    }


def _gate_words(gate: Gate) -> str:
    flake = "unknown" if gate.flake_rate is None else f"{gate.flake_rate:.0%}"
    p = "-" if gate.p_one_sided is None else f"{gate.p_one_sided:.3f}"
    colour = {"supported": "green", "promising": "blue", "rejected": "red"}.get(gate.level, "dim")
    return (
        f"{coloured(gate.level.replace('_', ' '), colour)} on "
        f"{counted(gate.n, 'task')} ({gate.held_out}): "
        f"{gate.repairs} repairs, {gate.regressions} regressions, p {p}, flake rate {flake}"
    )


def _print(result: EvolveResult) -> None:
    engine = result.engine
    print(one_line(f"{engine.id} {engine.version}: {result.status}. {result.summary}"))
    for proposal in result.proposals:
        verified = sum(check.status == "verified" for check in proposal.checks)
        print(f"\n{coloured(proposal.id, 'bold')}  {one_line(proposal.draft.title)}")
        print(f"  {one_line(proposal.draft.rationale)}")
        count = len(proposal.draft.changes)
        changes = "1 change" if count == 1 else f"{count} changes"
        print(f"  {changes}, {verified} of {len(proposal.checks)} quotes found in the traces")
        if proposal.gate.table is not None:
            print(f"  {_gate_words(proposal.gate)}")
        for warning in proposal.warnings:
            print(f"  {coloured('warning', 'yellow')}: {one_line(warning)}")
    if result.diagnoses:
        print("\nNothing to change, but worth knowing:")
    for proposal in result.diagnoses:
        print(f"  {coloured(proposal.id, 'dim')}  {one_line(proposal.draft.title)}")
    if result.proposals:
        print(f"\nReview them: skill-workbench proposals list --store {result.out}")
