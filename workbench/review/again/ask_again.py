"""Sending a proposal back to its engine: the same job once more, with what the reviewer says."""

from __future__ import annotations

import os
from collections.abc import Callable, Generator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from msgspec import Struct
from msgspec.structs import replace

from workbench.domain.job import AnyEvent
from workbench.domain.proposal import Proposal
from workbench.domain.skill import Library
from workbench.evaluation.runner import RunnerRefused
from workbench.evaluation.task_set import TaskSetProblem
from workbench.evolution.again import again_of
from workbench.evolution.prepare import prepared
from workbench.evolution.recipe import Ready, Recipe, keep_recipe, ready, recipe_of
from workbench.evolution.run import (
    EngineInputs,
    Evolution,
    EvolveRefused,
    EvolveResult,
    RequestProblem,
    run_engine,
)
from workbench.files import FileProblem
from workbench.plugin.jobs import JobRunner
from workbench.plugin.registry import PluginInfo, Registry, UnknownPlugin
from workbench.plugin.runs import read_spec
from workbench.review.again.retest_means import run_recipe
from workbench.review.plan import ReviewProblem
from workbench.store.proposals import ProposalStore
from workbench.traces.importer import TraceError
from workbench.traces.open import OpenTrace

OpenAny = Callable[[Path], tuple[OpenTrace, ...]]


class AskPlan(Struct, frozen=True):
    """What asking again comes to. With something ``missing`` it cannot be asked.

    ``notes`` say what is not as it was in the first run. ``models`` are those that may be asked.
    """

    proposal: Proposal
    recipe: Recipe
    means: Ready
    plugin: PluginInfo | None
    missing: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def engine(self) -> str:
        """The name of the engine."""
        manifest = self.plugin.manifest if self.plugin is not None else None
        return manifest.name if manifest is not None else self.recipe.engine

    @property
    def models(self) -> tuple[str, ...]:
        """The models it may ask."""
        return tuple(dict.fromkeys(one.model for one in self.means.choice.endpoints.values()))


class Asked(Struct, frozen=True):
    """What came of it: the run, and the proposals that take the place of the one sent back."""

    result: EvolveResult
    replacing: tuple[Proposal, ...]


def plan_again(proposal: Proposal, runs: Path, endpoints: Path, plugins: Registry) -> AskPlan:
    """Work out whether and how a proposal's engine can be asked again; nothing is run."""
    notes: list[str] = []
    missing: list[str] = []
    recipe = run_recipe(proposal, runs)
    if recipe is None:
        recipe = _from_request(proposal, runs, notes)
    plugin = _plugin(plugins, recipe.engine, missing)
    there = tuple(path for path in recipe.traces if Path(path).exists())
    gone = [path for path in recipe.traces if path not in there]
    needs = plugin.manifest.needs if plugin is not None and plugin.manifest is not None else ()
    if gone and not there:
        missing.append(f"The traces it learned from are gone: {_few(gone)}. Put them back.")
    elif gone:
        notes.append(f"{len(gone)} of {len(recipe.traces)} traces are gone: {_few(gone)}.")
    if recipe.source and not recipe.source.startswith("git:") and not Path(recipe.source).exists():
        missing.append(f"What it read is gone: {recipe.source}. Put it back.")
    recipe = replace(recipe, traces=there)
    means = ready(recipe, endpoints)
    if means.missing and not {"tasks", "runner", "results"} & set(needs):
        bare = replace(recipe, tasks="", tasks_hash="", runner="none", template=None, results="")
        without = ready(bare, endpoints)
        if len(without.missing) < len(means.missing):
            notes.append(
                f"{means.missing[0]} It is asked without tasks, so what it proposes stays not "
                "evaluated."
            )
            recipe, means = bare, without
    missing += means.missing
    return AskPlan(proposal, recipe, means, plugin, tuple(missing), (*notes, *means.notes))


@dataclass(frozen=True)
class AskWith:
    """What the run is made with: the library as it is now, who opens traces and runs jobs.

    Proposals go to ``store``; ``cache`` is a folder for what may be made anew.
    """

    library: Library
    open_any: OpenAny
    runner: JobRunner
    store: ProposalStore
    cache: Path


def ask_again(
    plan: AskPlan,
    comment: str,
    given: AskWith,
    begun: Callable[[Evolution], None] = lambda _: None,
) -> Generator[AnyEvent, None, Asked]:
    """Run the engine once more; yield its events, return what came of it.

    Args:
        plan: with nothing missing.
        comment: what the reviewer says, beside the reasons that are kept already.
        given: what the run is made with.
        begun: is given the run when it is under way, to cancel it by.

    Raises:
        ReviewProblem: something is missing; the message says what and where to set it.
    """
    if plan.missing or plan.plugin is None:
        raise ReviewProblem(" ".join(plan.missing) or "The engine is gone.")
    with ExitStack() as stack:
        try:
            evolution = _begun(plan, plan.plugin, comment, given, stack)
        except (
            TaskSetProblem,
            RunnerRefused,
            EvolveRefused,
            RequestProblem,
            TraceError,
            FileProblem,
        ) as problem:
            raise ReviewProblem(str(problem)) from problem
        begun(evolution)
        result = yield from run_engine(evolution)
    replacing = tuple(
        one for one in result.proposals if plan.proposal.id in one.draft.lineage.parents
    )
    return Asked(result, replacing)


def _begun(
    plan: AskPlan, plugin: PluginInfo, comment: str, given: AskWith, stack: ExitStack
) -> Evolution:
    """Begin the run and keep what it is made with in its folder."""
    recipe, library, choice = plan.recipe, given.library, plan.means.choice
    known = {skill.id for skill in library.skills}
    inputs = EngineInputs(
        skills=tuple(skill for skill in recipe.skills if skill in known),
        settings=recipe.settings,
        budget=recipe.budget,
        seed=recipe.seed,
        source=recipe.source,
        source_repository=recipe.source_repository,
        labels=recipe.labels,
        again=again_of(plan.proposal, comment),
    )
    means = stack.enter_context(prepared(choice, given.cache))
    traces = _opened(recipe, given.open_any, stack)
    evolution = Evolution(
        library,
        plugin,
        traces,
        inputs,
        runner=given.runner,
        store=given.store,
        secrets=_secrets(plugin),
        means=means,
        gating=plan.means.gating,
    )
    made = recipe_of(
        recipe.engine, library.root, traces, inputs=inputs, choice=choice, gating=plan.means.gating
    )
    keep_recipe(evolution.job.run_dir, made)
    return evolution


def _opened(recipe: Recipe, open_any: OpenAny, stack: ExitStack) -> list[OpenTrace]:
    """Open the traces the first run had, of each file those that were given."""
    wanted = set(recipe.trajectories)
    found: list[OpenTrace] = []
    for path in recipe.traces:
        opened = open_any(Path(path))
        for trace in opened:
            stack.callback(trace.close)
        found += [one for one in opened if not wanted or one.trajectory.id in wanted]
    return found


def _from_request(proposal: Proposal, runs: Path, notes: list[str]) -> Recipe:
    """Return what the journal of an older run still says; the traces are those of the evidence."""
    traces = tuple(dict.fromkeys(one.source for one in proposal.checks if one.source))
    recipe = Recipe(engine=proposal.engine.id, library=proposal.library, traces=traces)
    notes.append("Of its run is not kept which traces it had: it gets those its evidence is from.")
    try:
        if not proposal.job or Path(proposal.job).name != proposal.job:
            raise FileProblem("no run")
        spec = read_spec(runs / proposal.job)
    except FileProblem:
        notes.append("Its run is gone: it is asked with the settings it has by itself.")
        return replace(recipe, seed=proposal.engine.seed, skills=proposal.draft.skills)
    request = spec.request
    return replace(
        recipe,
        skills=tuple(one.id for one in request.skills),
        settings=request.settings,
        seed=request.seed,
        source=request.source,
        source_repository=request.source_repository,
        budget=request.budget,
    )


def _plugin(plugins: Registry, name: str, missing: list[str]) -> PluginInfo | None:
    try:
        found = plugins.get(name)
    except UnknownPlugin:
        missing.append(f"The engine '{name}' is not installed. Put it in the folder of plugins.")
        return None
    if not found.usable:
        missing.append(f"The engine '{name}' is {found.state}. {found.reason}".strip())
    return found


def _secrets(plugin: PluginInfo) -> dict[str, str]:
    """Return the keys a plugin declares, as far as the environment has them."""
    wanted = plugin.manifest.secrets if plugin.manifest else ()
    return {name: os.environ[name] for name in wanted if name in os.environ}


def _few(paths: list[str]) -> str:
    names = ", ".join(Path(path).name for path in paths[:3])
    return names + (f" and {len(paths) - 3} more" if len(paths) > 3 else "")
