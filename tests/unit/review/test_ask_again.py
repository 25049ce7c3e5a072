"""Asking an engine again: the same job with the reviewer's words, linked to what was sent back."""

from __future__ import annotations

import shutil
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import msgspec
import pytest

from tests.unit.review.build import NOW
from tests.unit.review.retest_world import SKILL
from workbench.domain.proposal import HunkVerdict, Proposal
from workbench.evolution.gating import GateChoice
from workbench.evolution.prepare import MeansChoice
from workbench.evolution.recipe import RECIPE_FILE, keep_recipe, read_recipe, recipe_of
from workbench.evolution.run import EngineInputs, Evolution, run_engine
from workbench.llm.profiles import EndpointProfile
from workbench.plugin.jobs import JobRunner
from workbench.plugin.registry import Registry
from workbench.resources import bundled
from workbench.review.again.ask_again import Asked, AskPlan, AskWith, ask_again, plan_again
from workbench.review.decide import decide, record
from workbench.review.plan import ReviewProblem
from workbench.review.session import open_review
from workbench.skills.library import read_library
from workbench.store.proposals import ProposalStore
from workbench.traces.open import open_traces

#: Proposes the words of the setting, and those a person asked for.
ENGINE = """
from workbench.plugin.api import Change, ProposalDraft

def propose(request, context):
    said = [word for past in request.history for word in " ".join(past.comments).split()]
    for past in request.history:
        context.log(f"{past.status} {past.reasons} {past.comments} {len(request.traces)}")
    words = [request.settings["word"], *(one[4:] for one in said if one.startswith("add:"))]
    text = open(request.skills[0].path + "/SKILL.md").read()
    text += "".join(f"- {word}\\n" for word in words)
    change = Change("c", "words/SKILL.md", "edit", text)
    yield ProposalDraft("edit", "Know " + " and ".join(words), "It was missing.", (change,))
"""
TRACE = next(
    (bundled("resources") / "example" / "traces" / "claude-code").glob("*tax-forms/*.jsonl")
)


@dataclass(frozen=True)
class World:
    folder: Path
    store: ProposalStore
    proposal: Proposal

    @property
    def plugins(self) -> Registry:
        return Registry((self.folder / "plugins",), self.folder / "p.json", installed=False)

    @property
    def trace(self) -> Path:
        return self.folder / "traces" / "one.jsonl"

    def plan(self) -> AskPlan:
        return plan_again(
            self.store.get(self.proposal.id),
            self.folder / "runs",
            self.folder / "endpoints.toml",
            self.plugins,
        )

    def ask(self, comment: str) -> Asked:
        with JobRunner(self.folder / "runs") as runner:
            given = AskWith(
                read_library(self.folder / "library"),
                open_traces,
                runner,
                self.store,
                self.folder / "cache",
            )
            events = ask_again(self.plan(), comment, given)
            while True:
                try:
                    next(events)
                except StopIteration as end:
                    asked: Asked = end.value
                    return asked

    def logged(self, asked: Asked) -> str:
        return " ".join(getattr(event, "text", "") for event in asked.result.events)


@pytest.fixture
def world(tmp_path: Path) -> World:
    """Run the engine once, as a person would, and keep what it was run with."""
    home = tmp_path / "library" / "words"
    home.mkdir(parents=True)
    (home / "SKILL.md").write_text(SKILL)
    plugin_home = tmp_path / "plugins" / "asker"
    (plugin_home / "asker").mkdir(parents=True)
    (plugin_home / "asker" / "__init__.py").write_text(ENGINE)
    (plugin_home / "plugin.toml").write_text(
        'id = "asker"\nname = "Asker"\nversion = "1.0"\napi = "1.0"\nlicence = "MIT"\n'
        'kinds = ["evolver"]\nform = "inprocess"\nentry = "asker:propose"\nneeds = ["traces"]\n'
        '[settings.word]\ntype = "string"\ndefault = "blue"\ntitle = "Word"\n'
    )
    (tmp_path / "traces").mkdir()
    shutil.copy(TRACE, tmp_path / "traces" / "one.jsonl")
    store = ProposalStore(tmp_path / "store")
    registry = Registry((tmp_path / "plugins",), tmp_path / "p.json", installed=False)
    plugin = registry.set_enabled("asker", True)
    assert plugin.usable, plugin.problems
    library = read_library(tmp_path / "library")
    with ExitStack() as stack:
        runner = stack.enter_context(JobRunner(tmp_path / "runs"))
        traces = open_traces(tmp_path / "traces" / "one.jsonl")
        for trace in traces:
            stack.callback(trace.close)
        inputs = EngineInputs(settings={"word": "green"}, seed=3)
        evolution = Evolution(library, plugin, traces, inputs, runner=runner, store=store)
        recipe = recipe_of(
            "asker",
            library.root,
            traces,
            inputs=inputs,
            choice=MeansChoice(),
            gating=GateChoice(),
        )
        keep_recipe(evolution.job.run_dir, recipe)
        for _ in run_engine(evolution):
            pass
        (proposal,) = evolution.result().proposals
    return World(tmp_path, store, proposal)


def reject(world: World, reason: str, comment: str) -> None:
    review = open_review(world.store, world.proposal.id)
    verdicts = [HunkVerdict(hunk.id, "reject", reason, comment) for hunk in review.hunks]
    record(review, decide(review, verdicts, reviewer="A <a@b>", now=NOW))


def test_the_engine_gets_the_comment_with_the_same_settings_and_traces(world: World) -> None:
    asked = world.ask("Not enough: add:plum")
    assert asked.result.status == "completed"
    assert "sent_back () ('Not enough: add:plum',) 1" in world.logged(asked)
    (new,) = asked.replacing
    assert new.draft.title == "Know green and plum"
    assert new.engine.seed == 3


def test_the_new_proposal_names_the_one_it_replaces_and_its_run_can_be_asked_again(
    world: World,
) -> None:
    (new,) = world.ask("add:plum").replacing
    stored = world.store.get(new.id)
    assert stored.draft.lineage.parents == (world.proposal.id,)
    assert stored.draft.lineage.supersedes == world.proposal.id
    kept = read_recipe(world.folder / "runs" / new.job)
    assert kept is not None
    assert (kept.settings, kept.traces) == ({"word": "green"}, (str(world.trace),))
    assert world.store.get(world.proposal.id).status == "pending"


def test_reasons_and_comments_of_the_review_go_along(world: World) -> None:
    reject(world, "too_specific", "Only for one tax year.")
    asked = world.ask("add:plum")
    said = world.logged(asked)
    assert "rejected ('too_specific',) ('add:plum', 'Only for one tax year.')" in said
    assert len(asked.replacing) == 1


def test_an_engine_that_proposes_the_same_again_is_told_as_that(world: World) -> None:
    before = world.store.get(world.proposal.id)
    asked = world.ask("Say it in another way.")
    assert asked.replacing == ()
    assert "exactly" in asked.result.refused[0]
    assert world.proposal.id in asked.result.refused[0]
    assert world.store.get(world.proposal.id) == before


def test_traces_that_are_gone_are_named_before_anything_runs(world: World) -> None:
    world.trace.unlink()
    plan = world.plan()
    assert "one.jsonl" in plan.missing[0]
    runs = list((world.folder / "runs").iterdir())
    with pytest.raises(ReviewProblem, match=r"gone: one\.jsonl"):
        world.ask("add:plum")
    assert list((world.folder / "runs").iterdir()) == runs


def test_an_engine_or_an_endpoint_that_is_gone_is_named(world: World) -> None:
    run_dir = world.folder / "runs" / world.proposal.job
    recipe = read_recipe(run_dir)
    assert recipe is not None
    keep_recipe(run_dir, msgspec.structs.replace(recipe, endpoints={"any": "my-server"}))
    assert "no endpoint 'my-server'" in world.plan().missing[0]
    (world.folder / "endpoints.toml").write_text(
        '[endpoints.my-server]\nbase_url = "http://127.0.0.1:9/v1"\nmodel = "m"\n'
    )
    plan = world.plan()
    assert plan.missing == ()
    assert plan.means.choice.endpoints["any"] == EndpointProfile(
        "my-server", "http://127.0.0.1:9/v1", "m"
    )
    shutil.rmtree(world.folder / "plugins" / "asker")
    assert "engine 'asker' is not installed" in world.plan().missing[0]


def test_an_engine_that_was_disabled_since_is_not_asked(world: World) -> None:
    world.plugins.set_enabled("asker", False)
    assert "'asker' is disabled" in world.plan().missing[0]


def test_tasks_that_are_gone_cost_the_gate_alone_where_the_engine_needs_none(
    world: World,
) -> None:
    run_dir = world.folder / "runs" / world.proposal.job
    recipe = read_recipe(run_dir)
    assert recipe is not None
    gone = str(world.folder / "tasks.toml")
    keep_recipe(run_dir, msgspec.structs.replace(recipe, tasks=gone, runner="command"))
    plan = world.plan()
    assert plan.missing == ()
    assert "stays not evaluated" in plan.notes[0]
    assert plan.means.choice.runner == "none"


def test_an_older_run_without_a_recipe_is_asked_with_its_request(world: World) -> None:
    (world.folder / "runs" / world.proposal.job / RECIPE_FILE).unlink()
    plan = world.plan()
    assert plan.recipe.settings == {"word": "green"}
    assert plan.recipe.seed == 3
    assert any("not kept which traces" in note for note in plan.notes)
    shutil.rmtree(world.folder / "runs" / world.proposal.job)
    assert any("run is gone" in note for note in world.plan().notes)


def test_a_damaged_recipe_counts_as_none(world: World) -> None:
    path = world.folder / "runs" / world.proposal.job / RECIPE_FILE
    path.write_bytes(path.read_bytes()[:40])
    assert read_recipe(path.parent) is None
    assert world.plan().recipe.engine == "asker"


def test_the_key_of_an_endpoint_is_kept_in_no_recipe(world: World, tmp_path: Path) -> None:
    profile = EndpointProfile("mine", "http://127.0.0.1:9/v1", "m", key_variable="MY_KEY")
    choice = MeansChoice(endpoints={"any": profile})
    recipe = recipe_of(
        "asker", "library", (), inputs=EngineInputs(), choice=choice, gating=GateChoice()
    )
    keep_recipe(tmp_path, recipe)
    assert b"MY_KEY" not in (tmp_path / RECIPE_FILE).read_bytes()
    assert recipe.endpoints == {"any": "mine"}
