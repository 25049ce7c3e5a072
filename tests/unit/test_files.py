"""Atomic writing."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path

import pytest

from workbench.files import (
    ChangedOutside,
    FileProblem,
    confined,
    is_program_folder,
    sha256,
    sha256_file,
    write_atomic,
)


def test_write_replaces_the_whole_file_and_returns_its_hash(tmp_path: Path) -> None:
    path = tmp_path / "a" / "SKILL.md"
    digest = write_atomic(path, b"one\r\n", expected=None)
    assert path.read_bytes() == b"one\r\n"
    assert digest == sha256(b"one\r\n") == sha256_file(path)


def test_write_keeps_permission_bits(tmp_path: Path) -> None:
    path = tmp_path / "run.sh"
    path.write_bytes(b"x")
    path.chmod(0o755)
    write_atomic(path, b"y")
    assert stat.S_IMODE(path.stat().st_mode) == 0o755


def test_write_refuses_when_the_file_changed_outside(tmp_path: Path) -> None:
    path = tmp_path / "SKILL.md"
    path.write_bytes(b"theirs")
    with pytest.raises(ChangedOutside, match="changed by another program") as caught:
        write_atomic(path, b"mine", expected=sha256(b"what I read"))
    assert caught.value.found == sha256(b"theirs")
    assert path.read_bytes() == b"theirs"


def test_full_disk_leaves_the_old_file_and_no_temporary(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "SKILL.md"
    path.write_bytes(b"old")

    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(FileProblem, match="disk is full"):
        write_atomic(path, b"new")
    assert path.read_bytes() == b"old"
    assert [entry.name for entry in tmp_path.iterdir()] == ["SKILL.md"]


@pytest.mark.parametrize("relative", ["../x", "/etc/passwd", "a/../../x", "a\\b", "a\0b"])
def test_confined_refuses_paths_that_leave_the_folder(tmp_path: Path, relative: str) -> None:
    with pytest.raises(FileProblem, match="leaves the folder"):
        confined(tmp_path, relative)


def test_confined_tells_of_a_name_no_file_system_takes(tmp_path: Path) -> None:
    with pytest.raises(FileProblem, match="too long") as told:
        confined(tmp_path, "a" * 5000)
    assert len(str(told.value)) < 500


def test_confined_refuses_links(tmp_path: Path) -> None:
    (tmp_path / "out").symlink_to("/tmp")
    with pytest.raises(FileProblem, match="is a link"):
        confined(tmp_path, "out/x")


@pytest.mark.parametrize(
    "name", [".git", ".GIT", ".git. ", "GIT~1", ".g\u200bit", ".hg", ".Workbench"]
)
def test_a_programs_folder_is_known_however_it_is_spelled(name: str) -> None:
    assert is_program_folder(name)


@pytest.mark.parametrize("name", ["git", ".github", ".gitignore", "workbench", "", "..."])
def test_other_folders_are_no_programs(name: str) -> None:
    assert not is_program_folder(name)
