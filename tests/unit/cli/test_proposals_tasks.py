"""``proposals test`` and ``proposals ask-again`` as a person calls them."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from tests.unit.evolution.sessions import failing_session, write_report_library
from tests.unit.plugin.schema_subset import problems
from tests.unit.review.retest_world import AGENT, RetestWorld, make_world
from workbench.cli.proposals_tasks_schemas import schemas
from workbench.evaluation.sandbox import available_sandbox
from workbench.resources import bundled
from workbench.store.proposals import ProposalStore

TASKS = "\n".join(
    f'[[tasks]]\nid = "t-{word}"\nprompt = "{word}"\nsplit = "test"\n'
    '[[tasks.criteria]]\nid = "yes"\nmethod = "contains"\nargument = "yes"\n'
    for word in ("red", "blue", "plum")
)


@pytest.fixture
def world(tmp_path: Path) -> RetestWorld:
    (tmp_path / "tasks.toml").write_text(TASKS)
    return make_world(tmp_path)


def means(world: RetestWorld) -> list[str]:
    agent = f"/bin/sh -c '{AGENT}' agent {{skills}} {{prompt}}"
    given = ["--tasks", str(world.folder / "tasks.toml"), "--agent", agent]
    return given if available_sandbox() is not None else [*given, "--allow-unsandboxed"]


def read(out: str) -> dict[str, object]:
    document = json.loads(out)
    name = document["schema"].split("/")[1]
    assert problems(document, json.loads(schemas()[f"{name}.json"])) == []
    return dict(document)


def test_a_selection_and_each_of_its_hunks_are_tested_and_told(world, command) -> None:
    code, out, err = command(
        "proposals", "test", "p1", "--store", world.store.folder, "--each", "--format", "json",
        *means(world),
    )  # fmt: skip
    document = read(out)
    whole, first, second = document["tests"]
    assert (whole["scope"], first["scope"]) == ("selection", "hunk")
    assert (whole["gate"]["repairs"], whole["gate"]["regressions"]) == (1, 1)
    assert first["gate"]["regressions"] == 1
    assert second["gate"]["repairs"] == 1
    assert code == 1  # the selection breaks as much as it mends
    assert len(world.store.tests("p1")) == 3
    assert "Traceback" not in err


def test_the_level_of_a_tested_selection_is_shown_when_it_is_approved(world, command) -> None:
    store = ("--store", world.store.folder)
    code, out, _ = command("proposals", "test", "p1", *store, "--hunks", 2, *means(world))
    assert code == 0
    assert "promising" in out
    assert "repaired  t-blue" in out
    assert "15 runs made, 0 kept" in out
    _, out, _ = command("proposals", "test", "p1", *store, "--hunks", 2, *means(world))
    assert "0 runs made, 15 kept" in out
    _, out, _ = command(
        "proposals", "approve", "p1", *store, "--hunks", 2, "--reviewer", "A <a@b>",
        "--format", "json",
    )  # fmt: skip
    assert json.loads(out)["gate"]["level"] == "promising"
    _, out, _ = command(
        "proposals", "approve", "p1", *store, "--hunks", 1, "--reviewer", "A <a@b>",
        "--format", "json",
    )  # fmt: skip
    assert json.loads(out)["gate"]["level"] == "rejected"  # the whole, as its run gated it


def test_an_estimate_runs_nothing(world, command) -> None:
    code, out, _ = command(
        "proposals", "test", "p1", "--store", world.store.folder, "--estimate", *means(world)
    )
    assert code == 0
    assert "15 task runs, 0 of them kept" in out
    assert world.store.tests("p1") == ()


def test_without_tasks_it_says_what_is_missing_and_where_to_set_it(world, command) -> None:
    store = ("--store", world.store.folder)
    code, _, err = command("proposals", "test", "p1", *store)
    assert code == 2
    assert "Nothing is kept of the tasks of its run." in err
    assert "--tasks PATH --agent COMMAND" in err
    code, _, err = command(
        "proposals", "test", "p1", *store, "--tasks", world.folder / "tasks.toml"
    )
    assert code == 2
    assert "nobody runs them" in err


def test_a_library_that_changed_since_is_refused(world, command) -> None:
    world.skill.write_text("---\nname: words\ndescription: d\n---\nother\n")
    code, _, err = command("proposals", "test", "p1", "--store", world.store.folder, *means(world))
    assert code == 2
    assert "changed since this was proposed" in err


@pytest.fixture
def mined(tmp_path: Path, command) -> ProposalStore:
    write_report_library(tmp_path / "library")
    for name, month in (("one", "2026-10"), ("two", "2026-11")):
        failing_session(tmp_path / "sessions" / f"{name}.jsonl", month)
    command(
        "evolve", tmp_path / "library", "--traces", tmp_path / "sessions", "--out",
        tmp_path / "out",
    )  # fmt: skip
    return ProposalStore(tmp_path / "out")


def test_an_engine_without_a_model_proposes_the_same_and_that_is_said(mined, command) -> None:
    (proposal,) = (one for one in mined.list() if one.draft.changes)
    code, out, _ = command(
        "proposals", "ask-again", proposal.id, "--store", mined.folder, "--comment",
        "Say it shorter.", "--reviewer", "A <a@b>", "--format", "json",
    )  # fmt: skip
    document = read(out)
    assert code == 1
    assert document["replacing"] == []
    assert any("sent back" in text for text in document["refused"])
    assert mined.decisions(proposal.id)[-1].comment == "Say it shorter."
    assert mined.get(proposal.id).status == "pending"


def test_asking_again_needs_words_and_what_the_run_had(mined, command, tmp_path) -> None:
    (proposal,) = (one for one in mined.list() if one.draft.changes)
    code, _, err = command("proposals", "ask-again", proposal.id, "--store", mined.folder)
    assert code == 2
    assert "--comment TEXT" in err
    shutil.rmtree(tmp_path / "sessions")
    code, _, err = command(
        "proposals", "ask-again", proposal.id, "--store", mined.folder, "--comment", "Shorter."
    )
    assert code == 2
    assert "traces it learned from are gone: one.jsonl, two.jsonl" in err


def test_the_published_schemas_are_those_of_the_values() -> None:
    folder = bundled("resources") / "schemas"
    for name, text in schemas().items():
        assert (folder / name).read_bytes() == text, f"write {name} again"


def test_a_proposal_is_tested_with_what_its_own_run_had_and_the_whole_costs_nothing(
    tmp_path, command
) -> None:
    write_report_library(tmp_path / "library")
    for name, month in (("one", "2026-10"), ("two", "2026-11")):
        failing_session(tmp_path / "sessions" / f"{name}.jsonl", month)
    (tmp_path / "tasks.toml").write_text(TASKS)
    looks = 'test -f "$1/report-tool/SKILL.md" && echo yes || echo no'
    allowed = () if available_sandbox() is not None else ("--allow-unsandboxed",)
    command(
        "evolve", tmp_path / "library", "--traces", tmp_path / "sessions", "--out",
        tmp_path / "out", "--tasks", tmp_path / "tasks.toml", "--agent",
        f"/bin/sh -c '{looks}' agent {{skills}} {{prompt}}", *allowed,
    )  # fmt: skip
    store = ProposalStore(tmp_path / "out")
    (proposal,) = (one for one in store.list() if one.draft.changes)
    assert proposal.gate.table is not None
    _, out, _ = command(
        "proposals", "test", proposal.id, "--store", store.folder, "--format", "json"
    )
    document = read(out)
    (test,) = document["tests"]
    assert document["means"] == "tasks as the run of its engine had them"
    # The library is what it was, so that what is tested is what the engine's run has gated.
    assert (test["runs"], test["kept"]) == (0, 15)
    assert test["gate"]["variant"] == proposal.gate.variant
    (tmp_path / "tasks.toml").write_text(TASKS.replace("plum", "pear"))
    _, out, err = command("proposals", "test", proposal.id, "--store", store.folder, *allowed)
    assert "tasks changed since" in err
