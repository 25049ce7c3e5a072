"""A timer in the window's own event loop, and what was done in the longest pauses between beats.

A pause by the clock also holds what other programs took of the machine. So each is told with the
processor's time of the window's thread in it, and with how long that thread waited for a processor
(Linux: ``/proc/self/task/*/schedstat``): what is left, it slept, or waited for another thread of
this program (Python's lock above all).
"""

from __future__ import annotations

import sys
import threading
import time
from collections import Counter
from dataclasses import dataclass
from io import FileIO
from pathlib import Path
from types import FrameType

from PySide6.QtCore import QObject, Qt, QTimer

_BEAT_MS = 5
#: A thread looks where the window's thread stands when a beat is late by so much.
_LOOK_S, _LATE_S = 0.002, 0.012
_DEPTH = 9


@dataclass(frozen=True, slots=True)
class Pause:
    """The time between two beats, in milliseconds; ``stood`` counts where the thread was seen."""

    wall: float = 0.0
    processor: float = 0.0
    queued: float = 0.0
    stood: tuple[tuple[str, int], ...] = ()

    @property
    def own(self) -> float:
        """What this program is to blame for: all but the wait for a processor."""
        return self.wall - self.queued

    @property
    def held(self) -> float:
        """How long the thread neither worked nor waited for a processor, its sleep left out."""
        return max(0.0, self.wall - self.processor - self.queued - _BEAT_MS)

    def __str__(self) -> str:
        return (
            f"{self.wall:6.1f} ms: {self.processor:6.1f} at work, {self.queued:6.1f} queued, "
            f"{self.held:6.1f} held"
        )


class Heartbeat(QObject):
    """The ``longest`` pause by the clock since ``begin``, the ``busiest`` by the processor, and
    the ``worst`` by what this program is to blame for."""

    def __init__(self) -> None:
        super().__init__()
        self._main = threading.get_ident()
        self._schedule = _open_schedule()
        self._stood: Counter[str] = Counter()
        self.begin()
        self._ended = threading.Event()
        self._timer = QTimer(self)
        self._timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._timer.setInterval(_BEAT_MS)
        self._timer.timeout.connect(self._beat)
        self._timer.start()
        self._thread = threading.Thread(target=self._watch, name="heartbeat")
        self._thread.start()

    def begin(self) -> None:
        """Forget what was."""
        self.longest = self.busiest = self.worst = Pause()
        self._last = self._now()

    def end(self) -> None:
        """Stop both."""
        self._timer.stop()
        self._ended.set()
        self._thread.join()

    def _now(self) -> tuple[float, float, float]:
        return time.perf_counter(), time.thread_time(), self._queued()

    def _queued(self) -> float:
        if self._schedule is None:
            return 0.0
        self._schedule.seek(0)
        return int(self._schedule.read().split()[1]) / 1e9

    def _beat(self) -> None:
        now = self._now()
        wall, processor, queued = (
            (new - old) * 1000 for new, old in zip(now, self._last, strict=True)
        )
        pause = Pause(wall, processor, queued, tuple(self._stood.most_common()))
        self.longest = max(self.longest, pause, key=lambda one: one.wall)
        self.busiest = max(self.busiest, pause, key=lambda one: one.processor)
        self.worst = max(self.worst, pause, key=lambda one: one.own)
        self._stood = Counter()
        self._last = now

    def _watch(self) -> None:
        while not self._ended.wait(_LOOK_S):
            if time.perf_counter() - self._last[0] > _LATE_S:
                frame = sys._current_frames().get(self._main)
                self._stood[_where(frame)] += 1


def _open_schedule() -> FileIO | None:
    try:
        return FileIO(f"/proc/self/task/{threading.get_native_id()}/schedstat")
    except OSError:
        return None


def _where(frame: FrameType | None) -> str:
    """Return the innermost calls, the innermost first."""
    places: list[str] = []
    while frame is not None and len(places) < _DEPTH:
        name = frame.f_code.co_name
        places.append(f"{Path(frame.f_code.co_filename).name}:{frame.f_lineno} {name}")
        if name == "until":
            break
        frame = frame.f_back
    return " < ".join(places)
