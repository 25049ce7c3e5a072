"""In debug mode: say what the window's thread was doing when it was blocked (over 100 ms).

After angr-management's stall watchdog. A timer in the window's thread sets a mark; a thread looks
at it and writes the stack of the window's thread to the log when the mark is too old.
"""

from __future__ import annotations

import logging
import sys
import threading
import time
import traceback

from PySide6.QtCore import QObject, QTimer

_log = logging.getLogger("workbench.stall")

_TICK_MS = 20


class StallWatchdog(QObject):
    """Watches the thread it is made in; ``stop`` ends it."""

    def __init__(self, limit_s: float = 0.1, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.stalls = 0
        self._limit = limit_s
        self._mark = time.monotonic()
        self._watched = threading.get_ident()
        self._over = threading.Event()
        self._timer = QTimer(self)
        self._timer.setInterval(_TICK_MS)
        self._timer.timeout.connect(self._tick)
        self._thread = threading.Thread(target=self._watch, name="stall-watchdog", daemon=True)

    def start(self) -> None:
        """Begin to watch; call it when the event loop runs."""
        self._mark = time.monotonic()
        self._timer.start()
        self._thread.start()

    def stop(self) -> None:
        """End the thread."""
        self._over.set()
        self._timer.stop()
        if self._thread.is_alive():
            self._thread.join(1.0)

    def _tick(self) -> None:
        self._mark = time.monotonic()

    def _watch(self) -> None:
        told = 0.0
        while not self._over.wait(self._limit / 4):
            mark = self._mark
            late = time.monotonic() - mark
            if late > self._limit and mark != told:
                told = mark
                self.stalls += 1
                frame = sys._current_frames().get(self._watched)  # noqa: SLF001 - no public way
                stack = "".join(traceback.format_stack(frame)) if frame else "(no stack)"
                _log.warning("The window did not answer for %.0f ms:\n%s", late * 1000, stack)
