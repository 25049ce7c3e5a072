"""``proposals list`` and ``contests`` from the command line."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest

from tests.unit.plugin.schema_subset import problems
from tests.unit.review.build import SKILL, edited, make_library, proposal_on
from workbench.cli.main import run
from workbench.domain.proposal import Engine, Gate
from workbench.resources import bundled
from workbench.store.proposals import ProposalStore


@pytest.fixture
def store(tmp_path: Path) -> ProposalStore:
    library = make_library(tmp_path / "library", {"demo/SKILL.md": SKILL}, repository=False)
    made = ProposalStore(tmp_path / "store")
    for name, old, new, gate in (
        ("first", b"1. One", b"1. Uno", Gate("promising", repairs=3, regressions=1)),
        ("second", b"1. One", b"1. Eins", Gate("supported", repairs=4, regressions=0)),
        ("third", b"Last line.", b"Last.\n\nReally.", Gate()),
    ):
        proposal = proposal_on(
            library, [edited("demo/SKILL.md", SKILL.replace(old, new))], name=name
        )
        engine = Engine("gepa" if name == "second" else "miner", "1.0")
        made.add(msgspec.structs.replace(proposal, gate=gate, engine=engine))
    return made


@pytest.fixture
def asked(store: ProposalStore, capsys: pytest.CaptureFixture[str]) -> Any:
    def ask(*arguments: str) -> dict[str, Any]:
        command = ["proposals", *arguments, "--store", str(store.folder), "--format", "json"]
        assert run(command, lambda *_: pytest.fail("no window")) == 0
        found: dict[str, Any] = json.loads(capsys.readouterr().out)
        name = found["schema"].split("/")[1]
        schema = json.loads((bundled("resources") / "schemas" / f"{name}.json").read_text())
        assert problems(found, schema) == []
        return found

    return ask


@pytest.mark.parametrize(
    ("options", "names"),
    [
        ([], ["first", "second", "third"]),
        (["--engine", "gepa"], ["second"]),
        (["--level", "supported", "--level", "promising"], ["first", "second"]),
        (["--contested"], ["first", "second"]),
        (["--skill", "other"], []),
        (["--words", "demo/skill"], ["first", "second", "third"]),
        (["--status", "rejected"], []),
        (["--sort", "level"], ["second", "first", "third"]),
        (["--sort", "largest"], ["third", "first", "second"]),
    ],
)
def test_filters_and_orders(asked: Any, options: list[str], names: list[str]) -> None:
    rows = asked("list", *options)["proposals"]
    got = [row["id"] for row in rows]
    if "largest" in options:
        assert got[0] == "third"
        assert sorted(got) == sorted(names)
    else:
        assert got == names


def test_a_row_has_size_and_rivals(asked: Any) -> None:
    first, _, third = asked("list")["proposals"]
    assert (first["repairs"], first["regressions"]) == (3, 1)
    assert (first["added"], first["removed"], first["contested"]) == (1, 1, 1)
    assert first["rivals"] == ["second"]
    assert (third["added"], third["removed"], third["rivals"]) == (3, 1, [])


def test_contests_show_each_version_of_the_lines(asked: Any) -> None:
    (contest,) = asked("contests")["contests"]
    assert contest["base_lines"] == ["1. One\n"]
    assert {side["proposal"]: side["lines"] for side in contest["sides"]} == {
        "first": ["1. Uno\n"],
        "second": ["1. Eins\n"],
    }
    assert contest["agreed"] is False
    assert asked("contests", "--words", "third")["contests"] == []


def test_the_text_names_rivals_and_an_empty_answer_says_so(
    store: ProposalStore, capsys: pytest.CaptureFixture[str]
) -> None:
    where = ["--store", str(store.folder)]
    run(["proposals", "list", *where], lambda *_: None)
    assert "contested at 1 place by second" in capsys.readouterr().out
    run(["proposals", "list", "--status", "applied", *where], lambda *_: None)
    assert "None of the 3 proposals" in capsys.readouterr().out
    run(["proposals", "contests", *where], lambda *_: None)
    out = capsys.readouterr().out
    assert "demo/SKILL.md:11" in out
    assert "+ 1. Eins" in out
    run(["proposals", "contests", "--words", "third", *where], lambda *_: None)
    assert "No open proposals change the same lines." in capsys.readouterr().out


def test_contests_name_line_ends_where_they_alone_differ(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    library = make_library(tmp_path / "library", {"demo/SKILL.md": SKILL}, repository=False)
    store = ProposalStore(tmp_path / "store")
    for name, end in (("first", b"2. Two\r\n"), ("second", b"2. Deux\n")):
        text = SKILL.replace(b"2. Two\n", end)
        store.add(proposal_on(library, [edited("demo/SKILL.md", text)], name=name))
    run(["proposals", "contests", "--store", str(store.folder)], lambda *_: None)
    out = capsys.readouterr().out
    assert "  - 2. Two  [LF]\n" in out
    assert "    + 2. Two  [CRLF]\n" in out
    assert "    + 2. Deux  [LF]\n" in out
