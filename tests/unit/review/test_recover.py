"""A program that is killed at any step leaves nothing that the next start cannot mend."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.unit.review.build import LATER, SKILL, Bench, edited, git, make_library, tree
from workbench.review.applying.recover import recover
from workbench.review.applying.revert import revert

NEW = SKILL.replace(b"1. One", b"1. Uno")

#: Run in a child that dies at once, without any clean-up, at the step named.
_CHILD = """
import os, sys
from pathlib import Path
from workbench.review.applying import transaction
from workbench.review import disk
from workbench.review.applying.apply import apply_decision
from workbench.review.applying.revert import revert
from workbench.store import branches
from workbench.store.git import Repository
from workbench.store.history import LocalHistory
from workbench.store.proposals import ProposalStore

folder, what, step, count = Path(sys.argv[1]), sys.argv[2], sys.argv[3], int(sys.argv[4])
branch = sys.argv[5]
calls = [0]

def die_after(owner, name, before=False):
    real = getattr(owner, name)
    def wrapped(*arguments, **rest):
        calls[0] += 1
        if before and calls[0] == count:
            os._exit(9)
        answer = real(*arguments, **rest)
        if not before and calls[0] == count:
            os._exit(9)
        return answer
    setattr(owner, name, wrapped)

if step == "stage":
    die_after(disk, "_stage")
elif step == "replace":
    die_after(disk, "_replace")
elif step == "receipt":
    die_after(ProposalStore, "put_receipt")
elif step == "commit":
    die_after(Repository, "commit")
elif step == "intent":
    real = Repository.commit
    def half(self, paths, message, **rest):
        new = sorted(set(paths) - self.tracked(paths))
        self._ask(["add", "--intent-to-add", "--", *new], writing=True)
        os._exit(9)
    Repository.commit = half
elif step == "branch":
    die_after(branches, "_do")
elif step == "update":
    die_after(ProposalStore, "update", before=True)
store, history = ProposalStore(folder / "proposals"), LocalHistory(folder / "history")
if what == "apply":
    now = "2026-03-01T11:00:00.000000+00:00"
    yes = ("all-scripts", "all-deletions")
    apply_decision(store, history, "p1", now=now, branch=branch, confirmed=yes)
else:
    revert(store, history, "p1", now="2026-03-01T12:00:00.000000+00:00", reviewer="Ann")
os._exit(0)
"""

STEPS = [
    ("receipt", 1),
    ("stage", 1),
    ("stage", 2),
    ("replace", 1),
    ("replace", 2),
    ("replace", 3),
    ("receipt", 2),
    ("intent", 1),
    ("commit", 1),
    ("update", 1),
    ("receipt", 3),
]


def killed(folder: Path, what: str, step: str, count: int, branch: str = "") -> None:
    root = Path(__file__).resolve().parents[3]
    answer = subprocess.run(
        [sys.executable, "-c", _CHILD, str(folder), what, step, str(count), branch],
        env={**os.environ, "PYTHONPATH": str(root)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert answer.returncode == 9, answer.stderr


def a_bench(tmp_path: Path, *, repository: bool) -> Bench:
    files = {"demo/SKILL.md": SKILL, "demo/gone.bin": b"\x00\x01", "other/SKILL.md": SKILL}
    library = make_library(tmp_path / "library", files, repository=repository)
    from workbench.domain.proposal import Change

    changes = [
        edited("demo/SKILL.md", NEW, "c1"),
        Change("c2", "demo/gone.bin", "delete"),
        edited("fresh/deep/SKILL.md", "new\r\n", "c3", mode="100755"),
    ]
    bench = Bench(tmp_path, library, changes)
    bench.accept()
    return bench


@pytest.mark.parametrize(
    ("repository", "step", "count"),
    [(True, *one) for one in STEPS]
    + [(False, *one) for one in STEPS if one[0] not in ("intent", "commit")],
)
def test_a_killed_apply_is_finished_or_taken_back(
    tmp_path: Path, repository: bool, step: str, count: int
) -> None:
    bench = a_bench(tmp_path, repository=repository)
    before = tree(bench.library)
    killed(tmp_path, "apply", step, count)
    recover(bench.store, bench.history, now=LATER)
    last = bench.states[-1]
    if last == "committed":
        assert bench.status == "applied"
        assert (bench.library / "demo/SKILL.md").read_bytes() == NEW
        assert not (bench.library / "demo/gone.bin").exists()
        assert (bench.library / "fresh/deep/SKILL.md").read_bytes() == b"new\r\n"
        assert len(bench.history.entries(bench.library)) == 1
    else:
        assert last == "rolled_back"
        assert bench.status == "accepted"
        assert tree(bench.library) == before
    if repository:
        assert git(bench.library, "status", "--porcelain") == ""
        commits = int(git(bench.library, "rev-list", "--count", "HEAD"))
        assert commits == (2 if last == "committed" else 1)
    assert recover(bench.store, bench.history, now=LATER) == ()
    if last == "rolled_back":
        bench.apply()
    revert(bench.store, bench.history, "p1", now=LATER, reviewer="Ann")
    assert tree(bench.library) == before


@pytest.mark.parametrize(("step", "count"), [*STEPS, ("branch", 1), ("branch", 2)])
@pytest.mark.parametrize("detached", [False, True])
def test_a_killed_apply_on_a_new_branch_leaves_the_branch_with_the_commit_or_none(
    tmp_path: Path, step: str, count: int, detached: bool
) -> None:
    bench = a_bench(tmp_path, repository=True)
    library, before = bench.library, tree(bench.library)
    start = git(library, "rev-parse", "HEAD")
    if detached:
        git(library, "checkout", "--quiet", "--detach")
    old = git(library, "rev-parse", "--abbrev-ref", "HEAD")
    killed(tmp_path, "apply", step, count, "skills/demo/try")
    recover(bench.store, bench.history, now=LATER)
    assert git(library, "status", "--porcelain") == ""
    branches = git(library, "for-each-ref", "--format=%(refname:short)", "refs/heads").split()
    if bench.states[-1] == "committed":
        assert sorted(branches) == ["main", "skills/demo/try"]
        assert git(library, "rev-parse", "--abbrev-ref", "HEAD") == "skills/demo/try"
        assert git(library, "rev-parse", "HEAD^") == start
        revert(bench.store, bench.history, "p1", now=LATER, reviewer="Ann")
        assert tree(library) == before
    else:
        assert branches == ["main"]
        assert git(library, "rev-parse", "--abbrev-ref", "HEAD") == old
        assert tree(library) == before
        bench.apply(branch="skills/demo/try")
    assert git(library, "rev-parse", "main") == start
    assert recover(bench.store, bench.history, now=LATER) == ()


@pytest.mark.parametrize(
    ("step", "count"), [("receipt", 1), ("replace", 2), ("receipt", 2), ("commit", 1)]
)
def test_a_killed_revert_is_finished_or_taken_back(tmp_path: Path, step: str, count: int) -> None:
    bench = a_bench(tmp_path, repository=True)
    before = tree(bench.library)
    bench.apply()
    applied = tree(bench.library)
    killed(tmp_path, "revert", step, count)
    [message] = recover(bench.store, bench.history, now=LATER)
    if step == "commit":
        assert "finished" in message
        assert (bench.status, bench.states[-1]) == ("reverted", "reverted")
        assert tree(bench.library) == before
    else:
        assert "as before" in message
        assert (bench.status, bench.states[-1]) == ("applied", "committed")
        assert tree(bench.library) == applied
        revert(bench.store, bench.history, "p1", now=LATER, reviewer="Ann")
        assert tree(bench.library) == before
    assert git(bench.library, "status", "--porcelain") == ""


def test_an_older_commit_of_the_same_content_is_not_taken_for_the_new_one(tmp_path: Path) -> None:
    bench = a_bench(tmp_path, repository=True)
    before = tree(bench.library)
    bench.apply()
    revert(bench.store, bench.history, "p1", now=LATER, reviewer="Ann")
    bench.accept()
    killed(tmp_path, "apply", "replace", 3)
    recover(bench.store, bench.history, now=LATER)
    assert bench.states[-1] == "rolled_back"
    assert tree(bench.library) == before


def test_a_file_changed_after_the_crash_is_kept_and_said(tmp_path: Path) -> None:
    bench = a_bench(tmp_path, repository=False)
    killed(tmp_path, "apply", "replace", 3)
    (bench.library / "demo/SKILL.md").write_bytes(b"written by a person after the crash")
    [message] = recover(bench.store, bench.history, now=LATER)
    assert "demo/SKILL.md was changed by another program" in message
    after = (bench.library / "demo/SKILL.md").read_bytes()
    assert after == b"written by a person after the crash"
    assert (bench.library / "demo/gone.bin").read_bytes() == b"\x00\x01"
    assert not (bench.library / "fresh").exists()


def test_a_library_that_is_away_is_said_and_tried_again(tmp_path: Path) -> None:
    bench = a_bench(tmp_path, repository=True)
    before = tree(bench.library)
    killed(tmp_path, "apply", "replace", 2)
    away = bench.library.rename(tmp_path / "away")
    [message] = recover(bench.store, bench.history, now=LATER)
    assert "not there" in message
    away.rename(bench.library)
    recover(bench.store, bench.history, now=LATER)
    assert tree(bench.library) == before
