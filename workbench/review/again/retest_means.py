"""With which tasks and runner a proposal is tested: as its own run had them, or as chosen last."""

from __future__ import annotations

from pathlib import Path

from msgspec import Struct

from workbench.domain.proposal import Proposal
from workbench.evolution.recipe import Recipe, read_recipe, recipe_of_remembered
from workbench.evolution.remembered import remembered


class Source(Struct, frozen=True):
    """Where tasks and a runner are from, in words, and what they are."""

    title: str
    recipe: Recipe


def sources_of(
    proposal: Proposal, runs: Path, state: Path, *, library: str = ""
) -> tuple[Source, ...]:
    """Return what a proposal can be tested with, the best first; none where nothing is chosen.

    Args:
        proposal: to be tested.
        runs: the folder of run folders.
        state: where the choices of the window are kept.
        library: where its files are now, by default where they were.
    """
    home = library or proposal.library
    found = []
    own = run_recipe(proposal, runs)
    if own is not None and can_run(own):
        found.append(Source("as the run of its engine had them", own))
    last = recipe_of_remembered(remembered(state, home), home)
    if can_run(last) and not (found and _same(found[0].recipe, last)):
        found.append(Source("as chosen in Evolution now", last))
    return tuple(found)


def run_recipe(proposal: Proposal, runs: Path) -> Recipe | None:
    """Return what the run of a proposal was made with, None where that is not kept."""
    if not proposal.job or Path(proposal.job).name != proposal.job:
        return None
    return read_recipe(runs / proposal.job)


def can_run(recipe: Recipe) -> bool:
    """Say whether a recipe names tasks and who runs them."""
    return bool(recipe.tasks) and recipe.runner != "none"


def why_nothing(proposal: Proposal, runs: Path) -> str:
    """Say why there is nothing to test with, and where to set it."""
    own = run_recipe(proposal, runs)
    if own is None:
        start = "Nothing is kept of the tasks of its run."
    elif not own.tasks:
        start = "Its engine ran without tasks."
    else:
        start = "Its engine had tasks, and nobody to run them."
    return f"{start} Choose a task set and a runner in Evolution, then test."


def _same(one: Recipe, other: Recipe) -> bool:
    return (one.tasks, one.runner, one.template, one.results, one.endpoints, one.gating) == (
        other.tasks,
        other.runner,
        other.template,
        other.results,
        other.endpoints,
        other.gating,
    )
