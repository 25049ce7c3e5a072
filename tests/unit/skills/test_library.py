"""Finding skills below a folder, and reading them again cheaply."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from workbench.skills import library as library_module
from workbench.skills.library import LibraryCache, find_skill_folders, read_library
from workbench.skills.problems import SkillError

GOOD = b"---\nname: %s\ndescription: Does it.\n---\n\n# Demo\n"


def make(root: Path, name: str) -> Path:
    folder = root / name
    folder.mkdir(parents=True)
    (folder / "SKILL.md").write_bytes(GOOD % folder.name.encode())
    return folder


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = tmp_path / "library"
    for name in (
        "b",
        "group/a",
        "group/a/nested/c",
        "node_modules/pkg/skill",
        ".git/x",
        ".hidden/d",
    ):
        make(root, name)
    return root


def test_every_skill_is_found_but_not_in_packages_and_repositories(root):
    found = read_library(root)
    assert [skill.id for skill in found.skills] == [
        ".hidden/d",
        "b",
        "group/a",
        "group/a/nested/c",
    ]
    assert found.problems == ()
    assert found.skill("group/a").nested == ("nested/c",)
    assert [str(path.relative_to(root)) for path in find_skill_folders(root)] == [
        ".hidden/d",
        "b",
        "group/a",
        "group/a/nested/c",
    ]


def test_the_root_may_be_a_skill_itself(root):
    (root / "SKILL.md").write_bytes(GOOD % b"library")
    found = read_library(root)
    assert [skill.id for skill in found.skills][:2] == [".", ".hidden/d"]
    assert "b" in found.skill(".").nested


def test_links_are_told_and_not_followed(root, tmp_path):
    make(tmp_path, "elsewhere")
    (root / "linked").symlink_to(tmp_path / "elsewhere")
    (root / "loop").symlink_to(root)
    (root / "group" / "half").mkdir()
    (root / "group" / "half" / "SKILL.md").symlink_to(tmp_path / "elsewhere" / "SKILL.md")
    found = read_library(root)
    assert len(found.skills) == 4
    assert {problem.path for problem in found.problems} == {"linked", "loop", "group/half/SKILL.md"}


def test_an_unreadable_folder_or_skill_is_a_problem_of_its_own(root):
    if os.geteuid() == 0:
        pytest.skip("root may read everything")
    (root / "b" / "SKILL.md").chmod(0)
    locked = make(root, "locked")
    locked.chmod(0)
    try:
        found = read_library(root)
    finally:
        locked.chmod(0o755)
    assert [skill.id for skill in found.skills] == [".hidden/d", "group/a", "group/a/nested/c"]
    assert {problem.path for problem in found.problems} == {"b", "locked"}


def test_a_missing_library_is_said(tmp_path):
    with pytest.raises(SkillError, match="does not exist"):
        read_library(tmp_path / "absent")


def test_bounds_are_told_not_passed_silently(root, monkeypatch):
    monkeypatch.setattr(library_module, "MAX_DEPTH", 1)
    found = read_library(root)
    assert [skill.id for skill in found.skills] == ["b"]
    assert any("not searched" in problem.message for problem in found.problems)
    monkeypatch.setattr(library_module, "MAX_FOLDERS", 2)
    assert any("the rest" in problem.message for problem in read_library(root).problems)


@pytest.fixture
def settled(root, monkeypatch) -> Path:
    # Files are trusted however young they are: the tests need not wait.
    monkeypatch.setattr(library_module, "_RACY_NS", -(10**12))
    return root


def test_a_warm_cache_gives_the_same_values_without_reading(settled, monkeypatch):
    cache = LibraryCache()
    first = read_library(settled, cache)
    monkeypatch.setattr(
        library_module, "skill_from_listing", lambda *_: pytest.fail("read although unchanged")
    )
    again = read_library(settled, cache)
    assert again == first
    assert again.skills[0] is first.skills[0]


@pytest.mark.parametrize("change", ["edit", "same size and time", "add", "delete", "mode", "nest"])
def test_a_change_is_seen_through_the_cache(settled, change):
    cache = LibraryCache()
    extra = settled / "b" / "extra.txt"
    extra.write_bytes(b"one")
    read_library(settled, cache)
    if change == "edit":
        (settled / "b" / "SKILL.md").write_bytes(GOOD % b"changed")
    elif change == "same size and time":
        before = extra.stat()
        replacement = settled / "b" / "new"
        replacement.write_bytes(b"two")
        replacement.replace(extra)
        os.utime(extra, ns=(before.st_atime_ns, before.st_mtime_ns))
    elif change == "add":
        (settled / "b" / "more.txt").write_bytes(b"x")
    elif change == "delete":
        extra.unlink()
    elif change == "mode":
        extra.chmod(0o755)
    else:
        make(settled / "b", "inner")
    assert read_library(settled, cache) == read_library(settled)


def test_a_file_changed_just_now_is_not_trusted(root):
    cache = LibraryCache()
    for number in range(20):
        (root / "b" / "extra.txt").write_bytes(b"%03d" % number)
        assert read_library(root, cache) == read_library(root)


def test_a_folder_or_pipe_named_skill_md_is_told(tmp_path: Path) -> None:
    (tmp_path / "one" / "SKILL.md").mkdir(parents=True)
    (tmp_path / "two").mkdir()
    os.mkfifo(tmp_path / "two" / "SKILL.md")
    library = read_library(tmp_path)
    assert library.skills == ()
    assert [problem.path for problem in library.problems] == ["one/SKILL.md", "two/SKILL.md"]
