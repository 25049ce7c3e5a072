"""``share`` from the command line: two people, two clones, one remote."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.unit.plugin.schema_subset import problems
from tests.unit.review.build import SKILL, git
from tests.unit.review.two_people import Person, commit, two_people
from workbench.cli.main import run
from workbench.cli.share_schemas import schemas
from workbench.resources import bundled


class Cli:
    def __init__(self, person: Person, capsys: pytest.CaptureFixture[str]) -> None:
        self.person, self.capsys = person, capsys
        person.store.folder.mkdir(exist_ok=True)

    def __call__(self, *arguments: str, code: int = 0, command: str = "share") -> str:
        line = [command, *arguments, "--store", str(self.person.store.folder)]
        if command == "share":
            line.insert(2, str(self.person.library))
        got = run(line, lambda *_: pytest.fail("no window"))
        out = self.capsys.readouterr()
        self.err = out.err
        assert got == code, out.err + out.out
        return out.out

    def json(self, *arguments: str, code: int = 0) -> dict[str, Any]:
        """Every document that a test reads is held against its published schema."""
        found = json.loads(self(*arguments, "--format", "json", code=code))
        name = found["schema"].split("/")[1]
        schema = json.loads((bundled("resources") / "schemas" / f"{name}.json").read_text())
        assert problems(found, schema) == []
        return dict(found)


@pytest.fixture
def clis(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> tuple[Cli, Cli]:
    ann, ben = two_people(tmp_path)
    return Cli(ann, capsys), Cli(ben, capsys)


def test_two_people_review_one_proposal_without_a_server(clis: tuple[Cli, Cli]) -> None:
    ann, ben = clis
    ann.person.propose()
    ann("preview", code=2)
    assert "share on" in ann.err
    setting = ann.json("on")["sharing"]
    assert setting == {"remote": "origin", "branch": "skill-workbench/proposals", "version": 1}
    preview = ann.json("preview", "--add", "p1")
    assert preview["proposals"] == ["p1"]
    assert "A better line." in "".join(one["text"] for one in preview["files"])
    assert str(ann.person.folder) not in "".join(one["text"] for one in preview["files"])
    sent = ann.json("sync", "--add", "p1")
    assert sent["sent"] == [one["path"] for one in preview["files"]]
    assert ann.json("status")["queue"]["shared"] == ["p1"]

    ben("on")
    assert ben.json("sync")["proposals"] == ["p1"]
    ben("approve", "p1", "--hunks", "1", command="proposals")
    ben("sync")
    ann("reject", "p1", "--hunks", "1", "--comment", "too bold", command="proposals")
    told = ann.json("sync", code=1)
    assert (told["decisions"][0]["reviewer"], told["conflicts"]) == (ben.person.reviewer, ["p1"])
    said = ann.json("conflicts", code=1)["conflicts"][0]["said"]
    assert [one["verdict"]["verdict"] for one in said] == ["accept", "reject"]
    assert "too bold" in ann("conflicts", code=1)
    ann("apply", "p1", command="proposals", code=2)
    assert "settle it" in ann.err
    resolved = ("--proposal", "p1", "--hunks", "1", "--verdict", "accept")
    assert ann.json("resolve", *resolved)["conflicts"] == []
    ann("apply", "p1", command="proposals")
    pushed = ann.json("push")
    assert (pushed["pushed"], len(pushed["commits"])) == (True, 1)
    ann("sync")
    assert ben.json("sync")["applied"] == ["p1"]
    assert "reviewers differ" not in ben("sync")
    assert "Reviewers differ on nothing." in ben("conflicts")
    assert ann.json("off")["sharing"] is None


def test_incoming_commits_are_reviewed_and_taken_over_whole(clis: tuple[Cli, Cli]) -> None:
    ann, ben = clis
    (ann.person.library / "demo/SKILL.md").write_bytes(SKILL.replace(b"First", b"1st"))
    commit(ann.person, "Say 1st")
    git(ann.person.root, "push", "--quiet")
    assert ben.json("status")["distance"]["behind"] == 0
    assert ben.json("fetch")["changed"] is True
    assert "1 to come in" in ben("status")
    found = ben.json("incoming")
    assert [one["state"] for one in found["commits"]] == ["new"]
    assert "not reviewed" in found["why_not"]
    (name,) = ben.json("take")["proposals"]
    ben("forward", code=2)
    assert "not all of commit" in ben.err
    ben("approve", name, command="proposals")
    assert ben.json("incoming")["can_forward"] is True
    assert ben.json("forward")["applied"] == [name]
    assert git(ben.person.root, "rev-parse", "HEAD") == git(ann.person.root, "rev-parse", "HEAD")
    assert ben.json("push")["why_not"] == "origin/main has all of it."
    assert "nothing for the skills" in ben("incoming")


def test_both_sides_are_joined_and_pushed(clis: tuple[Cli, Cli]) -> None:
    ann, ben = clis
    (ann.person.root / "README.md").write_bytes(b"Other.\n")
    git(ann.person.root, "commit", "--quiet", "--all", "--message=Readme")
    git(ann.person.root, "push", "--quiet")
    (ben.person.library / "demo/SKILL.md").write_bytes(SKILL + b"Ben.\n")
    commit(ben.person, "Mine")
    ben("push", code=1)
    assert "Fetch, review them" in ben.err
    assert "join the two" in ben("push", code=1)
    ben("join", code=2)
    assert "README.md would come along" in ben.err
    joined = ben.json("join", "--with-others")
    assert joined["came_along"] == ["README.md"]
    assert ben.json("push")["pushed"] is True


def test_what_is_in_the_way_is_said_with_its_exit_code(clis: tuple[Cli, Cli]) -> None:
    ann, _ = clis
    git(ann.person.root, "remote", "set-url", "origin", str(ann.person.folder / "gone"))
    ann("fetch", code=1)
    assert "git remote -v" in ann.err
    git(ann.person.root, "config", "core.sshCommand", "/bin/false")
    ann("fetch", code=2)
    assert "--trust-config" in ann.err
    ann("fetch", "--trust-config", code=1)
    git(ann.person.root, "remote", "remove", "origin")
    ann("fetch", code=2)
    assert "git remote add" in ann.err
    assert "git remote add" in ann("status")
    ann("on", "--branch", "main", "--here", code=2)
    ann("on", "--branch", "a..b", "--here", code=2)
    assert "no name of a branch" in ann.err
    ann("on", "--here")
    (ann.person.library / ".workbench/sharing.toml").write_text("version = 7\n")
    ann("status", code=2)
    assert "Update this program" in ann.err


def test_a_folder_in_no_repository_has_nobody_to_share_with(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "library").mkdir()
    assert run(["share", "status", str(tmp_path / "library")], lambda *_: 9) == 2
    assert "is in no git repository" in capsys.readouterr().err


def test_the_published_schemas_are_those_of_the_values() -> None:
    folder = bundled("resources") / "schemas"
    for name, text in schemas().items():
        assert (folder / name).read_bytes() == text, f"write {name} again"
