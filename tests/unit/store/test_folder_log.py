"""The log of a folder with the files each commit changed, in real repositories."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.review.build import git, make_library
from workbench.store.file_history import blobs
from workbench.store.folder_log import (
    FolderCommit,
    Place,
    commits_named,
    commits_of_head,
    commits_saying,
    folder_log,
    shallow_commits,
    sizes,
)
from workbench.store.git import Repository


@pytest.fixture
def library(tmp_path: Path) -> Path:
    return make_library(tmp_path / "library", {"a/SKILL.md": b"one\r\n", "b/x.md": b"two\n"})


def the(library: Path) -> Repository:
    repository = Repository.find(library)
    assert repository is not None
    return repository


def commit(library: Path, message: str, **files: str | None) -> None:
    for name, text in files.items():
        path = library / name.replace("__", "/").replace("_md", ".md")
        path.parent.mkdir(parents=True, exist_ok=True)
        if text is None:
            path.unlink()
        else:
            path.write_text(text)
    git(library, "add", "--all")
    git(library, "commit", "--quiet", "-m", message)


def whole(library: Path, folder: str = "a") -> list[FolderCommit]:
    found: list[FolderCommit] = []
    place: Place | None = Place("HEAD", folder)
    while place is not None:
        more, place = folder_log(the(library), place, 2)
        found += more
    return found


def test_pages_hold_every_commit_of_the_folder_once(library: Path) -> None:
    for number in range(5):
        commit(library, f"a {number}", a__SKILL_md=f"{number}\n")
        commit(library, f"b {number}", b__x_md=f"{number}\n")
    subjects = [one.commit.subject for one in whole(library)]
    assert subjects == [f"a {number}" for number in (4, 3, 2, 1, 0)] + ["start"]


def test_the_files_of_a_commit_name_their_bytes(library: Path) -> None:
    commit(library, "both", a__SKILL_md="new\n", a__note_md="more\n", b__x_md="other\n")
    newest = whole(library)[0]
    skill, note = newest.files
    assert (skill.path, note.path, note.before) == ("a/SKILL.md", "a/note.md", "")
    read = blobs(the(library), [skill.before, skill.after])
    assert (read[skill.before], read[skill.after]) == (b"one\r\n", b"new\n")
    assert sizes(the(library), [skill.after, "0" * 40]) == {skill.after: 4}


def test_a_folder_that_was_renamed_is_followed(library: Path) -> None:
    commit(library, "grow", a__SKILL_md="a longer text\n" * 9, a__ref__r_md="r\n" * 9)
    git(library, "mv", "a", "c")
    git(library, "commit", "--quiet", "-m", "rename")
    commit(library, "after", c__SKILL_md="changed\n" + "a longer text\n" * 9)
    # Another skill takes the old name: what it does there is not this skill's.
    commit(library, "stranger", a__SKILL_md="quite another\n")
    assert [one.commit.subject for one in whole(library, "c")] == [
        *("after", "rename", "grow", "start")
    ]
    assert next(one.commit.subject for one in whole(library, "a")) == "stranger"


def test_a_folder_that_went_and_came_again_has_both_lives(library: Path) -> None:
    commit(library, "gone", a__SKILL_md=None)
    commit(library, "again", a__SKILL_md="new life\n")
    again, gone, start = whole(library)
    assert (again.files[0].before, gone.files[0].after) == ("", "")
    assert start.commit.subject == "start"


def test_a_merge_tells_what_it_changed_on_its_branch(library: Path) -> None:
    git(library, "checkout", "--quiet", "-b", "side")
    commit(library, "side", a__SKILL_md="side\n")
    git(library, "checkout", "--quiet", "-")
    commit(library, "main", a__SKILL_md="main\n")
    git(library, "merge", "--quiet", "side", "-X", "ours", "-m", "merge", check=False)
    (library / "a/SKILL.md").write_text("both\n")
    git(library, "add", "--all")
    git(library, "commit", "--quiet", "--amend", "-m", "merge")
    merge = whole(library)[0]
    assert (merge.commit.subject, len(merge.commit.parents)) == ("merge", 2)
    assert [file.path for file in merge.files] == ["a/SKILL.md"]


def test_names_with_odd_signs_are_read_as_they_are(library: Path) -> None:
    name = 'a/ü "x"\n\tnew.md'
    (library / name).write_text("odd\n")
    git(library, "add", "--all")
    git(library, "commit", "--quiet", "-m", "odd")
    assert whole(library)[0].files[0].path == name


def test_commits_are_found_by_name_and_by_what_they_say(library: Path) -> None:
    commit(library, "Apply\n\nSkill-Workbench-Proposal: p.1", a__SKILL_md="x\n")
    (found,) = commits_saying(the(library), ["Skill-Workbench-Proposal: p.1"])
    assert commits_saying(the(library), ["Skill-Workbench-Proposal: pX1"]) == ()
    named = commits_named(the(library), [found.sha, "f" * 40])
    assert list(named) == [found.sha]
    assert found.sha in commits_of_head(the(library))
    assert len(commits_of_head(the(library))) == 2


def test_a_shallow_clone_says_where_it_ends(library: Path, tmp_path: Path) -> None:
    for number in range(3):
        commit(library, f"a {number}", a__SKILL_md=f"{number}\n")
    assert shallow_commits(the(library)) == frozenset()
    git(tmp_path, "clone", "--quiet", "--depth=2", library.as_uri(), "clone")
    found = whole(tmp_path / "clone")
    assert [one.commit.subject for one in found] == ["a 2", "a 1"]
    assert shallow_commits(the(tmp_path / "clone")) == {found[-1].commit.sha}


def test_before_the_first_commit_there_is_no_log(tmp_path: Path) -> None:
    git(tmp_path, "init", "--quiet")
    assert whole(tmp_path) == []
    assert commits_of_head(the(tmp_path)) == frozenset()
    assert commits_saying(the(tmp_path), ["x"]) == ()
