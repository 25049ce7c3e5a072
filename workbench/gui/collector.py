"""Python's cyclic garbage collector, in the window's thread alone.

The collector runs in whatever thread allocates. When that is a worker, widgets and timers that sit
in reference cycles are destroyed there, and Qt crashes (seen as random segmentation faults in
``exec``). So automatic collection is switched off, and a timer collects in the window's thread.
"""

from __future__ import annotations

import gc

from PySide6.QtCore import QObject, QTimer

_INTERVAL_MS = 1000
#: Widgets never make so many objects in an interval.
_MANY = 30_000


class MainThreadCollector(QObject):
    """Collects when Python itself would have, but never elsewhere. ``stop`` undoes it."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._was_enabled = gc.isenabled()
        self._rounds = [0, 0]
        gc.disable()
        self._timer = QTimer(self)
        self._timer.setInterval(_INTERVAL_MS)
        self._timer.timeout.connect(self.collect)
        self._timer.start()

    def collect(self) -> int:
        """Collect as many generations as are due; return the highest, -1 for none."""
        young, middle, old = gc.get_threshold()
        made = gc.get_count()[0]
        if made < max(young, 1):
            return -1
        if made > _MANY:
            # A thread reads a long trace: walking what it made would stop the window. All of it
            # counts as old now, and is looked at when everything is.
            gc.freeze()
            gc.unfreeze()
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
        gc.collect(generation)
        return generation

    def stop(self) -> None:
        """Stop, and let Python collect by itself again."""
        self._timer.stop()
        if self._was_enabled:
            gc.enable()
