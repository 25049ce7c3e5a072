"""``evolve`` before and beside a run: estimate, preview, several engines on the same evidence."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.unit.evolution.sessions import failing_session, write_report_library
from tests.unit.plugin.schema_subset import problems
from workbench.cli.main import run
from workbench.resources import bundled
from workbench.store.paths import UserFolders


@pytest.fixture
def place(tmp_path: Path) -> Path:
    write_report_library(tmp_path / "library")
    for name, month in (("one", "2026-10"), ("two", "2026-11")):
        failing_session(tmp_path / "sessions" / f"{name}.jsonl", month)
    return tmp_path


def evolve(
    capsys: pytest.CaptureFixture[str], place: Path, *arguments: object
) -> tuple[int, str, str]:
    given = ("evolve", place / "library", "--traces", place / "sessions", *arguments)
    code = run([str(one) for one in given], lambda *_: 9)
    out, err = capsys.readouterr()
    return code, out, err


def fitting(out: str) -> dict[str, Any]:
    value: dict[str, Any] = json.loads(out)
    name = value["schema"].split("/")[1]
    schema = json.loads((bundled("resources") / "schemas" / f"{name}.json").read_text())
    assert problems(value, schema) == []
    return value


def test_an_estimate_runs_nothing_and_fits_its_schema(
    capsys: pytest.CaptureFixture[str], place: Path
) -> None:
    code, out, _ = evolve(capsys, place, "--estimate", "--format", "json")
    assert code == 0
    value = fitting(out)
    assert value["schema"] == "skill-workbench/evolve-estimate/1"
    assert value["sizes"]["traces"] == 2
    assert value["engines"][0]["engine"] == "evidence_miner"
    assert not UserFolders.default().runs.exists()
    assert not (UserFolders.default().proposals).exists()


def test_the_estimate_counts_the_gate_of_the_tasks_given(
    capsys: pytest.CaptureFixture[str], place: Path
) -> None:
    lines = [f'{{"id": "t{n}", "prompt": "x", "split": "test"}}' for n in range(20)]
    (place / "tasks.jsonl").write_text("\n".join(lines))
    (place / "results.jsonl").write_text('{"task": "t1", "skills": [], "score": 1}\n')
    code, out, _ = evolve(
        capsys, place, "--estimate", "--tasks", place / "tasks.jsonl", "--results",
        place / "results.jsonl", "--max-proposals", "1",
    )  # fmt: skip
    assert code == 0
    assert "20 test, which the engine never sees" in out
    assert "about 100 task runs for 1 proposals" in out
    # The reference, section 2.4: 20 x 1, R - 2B > 0 accepts a null edit 23 %, a good one 58 %.
    assert "with 20 held-out tasks and 1 run the rule 'weighted'" in out


def test_a_preview_says_what_is_replaced(capsys: pytest.CaptureFixture[str], place: Path) -> None:
    code, out, _ = evolve(capsys, place, "--preview", "--format", "json")
    assert code == 0
    value = fitting(out)
    assert [one["kind"] for one in value["sources"]] == ["trace", "trace", "skill"]
    code, out, _ = evolve(capsys, place, "--preview")
    assert "Prompts are made of 3 sources" in out


def test_several_engines_are_compared_and_one_that_cannot_run_says_why(
    capsys: pytest.CaptureFixture[str], place: Path
) -> None:
    given = ("--engine", "evidence_miner", "--engine", "folder_importer", "--out", place / "out")
    code, out, _ = evolve(capsys, place, *given, "--format", "json")
    assert code == 1
    value = fitting(out)
    first, second = value["rows"]
    assert (first["engine"], first["status"]) == ("evidence_miner", "completed")
    assert first["verified"] == first["quotes"] > 0
    assert second["status"] == "not_run"
    assert "a folder or branch to read from" in second["problem"]
    assert any("says nothing about which proposals help" in one for one in value["shows"])
    code, out, _ = evolve(capsys, place, *given)
    assert "1 of 2 engines ran" in out


def test_an_engine_that_is_not_there_is_told(
    capsys: pytest.CaptureFixture[str], place: Path
) -> None:
    code, _, err = evolve(capsys, place, "--engine", "zebra", "--estimate")
    assert code == 2
    assert "zebra" in err


def test_a_setting_may_name_the_one_engine_it_is_for(
    capsys: pytest.CaptureFixture[str], place: Path
) -> None:
    given = ("--engine", "evidence_miner", "--engine", "pattern_scanner", "--out", place / "out")
    code, out, _ = evolve(
        capsys, place, *given, "--set", "evidence_miner.min_occurrences=9", "--format", "json"
    )
    first = fitting(out)["rows"][0]
    assert (first["engine"], first["status"], first["proposals"]) == (
        "evidence_miner", "no_change", 0,
    )  # fmt: skip
    code, _, err = evolve(capsys, place, *given, "--set", "gepa_engine.minibatch=2")
    assert code == 2
    assert "'gepa_engine' is not chosen. Chosen is evidence_miner, pattern_scanner" in err
