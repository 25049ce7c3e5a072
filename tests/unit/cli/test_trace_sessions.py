"""Sessions from the index on the command line: watched folders, choices, estimates."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.unit.plugin.schema_subset import problems
from tests.unit.traces.claude_records import Session, call, text, usage
from workbench.cli.main import run
from workbench.resources import bundled


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "sessions"
    made.mkdir()
    for name, failed in (("zebra", True), ("lion", False)):
        one = Session()
        one.prompt(f"Find the {name}")
        one.says(
            text("Looking."),
            call("t1", "Bash", command="make"),
            usage=usage(1000, 500, 0),
            model="claude-opus-4-5",
        )
        one.result("t1", "boom" if failed else "done", error=failed)
        one.write(made, f"{name}.jsonl")
    return made


def document(capsys: pytest.CaptureFixture[str], *arguments: object) -> dict[str, Any]:
    command = ["trace", *map(str, arguments), "--format", "json"]
    assert run(command, lambda *_: 0) == 0
    made: dict[str, Any] = json.loads(capsys.readouterr().out)
    name = made["schema"].split("/")[1]
    schema = json.loads((bundled("resources") / "schemas" / f"{name}.json").read_bytes())
    assert problems(made, schema) == []
    return made


def test_folders_are_watched_and_listed(
    folder: Path, capsys: pytest.CaptureFixture[str], isolated_home: Path
) -> None:
    (isolated_home / ".claude" / "projects").mkdir(parents=True)
    made = document(capsys, "folders", "--add", folder)
    assert made["watched"] == [{"path": str(folder), "missing": False}]
    assert [one["client"] for one in made["found"]] == ["Claude Code"]
    listed = document(capsys, "list", "--index", "--sort", "title")
    assert [one["title"] for one in listed["sessions"]] == ["Find the zebra", "Find the lion"]
    assert listed["facets"]["errors"] == [
        {"value": "yes", "count": 1},
        {"value": "no", "count": 1},
    ]
    cost = listed["sessions"][0]["cost"]
    assert cost["source"] == "estimated"
    assert cost["usd"] == pytest.approx((1000 * 5 + 500 * 25) / 1e6)
    found = document(capsys, "search", "boom", "--index")
    assert [Path(one["path"]).name for one in found["results"]] == ["zebra.jsonl"]
    document(capsys, "folders", "--remove", folder)
    assert run(["trace", "list", "--index"], lambda *_: 0) == 2
    assert "no folder is watched" in capsys.readouterr().err
    assert run(["trace", "folders", "--remove", str(folder)], lambda *_: 0) == 2
    assert run(["trace", "folders", "--add", str(folder / "none")], lambda *_: 0) == 2


def test_choices_are_options(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    def names(*options: object) -> list[str]:
        made = document(capsys, "list", folder, "--index", "--sort", "title", *options)
        return [Path(one["path"]).stem for one in made["sessions"]]

    assert names() == ["zebra", "lion"]
    assert names("--errors") == ["zebra"]
    assert names("--no-errors") == ["lion"]
    assert names("--model", "claude-opus-4-5", "--named", "LION") == ["lion"]
    assert names("--agent", "codex") == []
    assert (
        names("--min-steps", 99) == names("--min-cost", 1) == names("--since", "2027-01-01") == []
    )
    assert names("--max-steps", 99, "--limit", 1) == ["zebra"]
    assert document(capsys, "search", "looking", folder, "--indexed", "--errors")["results"] != []
    assert document(capsys, "search", "done", folder, "--indexed", "--errors")["results"] == []


def test_prices_of_the_user_make_the_estimates_anew(
    folder: Path, capsys: pytest.CaptureFixture[str], isolated_home: Path
) -> None:
    document(capsys, "list", folder, "--index")
    own = isolated_home / "workbench" / "config" / "prices.toml"
    own.parent.mkdir(parents=True, exist_ok=True)
    own.write_text(
        'as_of = "2026-11-30"\n'
        '[[price]]\nmodels = ["claude-opus-4-5"]\ninput = 1000.0\noutput = 0.0\n'
    )
    (one, _) = document(capsys, "list", folder, "--index")["sessions"]
    assert one["cost"] == {"usd": 1.0, "source": "estimated", "as_of": "2026-11-30"}
    assert run(["trace", "list", str(folder), "--index"], lambda *_: 0) == 0
    assert "~$1.00" in capsys.readouterr().out


def test_without_a_path_and_an_index_there_is_nothing_to_read(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert run(["trace", "list"], lambda *_: 0) == 2
    assert "no path is given" in capsys.readouterr().err
    assert run(["trace", "search", "x"], lambda *_: 0) == 2


def test_an_attached_outcome_counts_as_the_outcome(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    zebra = folder / "zebra.jsonl"
    data = zebra.read_bytes().replace(b"11111111-2222", b"22222222-2222")
    zebra.write_bytes(data)
    assert run(["trace", "outcome", str(zebra), "pass"], lambda *_: 0) == 0
    capsys.readouterr()
    made = document(capsys, "list", folder, "--index", "--outcome", "pass")
    (one,) = made["sessions"]
    assert (Path(one["path"]).name, one["outcome"]) == ("zebra.jsonl", "unknown")
    assert one["attached_outcome"]["status"] == "pass"
    assert {"value": "pass", "count": 1} in made["facets"]["outcome"]
    (other,) = document(capsys, "list", folder, "--index", "--outcome", "unknown")["sessions"]
    assert other["attached_outcome"] is None
    assert document(capsys, "search", "looking", folder, "--index", "--outcome", "fail") == {
        "schema": "skill-workbench/trace-search/1",
        "query": "looking",
        "results": [],
        "cut": False,
    }
    assert run(["trace", "list", str(folder), "--index"], lambda *_: 0) == 0
    assert "pass, by you" in capsys.readouterr().out
