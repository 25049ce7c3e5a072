"""A timer that runs something once, after things have been quiet for a while."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QObject, QTimer


def single_shot(parent: QObject, pause_ms: int, run: Callable[[], None]) -> QTimer:
    """Return a timer, not started; starting it again puts it off."""
    timer = QTimer(parent)
    timer.setSingleShot(True)
    timer.setInterval(pause_ms)
    timer.timeout.connect(run)
    return timer
