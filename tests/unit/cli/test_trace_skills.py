"""``trace skills`` on libraries: versions, worklists, prompts that should load a skill."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tests.unit.plugin.schema_subset import problems
from tests.unit.traces.claude_records import Session
from tests.unit.usage.world import commits, load, run, skill_md
from workbench.cli.main import run as run_cli
from workbench.resources import bundled

_JANUARY = int(datetime(2026, 1, 1, tzinfo=UTC).timestamp())
_OLD, _NEW = "# PDF\n\nUse the old tool.\n", "# PDF\n\nUse the new tool.\n"


@pytest.fixture
def library(tmp_path: Path) -> Path:
    return commits(
        tmp_path / "library",
        [
            (_JANUARY, {"pdf/SKILL.md": skill_md("pdf", _OLD), "pdf/more.md": "x"}),
            (_JANUARY + 9, {"pdf/SKILL.md": skill_md("pdf", _NEW)}),
        ],
    )


@pytest.fixture
def trace(tmp_path: Path) -> Path:
    session = Session()
    session.prompt("Fill the form")
    load(session, "pdf", _OLD)
    run(session, "false", "Exit code 1", error=True)
    return session.write(tmp_path)


def _document(capsys: pytest.CaptureFixture[str], *arguments: object) -> dict[str, Any]:
    given = ["trace", "skills", *map(str, arguments), "--format", "json"]
    assert run_cli(given, lambda *_: 0) == 0
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    schema = json.loads((bundled("resources") / "schemas/trace-library.json").read_bytes())
    assert problems(found, schema) == []
    return found


def test_each_version_has_its_sessions(
    library: Path, trace: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    found = _document(capsys, trace, "--library", library, "--by-version")
    (skill,) = found["skills"]
    (version,) = skill["versions"]
    assert (version["version"]["subject"], version["known"]) == ("Change 0", 1)
    assert (version["loaded"]["hits"], version["loaded"]["of"]) == (1, 1)
    assert skill["listed"] is None
    assert skill["never_opened"] == ["more.md"]
    assert skill["passed_difference"] is None
    (use,) = [one for one in skill["uses"] if one["kind"] == "loaded"]
    assert (use["how"], use["version"]) == ("body", version["digest"])
    assert use["figures"]["carried"] == version["tokens"]  # one model call followed


def test_without_the_option_no_versions_are_told(
    library: Path, trace: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (skill,) = _document(capsys, trace, "--library", library)["skills"]
    assert skill["versions"] is None


def test_people_read_versions_and_worklists(
    library: Path, trace: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert (
        run_cli(
            ["trace", "skills", str(trace), "--library", str(library), "--by-version"], lambda *_: 0
        )
        == 0
    )
    out = capsys.readouterr().out
    assert "pdf, by version" in out
    assert "Change 0" in out
    assert "never opened more.md" in out
    assert (
        run_cli(
            ["trace", "skills", str(trace), "--library", str(library), "--worklists"], lambda *_: 0
        )
        == 0
    )
    out = capsys.readouterr().out
    assert "Done by hand (heuristic)" in out
    assert "by version" not in out


def test_prompts_that_should_load_a_skill_show_what_was_missed(
    library: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    session = Session()
    session.prompt("Merge two forms")
    trace = session.write(tmp_path)
    prompts = tmp_path / "prompts.json"
    prompts.write_text(
        json.dumps(
            {
                "skill_name": "pdf",
                "evals": [
                    {"query": "merge two  forms", "should_trigger": True},
                    {"query": "sing", "should_trigger": False},
                ],
            }
        )
    )
    found = _document(capsys, trace, "--library", library, "--expected", prompts)
    assert found["worklists"]["missed"] == ["pdf"]
    (entry,) = next(one for one in found["lists"] if one["id"] == "missed")["entries"]
    assert (entry["hits"], entry["of"], entry["uses"][0]["step"]) == (1, 1, 0)


@pytest.mark.parametrize("text", ["", "{", '[{"query": "x"}]', "[1]", '{"evals": [null]}'])
def test_prompts_that_cannot_be_read_are_told(
    library: Path, trace: Path, tmp_path: Path, text: str, capsys: pytest.CaptureFixture[str]
) -> None:
    prompts = tmp_path / "prompts.json"
    prompts.write_text(text)
    given = ["trace", "skills", str(trace), "--library", str(library), "--expected", str(prompts)]
    assert run_cli(given, lambda *_: 0) == 2
    assert str(prompts) in capsys.readouterr().err


def test_several_libraries_are_told_apart(
    library: Path, trace: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    other = commits(tmp_path / "other", [(_JANUARY, {"xlsx/SKILL.md": skill_md("xlsx", "# X\n")})])
    found = _document(capsys, trace, "--library", library, "--library", other)
    assert found["libraries"] == [str(library), str(other)]
    assert [(one["library"], one["skill"]) for one in found["skills"]] == [
        (str(library), "pdf"),
        (str(other), "xlsx"),
    ]
