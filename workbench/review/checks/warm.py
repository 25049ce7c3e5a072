"""What checks of one selection leave for the next: libraries as read, and answers by content.

An answer is kept under everything it was worked out from, so that a kept one and a new one are the
same; what changed on disk has another key. Thread-safe. Nothing is written to disk.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Hashable
from pathlib import Path
from typing import Final, TypeVar, cast

from workbench.domain.skill import Library
from workbench.review.checks.scan_memo import ScanMemo
from workbench.skills.library import LibraryCache, read_library

Answer = TypeVar("Answer")

#: So many answers are kept; a library of 500 skills wants some thousand.
_MOST: Final = 20_000
#: Libraries that are only compared with are looked at again after so many seconds.
_OTHERS_FRESH_S: Final = 60.0


class WarmChecks:
    """Pass the same one with every selection; ``scans`` are the scanners' answers."""

    def __init__(self) -> None:
        self.scans = ScanMemo()
        self._lock = threading.Lock()
        self._caches: dict[Path, LibraryCache] = {}
        self._reading: dict[Path, threading.Lock] = {}
        self._others: dict[Path, tuple[float, Library]] = {}
        self._answers: dict[Hashable, object] = {}

    def library(self, root: Path) -> Library:
        """Return a library as it is on disk now; only what changed is read.

        Raises:
            SkillError: there is no such folder.
        """
        with self._lock:
            cache = self._caches.setdefault(root, LibraryCache())
            reading = self._reading.setdefault(root, threading.Lock())
        with reading:
            return read_library(root, cache)

    def other_library(self, root: Path) -> Library:
        """Return a library that is compared with alone, as it was within the last minute.

        Raises:
            SkillError: there is no such folder.
        """
        with self._lock:
            read_at, kept = self._others.get(root, (0.0, None))
        if kept is not None and time.monotonic() - read_at < _OTHERS_FRESH_S:
            return kept
        library = self.library(root)
        with self._lock:
            self._others[root] = (time.monotonic(), library)
        return library

    def answer(self, key: Hashable, work: Callable[[], Answer]) -> Answer:
        """Return the answer of that key, worked out when it is not known yet."""
        with self._lock:
            if key in self._answers:
                return cast("Answer", self._answers[key])
        found = work()
        with self._lock:
            while len(self._answers) >= _MOST:
                self._answers.pop(next(iter(self._answers)))
            self._answers[key] = found
        return found
