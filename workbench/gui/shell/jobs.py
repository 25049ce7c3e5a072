"""Long work as the window sees it: progress, cancel, log, and how it ended.

A job's work runs in a thread and reports through a ``JobReporter``; the board reads the latest
state on a timer, so that a chatty job costs the window nothing.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal, TypeVar

from PySide6.QtCore import QObject, QTimer, Signal

from workbench.gui.bridge import Bridge, OnError

Result = TypeVar("Result")
State = Literal["running", "cancelling", "finished", "failed", "cancelled"]

_POLL_MS = 50
_LOG_LINES = 2000


class JobCancelled(Exception):  # noqa: N818 - it ends a job in good order, it is no error
    """The person cancelled; work lets it pass."""


class JobReporter:
    """What work in a thread says about itself. All methods may be called from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._cancelled = threading.Event()
        self._on_cancel: list[Callable[[], None]] = []
        self._log: deque[str] = deque(maxlen=_LOG_LINES)
        self._fraction: float | None = None
        self._text = ""

    def progress(self, fraction: float | None, text: str = "") -> None:
        """Say how far it is, 0..1, or None where that is unknown."""
        with self._lock:
            self._fraction = None if fraction is None else min(1.0, max(0.0, fraction))
            self._text = text or self._text

    def log(self, text: str) -> None:
        """Add a line to the job's log; the last 2,000 are kept."""
        self._log.append(text)

    def check_cancelled(self) -> None:
        """Raise ``JobCancelled`` when the person asked to stop."""
        if self._cancelled.is_set():
            raise JobCancelled

    @property
    def cancelled(self) -> bool:
        """Whether the person asked to stop."""
        return self._cancelled.is_set()

    def on_cancel(self, stop: Callable[[], None]) -> None:
        """Call ``stop`` when the person cancels, at once if that was already so."""
        with self._lock:
            self._on_cancel.append(stop)
        if self._cancelled.is_set():
            stop()

    def cancel(self) -> None:
        """Ask the work to stop."""
        with self._lock:
            stops = [] if self._cancelled.is_set() else list(self._on_cancel)
            self._cancelled.set()
        for stop in stops:
            stop()

    def state(self) -> tuple[float | None, str, tuple[str, ...]]:
        """Return fraction, text and log as they are now."""
        with self._lock:
            return self._fraction, self._text, tuple(self._log)


@dataclass(slots=True)
class JobEntry:
    """A job on the board. Times are ``time.monotonic`` seconds."""

    id: int
    title: str
    reporter: JobReporter
    state: State = "running"
    fraction: float | None = None
    text: str = ""
    log: tuple[str, ...] = ()
    started: float = field(default_factory=time.monotonic)
    ended: float | None = None

    @property
    def active(self) -> bool:
        """Whether it still runs."""
        return self.state in ("running", "cancelling")


class JobBoard(QObject):
    """All jobs of this session, newest last."""

    changed = Signal()
    ended = Signal(int)

    def __init__(self, bridge: Bridge, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._bridge = bridge
        self._entries: dict[int, JobEntry] = {}
        self._next = 1
        self._timer = QTimer(self)
        self._timer.setInterval(_POLL_MS)
        self._timer.timeout.connect(self._poll)

    @property
    def entries(self) -> tuple[JobEntry, ...]:
        """All jobs of this session, oldest first."""
        return tuple(self._entries.values())

    @property
    def active(self) -> tuple[JobEntry, ...]:
        """The jobs that still run."""
        return tuple(entry for entry in self._entries.values() if entry.active)

    def run(
        self,
        title: str,
        work: Callable[[JobReporter], Result],
        *,
        on_done: Callable[[Result], None] | None = None,
        on_error: OnError | None = None,
        on_cancelled: Callable[[], None] | None = None,
        owner: QObject | None = None,
    ) -> JobEntry:
        """Run ``work(reporter)`` in a thread and show it until it ends.

        The answers are called in the window's thread, and not at all when ``owner`` is gone.
        """
        entry = JobEntry(self._next, title, JobReporter())
        self._entries[entry.id] = entry
        self._next += 1

        def done(value: Result) -> None:
            self._end(entry, "finished")
            if on_done is not None and _alive(owner):
                on_done(value)

        def failed(problem: BaseException) -> None:
            if isinstance(problem, JobCancelled) or entry.reporter.cancelled:
                self._end(entry, "cancelled")
                if on_cancelled is not None and _alive(owner):
                    on_cancelled()
                return
            entry.reporter.progress(None, str(problem) or type(problem).__name__)
            self._end(entry, "failed")
            if not _alive(owner):
                return
            (on_error or self._bridge.report)(problem)

        self._bridge.run_in_thread(work, entry.reporter, on_done=done, on_error=failed, owner=self)
        self._timer.start()
        self.changed.emit()
        return entry

    def post(self, function: Callable[[], None]) -> None:
        """Run a function in the window's thread soon; work in a thread calls this."""
        self._bridge.post(function)

    def cancel(self, job_id: int) -> None:
        """Ask a job to stop; it shows as cancelling until it has."""
        entry = self._entries[job_id]
        if entry.state == "running":
            entry.state = "cancelling"
            entry.reporter.cancel()
            self.changed.emit()

    def cancel_all(self) -> None:
        """Ask every running job to stop."""
        for entry in self.active:
            self.cancel(entry.id)

    def clear_ended(self) -> None:
        """Forget jobs that are over."""
        self._entries = {entry.id: entry for entry in self.active}
        self.changed.emit()

    def _poll(self) -> None:
        moved = False
        for entry in self.active:
            state = entry.reporter.state()
            if state != (entry.fraction, entry.text, entry.log):
                entry.fraction, entry.text, entry.log = state
                moved = True
        if moved:
            self.changed.emit()

    def _end(self, entry: JobEntry, state: State) -> None:
        entry.fraction, entry.text, entry.log = entry.reporter.state()
        entry.state = state
        if state == "finished":
            entry.text = ""
        entry.ended = time.monotonic()
        if not self.active:
            self._timer.stop()
        self.changed.emit()
        self.ended.emit(entry.id)


def _alive(owner: Any) -> bool:
    import shiboken6

    return owner is None or shiboken6.isValid(owner)
