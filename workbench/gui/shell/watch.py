"""Tells when something below a folder changed on disk, however many files that were.

watchdog and not ``QFileSystemWatcher``: the latter loses a file after an atomic replace and does
not see sub-folders. Twelve raw events come for two changes, so they are filtered and gathered.
"""

from __future__ import annotations

import logging
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, QTimer, Signal

from workbench.gui.bridge import Bridge

if TYPE_CHECKING:
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
        self._observer: BaseObserver | None = None
        self.folder: Path | None = None
        self._pause = QTimer(self)
        self._pause.setSingleShot(True)
        self._pause.setInterval(_PAUSE_MS)
        self._pause.timeout.connect(self.changed)
        self._seen.connect(self._pause.start)

    def watch(self, folder: Path | None) -> None:
        """Watch another folder, or none."""
        if folder == self.folder:
            return
        self.stop()
        self.folder = folder
        if folder is not None:
            # Setting up inotify for a deep tree takes long enough to be felt.
            self._bridge.run_in_thread(
                _observe, folder, self._raw_event, on_done=self._started, on_error=_not_watched
            )

    def stop(self) -> None:
        """Stop watching."""
        self.folder = None
        observer, self._observer = self._observer, None
        if observer is not None:
            observer.stop()
            observer.join(2.0)

    def _started(self, started: tuple[Path, BaseObserver]) -> None:
        folder, observer = started
        if folder != self.folder or self._observer is not None:
            observer.stop()
            return
        self._observer = observer

    def _raw_event(self, event: Any) -> None:
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


def _observe(folder: Path, told: Any) -> tuple[Path, BaseObserver]:
    from watchdog.events import FileSystemEventHandler
    from watchdog.observers import Observer

    handler = FileSystemEventHandler()
    handler.on_any_event = told  # type: ignore[method-assign]
    observer = Observer()
    observer.daemon = True
    observer.schedule(handler, str(folder), recursive=True)
    observer.start()
    return folder, observer


def _not_watched(problem: BaseException) -> None:
    _log.warning("The folder cannot be watched (%s). Press F5 after changes outside.", problem)
