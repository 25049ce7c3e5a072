"""How soon the history of a skill with 1,000 commits is there, beside what plain git takes.

    python -m tests.benchmarks.bench_history [commits]

The floor of the timeline is ``git log`` of the folder, that of the lines ``git blame``, both run
in the same repository. Each figure is the best of five. The goal is that the first page takes no
more than a quarter of a second.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from workbench.gui.review.backend import Shelf
from workbench.gui.review.history.reading import Aim, all_changes, read_change, read_page
from workbench.review.history.origins import origins
from workbench.store.history import LocalHistory
from workbench.store.proposals import ProposalStore

COMMITS = 1000
LINES = 400
FIRST_PAGE_S = 0.25


def library(folder: Path, commits: int) -> Path:
    """Make a repository: each commit changes a line of the skill and a file of another one."""
    lines = [f"Line {number} of the skill, as it was at first." for number in range(LINES)]
    stream: list[str] = []
    for number in range(commits):
        lines[number * 7 % LINES] = f"Line changed by commit {number}."
        text = "---\nname: demo\ndescription: Shows things.\n---\n" + "\n".join(lines) + "\n"
        said = f"Change {number}\n\nSkill-Workbench-Proposal: p{number}\nReviewed-by: Ann <a@b>\n"
        stream.append(
            f"commit refs/heads/main\ncommitter Ann <a@b> {1_770_000_000 + number * 60} +0000\n"
            f"data {len(said)}\n{said}\n"
            f"M 100644 inline demo/SKILL.md\ndata {len(text)}\n{text}\n"
            f"M 100644 inline other/SKILL.md\ndata 6\n{number:06}\n"
        )
    for command, given in (
        (["init", "--quiet", "--initial-branch=main"], ""),
        (["fast-import", "--quiet"], "".join(stream)),
        (["reset", "--quiet", "--hard"], ""),
    ):
        subprocess.run(["git", *command], cwd=folder, input=given.encode(), check=True)
    return folder


def best(work: Callable[[], object]) -> float:
    """Return the shortest of five times, in seconds."""
    times = []
    for _ in range(5):
        start = time.perf_counter()
        work()
        times.append(time.perf_counter() - start)
    return min(times)


def git(folder: Path, *arguments: str) -> Callable[[], object]:
    """Return a run of plain git."""
    return lambda: subprocess.run(["git", *arguments], cwd=folder, capture_output=True, check=True)


def main(commits: int) -> int:
    """Print the table; 1 where the first page takes too long."""
    with tempfile.TemporaryDirectory() as name:
        base = Path(name)
        (base / "library").mkdir()
        root = library(base / "library", commits)
        shelf = Shelf(ProposalStore(base / "proposals"), LocalHistory(base / "history"))
        aim = Aim(root, "demo")
        page = read_page(shelf, aim, None)
        log = best(git(root, "log", "--", "demo"))
        raw = best(git(root, "log", "--raw", "--no-abbrev", "--", "demo"))
        first = best(lambda: read_page(shelf, aim, None))
        whole = best(lambda: all_changes(shelf, aim))
        change = best(lambda: read_change(shelf, aim, page.page.entries[0]))
        show = best(git(root, "show", "HEAD", "--", "demo"))
        lines = best(lambda: origins(root, "demo/SKILL.md"))
        blame = best(git(root, "blame", "-M", "--porcelain", "--", "demo/SKILL.md"))
    print(f"{commits:,} commits, {LINES} lines; {len(page.page.entries)} changes on the first page")
    rows = (
        ("first page", first, "git log of all", log),
        ("all changes", whole, "git log --raw", raw),
        ("one change", change, "git show", show),
        ("lines", lines, "git blame", blame),
    )
    for what, ours, floor_name, floor in rows:
        print(
            f"{what:12} {ours * 1000:8.1f} ms   {floor_name:15} {floor * 1000:8.1f} ms   "
            f"ratio {ours / floor:.1f}"
        )
    if first > FIRST_PAGE_S:
        print(f"The first page takes longer than {FIRST_PAGE_S * 1000:.0f} ms.")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else COMMITS))
