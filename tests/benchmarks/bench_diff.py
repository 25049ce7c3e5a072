"""How long a long diff takes to open on the review desk, and each step and turn of the wheel in it.

    python -m tests.benchmarks.bench_diff [lines]

A proposal of 5,000 diff lines is opened in the window: many hunks, one hunk, and prose with long
lines. Opening counts from the wish to the first paint of the diff; reading the store, taking the
hunks from the bytes and checks that begin by themselves are in it. The goals are 300 ms to the
first paint, 16 ms for a frame of the next hunk, and no gap above 50 ms between two turns of the
event loop. The floor of the same run is ``git diff --no-index --word-diff`` of the same files and a
plain text field that shows what git printed; it knows no hunks, words on the screen or verdicts.
"""

from __future__ import annotations

import gc
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

from PySide6.QtCore import QEvent, QObject, QTimer
from PySide6.QtWidgets import QAbstractScrollArea, QPlainTextEdit, QWidget

from tests.benchmarks.bench_scroll import Frames, wheel
from workbench.domain.proposal import BaseFile, Change, Engine, Proposal, ProposalDraft
from workbench.files import sha256
from workbench.gui.review.panel import ReviewPanel
from workbench.gui.walk.stage import Stage

OPEN_MS, FRAME_MS, GAP_MS = 300.0, 16.0, 50.0
STEPS = 120
_BEAT_MS = 4
_SAID = (
    "when the user asks for a table read the header first and only then decide which file to write",
    "the result next to its source and name every column that is missing with the row and a date",
)
_WORDS = tuple(" ".join(_SAID).split(" "))


@dataclass(frozen=True)
class Case:
    """A file before and after."""

    name: str
    before: str
    after: str


def cases(lines: int) -> Iterator[Case]:
    """Give files whose diffs have about so many lines."""
    pick = random.Random(5)

    def said(count: int) -> str:
        return " ".join(pick.choice(_WORDS) for _ in range(count))

    # A hunk of two changed lines with three lines around shows eight lines and a head.
    hunks = lines // 9
    old = [f"- {number}: {said(9)}" for number in range(hunks * 10)]
    new = list(old)
    for at in range(5, len(new), 10):
        new[at] = f"{new[at].replace('the', 'a')} as it was"
    yield Case("many hunks", _text(old), _text(new))
    old = [f"- {number}: {said(9)}" for number in range(lines // 2)]
    yield Case("one hunk", _text(old), _text([f"{one.replace('the', 'a')} now" for one in old]))
    old = [said(80) for _ in range(lines // 2)]
    yield Case("prose", _text(old), _text([one.replace("the", "any", 2) for one in old]))


def _text(lines: list[str]) -> str:
    return "---\nname: long\ndescription: Long.\n---\n" + "\n".join(lines) + "\n"


class Beats(QObject):
    """The longest time between two turns of the event loop."""

    def __init__(self) -> None:
        super().__init__()
        self.worst = 0.0
        self._last = time.perf_counter()
        self._timer = QTimer(self)
        # A timer that always waits would take the turns of the threads that read.
        self._timer.setInterval(_BEAT_MS)
        self._timer.timeout.connect(self._beat)
        self._timer.start()

    def _beat(self) -> None:
        now = time.perf_counter()
        self.worst = max(self.worst, (now - self._last) * 1000 - _BEAT_MS)
        self._last = now

    def end(self) -> float:
        """Stop, and return the longest time in ms."""
        self._timer.stop()
        return self.worst


class Painted(QObject):
    """Says whether a widget was painted while ``ready`` held."""

    def __init__(self, widget: QWidget, ready: Callable[[], bool]) -> None:
        super().__init__(widget)
        self._ready = ready
        self.seen = False
        widget.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Paint and self._ready():
            self.seen = True
        return super().eventFilter(watched, event)


def propose(stage: Stage, library: Path, case: Case) -> Proposal:
    """Write the file, and store a proposal that changes it."""
    name = case.name.replace(" ", "-")
    path = library / name / "SKILL.md"
    path.parent.mkdir(parents=True)
    path.write_text(case.before, encoding="utf-8")
    relative = f"{name}/SKILL.md"
    proposal = Proposal(
        id=name,
        engine=Engine("bench", "1"),
        library=str(library),
        base=(BaseFile(relative, sha256(case.before.encode()), "100644"),),
        draft=ProposalDraft(
            "edit",
            case.name,
            "To see how long it takes.",
            (Change("c", relative, "write", case.after),),
        ),
        checks=(),
        created="2026-03-01T10:00:00+00:00",
    )
    return stage.context.proposal_store.add(proposal)


def listed(stage: Stage, panel: ReviewPanel) -> None:
    """Let the queue take in what was stored, as it does when an engine ends."""
    read: list[bool] = []
    told = panel.queue_read.connect(lambda: read.append(True))
    stage.context.proposals_changed.emit()
    stage.until(lambda: bool(read) and not panel.desk.busy, "the queue")
    panel.queue_read.disconnect(told)


def opened(stage: Stage, panel: ReviewPanel, proposal: Proposal) -> tuple[float, float]:
    """Open a proposal; return ms to its first paint, and the longest gap until all is still."""
    diff, desk = panel.desk.view.diff, panel.desk

    def shown() -> bool:
        return (
            desk.opened is not None and desk.opened.proposal.id == proposal.id and bool(diff.lines)
        )

    painted = Painted(diff.viewport(), shown)
    beats = Beats()
    begun = time.perf_counter()
    stage.context.request_review(proposal.id)
    stage.until(lambda: painted.seen, "the first paint")
    taken = (time.perf_counter() - begun) * 1000
    stage.until(lambda: not desk.busy, "words, moves and checks")
    return taken, beats.end()


def frames(stage: Stage, act: Callable[[int], object], count: int = STEPS) -> Frames:
    """Return how long each act takes until the window is painted."""
    clock: list[float] = []
    processor: list[float] = []
    for number in range(count):
        begun, used = time.perf_counter(), time.thread_time()
        act(number)
        stage.app.processEvents()
        clock.append((time.perf_counter() - begun) * 1000)
        processor.append((time.thread_time() - used) * 1000)
        time.sleep(0.002)
    return Frames(clock, processor)


def turned(view: QAbstractScrollArea) -> Callable[[int], None]:
    """Return what turns the wheel over a view."""
    return lambda number: wheel(view, number)  # type: ignore[arg-type]


def floor(stage: Stage, folder: Path, case: Case) -> tuple[float, Frames]:
    """Let git compare the files and a text field show what it says; then turn the wheel."""
    for name, text in (("old", case.before), ("new", case.after)):
        (folder / name).write_text(text, encoding="utf-8")
    field = QPlainTextEdit()
    field.setReadOnly(True)
    field.resize(800, 700)
    begun = time.perf_counter()
    answer = subprocess.run(
        ["git", "diff", "--no-index", "--word-diff", "old", "new"],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    field.setPlainText(answer.stdout)
    field.show()
    stage.app.processEvents()
    taken = (time.perf_counter() - begun) * 1000
    frames_of_floor = frames(stage, turned(field))
    field.deleteLater()
    return taken, frames_of_floor


def _late(taken: list[float]) -> float:
    """Return what one frame of twenty takes longer than."""
    return statistics.quantiles(taken, n=20)[18]


def _figures(taken: Frames) -> str:
    median, late = statistics.median(taken.clock), _late(taken.clock)
    return f"{median:6.1f} {late:6.1f} ({_late(taken.processor):4.1f})"


def _missed(what: float, goal: float) -> str:
    return "!" if what > goal else " "


def main() -> int:
    """Print figures of each case, ours and the floor; exit with 1 where a goal is missed."""
    lines = int(sys.argv[1]) if len(sys.argv) > 1 else 5000
    missed = 0
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        os.environ["SKILL_WORKBENCH_HOME"] = str(folder / "home")
        with Stage(size=(1920, 1080)) as stage:
            # The desk is warm, as it is when a person goes through a queue.
            small = Case("small", "---\nname: small\n---\na\n", "---\nname: small\n---\nb\n")
            first = propose(stage, folder / "library", small)
            panel = stage.show_activity("review")
            assert isinstance(panel, ReviewPanel)
            stage.until(lambda: panel.desk.opened is not None and not panel.desk.busy, first.id)
            gc.collect()
            print(
                "ms: first paint, floor; next hunk p50, p95 (p95 of the processor); wheel the "
                "same, floor p50; longest gap"
            )
            for case in cases(lines):
                proposal = propose(stage, folder / "library", case)
                listed(stage, panel)
                plain, plain_wheel = floor(stage, folder, case)
                paint, gap = opened(stage, panel, proposal)
                diff = panel.desk.view.diff
                step = frames(stage, lambda _number: stage.run("review.next"))
                sides = frames(stage, lambda _number: stage.run("review.sides"), 6)
                turn = frames(stage, turned(diff))
                late = _late(step.clock)
                missed += (paint > OPEN_MS) + (late > FRAME_MS) + (gap > GAP_MS)
                print(
                    f"{case.name:10} {len(diff.lines):6,} lines {len(panel.desk.choices.hunks):5,} "
                    f"hunks  {_missed(paint, OPEN_MS)}{paint:6.0f} {plain:6.0f}   "
                    f"{_missed(late, FRAME_MS)}{_figures(step)}   {_figures(turn)} "
                    f"{statistics.median(plain_wheel.clock):6.1f}   "
                    f"{_missed(gap, GAP_MS)}{gap:6.0f}   other columns {max(sides.clock):6.1f}",
                    flush=True,
                )
    print(f"{missed} figures above their goals")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
