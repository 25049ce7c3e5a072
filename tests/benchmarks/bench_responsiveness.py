"""How long anything keeps the window from answering, in the flows people walk.

    python -m tests.benchmarks.bench_responsiveness [megabytes]

A timer of 5 ms beats in the window's own event loop; a second thread writes down what the window's
thread was doing whenever a beat is late. The goal is 50 ms; the floor is the worst gap of the same
timer in a window that only waits, in the same run.
"""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
import threading
import time
import traceback
from collections.abc import Callable
from pathlib import Path

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

from PySide6.QtCore import QObject, Qt, QTimer

from tests.benchmarks.generate_session import generate
from workbench.gui.walk.scenes import SCENES
from workbench.gui.walk.stage import Stage
from workbench.gui.walk.world import World, example_world

GOAL_MS = 50.0
SKILLS = 300


class Heartbeat(QObject):
    """The timer, the gaps between its beats, and where the thread stood in the worst of them."""

    def __init__(self) -> None:
        super().__init__()
        self._last = time.perf_counter()
        self.worst = 0.0
        self.where = ""
        self._main = threading.get_ident()
        self._ended = threading.Event()
        self._timer = QTimer(self)
        self._timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._timer.setInterval(5)
        self._timer.timeout.connect(self._beat)
        self._timer.start()
        self._thread = threading.Thread(target=self._watch, name="heartbeat")
        self._thread.start()

    def begin(self) -> None:
        """Forget what was."""
        self._last = time.perf_counter()
        self.worst = 0.0
        self.where = ""
        self._longest_seen = 0.0

    def end(self) -> None:
        """Stop both."""
        self._timer.stop()
        self._ended.set()
        self._thread.join()

    def _beat(self) -> None:
        now = time.perf_counter()
        self.worst = max(self.worst, (now - self._last) * 1000)
        self._last = now

    _longest_seen = 0.0

    def _watch(self) -> None:
        while not self._ended.wait(0.01):
            late = (time.perf_counter() - self._last) * 1000
            if late > GOAL_MS * 0.6 and late > self._longest_seen:
                self._longest_seen = late
                frame = sys._current_frames().get(self._main)
                lines = traceback.extract_stack(frame)[-6:]
                self.where = " < ".join(
                    f"{Path(line.filename).name}:{line.lineno} {line.name}"
                    for line in reversed(lines)
                )


def _many_skills(world: World, folder: Path) -> Path:
    library = folder / "many"
    sources = [path for path in world.library.iterdir() if (path / "SKILL.md").is_file()]
    for number in range(SKILLS):
        source = sources[number % len(sources)]
        shutil.copytree(source, library / f"group-{number % 7}" / f"{source.name}-{number}")
    return library


def _wait(stage: Stage, seconds: float) -> None:
    until = time.monotonic() + seconds
    stage.until(lambda: time.monotonic() > until, "the time")


def _flows(
    stage: Stage, world: World, folder: Path, size: int
) -> list[tuple[str, Callable[[], object]]]:
    large = folder / "large.jsonl"
    generate(large, size)
    many = _many_skills(world, folder)

    def open_large() -> None:
        stage.context.open_traces([large])
        stage.until(lambda: any(t.path == large for t in stage.context.traces), "the session")
        stage.show_activity("traces")
        stage.context.request_trace(large, stage.context.traces[-1].trajectory.id, 9000)
        _wait(stage, 1.5)

    def quiet() -> None:
        stage.until(lambda: not stage.context.jobs.active, "the jobs")
        _wait(stage, 0.4)

    def scene(name: str) -> Callable[[], object]:
        def show() -> None:
            SCENES[name].show(stage, world)
            quiet()

        return show

    def open_many() -> None:
        stage.window.open_library(many)
        stage.until(
            lambda: (
                stage.context.library is not None and len(stage.context.library.skills) == SKILLS
            ),
            "300 skills",
        )
        quiet()

    flows: list[tuple[str, Callable[[], object]]] = [
        ("a window that waits (floor)", lambda: _wait(stage, 1.0)),
        ("open the example and its traces", lambda: stage.open(world.library, world.traces)),
    ]
    shown = ("library", "editor", "preview", "traces", "trace-step", "graph", "security")
    flows += [(f"show {name}", scene(name)) for name in shown]
    flows += [
        ("run the evidence miner", lambda: _mine(stage)),
        ("review: open, decide, look at evidence", scene("review-evidence")),
        ("review: what would be applied", scene("review-apply")),
        (f"open {SKILLS} skills", open_many),
        (f"graph of {SKILLS} skills", scene("graph")),
        (f"open a session of {size >> 20} MB, go to step 9,000", open_large),
    ]
    return flows


def _mine(stage: Stage) -> None:
    stage.show_activity("evolution")
    stage.run("evolution.run")
    stage.until(lambda: bool(stage.context.jobs.active), "the start of the engine")
    stage.until(lambda: not stage.context.jobs.active, "the engine")
    _wait(stage, 0.4)


def main() -> int:
    """Print flow, worst gap and where it was; exit with 1 where the goal is missed."""
    size = int(sys.argv[1] if len(sys.argv) > 1 else 60) << 20
    missed = 0
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with example_world(folder / "world") as world, Stage() as stage:
            heart = Heartbeat()
            for title, flow in _flows(stage, world, folder, size):
                _wait(stage, 0.2)
                heart.begin()
                flow()
                late = heart.worst > GOAL_MS
                missed += late
                print(f"{'!' if late else ' '} {heart.worst:7.1f} ms  {title}", flush=True)
                if late and heart.where:
                    print(f"              {heart.where}", flush=True)
            heart.end()
    print(f"{missed} flows above {GOAL_MS:.0f} ms")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
