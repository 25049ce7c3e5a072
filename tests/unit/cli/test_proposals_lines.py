"""``proposals split``, ``comment`` and ``comments`` from the command line."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.cli.test_proposals import Cli
from tests.unit.review.build import SKILL, Bench, edited, make_library, tree
from workbench.cli.proposals_lines_schemas import schemas
from workbench.resources import bundled

NEW = SKILL.replace(b"1. One\n2. Two\n", b"1. Uno\n2. Due\n2a. Extra\n") + b"\nA.\n\nB.\n"
ANN = ("--reviewer", "Ann <ann@x.invalid>")
BEN = ("--reviewer", "Ben <ben@x.invalid>")


@pytest.fixture
def library(tmp_path: Path) -> Path:
    return make_library(tmp_path / "library", {"demo/SKILL.md": SKILL})


@pytest.fixture
def cli(tmp_path: Path, library: Path, capsys: pytest.CaptureFixture[str]) -> Cli:
    return Cli(Bench(tmp_path, library, [edited("demo/SKILL.md", NEW)], name="mine-abc"), capsys)


def test_the_published_schemas_are_those_of_the_values() -> None:
    folder = bundled("resources") / "schemas"
    assert set(schemas()) == {"proposal-split.json", "comments.json"}
    for name, text in schemas().items():
        assert (folder / name).read_bytes() == text


def test_a_hunk_is_split_and_a_part_of_it_applied(cli: Cli, library: Path) -> None:
    cli("defer", "mine", "--hunks", "1", *ANN)
    found = cli.json("split", "mine", "1", "--by", "lines", *ANN)
    parts = [one for one in found["hunks"] if one["part_of"]]
    assert [one["lines"] for one in parts] == [
        ["-1. One\n", "+1. Uno\n"],
        ["-2. Two\n", "+2. Due\n"],
        ["+2a. Extra\n"],
    ]
    assert [one["verdict"] for one in parts] == ["defer"] * 3
    assert found["splits"][0]["at"] == [[1, 1], [2, 2]]
    cli("approve", "mine", "--hunks", parts[1]["id"], *ANN)
    cli("apply", "mine")
    assert tree(library)["demo/SKILL.md"][0] == SKILL.replace(b"2. Two\n", b"2. Due\n")


def test_lines_are_named_on_one_side_or_on_both(cli: Cli) -> None:
    assert cli.json("split", "mine", "1", "--at", "12", *ANN)["splits"][0]["at"] == [[1, 1]]
    joined = cli.json("split", "mine", "2", "--join", *ANN)
    assert (joined["splits"], len(joined["hunks"])) == ([], 2)
    # Both old lines go with the first new one.
    split = cli.json("split", "mine", "1", "--at", "13:12", *ANN)
    assert split["splits"][0]["at"] == [[2, 1]]
    again = cli.json("split", "mine", "2", "--at", "13", *ANN)
    assert again["splits"][0]["at"] == [[2, 1], [2, 2]]


def test_paragraphs_part_it_by_default_and_one_thing_is_not_split(cli: Cli) -> None:
    text = cli("split", "mine", "2", *ANN)
    assert text.count("@@") == 4
    cli("split", "mine", "2", *ANN, code=2)
    assert "already" in cli.err


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("split", "mine"), "Name the hunk"),
        (("split", "mine", "1", "--at", "x"), "is no line"),
        (("split", "mine", "1", "--at", "99"), "no line 99"),
        (("split", "mine", "1", "--at", "99:12"), "lie outside"),
        (("split", "mine", "1", "--join"), "is not split"),
        (("show", "mine", "more"), "too much"),
        (("comment", "mine", "demo/SKILL.md:12"), "Say it so"),
        (("comment", "mine", "demo/SKILL.md", "text"), "is no line of a file"),
        (("comment", "mine", "demo/SKILL.md:12", " "), "says nothing"),
        (("comment", "mine", "--delete", "feedbeef"), "is no comment"),
    ],
)
def test_what_cannot_be_done_is_said(cli: Cli, arguments: tuple[str, ...], words: str) -> None:
    cli(*arguments, *ANN, code=2)
    assert words in cli.err


def test_two_people_talk_about_a_line(cli: Cli) -> None:
    assert "Nothing was said" in cli("comments", "mine")
    begun = cli.json("comment", "mine", "demo/SKILL.md:12", "Why due?", *ANN)
    (thread,) = begun["threads"]
    assert (thread["text"], thread["side"], thread["outdated"]) == ("2. Due", "new", False)
    cli("comment", "mine", "Because.", "--reply", thread["id"][:8], *BEN)
    cli("comment", "mine", "--resolve", thread["id"], *BEN)
    cli("comment", "mine", "demo/SKILL.md:12", "It was good.", "--side", "old", *ANN)
    found = cli.json("comments", "mine")["threads"]
    assert [one["side"] for one in found] == ["new", "old"]
    assert [one["text"] for one in found[0]["comments"]] == ["Why due?", "Because."]
    assert found[0]["resolved_by"] == "Ben <ben@x.invalid>"
    assert cli.json("list")["proposals"][0]["comments"] == 1
    answer = found[0]["comments"][1]["id"]
    cli("comment", "mine", "--delete", answer, *ANN, code=2)
    assert "is by Ben" in cli.err
    cli("comment", "mine", "Since it is so.", "--rewrite", answer, *BEN)
    text = cli("comments", "mine")
    assert "Since it is so." in text
    assert "resolved by Ben" in text
    cli("comment", "mine", "--delete", answer, *BEN)
    (one, _) = cli.json("comments", "mine")["threads"]
    assert [said["text"] for said in one["comments"]] == ["Why due?"]
    assert "Why due?" in cli("report", "mine")
