"""Kill an apply, a revert and a recovery at each of their writes, and see what the next start does.

    python -m tests.oracles.fault_table [--every N]

The child is a program of its own with a real library and a real repository. An audit hook (PEP 578)
counts what changes the disk (files opened for writing, renamed, removed, folders made, programs
started) and ends the process, without any clean-up, just before the one named. Then this program
recovers as the next start would, and compares every byte with the states before and after.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.unit.review.build import LATER, SKILL, Bench, edited, git, make_library, tree
from tests.unit.review.test_recover import killed
from workbench.domain.proposal import Change
from workbench.review.applying.recover import recover

NEW = SKILL.replace(b"1. One", b"1. Uno")

_CHILD = """
import os, sys
folder, what, last, branch = sys.argv[1], sys.argv[2], int(sys.argv[3]), sys.argv[4]
from pathlib import Path
from workbench.review.applying.apply import apply_decision
from workbench.review.applying.recover import recover
from workbench.review.applying.revert import revert
from workbench.store.history import LocalHistory
from workbench.store.proposals import ProposalStore

seen = 0
NAMES = {"os.rename", "os.remove", "os.rmdir", "os.mkdir", "os.link", "os.truncate", "os.chmod",
         "subprocess.Popen"}

def hook(event, values):
    global seen
    writes = event in NAMES
    if event == "open" and isinstance(values[2], int):
        writes = bool(values[2] & (os.O_WRONLY | os.O_RDWR | os.O_CREAT))
    if not writes:
        return
    seen += 1
    if seen == last:
        subject = values[1] if event == "subprocess.Popen" else values[0]
        if isinstance(subject, (list, tuple)):
            subject = " ".join(str(one) for one in subject)
        os.write(1, f"{event}\\t{subject}".encode("utf-8", "replace"))
        os._exit(9)

store, history = ProposalStore(Path(folder, "proposals")), LocalHistory(Path(folder, "history"))
sys.addaudithook(hook)
later = "2026-03-01T12:00:00.000000+00:00"
if what == "apply":
    yes = ("all-scripts", "all-deletions")
    apply_decision(store, history, "p1", now=later, branch=branch, confirmed=yes)
elif what == "revert":
    revert(store, history, "p1", now=later, reviewer="Ann")
else:
    recover(store, history, now=later)
os._exit(0)
"""


Tree = dict[str, tuple[bytes, int]]


@dataclass(frozen=True)
class Scene:
    """What is killed: "apply", "revert" or "recover", and where the library is."""

    name: str
    act: str
    repository: bool
    branch: str = ""


@dataclass(frozen=True)
class Row:
    """One kill: before what, and the state the next start left ("before" or "after")."""

    scene: str
    number: int
    event: str
    subject: str
    outcome: str


SCENES = (
    Scene("apply, git", "apply", repository=True),
    Scene("apply, new branch", "apply", repository=True, branch="try-it"),
    Scene("apply, no git", "apply", repository=False),
    Scene("revert, git", "revert", repository=True),
    Scene("revert, no git", "revert", repository=False),
    Scene("recovery of an apply, git", "recover", repository=True),
)


def made(folder: Path, scene: Scene) -> Bench:
    """Make a library and a proposal that changes, deletes and adds files, and accept it."""
    files = {"demo/SKILL.md": SKILL, "demo/gone.bin": b"\x00\x01", "other/SKILL.md": SKILL}
    library = make_library(folder / "library", files, repository=scene.repository)
    changes = [
        edited("demo/SKILL.md", NEW, "c1"),
        Change("c2", "demo/gone.bin", "delete"),
        edited("fresh/deep/SKILL.md", "new\r\n", "c3", mode="100755"),
    ]
    bench = Bench(folder, library, changes)
    bench.accept()
    return bench


def kill(folder: Path, act: str, number: int, branch: str = "") -> tuple[str, str] | None:
    """Run an act until just before its write of that number; None when it came to its end."""
    root = Path(__file__).resolve().parents[2]
    answer = subprocess.run(
        [sys.executable, "-c", _CHILD, str(folder), act, str(number), branch],
        env={**os.environ, "PYTHONPATH": str(root)},
        capture_output=True,
        text=True,
        check=False,
    )
    if answer.returncode == 0:
        return None
    if answer.returncode != 9:
        raise AssertionError(f"{act} failed by itself: {answer.stderr}")
    event, _, subject = answer.stdout.partition("\t")
    return event, subject.replace(str(folder), "…")


def outcome(bench: Bench, scene: Scene, before: Tree, after: Tree) -> str:
    """Recover as the next start would; say which state that is.

    Raises:
        AssertionError: it is neither, or store, git and files do not agree.
    """
    recover(bench.store, bench.history, now=LATER)
    again = recover(bench.store, bench.history, now=LATER)
    assert again == (), f"the second recovery had something to do: {again}"
    now = tree(bench.library)
    assert now in (before, after), sorted(now.keys() ^ before.keys())
    state = "after" if now == after else "before"
    applied = (state == "after") == (scene.act != "revert")
    assert (bench.status == "applied") == applied, f"files {state}, proposal {bench.status}"
    if scene.repository:
        assert git(bench.library, "status", "--porcelain") == ""
        assert not list((bench.library / ".git").rglob("*.lock"))
    return state


def rows(scene: Scene, folder: Path, *, every: int = 1) -> Iterator[Row]:
    """Kill at every ``every``-th write and yield what came of it."""
    whole, untouched = _ready(scene, folder / "whole")
    before = tree(untouched)
    assert kill(folder / "whole", _whole_act(scene), 1 << 30, scene.branch) is None
    after = tree(whole.library)
    number = 1
    while True:
        place = folder / f"at-{number}"
        bench, _ = _ready(scene, place)
        if scene.act == "recover":
            killed(place, "apply", "replace", 2)
        found = kill(place, scene.act, number, scene.branch)
        if found is None:
            return
        yield Row(scene.name, number, *found, outcome(bench, scene, before, after))
        shutil.rmtree(place)
        number += every


def _whole_act(scene: Scene) -> str:
    return "apply" if scene.act == "recover" else scene.act


def _ready(scene: Scene, folder: Path) -> tuple[Bench, Path]:
    folder.mkdir(parents=True)
    bench = made(folder, scene)
    if scene.act == "revert":
        bench.apply(confirmed=("all-scripts", "all-deletions"))
    return bench, bench.library


def main() -> None:
    """Print one line per kill, then a table of counts."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--every", type=int, default=1, metavar="N", help="each N-th write alone")
    every = parser.parse_args().every
    counts: dict[str, Counter[str]] = {}
    with tempfile.TemporaryDirectory() as folder:
        for number, scene in enumerate(SCENES):
            for row in rows(scene, Path(folder) / str(number), every=every):
                counts.setdefault(row.scene, Counter())[row.outcome] += 1
                print(
                    f"{row.scene:26} {row.number:4} {row.outcome:7} {row.event} {row.subject[:90]}"
                )
    print("\n| killed at each write of | kills | as before | carried out | neither |")
    print("|---|--:|--:|--:|--:|")
    for name, count in counts.items():
        print(f"| {name} | {count.total()} | {count['before']} | {count['after']} | 0 |")


if __name__ == "__main__":
    main()
