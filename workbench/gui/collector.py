"""Python's cyclic garbage collector, in the window's thread alone, in steps nobody notices.

The collector runs in whatever thread allocates. When that is a worker, widgets and timers that sit
in reference cycles are destroyed there, and Qt crashes (seen as random segmentation faults in
``exec``). So automatic collection is switched off, and a timer collects in the window's thread.

To look through everything takes longer than the window may stand still (50 ms and more with a long
trace open). So what was looked through once is set aside (``gc.freeze``), and all of it is looked
through again only while nobody works in the window, or after a long time.
"""

from __future__ import annotations

import gc
import time

from PySide6.QtCore import QObject, Qt, QTimer
from PySide6.QtGui import QGuiApplication

_INTERVAL_MS = 1000
#: Widgets never make so many objects in an interval.
_MANY = 30_000
#: Seconds between two looks at everything: when the window is left, and in any case.
_WHEN_LEFT, _AT_LAST = 60.0, 900.0


class MainThreadCollector(QObject):
    """Collects when Python itself would have, but never elsewhere. ``stop`` undoes it."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._was_enabled = gc.isenabled()
        self._rounds = [0, 0]
        self._all_seen = time.monotonic()
        gc.disable()
        self._timer = QTimer(self)
        self._timer.setInterval(_INTERVAL_MS)
        self._timer.timeout.connect(self.collect)
        self._timer.start()
        application = QGuiApplication.instance()
        if isinstance(application, QGuiApplication):
            application.applicationStateChanged.connect(self._left)

    def collect(self) -> int:
        """Collect as many generations as are due; return the highest, -1 for none."""
        young, middle, old = gc.get_threshold()
        made = gc.get_count()[0]
        if made < max(young, 1):
            return -1
        if made > _MANY:
            # A thread reads a long trace: walking what it made would stop the window.
            gc.freeze()
            return -1
        generation = 0
        self._rounds[0] += 1
        if self._rounds[0] > middle:
            self._rounds[0] = 0
            self._rounds[1] += 1
            generation = 1
            if self._rounds[1] > old:
                self._rounds[1] = 0
                generation = 2
        if generation == 2 and time.monotonic() - self._all_seen > _AT_LAST:
            self.collect_all()
            return 2
        gc.collect(generation)
        if generation == 2:
            gc.freeze()
        return generation

    def collect_all(self) -> None:
        """Look through everything, also what was set aside."""
        self._all_seen = time.monotonic()
        gc.unfreeze()
        gc.collect()
        gc.freeze()

    def stop(self) -> None:
        """Stop, and let Python collect by itself again."""
        self._timer.stop()
        gc.unfreeze()
        if self._was_enabled:
            gc.enable()

    def _left(self, state: Qt.ApplicationState) -> None:
        away = state != Qt.ApplicationState.ApplicationActive
        if away and self._timer.isActive() and time.monotonic() - self._all_seen > _WHEN_LEFT:
            self.collect_all()
