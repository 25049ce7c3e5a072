"""What a run was made with, kept in its folder: so that it can be made again, or tested alike.

No key is kept: an endpoint is named, and looked up again when it is used again.
"""

from __future__ import annotations

import contextlib
import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path

import msgspec
from msgspec import Struct

from workbench.domain.job import Budget
from workbench.evaluation.gates import DEFAULT_RULE
from workbench.evaluation.runner import RunLimits
from workbench.evaluation.runners.command import CommandTemplate
from workbench.evaluation.sandbox import NO_SANDBOX, available_sandbox
from workbench.evaluation.task_set import TaskSetProblem, read_tasks
from workbench.evolution.gating import GateChoice
from workbench.evolution.prepare import MeansChoice, RunnerKind
from workbench.evolution.remembered import Remembered
from workbench.evolution.request import GivenLabel
from workbench.evolution.run import EngineInputs
from workbench.files import FileProblem, write_atomic
from workbench.llm.profiles import EndpointProblem, EndpointProfile, read_profiles
from workbench.traces.open import OpenTrace

RECIPE_FILE = "recipe.json"


class Recipe(Struct, frozen=True):
    """What a person chose for a run; paths are absolute, "" is none.

    ``traces`` are the files, ``trajectories`` the ids of the traces that were given of them.
    ``endpoints`` are names of profiles by role. ``allowed`` is the hash of the task set whose
    commands may run without a sandbox: a permission that ends when the tasks change.
    ``tasks_hash`` is that of the tasks as they were.
    """

    engine: str = ""
    library: str = ""
    skills: tuple[str, ...] = ()
    traces: tuple[str, ...] = ()
    trajectories: tuple[str, ...] = ()
    settings: dict[str, object] = {}
    seed: int = 0
    source: str | None = None
    source_repository: str | None = None
    labels: tuple[GivenLabel, ...] = ()
    tasks: str = ""
    tasks_hash: str = ""
    runner: RunnerKind = "none"
    template: CommandTemplate | None = None
    results: str = ""
    documents: tuple[str, ...] = ()
    endpoints: dict[str, str] = {}
    budget: Budget = Budget()
    limits: RunLimits = RunLimits()
    workers: int = 2
    allowed: str = ""
    keep: bool = True
    scheduler: str = ""
    gating: GateChoice = GateChoice()
    version: int = 1


class Ready(Struct, frozen=True):
    """What a recipe comes to today. ``missing`` says what there is no more and what to do.

    ``notes`` are worth knowing and stop nothing, such as tasks that changed since.
    """

    choice: MeansChoice
    gating: GateChoice
    missing: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


def recipe_of(
    engine: str,
    library: str,
    traces: Sequence[OpenTrace],
    *,
    inputs: EngineInputs,
    choice: MeansChoice,
    gating: GateChoice,
) -> Recipe:
    """Return the recipe of a run that begins now."""
    tasks_hash = tasks_hash_of(choice.tasks)
    return Recipe(
        engine=engine,
        library=library,
        skills=inputs.skills,
        traces=tuple(dict.fromkeys(_absolute(trace.path) for trace in traces)),
        trajectories=tuple(trace.trajectory.id for trace in traces),
        settings=dict(inputs.settings),
        seed=inputs.seed,
        source=inputs.source,
        source_repository=inputs.source_repository,
        labels=inputs.labels,
        tasks=_absolute(choice.tasks),
        tasks_hash=tasks_hash,
        runner=choice.runner,
        template=choice.template,
        results=_absolute(choice.results),
        documents=tuple(_absolute(path) for path in choice.documents),
        endpoints={role: one.name for role, one in choice.endpoints.items()},
        budget=inputs.budget,
        limits=choice.limits,
        workers=choice.workers,
        allowed=tasks_hash if choice.allow_unsandboxed else "",
        keep=choice.keep,
        scheduler=choice.scheduler,
        gating=gating,
    )


def recipe_of_remembered(kept: Remembered, library: str) -> Recipe:
    """Return what was last chosen for the runs of a library as a recipe."""
    try:
        argv = tuple(shlex.split(kept.command))
    except ValueError:
        argv = ()
    template = CommandTemplate(argv, traces=kept.traces_pattern, network=kept.network)
    tasks_hash = tasks_hash_of(Path(kept.tasks) if kept.tasks else None)
    runner: RunnerKind = kept.runner if kept.runner in _RUNNERS else "none"  # type: ignore[assignment]
    return Recipe(
        engine=kept.engine,
        library=library,
        seed=kept.seed,
        tasks=kept.tasks,
        tasks_hash=tasks_hash,
        runner=runner,
        template=template if argv else None,
        results=kept.results,
        documents=kept.documents,
        endpoints=dict(kept.endpoints),
        budget=Budget(
            tokens=kept.tokens or None,
            usd=kept.usd or None,
            evaluations=kept.task_runs or None,
            wall_s=kept.seconds or None,
            max_proposals=kept.proposals or None,
        ),
        limits=RunLimits(network=kept.network),
        allowed=tasks_hash if tasks_hash in kept.allowed else "",
        scheduler=kept.scheduler,
        gating=GateChoice(rule=kept.rule or DEFAULT_RULE, runs=max(1, kept.runs)),
    )


_RUNNERS = ("none", "stored", "command", "loop")


def keep_recipe(run_dir: Path, recipe: Recipe) -> None:
    """Write a recipe into the folder of its run; a disk that is full only forgets it."""
    with contextlib.suppress(FileProblem, OSError, TypeError, ValueError):
        write_atomic(run_dir / RECIPE_FILE, msgspec.json.format(msgspec.json.encode(recipe)))


def read_recipe(run_dir: Path) -> Recipe | None:
    """Return the recipe of a run, None where none was kept or it cannot be read."""
    try:
        return msgspec.json.decode((run_dir / RECIPE_FILE).read_bytes(), type=Recipe)
    except (OSError, msgspec.MsgspecError, RecursionError):
        return None


def tasks_hash_of(path: Path | None) -> str:
    """Return the hash of a task set as it is now, "" where it cannot be read."""
    try:
        return read_tasks(path).hash if path is not None else ""
    except TaskSetProblem:
        return ""


def ready(recipe: Recipe, endpoints: Path, *, allow_unsandboxed: bool = False) -> Ready:
    """Return the means a recipe names, with what of them there is no more.

    Args:
        recipe: of an earlier run, or of what was chosen last.
        endpoints: the file of profiles.
        allow_unsandboxed: a person allows commands of these tasks now.
    """
    missing: list[str] = []
    notes: list[str] = []
    now = tasks_hash_of(Path(recipe.tasks)) if recipe.tasks else ""
    if recipe.tasks and not now:
        missing.append(_unread(Path(recipe.tasks)))
    elif recipe.tasks and recipe.tasks_hash and now != recipe.tasks_hash:
        notes.append(
            "The tasks changed since the proposal was made: what is found now does not compare "
            "with its gate. Test the whole as well."
        )
    for path in (recipe.results, *recipe.documents):
        if path and not Path(path).is_file():
            missing.append(f"There is no file {path} any more. Put it back, or choose another.")
    allowed = allow_unsandboxed or bool(now and recipe.allowed == now)
    if recipe.tasks and now and recipe.runner in ("command", "loop") and not allowed:
        missing += () if available_sandbox() is not None else (NO_SANDBOX,)
    choice = MeansChoice(
        tasks=Path(recipe.tasks) if recipe.tasks else None,
        runner=recipe.runner,
        template=recipe.template,
        results=Path(recipe.results) if recipe.results else None,
        documents=tuple(Path(path) for path in recipe.documents),
        endpoints=_profiles(recipe.endpoints, endpoints, missing),
        budget=recipe.budget,
        limits=recipe.limits,
        workers=recipe.workers,
        allow_unsandboxed=allowed,
        keep=recipe.keep,
        scheduler=recipe.scheduler,
    )
    return Ready(choice, recipe.gating, tuple(missing), tuple(notes))


def _profiles(
    wanted: Mapping[str, str], file: Path, missing: list[str]
) -> dict[str, EndpointProfile]:
    if not wanted:
        return {}
    try:
        known = {profile.name: profile for profile in read_profiles(file)}
    except EndpointProblem as problem:
        missing.append(str(problem))
        return {}
    gone = dict.fromkeys(name for name in wanted.values() if name not in known)
    missing += (
        f"There is no endpoint '{name}' any more. Add it in Evolution, Endpoints." for name in gone
    )
    return {role: known[name] for role, name in wanted.items() if name in known}


def _unread(path: Path) -> str:
    try:
        read_tasks(path)
    except TaskSetProblem as problem:
        return f"The tasks are gone. {problem}"
    return ""


def _absolute(path: Path | None) -> str:
    return "" if path is None else str(path.absolute())
