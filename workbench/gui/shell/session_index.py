"""The index of all sessions in watched folders, kept up to date beside the window.

A process of its own reads the files (``workbench.usage.index_worker``): a thread would hold
Python's lock while the window wants to paint. The list of folders is the user's own file; the
index is made from it and may be deleted at any time.
"""

from __future__ import annotations

import logging
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
from PySide6.QtCore import QObject, QProcess, QTimer, Signal

from workbench.files import FileProblem
from workbench.gui.shell.jobs import JobReporter
from workbench.gui.shell.watch import FolderWatch
from workbench.store.trace_folders import TraceFolders

if TYPE_CHECKING:
    from workbench.gui.bridge import Bridge, OnError
    from workbench.gui.shell.jobs import JobBoard
    from workbench.store.paths import UserFolders
    from workbench.traces.index.messages import Told

_log = logging.getLogger(__name__)

#: A burst of changes is gathered for so long; folders are looked at this often all the same (not
#: every file system tells of changes); an idle process is ended after that.
_PAUSE_MS = 1500
_POLL_MS = 60_000
_IDLE_MS = 120_000
#: Less work than this is no job to show.
_MUCH_BYTES = 2_000_000
_MUCH_FILES = 40
#: A process that ends so often by itself is not started again unasked.
_CRASHES = 3


class _Work:
    """A pass as the job board sees it, from another thread."""

    def __init__(self) -> None:
        self.part = 0.0
        self.text = ""
        self.problem = ""
        self.over = threading.Event()

    def follow(self, reporter: JobReporter) -> None:
        """Tell how far it is until it is over."""
        while not self.over.wait(0.05):
            reporter.check_cancelled()
            reporter.progress(self.part, self.text)
        reporter.check_cancelled()
        if self.problem:
            raise FileProblem(self.problem)


class SessionIndex(QObject):
    """Which folders are watched, and how far the index is.

    ``changed`` tells of other contents, ``state_changed`` of folders, progress and problems.
    ``left`` files wait after a pass that was stopped; None until one was made.
    """

    changed = Signal()
    state_changed = Signal()

    def __init__(
        self,
        jobs: JobBoard,
        bridge: Bridge,
        home: UserFolders,
        report: OnError,
        parent: QObject | None = None,
    ) -> None:
        """Make one; ``report`` tells a person of a list that cannot be written."""
        super().__init__(parent)
        self._jobs = jobs
        self._bridge = bridge
        self._report = report
        self._kept = TraceFolders(home.trace_folders)
        self._prices = home.prices_file
        self.path = home.trace_index
        self.folders: tuple[Path, ...] = ()
        self.missing: tuple[str, ...] = ()
        self.problem = ""
        self.prices = ""
        self.left: int | None = None
        self.part = 0.0
        self._work: _Work | None = None
        self._again = False
        self._paused = False
        self._crashes = 0
        self._closed = False
        self._process: QProcess | None = None
        self._watches: dict[Path, FolderWatch] = {}
        self._pause = self._timer(_PAUSE_MS, self._refresh_unasked, single=True)
        self._poll = self._timer(_POLL_MS, self._refresh_unasked)
        self._idle = self._timer(_IDLE_MS, self._end_process, single=True)
        self._read_folders()

    @property
    def running(self) -> bool:
        """Whether a pass is being made."""
        return self._work is not None

    @property
    def complete(self) -> bool:
        """Whether everything that is known of is in the index."""
        return self.left == 0 and not self.running and not self.problem

    def start(self) -> None:
        """Begin to keep the index up to date, if anything is watched."""
        if self.folders:
            self.refresh()

    def add(self, folder: Path) -> None:
        """Watch a folder from now on."""
        self._change(lambda: self._kept.add(folder))

    def remove(self, folder: Path) -> None:
        """Watch a folder no more, and forget its sessions; the files stay as they are."""
        self._change(lambda: self._kept.remove(folder))

    def refresh(self) -> None:
        """Make a pass now, or one more after the one that runs."""
        if self._closed:
            return
        self._paused = False
        self._follow_folders()
        if self.running:
            self._again = True
            return
        self._idle.stop()
        self._work = _Work()
        self.part = 0.0
        self._ask(folders=tuple(str(folder) for folder in self.folders))
        self.state_changed.emit()

    def stop(self) -> None:
        """Stop the pass; the next one goes on where it was."""
        if self.running:
            self._paused = True
            self._again = False
            self._ask(stop=True)

    def close(self) -> None:
        """End all of it; the next start goes on."""
        self._closed = True
        for timer in (self._pause, self._poll, self._idle):
            timer.stop()
        for watch in self._watches.values():
            watch.close()
        if self._work is not None:
            self._work.over.set()
        process, self._process = self._process, None
        if process is not None:
            process.blockSignals(True)
            process.kill()
            process.waitForFinished(1000)

    # Folders

    def _change(self, change: Callable[[], object]) -> None:
        try:
            change()
        except FileProblem as problem:
            self._report(problem)
        self._read_folders()
        self.left = None
        self.refresh()

    def _read_folders(self) -> None:
        try:
            self.folders = self._kept.read()
        except FileProblem as problem:
            self.folders = ()
            self.problem = str(problem)
            _log.warning("%s", problem)

    def _follow_folders(self) -> None:
        for gone in set(self._watches) - set(self.folders):
            watch = self._watches.pop(gone)
            watch.close()
            watch.deleteLater()
        for folder in set(self.folders) - set(self._watches):
            if folder.is_dir():
                watch = self._watches[folder] = FolderWatch(self._bridge, self)
                watch.changed.connect(self._changed_on_disk)
                watch.watch(folder)
        if self.folders:
            self._poll.start()
        else:
            self._poll.stop()

    def _changed_on_disk(self) -> None:
        if not self._pause.isActive():
            self._pause.start()

    def _refresh_unasked(self) -> None:
        if not self._paused and not self.running and self._crashes < _CRASHES:
            self.refresh()

    # The process

    def _ask(self, folders: tuple[str, ...] | None = None, *, stop: bool = False) -> None:
        from workbench.traces.index.messages import Asked

        if self._process is None:
            self._process = self._started()
        self._process.write(msgspec.json.encode(Asked(folders=folders, stop=stop)) + b"\n")

    def _started(self) -> QProcess:
        process = QProcess(self)
        process.setProgram(sys.executable)
        process.setArguments(
            ["-P", "-m", "workbench.usage.index_worker", str(self.path), str(self._prices)]
        )
        process.readyReadStandardOutput.connect(self._read)
        process.finished.connect(self._ended)
        process.errorOccurred.connect(self._failed_to_start)
        process.start()
        return process

    def _end_process(self) -> None:
        if self._process is not None and not self.running:
            self._process.closeWriteChannel()

    def _read(self) -> None:
        from workbench.traces.index.messages import Told

        process = self._process
        while process is not None and process.canReadLine():
            line = bytes(process.readLine().data())
            try:
                told = msgspec.json.decode(line, type=Told)
            except msgspec.DecodeError:
                _log.warning("The index of sessions said what is not understood: %r", line[:200])
                continue
            self._hear(told)

    def _hear(self, told: Told) -> None:
        work = self._work
        if work is None:
            return
        if told.kind == "looked":
            word = "file" if told.files == 1 else "files"
            work.text = f"{told.files:,} {word}, {told.bytes / 1e6:,.1f} MB"
            if told.bytes > _MUCH_BYTES or told.files > _MUCH_FILES:
                self._show_job(work)
        elif told.kind == "progress":
            self.part = work.part = told.part
            self.state_changed.emit()
            self.changed.emit()
        else:
            self._take_over(told)

    def _take_over(self, told: Told) -> None:
        self._crashes = 0
        self.problem = told.problem
        report = told.report
        news = told.kind == "failed"
        if report is not None:
            news = bool(report.new or report.changed or report.gone or self.left != report.left)
            news = news or self.missing != told.missing or self.prices != told.prices
            self.left, self.missing, self.prices = report.left, told.missing, told.prices
        self._over(told.problem if told.kind == "failed" else "")
        if news:
            self.changed.emit()

    def _over(self, problem: str) -> None:
        work, self._work = self._work, None
        if work is not None:
            work.problem = problem
            work.over.set()
        self._idle.start()
        self.state_changed.emit()
        if self._again:
            self._again = False
            self.refresh()

    def _show_job(self, work: _Work) -> None:
        entry = self._jobs.run(
            "Index sessions", work.follow, owner=self, on_error=lambda _problem: None
        )
        entry.reporter.on_cancel(self.stop)

    def _ended(self) -> None:
        process, self._process = self._process, None
        said = ""
        if process is not None:
            said = bytes(process.readAllStandardError().data()).decode("utf-8", "replace")
            process.deleteLater()
        if self.running:
            self._crashes += 1
            self._again = False
            last = said.strip().splitlines()[-1:] or ["it said nothing"]
            self.problem = (
                f"The process that reads the sessions ended: {last[0]}. What it had read is kept; "
                "update the list to go on."
            )
            _log.warning("%s\n%s", self.problem, said)
            self._over(self.problem)

    def _failed_to_start(self, error: QProcess.ProcessError) -> None:
        if error == QProcess.ProcessError.FailedToStart:
            self._ended()

    def _timer(self, milliseconds: int, run: Callable[[], None], *, single: bool = False) -> QTimer:
        timer = QTimer(self)
        timer.setSingleShot(single)
        timer.setInterval(milliseconds)
        timer.timeout.connect(run)
        return timer
