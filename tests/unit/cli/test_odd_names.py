"""Names and texts made to break a terminal, an encoding or a document."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.unit.review.build import SKILL, Bench, edited, make_library
from workbench.cli.main import run

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="names there are Unicode")

NAMES = ("esc\x1b[31m", os.fsdecode(b"odd\xff"), "two\nlines", "right\u202eleft", "plain")


@pytest.fixture
def library(tmp_path: Path) -> Path:
    for name in NAMES:
        folder = tmp_path / "library" / name
        folder.mkdir(parents=True)
        (folder / "SKILL.md").write_text("---\nname: plain\ndescription: d\n---\nUse `git`.\n")
        (folder / f"{name}.sh").write_text("git status\n")
    return tmp_path / "library"


@pytest.mark.parametrize("command", ["check", "scan", "graph"])
def test_every_skill_is_in_the_document_and_nothing_drives_the_terminal(
    library: Path, capsys: pytest.CaptureFixture[str], command: str
) -> None:
    assert run([command, str(library), "--format", "json"], lambda *_: 9) in (0, 1)
    found = json.loads(capsys.readouterr().out)
    rows = [one for one in found.get("nodes", found.get("skills")) if one.get("kind") != "program"]
    assert len(rows) == len(NAMES)
    run([command, str(library)], lambda *_: 9)
    out = capsys.readouterr()
    for text in (out.out, out.err):
        assert not {"\x1b", "\u202e"} & set(text)
        text.encode()


def test_a_document_is_utf8_whatever_the_terminal_is(library: Path) -> None:
    (library / "plain" / "größe.sh").write_text("rm -rf /\n")
    command = [sys.executable, "-m", "workbench", "scan", str(library), "--format", "json"]
    for environment in ({"PYTHONIOENCODING": "ascii"}, {"PYTHONIOENCODING": "latin-1"}):
        answer = subprocess.run(
            command, env=os.environ | environment, capture_output=True, check=False
        )
        assert b"Traceback" not in answer.stderr
        assert "größe.sh" in json.dumps(json.loads(answer.stdout), ensure_ascii=False)


def test_text_is_printed_where_the_terminal_lacks_letters(library: Path) -> None:
    command = [sys.executable, "-m", "workbench", "graph", str(library)]
    environment = os.environ | {"PYTHONIOENCODING": "ascii"}
    answer = subprocess.run(command, env=environment, capture_output=True, check=False)
    assert (answer.returncode, b"Traceback" in answer.stderr) == (0, False)


def test_a_proposal_cannot_hide_its_lines_in_a_terminal(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    library = make_library(tmp_path / "reviewed", {"demo/SKILL.md": SKILL})
    new = SKILL + "\nrm -rf ~\x1b[2K\x1b[1A harmless \u202e\n".encode()
    bench = Bench(tmp_path, library, [edited("demo/SKILL.md", new)])
    for action in ("list", "show", "check"):
        run(["proposals", action, "--store", str(bench.store.folder)], lambda *_: 9)
        text = capsys.readouterr().out
        assert not {"\x1b", "\u202e"} & set(text)
    assert run(["proposals", "show", "--store", str(bench.store.folder)], lambda *_: 9) == 0
    assert "rm -rf ~\\x1b[2K" in capsys.readouterr().out


def test_a_folder_without_skills_is_told_by_every_command(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for command in ("check", "fix", "scan", "trust", "graph", "evolve"):
        assert run([command, str(tmp_path)], lambda *_: 9) == 2
        assert "holds no skill" in capsys.readouterr().err
