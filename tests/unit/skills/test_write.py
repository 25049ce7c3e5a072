"""Saving a file of a skill stays inside the folder and never passes over a change."""

from __future__ import annotations

from pathlib import Path

import pytest

from workbench.files import ChangedOutside, FileProblem, sha256
from workbench.skills.write import save_skill_file


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "demo"
    folder.mkdir()
    (folder / "SKILL.md").write_bytes(b"old")
    return folder


def test_the_file_is_written_whole_and_its_hash_returned(folder):
    assert save_skill_file(folder, "SKILL.md", b"new\r\n", sha256(b"old")) == sha256(b"new\r\n")
    assert (folder / "SKILL.md").read_bytes() == b"new\r\n"
    assert [path.name for path in folder.iterdir()] == ["SKILL.md"]


def test_a_new_file_makes_its_folder(folder):
    save_skill_file(folder, "references/deep/a.md", b"x", None)
    assert (folder / "references" / "deep" / "a.md").read_bytes() == b"x"


def test_a_change_from_outside_is_not_overwritten(folder):
    (folder / "SKILL.md").write_bytes(b"theirs")
    with pytest.raises(ChangedOutside):
        save_skill_file(folder, "SKILL.md", b"mine", sha256(b"old"))
    with pytest.raises(ChangedOutside):
        save_skill_file(folder, "SKILL.md", b"mine", None)
    (folder / "SKILL.md").unlink()
    with pytest.raises(ChangedOutside):
        save_skill_file(folder, "SKILL.md", b"mine", sha256(b"old"))
    assert not (folder / "SKILL.md").exists()


@pytest.mark.parametrize(
    "rel",
    [
        "../x",
        "/etc/x",
        "a/../../x",
        "",
        ".",
        ".git/hooks/pre-commit",
        "sub/.GIT/config",
        "a\\b",
        "a\0b",
    ],
)
def test_a_path_out_of_the_skill_is_refused(folder, rel):
    with pytest.raises(FileProblem):
        save_skill_file(folder, rel, b"x", None)
    assert [path.name for path in folder.parent.rglob("*")] == ["demo", "SKILL.md"]


def test_links_and_folders_are_not_written_through(folder, tmp_path):
    (tmp_path / "outside").mkdir()
    (folder / "link").symlink_to(tmp_path / "outside")
    (folder / "sub").mkdir()
    with pytest.raises(FileProblem, match="link"):
        save_skill_file(folder, "link/x", b"x", None)
    with pytest.raises(FileProblem, match="folder"):
        save_skill_file(folder, "sub", b"x", None)
    assert not list((tmp_path / "outside").iterdir())


def test_a_skill_folder_that_is_gone_is_not_made_again(tmp_path):
    with pytest.raises(FileProblem, match="gone"):
        save_skill_file(tmp_path / "absent", "SKILL.md", b"x", None)
    assert not (tmp_path / "absent").exists()
