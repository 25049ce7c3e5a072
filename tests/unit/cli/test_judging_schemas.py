"""What ``check``, ``graph``, ``gate`` and ``evolve`` print fits the schemas that are published."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.unit.cli.authoring import checked
from tests.unit.evolution.sessions import failing_session, write_report_library
from tests.unit.plugin.schema_subset import problems
from workbench.cli.judging_schemas import judging_schemas, main
from workbench.resources import bundled

SCHEMAS = bundled("resources") / "schemas"


def test_the_published_schemas_are_those_of_the_values(tmp_path: Path) -> None:
    main(tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == set(judging_schemas())
    for name, text in judging_schemas().items():
        assert (SCHEMAS / name).read_bytes() == text, f"write {name} again"


@pytest.mark.parametrize("name", ["check", "graph"])
def test_documents_of_the_example_library(name: str, command) -> None:
    _, out, _ = command(name, bundled("resources") / "example" / "library", "--format", "json")
    document = checked(out, name)
    assert document["skills" if name == "check" else "nodes"]


def test_a_check_that_finds_something(command, tmp_path: Path) -> None:
    folder = tmp_path / "bad"
    folder.mkdir()
    (folder / "SKILL.md").write_text("---\nname: Other\n---\n[gone](gone.md)\n")
    code, out, _ = command("check", tmp_path, "--format", "json")
    (skill,) = checked(out, "check")["skills"]
    assert code == 1
    assert skill["diagnostics"]


@pytest.mark.parametrize(
    "text",
    [
        "task,before,after\na,0,1\nb,1,1\n",
        "task,before,after\na,0,1\na,0,0\nb,1,1\nb,1,0\n",
        "task,before,after\na,1,0\nb,1,0\n",
        "task,before,after\n",
    ],
)
def test_a_gate(text: str, command, tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text(text)
    _, out, _ = command("gate", path, "--format", "json")
    assert checked(out, "gate")["n"] == len({line[:1] for line in text.splitlines()[1:]})


def test_an_engine_with_proposals_and_one_with_nothing_to_say(command, tmp_path: Path) -> None:
    write_report_library(tmp_path / "library")
    for name, month in (("one", "2026-10"), ("two", "2026-11")):
        failing_session(tmp_path / "sessions" / f"{name}.jsonl", month)
    given = ("evolve", tmp_path / "library", "--out", tmp_path / "out", "--format", "json")
    _, out, _ = command(*given, "--traces", tmp_path / "sessions")
    assert checked(out, "evolve")["proposals"]
    _, out, _ = command(*given)
    assert not checked(out, "evolve")["proposals"]


@pytest.mark.parametrize("name", ["check", "graph", "gate", "evolve"])
def test_a_document_that_lacks_something_does_not_fit(name: str) -> None:
    schema = json.loads((SCHEMAS / f"{name}.json").read_text())
    assert problems({"schema": f"skill-workbench/{name}/1"}, schema) != []
