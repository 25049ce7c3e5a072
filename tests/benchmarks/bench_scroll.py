"""How long a frame takes while a trace of 100,000 steps is scrolled through.

    python -m tests.benchmarks.bench_scroll [steps]

A frame is an event and all that follows from it until the window is painted. The goal is that none
takes more than 33 ms; the floor is the same walk over a bare list with as many fixed strings, in
the same size and the same run. The first walk begins at once, while figures are still added up.
The longest frame is also given in time of the processor, which other programs do not make longer.
"""

from __future__ import annotations

import gc
import json
import os
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

from PySide6.QtCore import QEvent, QPoint, QPointF, QStringListModel, Qt
from PySide6.QtGui import QKeyEvent, QWheelEvent
from PySide6.QtWidgets import QAbstractItemView, QApplication, QListView, QWidget

from workbench.gui.traces.panel import TracesPanel
from workbench.gui.walk.stage import Stage

GOAL_MS = 33.0
FRAMES = 400
_ERRORS = 97
_PROMPTS = 40


@dataclass(frozen=True)
class Walk:
    """A way through a list: its name and what each of its frames does."""

    name: str
    act: Callable[[QAbstractItemView, int], None]


def session(path: Path, steps: int) -> Path:
    """Write a session with prompts, calls, errors and edits."""
    with path.open("w", encoding="utf-8") as file:
        for line in _records(steps):
            file.write(json.dumps(line) + "\n")
    return path


def _records(steps: int) -> Iterator[dict[str, object]]:
    parent = None
    for number in range(steps):
        base: dict[str, object] = {
            "sessionId": "scroll",
            "cwd": "/x",
            "version": "2.1.0",
            "timestamp": f"2026-01-{1 + number // 86_400:02}T{number // 3600 % 24:02}:"
            f"{number // 60 % 60:02}:{number % 60:02}Z",
        }
        asked = {"uuid": f"u{number}", "parentUuid": parent}
        parent = f"u{number}"
        if number % _PROMPTS == 0:
            message: dict[str, object] = {"role": "user", "content": f"Now look at part {number}."}
            yield base | asked | {"type": "user", "message": message}
            continue
        name = ("Bash", "Read", "Edit")[number % 3]
        use = {
            "type": "tool_use",
            "id": f"t{number}",
            "name": name,
            "input": {"command": f"make part-{number}", "file_path": f"/x/src/part_{number}.py"},
        }
        told = {"id": f"m{number}", "role": "assistant", "model": "m", "content": [use]}
        told["usage"] = {"input_tokens": 20_000 + number, "output_tokens": 90}
        yield base | asked | {"type": "assistant", "message": told}
        result = {
            "type": "tool_result",
            "tool_use_id": f"t{number}",
            "content": f"done {number}",
            "is_error": number % _ERRORS == 0,
        }
        again = {"uuid": f"r{number}", "parentUuid": parent}
        parent = f"r{number}"
        yield base | again | {"type": "user", "message": {"role": "user", "content": [result]}}


def wheel(view: QAbstractItemView, frame: int) -> None:
    """Turn the wheel by three notches, now and then back."""
    by = -360 if frame % 10 else 720
    middle = view.viewport().rect().center()
    event = QWheelEvent(
        QPointF(middle),
        QPointF(view.viewport().mapToGlobal(middle)),
        QPoint(0, 0),
        QPoint(0, by),
        Qt.MouseButton.NoButton,
        Qt.KeyboardModifier.NoModifier,
        Qt.ScrollPhase.NoScrollPhase,
        False,
    )
    QApplication.sendEvent(view.viewport(), event)


def drag(view: QAbstractItemView, frame: int) -> None:
    """Pull the scroll bar to anywhere."""
    bar = view.verticalScrollBar()
    bar.setValue(random.Random(frame).randint(0, bar.maximum()))


def key(code: Qt.Key) -> Callable[[QAbstractItemView, int], None]:
    """Return what presses a key."""

    def press(view: QAbstractItemView, frame: int) -> None:
        del frame
        for kind in (QEvent.Type.KeyPress, QEvent.Type.KeyRelease):
            QApplication.sendEvent(view, QKeyEvent(kind, code, Qt.KeyboardModifier.NoModifier))

    return press


WALKS = (
    Walk("wheel, at once", wheel),
    Walk("wheel", wheel),
    Walk("scroll bar to anywhere", drag),
    Walk("Page Down", key(Qt.Key.Key_PageDown)),
    Walk("Down, a step at a time", key(Qt.Key.Key_Down)),
)


@dataclass(frozen=True)
class Frames:
    """How long each frame took on the clock, and of the processor, in ms."""

    clock: list[float]
    processor: list[float]

    def figures(self) -> str:
        """Return p50, p95 and the longest, and the longest of the processor's time."""
        cuts = statistics.quantiles(self.clock, n=100)
        longest = f"{max(self.clock):6.1f} {max(self.processor):6.1f}"
        return f"{cuts[49]:6.1f} {cuts[94]:6.1f} {longest}"


def frames(app: QApplication, act: Callable[[int], None]) -> Frames:
    """Walk, and measure each frame."""
    clock: list[float] = []
    processor: list[float] = []
    for frame in range(FRAMES):
        begun, used = time.perf_counter(), time.thread_time()
        act(frame)
        app.processEvents()
        clock.append((time.perf_counter() - begun) * 1000)
        processor.append((time.thread_time() - used) * 1000)
        time.sleep(0.002)
    return Frames(clock, processor)


def _row(name: str, ours: Frames, floor: Frames | None) -> bool:
    against = floor.figures() if floor is not None else " " * 27
    ratio = ""
    if floor is not None:
        ratio = f"{statistics.median(ours.clock) / statistics.median(floor.clock):6.1f}"
    late = max(ours.clock) > GOAL_MS
    print(f"{'!' if late else ' '} {name:34} {ours.figures()}   {against}   {ratio}", flush=True)
    return late


def _bare(like: QWidget, count: int) -> QListView:
    view = QListView()
    view.setUniformItemSizes(True)
    view.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
    view.setModel(QStringListModel([f"Step {number} of the run" for number in range(count)], view))
    view.resize(like.size())
    view.show()
    return view


def main() -> int:
    """Print p50, p95 and the longest frame, ours and the floor; exit with 1 above the goal."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    missed = 0
    with tempfile.TemporaryDirectory() as name:
        os.environ["SKILL_WORKBENCH_HOME"] = str(Path(name) / "home")
        path = session(Path(name) / "scroll.jsonl", count)
        with Stage(size=(1920, 1080)) as stage:
            gc.disable()
            stage.context.open_traces([path])
            stage.until(lambda: bool(stage.context.traces), "the trace")
            panel = stage.show_activity("traces")
            assert isinstance(panel, TracesPanel)
            stage.context.request_trace(path)
            stage.until(lambda: len(panel.viewer.steps.steps._steps) >= count, "the steps")
            viewer = panel.viewer
            print(f"{len(viewer.steps.steps._steps):,} steps, {FRAMES} frames each, ms")
            print(
                f"  {'':34} {'p50':>6} {'p95':>6} {'max':>6}   {'floor p50, p95, max':20}   ratio"
            )
            bare = _bare(viewer.steps, count)
            for number, walk in enumerate(WALKS):
                if number:
                    stage.until(lambda: not stage.context.bridge._calls, "the figures")
                floor = frames(stage.app, lambda n, walk=walk: walk.act(bare, n))
                ours = frames(stage.app, lambda n, walk=walk: walk.act(viewer.steps, n))
                missed += _row(walk.name, ours, floor)
            bare.deleteLater()
            strip = viewer.strip
            strip.setFocus()
            missed += _row(
                "time strip: to the next mark",
                frames(stage.app, lambda _n: key(Qt.Key.Key_Right)(strip, 0)),  # type: ignore[arg-type]
                None,
            )
            viewer.header.reading.setChecked(True)
            stage.until(lambda: bool(viewer.reading.page._entries), "the page")
            stage.until(lambda: viewer.reading.page.complete, "the page")
            text = viewer.reading.page.text
            bar = text.verticalScrollBar()
            pages = viewer.reading.page
            missed += _row(
                "page to read: scroll",
                frames(stage.app, lambda n: bar.setValue(n * 120 % max(1, bar.maximum()))),
                None,
            )
            missed += _row(
                "page to read: turn the page",
                frames(stage.app, lambda n: pages.show_page(n // 20 % pages.pages)),
                None,
            )
            gc.enable()
    print(f"{missed} walks with a frame above {GOAL_MS:.0f} ms")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
