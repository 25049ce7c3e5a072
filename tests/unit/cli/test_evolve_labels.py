"""From a person's annotation over a label set to a card with checked evidence."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.unit.traces.claude_records import Session, text
from workbench.domain.job import Request
from workbench.store.paths import UserFolders
from workbench.store.proposals import ProposalStore

Command = Callable[..., tuple[int, str, str]]


@pytest.fixture
def library(tmp_path: Path) -> Path:
    folder = tmp_path / "library" / "vision"
    folder.mkdir(parents=True)
    (folder / "SKILL.md").write_text(
        "---\nname: vision\ndescription: Reads pictures. Use for pictures.\n---\n\n# Vision\n\n"
        "Open the picture.\n"
    )
    return folder.parent


@pytest.fixture
def path(tmp_path: Path) -> Path:
    session = Session()
    session.prompt("Please count the cats")
    session.says(text("I guess there are three of them"))
    session.says(text("It is done"))
    folder = tmp_path / "traces"
    folder.mkdir()
    return session.write(folder)


def _request() -> tuple[dict[str, Any], list[dict[str, Any]]]:
    (file,) = UserFolders.default().runs.glob("*/request.json")
    request = json.loads(file.read_text())
    headers = [
        json.loads(Path(one["path"]).read_text().splitlines()[0]) for one in request["traces"]
    ]
    return request, headers


def test_a_labelled_failure_becomes_a_card_whose_quote_is_checked(
    command: Command, library: Path, path: Path, tmp_path: Path
) -> None:
    link = ["--skill", "vision", "--line", 8, "--library", library]
    said = [
        "--label",
        "guesses",
        "--verdict",
        "bad",
        "--severity",
        "high",
        "--note",
        "Counts by eye",
    ]
    assert command("trace", "annotate", path, "--step", 1, *said, *link)[0] == 0
    assert (
        command("trace", "annotate", path, "--step", 2, "--label", "fine", "--verdict", "good")[0]
        == 0
    )
    assert command("trace", "outcome", path, "fail", "--score", 0.2)[0] == 0
    file = tmp_path / "labels.jsonl"
    assert command("trace", "annotations", "export", "--out", file)[0] == 0
    code, out, err = command(
        "evolve", library, "--labels", file, "--out", tmp_path / "store", "--format", "json"
    )
    assert code == 0, err
    found = json.loads(out)
    (card,) = [one for one in found["diagnoses"] if "marked bad: guesses" in one["title"]]
    assert card["skills"] == ["vision"]
    assert "Counts by eye" in card["rationale"]
    assert "SKILL.md:8" in card["rationale"]
    assert card["evidence"][0]["quote"] == "I guess there are three of them"
    assert card["evidence"][0]["step"] == 1
    stored = ProposalStore(tmp_path / "store").get(card["id"])
    assert [check.status for check in stored.checks] == ["verified"]
    request, (header,) = _request()
    assert (header["outcome"], header["reward"]) == ("fail", 0.2)
    assert {one["label"] for one in request["labels"]} == {"guesses", "fine", ""}
    assert {one["trace"] for one in request["labels"]} == {header["id"]}


def test_without_labels_nothing_is_said_of_them(
    command: Command, library: Path, path: Path, tmp_path: Path
) -> None:
    code, out, _ = command(
        "evolve", library, "--traces", path, "--out", tmp_path / "store", "--format", "json"
    )
    assert code == 0
    assert not [one for one in json.loads(out)["diagnoses"] if "marked bad" in one["title"]]
    request, (header,) = _request()
    assert request.get("labels", []) == []
    assert header["outcome"] == "unknown"


def test_labels_that_fit_no_step_any_more_are_told_and_left_out(
    command: Command, library: Path, path: Path, tmp_path: Path
) -> None:
    command("trace", "annotate", path, "--step", 1, "--label", "guesses", "--verdict", "bad")
    file = tmp_path / "labels.jsonl"
    command("trace", "annotations", "export", "--out", file)
    path.write_text(path.read_text().replace("I guess there", "I counted, there"))
    code, _, err = command(
        "evolve", library, "--labels", file, "--traces", path, "--out", tmp_path / "store"
    )
    assert code == 0
    assert "1 of 1 labels are not used" in err
    request, _ = _request()
    assert request.get("labels", []) == []


@pytest.mark.parametrize("content", ["{}", "no json", '{"id": 1}'])
def test_a_file_that_is_no_label_set_is_refused(
    command: Command, library: Path, path: Path, tmp_path: Path, content: str
) -> None:
    (tmp_path / "set").write_text(content)
    code, _, err = command("evolve", library, "--traces", path, "--labels", tmp_path / "set")
    assert code == 2
    assert "set, line 1" in err
    assert command("evolve", library, "--labels", tmp_path / "none")[0] == 2


def test_labels_are_part_of_what_a_plugin_is_told() -> None:
    assert Request("j", "evolver", "/l", ()).labels == ()
