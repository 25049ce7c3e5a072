"""How long it takes to align two runs, and whether the window answers meanwhile.

    python -m tests.benchmarks.bench_compare [steps ...]

Floors of the same run, over the same keys: ``difflib.SequenceMatcher`` (left out above 20,000
steps, where it takes minutes) and ``git diff --no-index --minimal`` of a file with a key a line.
The goal in the window: no gap between beats of its event loop above 50 ms while two runs are
aligned, shown, and walked through by key.
"""

from __future__ import annotations

import difflib
import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

from tests.benchmarks.bench_responsiveness import GOAL_MS, _wait
from tests.benchmarks.heartbeat import Heartbeat
from tests.unit.traces.claude_records import Session, call
from tests.unit.traces.compare.runs import run
from workbench.domain.trajectory import Trajectory
from workbench.gui.traces.compare.aligned import aligned, lines_of
from workbench.gui.traces.opened import all_places
from workbench.gui.traces.panel import TracesPanel
from workbench.gui.walk.stage import Stage
from workbench.traces.compare.align import align
from workbench.traces.compare.keys import anchors, step_keys
from workbench.traces.compare.runs import compare

#: So many steps of a hundred differ between the runs.
_OTHER = 15
_DIFFLIB_MOST = 20_000


def commands(steps: int, seed: int) -> list[str]:
    """Return the commands of a run; runs of other seeds share most of them."""
    own = random.Random(seed)
    made = []
    for at in range(steps):
        shared = random.Random(at)
        source = own if own.randrange(100) < _OTHER else shared
        made.append(f"tool{source.randrange(40)} file{source.randrange(3000)}")
    return made


def skeleton(steps: int, seed: int) -> Trajectory:
    """Return a run without a file: a prompt every 200 steps, else a call."""
    words = [
        f"user: prompt {at}" if at % 200 == 0 else ("Edit", f"/repo/{command}")
        for at, command in enumerate(commands(steps, seed))
    ]
    return run(*words, name=f"run{seed}")  # type: ignore[arg-type]


def timed(work: Callable[[], object]) -> tuple[float, object]:
    """Return seconds and result of a piece of work."""
    began = time.perf_counter()
    made = work()
    return time.perf_counter() - began, made


def _difflib(left: list[str], right: list[str]) -> int:
    matcher = difflib.SequenceMatcher(None, left, right, autojunk=False)
    return sum(block.size for block in matcher.get_matching_blocks())


def _git(left: list[str], right: list[str], folder: Path) -> None:
    for name, keys in (("left", left), ("right", right)):
        (folder / name).write_text("\n".join(keys) + "\n", encoding="utf-8")
    command = ["git", "diff", "--no-index", "--minimal", "--numstat", "left", "right"]
    subprocess.run(command, cwd=folder, capture_output=True, check=False)


def bench_library(sizes: list[int], folder: Path) -> None:
    """Print a line for each size: ours whole, the preparation for the screen, the floors."""
    print("steps a run | keys matched | whole comparison | for the screen | difflib | git diff")
    for steps in sizes:
        runs = [skeleton(steps, seed) for seed in (1, 2)]
        ours, made = timed(lambda runs=runs: compare(runs))  # type: ignore[misc]
        shown, _ = timed(lambda: lines_of(aligned(made, runs), "all", frozenset()))  # noqa: B023
        plain = [step_keys(one) for one in runs]
        matched = timed(lambda: align(*plain, *(anchors(one) for one in runs)))[0]  # noqa: B023
        keys = [[repr(key) for key in one] for one in plain]
        slow = "-"
        if steps <= _DIFFLIB_MOST:
            slow = f"{timed(lambda: _difflib(*keys))[0]:.2f} s"  # noqa: B023
        git = timed(lambda: _git(*keys, folder))[0]  # noqa: B023
        print(
            f"{steps:>11,} | {matched:>10.2f} s | {ours:>14.2f} s | {shown:>12.2f} s | {slow:>7} | "
            f"{git:>6.2f} s"
        )


def write_session(path: Path, steps: int, seed: int) -> Path:
    """Write a run as a Claude Code session, results and all."""
    session = Session()
    for at, command in enumerate(commands(steps, seed)):
        if at % 200 == 0:
            session.prompt(f"prompt {at}")
        session.says(call(f"c{at}", "Bash", command=command))
        session.result(f"c{at}", f"{command} went well\n" * 3)
    return session.write(path.parent, path.name)


def bench_window(steps: int, folder: Path) -> int:
    """Print the worst gap of the event loop in each flow; return how many miss the goal."""
    paths = [write_session(folder / f"run{seed}.jsonl", steps, seed) for seed in (1, 2)]
    missed = 0
    with Stage() as stage:
        stage.context.open_traces(paths)
        stage.until(lambda: len(stage.context.traces) == 2, "both runs")
        stage.until(lambda: not stage.context.jobs.active, "the jobs")
        panel = stage.show_activity("traces")
        assert isinstance(panel, TracesPanel)
        places = list(all_places(stage.context.traces))

        def tab() -> None:
            panel.show_tab("comparison")
            _wait(stage, 0.3)

        def show() -> None:
            panel.compare(places)
            stage.until(lambda: panel.comparison.compares, "the comparison")
            _wait(stage, 0.3)

        def texts() -> None:
            stage.until(lambda: not stage.context.jobs.active, "the texts")
            _wait(stage, 0.2)

        def walk() -> None:
            for _ in range(40):
                panel.comparison.runs.go_difference(1)
                _wait(stage, 0.03)

        def scroll() -> None:
            bar = panel.comparison.runs.rows.verticalScrollBar()
            for part in range(60):
                bar.setValue(bar.maximum() * part // 60)
                _wait(stage, 0.016)

        def choose() -> None:
            for number in (1, 2, 0):
                panel.comparison.runs.shown.setCurrentIndex(number)
                _wait(stage, 0.1)

        heart = Heartbeat()
        flows: list[tuple[str, Callable[[], None]]] = [
            ("a window that waits (floor)", lambda: _wait(stage, 1.0)),
            ("the tab shown for the first time", tab),
            (f"two runs of {steps:,} calls: aligned and shown", show),
            ("their full texts compared", texts),
            ("40 differences by key, both steps in full", walk),
            ("scrolled from top to bottom", scroll),
            ("listed by each filter", choose),
        ]
        for title, flow in flows:
            _wait(stage, 0.2)
            heart.begin()
            seconds, _ = timed(flow)
            late = heart.worst.own > GOAL_MS
            missed += late
            print(f"{'!' if late else ' '} {heart.worst.own:7.1f} ms  {title} ({seconds:.2f} s)")
            if late and heart.worst.stood:
                print(f"              {heart.worst.stood[0][0]}")
        heart.end()
    return missed


def main() -> int:
    """Print both tables; exit with 1 where the goal is missed."""
    sizes = [int(one) for one in sys.argv[1:]] or [1000, 5000, 20_000, 100_000]
    with tempfile.TemporaryDirectory() as name:
        bench_library(sizes, Path(name))
        return 1 if bench_window(5000, Path(name)) else 0


if __name__ == "__main__":
    sys.exit(main())
