"""``pack`` and ``unpack`` on the command line."""

from __future__ import annotations

import hashlib

import pytest

from tests.unit.cli.authoring import checked, make


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    yield tmp_path / "here"
    monkeypatch.undo()


def test_a_skill_goes_there_and_back(tmp_path, here, command):
    folder = make(tmp_path / "library", "demo")
    code, out, _ = command("pack", folder, "--format", "json")
    packed = checked(out, "pack")
    content = (here / "demo.skill").read_bytes()
    assert code == 0
    assert packed["file"] == str(here / "demo.skill")
    assert packed["sha256"] == hashlib.sha256(content).hexdigest()
    assert packed["files"] == ["demo/SKILL.md"]
    code, out, _ = command("unpack", "demo.skill", "--format", "json")
    unpacked = checked(out, "unpack")
    assert code == 0
    assert unpacked["folder"] == str(here / "demo")
    assert (here / "demo" / "SKILL.md").read_bytes() == (folder / "SKILL.md").read_bytes()


def test_for_claude_ai_what_moved_is_listed(tmp_path, here, command):
    folder = make(tmp_path / "library", "demo", model="opus", hooks="{a: {b: c}}")
    before = (folder / "SKILL.md").read_bytes()
    code, out, _ = command("pack", folder, "--for", "claude.ai", "--dry-run")
    assert code == 0
    assert "moved     model: not a key there; now metadata.model" in out
    assert "dropped   hooks" in out
    assert list(here.iterdir()) == []
    assert (folder / "SKILL.md").read_bytes() == before


def test_errors_of_the_rules_stop_it_unless_forced(tmp_path, here, command):
    folder = make(tmp_path / "library", "demo", model="opus")
    code, out, _ = command("pack", folder)
    assert code == 1
    assert "model" in out
    assert "Nothing was packed" in out
    assert list(here.iterdir()) == []
    assert command("pack", folder, "--force")[0] == 0
    assert (here / "demo.skill").is_file()


def test_nothing_is_overwritten_unasked(tmp_path, here, command):
    folder = make(tmp_path / "library", "demo")
    (here / "demo.skill").write_text("mine")
    code, _, err = command("pack", folder)
    assert code == 2
    assert "--overwrite" in err
    assert (here / "demo.skill").read_text() == "mine"
    assert command("pack", folder, "--overwrite")[0] == 0
    code, _, err = command("pack", folder, "--out", folder / "assets.skill")
    assert code == 2
    assert "lies in the skill itself" in err


def test_wrong_input_ends_with_words(tmp_path, here, command):
    assert command("pack", tmp_path / "none")[0] == 2
    (here / "bad.skill").write_text("no zip")
    code, _, err = command("unpack", "bad.skill")
    assert code == 2
    assert "no readable zip" in err
    assert command("unpack", "none.skill")[0] == 2
    assert [path.name for path in here.iterdir()] == ["bad.skill"]
