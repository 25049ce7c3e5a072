"""Tells when something below a folder changed on disk, however many files that were.

watchdog and not ``QFileSystemWatcher``: the latter loses a file after an atomic replace and does
not see sub-folders. Twelve raw events come for two changes, so they are filtered and gathered.
"""

from __future__ import annotations

import logging
import os
import threading
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QTimer, Signal

from workbench.gui.bridge import Bridge

if TYPE_CHECKING:
    from collections.abc import Callable

    from watchdog.events import FileSystemEvent
    from watchdog.observers.api import BaseObserver

_log = logging.getLogger(__name__)

_PAUSE_MS = 200
_KINDS = frozenset({"created", "modified", "deleted", "moved"})
_QUIET_FOLDERS = frozenset({".git", "__pycache__", "node_modules", ".venv"})


class FolderWatch(QObject):
    """Watches one folder at a time; ``changed`` comes once for a burst of changes."""

    changed = Signal()
    _seen = Signal()

    def __init__(self, bridge: Bridge, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._bridge = bridge
        self._watching: _Watching | None = None
        self._closed = False
        self.folder: Path | None = None
        self._pause = QTimer(self)
        self._pause.setSingleShot(True)
        self._pause.setInterval(_PAUSE_MS)
        self._pause.timeout.connect(self.changed)
        self._seen.connect(self._pause.start)

    def watch(self, folder: Path | None) -> None:
        """Watch another folder, or none."""
        if folder == self.folder or self._closed:
            return
        left, self._watching = self._watching, None
        if left is not None:
            # To end it means to wait for its thread, and for one that is still setting it up.
            left.hush()
            self._bridge.run_in_thread(left.stop)
        self.folder = folder
        if folder is not None:
            self._watching = _Watching(folder, self._raw_event)
            # Setting up inotify for a deep tree takes long enough to be felt.
            self._bridge.run_in_thread(self._watching.start, on_error=_not_watched)

    def close(self) -> None:
        """Stop for good: a library that is read to its end only now is not watched any more."""
        self._closed = True
        self.folder = None
        watching, self._watching = self._watching, None
        if watching is not None:
            watching.stop()

    @property
    def ready(self) -> bool:
        """Whether changes are seen by now."""
        return self._watching is not None and self._watching.started

    def _raw_event(self, event: FileSystemEvent) -> None:
        """Called in watchdog's thread."""
        if event.event_type not in _KINDS:
            return
        if event.is_directory and event.event_type == "modified":
            return
        path = os.fsdecode(event.src_path)
        name = path.rsplit(os.sep, 1)[-1]
        moved = event.event_type == "moved"
        if not moved and name.startswith(".") and name.endswith(".tmp"):
            return
        if _QUIET_FOLDERS.isdisjoint(Path(path).parts):
            try:
                self._seen.emit()
            except RuntimeError:
                _log.debug("A change was seen after the window was closed.")


class _Watching:
    """One watchdog observer, started in a thread and stopped from another, in any order."""

    def __init__(self, folder: Path, told: Callable[[FileSystemEvent], None]) -> None:
        self._folder = folder
        self._told = told
        self._guard = threading.Lock()
        self._stopped = False
        self._observer: BaseObserver | None = None

    @property
    def started(self) -> bool:
        return self._observer is not None

    def start(self) -> None:
        from watchdog.events import FileSystemEventHandler
        from watchdog.observers import Observer

        tell = self._tell

        class Teller(FileSystemEventHandler):
            def on_any_event(self, event: FileSystemEvent) -> None:
                tell(event)

        with self._guard:
            if self._stopped:
                return
            observer = Observer()
            observer.daemon = True
            observer.schedule(Teller(), str(self._folder), recursive=True)
            observer.start()
            self._observer = observer

    def _tell(self, event: FileSystemEvent) -> None:
        if not self._stopped:
            self._told(event)

    def hush(self) -> None:
        """Tell nothing more, at once; ``stop`` is still to be called."""
        self._stopped = True

    def stop(self) -> None:
        self._stopped = True
        with self._guard:
            observer, self._observer = self._observer, None
        if observer is not None:
            observer.stop()
            observer.join(2.0)


def _not_watched(problem: BaseException) -> None:
    _log.warning("The folder cannot be watched (%s). Press F5 after changes outside.", problem)
