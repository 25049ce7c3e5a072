"""The last lines of the log, kept for the Log panel and for crash reports. No Qt here."""

from __future__ import annotations

import logging
import threading
from collections import deque

_LINES = 5000


class LogTail(logging.Handler):
    """Keeps the newest 5,000 lines; may be written from any thread."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.setFormatter(
            logging.Formatter("%(asctime)s  %(levelname)-7s  %(name)s  %(message)s", "%H:%M:%S")
        )
        self._lines: deque[str] = deque(maxlen=_LINES)
        self._written = 0
        self._guard = threading.Lock()

    def emit(self, record: logging.LogRecord) -> None:
        """Keep a record, its traceback on further lines."""
        try:
            text = self.format(record)
        except Exception:  # a broken format must not end what wanted to log
            self.handleError(record)
            return
        with self._guard:
            for line in text.splitlines():
                self._lines.append(line)
                self._written += 1

    def since(self, seen: int) -> tuple[int, tuple[str, ...]]:
        """Return how many lines were ever written, and those after the first ``seen``."""
        with self._guard:
            fresh = min(len(self._lines), max(0, self._written - seen))
            lines = tuple(self._lines)
            return self._written, lines[len(lines) - fresh :]
