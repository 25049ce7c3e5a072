"""A search in all sessions: the index first, then the bytes of files it does not know yet."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable, Iterator
from functools import partial
from pathlib import Path

from PySide6.QtCore import QObject, Signal

from workbench.gui.shell.context import AppContext
from workbench.gui.traces.sessions.session_reader import (
    MOST_HITS,
    Found,
    SessionReader,
    found_in_bytes,
)
from workbench.traces.index.query import Query

#: Hits in bytes are gathered for so long, the first one not at all.
_GATHER_S = 0.1


class SessionSearch(QObject):
    """One search at a time; a new one ends the last. ``found`` carries a batch of ``Found``."""

    found = Signal(list)
    ended = Signal()

    def __init__(self, context: AppContext, reader: SessionReader, parent: QObject) -> None:
        super().__init__(parent)
        self._context = context
        self._reader = reader
        self._stop = threading.Event()
        self.running = False

    def start(self, text: str, wanted: Query, unread: Iterable[Path] = ()) -> None:
        """Look a text up in the index and in files below ``unread`` that it does not know."""
        self.stop()
        stop = self._stop = threading.Event()
        self.running = True
        post = self._context.bridge.post

        def deliver(batch: list[Found]) -> None:
            if not stop.is_set():
                self.found.emit(batch)

        def work() -> None:
            for batch in self._batches(text, wanted, tuple(unread), stop):
                if stop.is_set():
                    return
                post(partial(deliver, batch))

        def over(_nothing: None) -> None:
            if stop is self._stop:
                self.running = False
                self.ended.emit()

        self._context.spawn_thread(work, on_done=over, owner=self)

    def stop(self) -> None:
        """End the search that runs."""
        self._stop.set()
        self.running = False

    def _batches(
        self, text: str, wanted: Query, unread: tuple[Path, ...], stop: threading.Event
    ) -> Iterator[list[Found]]:
        count = 0
        known: set[str] = set()
        for batch in self._reader.hits(text, wanted):
            count += len(batch)
            known.update(one.path for one in batch)
            yield batch
        files = (
            path for path in self._reader.unread(unread, stop.is_set) if str(path) not in known
        )
        waiting: list[Found] = []
        last = 0.0
        for one in found_in_bytes(files, text, stop.is_set):
            waiting.append(one)
            count += 1
            if time.monotonic() - last > _GATHER_S:
                yield waiting
                waiting, last = [], time.monotonic()
            if count >= MOST_HITS:
                break
        yield waiting
