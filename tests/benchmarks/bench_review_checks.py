"""Checks of a selection in a library of 500 skills: first, following, taken back; wall and CPU.

The goal is 500 ms from a tick to refreshed checks with workers warm. The floor of the same run is
what no check can do without: every file of the library looked at for changes, the touched skills
read and hashed, and one job of a scanner that is given nothing. Start with
``python -m tests.benchmarks.bench_review_checks`` (``--skills N``, ``--window`` for the longest
pause of the event loop while checks run).
"""

from __future__ import annotations

import argparse
import os
import random
import resource
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from tests.benchmarks.heartbeat import Pause
from tests.unit.review.build import Bench, edited, proposal_on
from workbench.domain.job import Request
from workbench.domain.proposal import Change, HunkVerdict
from workbench.files import sha256
from workbench.plugin.jobs import JobRunner
from workbench.plugin.registry import PluginInfo, Registry
from workbench.resources import bundled
from workbench.review.checks.result import check_result
from workbench.review.checks.scanning import scan_of
from workbench.review.checks.warm import WarmChecks
from workbench.review.session import Review
from workbench.skills.check import CLIENTS

_GOAL_MS = 500
_TIMES = 9
#: A person looks at what a tick did before the next; spares are started meanwhile.
_PAUSE_S = 1.0
_TEXT = """
count check write read order page printer parcel ledger scale binder figure table report draft
review commit branch merge test build deploy server client request answer error retry timeout cache
index query schema column row value key token limit budget price unit total
"""
_WORDS = _TEXT.split()


def make_library(folder: Path, count: int) -> Path:
    """Write skills of the size of published ones: some 600 words, two references, a script."""
    draw = random.Random(5)

    def sentence(words: int) -> str:
        return " ".join(draw.choice(_WORDS) for _ in range(words)).capitalize() + "."

    for number in range(count):
        home = folder / f"group-{number // 50}" / f"skill-{number:03}"
        (home / "references").mkdir(parents=True)
        (home / "scripts").mkdir()
        near = f"../skill-{number // 50 * 50 + draw.randrange(50):03}/references/notes.md"
        body = "\n\n".join(
            f"## Part {part}\n\n{sentence(18)} {sentence(14)}\n\n- {sentence(9)}\n- {sentence(11)}"
            for part in range(10)
        )
        links = f"See [notes](references/notes.md), [more](references/more.md) and [it]({near})."
        (home / "SKILL.md").write_text(
            f"---\nname: skill-{number:03}\ndescription: {sentence(25)}\nlicense: MIT\n---\n"
            f"# Skill {number}\n\n{links}\n\n{body}\n"
        )
        for name in ("notes", "more"):
            text = "\n\n".join(sentence(30) for _ in range(12))
            (home / "references" / f"{name}.md").write_text(f"# {name}\n\n{text}\n")
        code = "".join(f"def part_{n}(rows):\n    return sum(rows[{n}:])\n\n\n" for n in range(20))
        (home / "scripts" / "run.py").write_text(f"import json\n\n\n{code}")
    return folder


def changes_for(library: Path) -> list[Change]:
    """Return eight hunks in two skills and a new file."""
    changes = []
    for number, name in enumerate(("group-0/skill-007", "group-1/skill-060")):
        path = f"{name}/SKILL.md"
        text = (library / path).read_text()
        for part in (1, 3, 5, 7):
            text = text.replace(f"## Part {part}\n", f"## Part {part}\n\nCount again, slowly.\n")
        changes.append(edited(path, text, f"c{number}"))
    changes.append(edited("group-0/skill-007/references/new.md", "# New\n\nWords.\n", "c9"))
    return changes


def _cpu() -> float:
    """Return the CPU seconds of this process and of the children that have ended."""
    own, children = (
        resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    )
    return own.ru_utime + own.ru_stime + children.ru_utime + children.ru_stime


def _timed(work: Callable[[], object]) -> tuple[float, float]:
    begun, cpu = time.perf_counter(), _cpu()
    work()
    return (time.perf_counter() - begun) * 1000, (_cpu() - cpu) * 1000


def _row(title: str, times: list[tuple[float, float]]) -> float:
    wall, cpu = (statistics.median(one) for one in zip(*times, strict=True))
    worst = max(one for one, _ in times)
    print(f"{title:52} {wall:8.0f} {worst:8.0f} {cpu:8.0f}")
    return wall


def _floor(library: Path, review: Review, scanner: PluginInfo, runner: JobRunner) -> None:
    for folder, _, names in os.walk(library):
        for name in names:
            (Path(folder) / name).lstat()
    for path in dict.fromkeys(Path(hunk.path).parent for hunk in review.hunks):
        for file in (library / path).rglob("*"):
            if file.is_file():
                sha256(file.read_bytes())
    request = Request(job="", kind="scanner", library=str(library), skills=())
    runner.start(scanner, request, "nothing").wait(60)


def _selections(review: Review) -> list[list[HunkVerdict]]:
    """Return selections that differ in content, each by one tick from the one before."""
    chosen: list[list[HunkVerdict]] = []
    for count in range(1, len(review.hunks) + 1):
        chosen.append([HunkVerdict(hunk.id, "accept") for hunk in review.hunks[:count]])
    return chosen


def measure(folder: Path, count: int) -> float:
    """Print the table; return the median of the following selections in ms."""
    library = make_library(folder / "library", count)
    review = Bench(folder, library, changes_for(library)).review
    time.sleep(0.2)  # files that changed a moment ago are not trusted
    registry = Registry([bundled("plugins")], folder / "p.json", installed=False)
    scanner = registry.get("pattern_scanner")
    clients = tuple(CLIENTS)
    warm, problems = WarmChecks(), []
    print(
        f"{f'{count} skills, {len(review.hunks)} hunks':52} {'wall ms':>8} {'worst':>8} {'cpu':>8}"
    )
    with JobRunner(folder / "runs", warm=2) as runner:

        def check(verdicts: list[HunkVerdict]) -> object:
            scan = scan_of(review, [scanner], runner, problems, warm.scans)
            return check_result(review, verdicts, clients=clients, scan=scan, warm=warm)

        selections = _selections(review)
        _row(
            "first selection (library read, workers started)",
            [_timed(lambda: check(selections[0]))],
        )
        time.sleep(2 * _PAUSE_S)
        following = []
        for verdicts in selections[1:]:
            following.append(_timed(lambda chosen=verdicts: check(chosen)))
            time.sleep(_PAUSE_S)
        wall = _row(f"following selections (goal {_GOAL_MS})", following)
        back = []
        for verdicts in reversed(selections[:-1]):
            back.append(_timed(lambda chosen=verdicts: check(chosen)))
        _row("taken back (nothing is scanned)", back)
        floor = []
        for _ in range(_TIMES):
            floor.append(_timed(lambda: _floor(library, review, scanner, runner)))
            time.sleep(_PAUSE_S)
        _row("floor: stat all, hash touched, one empty job", floor)
    assert not problems, problems
    return wall


def measure_window(folder: Path, count: int) -> None:
    """Print what the real desk takes from an act to shown checks, and how it answers meanwhile."""
    os.environ["SKILL_WORKBENCH_HOME"] = str(folder / "home")
    from tests.benchmarks.bench_responsiveness import GOAL_MS
    from tests.benchmarks.heartbeat import Heartbeat
    from workbench.gui.review.panel import ReviewPanel
    from workbench.gui.walk.stage import Stage

    library = make_library(folder / "library", count)
    with Stage() as stage:
        store = stage.context.proposal_store
        proposal = store.add(proposal_on(library, changes_for(library)))
        heart = Heartbeat()
        try:
            stage.show_activity("review")
            stage.context.request_review(proposal.id)
            panel = stage.window.centre.view("review")
            assert isinstance(panel, ReviewPanel)
            desk = panel.desk
            stage.until(lambda: desk.opened is not None and not desk.busy, "the first checks")
            # The floor of the gaps: a window that waits, while the person reads.
            heart.begin()
            until = time.monotonic() + 4.0
            stage.until(lambda: time.monotonic() > until, "a moment")
            floor = heart.worst.own
            times, gaps = [], []
            for number in range(len(desk.choices.hunks)):
                until = time.monotonic() + _PAUSE_S
                stage.until(lambda end=until: time.monotonic() > end, "the person")
                desk.view.diff.set_current(number)
                heart.begin()
                begun = time.perf_counter()
                desk.run("accept")
                shown = desk.view.strip.shown
                stage.until(lambda was=shown: desk.view.strip.shown > was, "the checks")
                times.append((time.perf_counter() - begun) * 1000)
                gaps.append((heart.worst.own, _stood(heart.worst)))
        finally:
            heart.end()
    print(f"\n{'in the window, from the act to shown checks':52} {'median':>8} {'worst':>8}")
    print(f"{'(60 ms of it wait for a second act)':52} {_median(times):8.0f} {max(times):8.0f}")
    worst, where = max(gaps)
    median = _median([gap for gap, _ in gaps])
    print(f"{f'gap of the event loop (goal {GOAL_MS:.0f})':52} {median:8.0f} {worst:8.0f}  {where}")
    print(f"{'floor: gap of a window that waits':52} {floor:8.0f}")


def _stood(pause: Pause) -> str:
    """Return where the window's thread was seen most often in a pause."""
    return pause.stood[0][0] if pause.stood else ""


def _median(values: list[float]) -> float:
    return statistics.median(values)


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--skills", type=int, default=500)
    parser.add_argument("--window", action="store_true", help="in the window, too")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        measure(Path(name) / "plain", args.skills)
        if args.window:
            measure_window(Path(name) / "window", args.skills)


if __name__ == "__main__":
    main()
