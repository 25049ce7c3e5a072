"""What a run was made with, kept and used again: what is gone is named, a permission ends."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from workbench.domain.job import Budget
from workbench.evaluation.runners.command import CommandTemplate
from workbench.evolution import recipe as module
from workbench.evolution.gating import GateChoice
from workbench.evolution.prepare import MeansChoice
from workbench.evolution.recipe import (
    Recipe,
    keep_recipe,
    read_recipe,
    ready,
    recipe_of,
    recipe_of_remembered,
)
from workbench.evolution.remembered import Remembered
from workbench.evolution.run import EngineInputs

TASKS = '[[tasks]]\nid = "one"\nprompt = "say yes"\n'


@pytest.fixture
def tasks(tmp_path: Path) -> Path:
    path = tmp_path / "tasks.toml"
    path.write_text(TASKS)
    return path


@pytest.fixture
def no_sandbox(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "available_sandbox", lambda: None)


def chosen(tasks: Path, *, allowed: bool) -> Recipe:
    choice = MeansChoice(
        tasks=tasks,
        runner="command",
        template=CommandTemplate(("agent", "{prompt}")),
        budget=Budget(evaluations=9),
        allow_unsandboxed=allowed,
    )
    return recipe_of(
        "engine", "library", (), inputs=EngineInputs(seed=4), choice=choice, gating=GateChoice()
    )


def test_a_recipe_comes_back_as_it_was_kept(tasks: Path, tmp_path: Path) -> None:
    recipe = chosen(tasks, allowed=True)
    keep_recipe(tmp_path, recipe)
    assert read_recipe(tmp_path) == recipe
    assert ready(recipe, tmp_path / "endpoints.toml").choice.template == recipe.template


@pytest.mark.parametrize("data", [b"", b"{", b"[]", b'{"seed": "x"}', b"\xff\xfe"])
def test_what_is_no_recipe_counts_as_none(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "recipe.json").write_bytes(data)
    assert read_recipe(tmp_path) is None


@pytest.mark.usefixtures("no_sandbox")
def test_a_permission_ends_when_the_tasks_change(tasks: Path, tmp_path: Path) -> None:
    recipe = chosen(tasks, allowed=True)
    same = ready(recipe, tmp_path / "endpoints.toml")
    assert same.choice.allow_unsandboxed
    assert same.missing == ()
    tasks.write_text(TASKS.replace("say yes", "say no"))
    changed = ready(recipe, tmp_path / "endpoints.toml")
    assert not changed.choice.allow_unsandboxed
    assert "sandbox" in changed.missing[0]
    assert "tasks changed since" in changed.notes[0]
    again = ready(recipe, tmp_path / "endpoints.toml", allow_unsandboxed=True)
    assert again.missing == ()


@pytest.mark.usefixtures("no_sandbox")
def test_what_was_never_allowed_is_not_allowed_by_being_kept(tasks: Path, tmp_path: Path) -> None:
    found = ready(chosen(tasks, allowed=False), tmp_path / "endpoints.toml")
    assert not found.choice.allow_unsandboxed
    assert found.missing


def test_tasks_and_results_that_are_gone_are_named(tasks: Path, tmp_path: Path) -> None:
    recipe = chosen(tasks, allowed=True)
    tasks.unlink()
    assert "tasks are gone" in ready(recipe, tmp_path / "endpoints.toml").missing[0]
    results = msgspec.structs.replace(recipe, tasks="", results=str(tmp_path / "results.jsonl"))
    assert "results.jsonl" in ready(results, tmp_path / "endpoints.toml").missing[0]


def test_endpoints_that_cannot_be_read_are_told(tasks: Path, tmp_path: Path) -> None:
    recipe = msgspec.structs.replace(chosen(tasks, allowed=True), endpoints={"any": "mine"})
    file = tmp_path / "endpoints.toml"
    file.write_text("not [ toml")
    assert "endpoints.toml" in ready(recipe, file).missing[0]


def test_what_was_chosen_in_the_window_is_a_recipe_too(tasks: Path) -> None:
    kept = Remembered(
        engine="engine",
        tasks=str(tasks),
        runner="command",
        command="agent '{prompt}'",
        task_runs=7,
        rule="net",
        runs=3,
        allowed=(module.tasks_hash_of(tasks),),
    )
    recipe = recipe_of_remembered(kept, "library")
    assert recipe.template is not None
    assert recipe.template.argv == ("agent", "{prompt}")
    assert recipe.budget.evaluations == 7
    assert (recipe.gating.rule, recipe.gating.runs) == ("net", 3)
    assert recipe.allowed == recipe.tasks_hash
    broken = msgspec.structs.replace(kept, command="agent '", runner="unheard-of", allowed=())
    assert recipe_of_remembered(broken, "library").template is None
    assert recipe_of_remembered(broken, "library").runner == "none"
    assert recipe_of_remembered(broken, "library").allowed == ""
