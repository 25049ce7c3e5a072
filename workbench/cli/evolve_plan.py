"""``evolve --estimate`` and ``--preview``: what a run takes and sends, said before it starts."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from msgspec import Struct
from msgspec.structs import replace

from workbench.cli.console import coloured, document, one_line, print_json, progress
from workbench.domain.job import ModelInput
from workbench.domain.skill import Library, Skill
from workbench.evaluation.task_set import TaskSet, read_tasks
from workbench.evolution.estimate import Estimate, Sizes, estimate, estimate_lines, sizes_of
from workbench.evolution.gating import GateChoice
from workbench.evolution.prepare import MeansChoice
from workbench.evolution.preview import SourcePreview, kinds_words, preview, preview_words
from workbench.evolution.run import EngineInputs
from workbench.plugin.registry import PluginInfo
from workbench.traces.open import OpenTrace


class Plan(Struct, frozen=True):
    """What a run would work on."""

    library: Library
    traces: Sequence[OpenTrace]
    inputs: EngineInputs
    choice: MeansChoice
    gating: GateChoice

    @property
    def skills(self) -> tuple[Skill, ...]:
        """The skills the engine gets."""
        chosen = self.inputs.skills
        return tuple(one for one in self.library.skills if not chosen or one.id in chosen)

    def inputs_of(self, engine: str) -> EngineInputs:
        """Return what one engine gets: settings that name another engine are left out."""
        settings: dict[str, object] = {}
        for key, value in self.inputs.settings.items():
            owner, _, name = key.rpartition(".")
            if owner in ("", engine):
                settings[name] = value
        return replace(self.inputs, settings=settings)


def print_estimate(plan: Plan, plugins: Sequence[PluginInfo], output: str) -> None:
    """Print what each engine would take.

    Raises:
        TaskSetProblem: the tasks cannot be read.
    """
    tasks = read_tasks(plan.choice.tasks) if plan.choice.tasks is not None else None
    sizes = sizes_of(plan.traces, tasks, len(plan.skills), len(plan.choice.documents))
    found = [(plugin, _estimate(plan, plugin, sizes, tasks)) for plugin in plugins]
    if output == "json":
        print_json(
            document(
                "evolve-estimate",
                sizes=sizes,
                engines=[{"engine": plugin.id, "estimate": one} for plugin, one in found],
            )
        )
        return
    for plugin, one in found:
        print(coloured(one_line(plugin.id), "bold"))
        for label, text in estimate_lines(one, sizes, plan.inputs.budget, plan.gating.rule):
            print(f"  {label:<14} {one_line(text)}")


def _estimate(plan: Plan, plugin: PluginInfo, sizes: Sizes, tasks: TaskSet | None) -> Estimate:
    assert plugin.manifest is not None
    models = tuple(
        ModelInput(role, profile.model, profile.price_input, profile.price_output)
        for role, profile in plan.choice.endpoints.items()
    )
    return estimate(
        plugin.manifest,
        sizes,
        settings=plan.inputs_of(plugin.id).settings,
        budget=plan.inputs.budget,
        models=models,
        gating=plan.gating,
        has_runner=tasks is not None and plan.choice.runner != "none",
    )


def print_preview(plan: Plan, output: str) -> None:
    """Print what is replaced in what prompts are made of."""
    found = preview(
        plan.traces,
        plan.choice.documents,
        plan.skills,
        progress=lambda fraction, text: progress(f"{fraction:4.0%} {one_line(text)}"),
    )
    progress("")
    if output == "json":
        print_json(document("evolve-preview", sources=found))
        return
    print(preview_words(found))
    for one in found:
        print(_source_line(one))
        for sample in one.samples:
            print(f"    {coloured(one_line(sample), 'dim')}")


def _source_line(one: SourcePreview) -> str:
    if one.problem:
        return f"  {one.kind} {one_line(one.name)}: {one_line(one.problem)}"
    kinds = kinds_words(one.kinds) or "nothing replaced"
    return f"  {one.kind} {one_line(Path(one.name).name)}: {one.size / 1024:,.0f} KiB, {kinds}"
