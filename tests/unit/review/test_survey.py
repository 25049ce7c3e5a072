"""What is said of a repository before an apply, without running anything of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.review.build import SKILL, Bench, edited, git, make_library
from workbench.review.applying.transaction import survey
from workbench.review.plan import ReviewProblem

FILE = "demo/SKILL.md"


@pytest.fixture
def library(tmp_path: Path) -> Path:
    library = make_library(tmp_path / "library", {FILE: SKILL})
    git(library, "config", "filter.own.clean", f"touch '{tmp_path}/sprung'; tr a-z A-Z")
    (library / ".git/info").mkdir(exist_ok=True)
    (library / ".git/info/attributes").write_text("*.md filter=own\n")
    git(library, "commit", "--quiet", "--message=filtered", "--", FILE)
    (tmp_path / "sprung").unlink()
    return library


def test_looking_before_the_apply_runs_no_filter_and_says_which_programs_will_run(
    library: Path, tmp_path: Path
) -> None:
    hook = library / ".git/hooks/commit-msg"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text("#!/bin/sh\n")
    hook.chmod(0o755)
    (library / FILE).touch()
    ground = survey(library, (FILE,), use_git=True)
    assert not (tmp_path / "sprung").exists()
    assert "commit-msg, filters of the files" in ground.note
    (library / FILE).touch()
    survey(library, (FILE,), use_git=True, committing=True)
    assert (tmp_path / "sprung").exists(), "the trap itself has to work"


def test_a_file_that_passes_through_a_filter_is_applied(library: Path, tmp_path: Path) -> None:
    bench = Bench(tmp_path, library, [edited(FILE, SKILL.decode().replace("First", "Second"))])
    bench.accept()
    assert bench.apply().commit is not None
    assert b"Second line." in (library / FILE).read_bytes()


def test_changes_of_a_person_are_told_before_and_refused(library: Path) -> None:
    (library / FILE).write_bytes(SKILL + b"mine\n")
    with pytest.raises(ReviewProblem, match="not committed"):
        survey(library, (FILE,), use_git=True, committing=True)
    (library / ".git/info/attributes").write_text("")
    with pytest.raises(ReviewProblem, match="not committed"):
        survey(library, (FILE,), use_git=True)
