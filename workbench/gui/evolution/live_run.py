"""A run of this session, from its start to its end, as the window follows it."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime

from PySide6.QtCore import QObject, Signal
from shiboken6 import isValid

from workbench.domain.job import Diagnosis, Finished, ProposalEvent, Warning_
from workbench.evolution.run import EvolveResult
from workbench.gui.evolution.run_record import RunRecord, outcomes_of
from workbench.gui.evolution.run_work import Begun, RunSetup, Said, Spending, see_through
from workbench.gui.shell.context import AppContext
from workbench.gui.shell.jobs import JobEntry, JobReporter
from workbench.plugin.runs import state_of


class LiveRun(QObject):
    """A run of this session: starts it, takes what it says, ends it.

    ``said`` brings events, or an empty tuple when only its state moved; ``ended`` its result, None
    when there is none.
    """

    said = Signal(object)
    ended = Signal(object)

    def __init__(self, context: AppContext, setup: RunSetup, parent: QObject) -> None:
        super().__init__(parent)
        self._context = context
        self._setup = setup
        self._began = time.monotonic()
        self.seconds = 0.0
        self._kill: Callable[[], None] | None = None
        self._entry: JobEntry | None = None
        self._result: EvolveResult | None = None
        manifest = setup.plugin.manifest
        created = datetime.now(UTC).isoformat(timespec="milliseconds")
        self.record = RunRecord(
            id=f"live-{created}",
            engine_id=setup.plugin.id,
            engine=manifest.name if manifest else setup.plugin.id,
            library=setup.library.root,
            created=created,
            state="starting",
            doing="Copying skills and traces",
            live=True,
            loaded=True,
        )

    def start(self) -> None:
        """Start it as a job of the window."""

        def work(reporter: JobReporter) -> None:
            see_through(self._setup, reporter, self._tell)

        self._entry = self._context.run_job(
            f"Run {self.record.engine}",
            work,
            on_done=lambda _nothing: self._ended(None),
            on_error=self._ended,
            on_cancelled=lambda: self._ended(None),
            owner=self,
        )

    def cancel(self) -> None:
        """Ask it to stop; asked again, kill it."""
        if self._entry is None or not self.record.active:
            return
        if self.record.state == "cancelling":
            if self._kill is not None:
                self._kill()
            return
        self.record.state = "cancelling"
        self._context.jobs.cancel(self._entry.id)
        self.said.emit(())

    def follow(self) -> bool:
        """Take progress over from the board; say whether something moved."""
        entry, record = self._entry, self.record
        if entry is None or not record.active:
            return False
        if entry.state == "cancelling" and record.state != "cancelling":
            record.state = "cancelling"
        moved = (entry.fraction, entry.text) != (record.fraction, record.doing)
        record.fraction = entry.fraction
        record.doing = entry.text or record.doing
        return moved

    def _tell(self, said: Said) -> None:
        """Bring what the thread says to the window; called in the thread."""
        self._context.jobs.post(lambda: self._take(said) if isValid(self) else None)

    def _take(self, said: Said) -> None:
        record = self.record
        if isinstance(said, Begun):
            self._kill = said.kill
            record.job = said.job
            record.run_dir = said.run_dir
            if record.state == "starting":
                record.state = "running"
            left_out = tuple(Warning_(text=problem) for problem in said.problems)
            record.take(left_out)
            self.said.emit(left_out)
            return
        if isinstance(said, Spending):
            record.cost, record.task_runs = said.cost, said.runs
            self.said.emit(())
            return
        if isinstance(said, EvolveResult):
            self._result = said
            record.state = state_of(Finished(status=said.status))
            record.summary = said.summary
            stored = (*said.proposals, *said.diagnoses)
            record.refused = said.refused
            record.outcomes = outcomes_of(record, record.events, stored, said.refused)
            return
        record.take(said)
        if any(isinstance(event, ProposalEvent | Diagnosis) for event in said):
            record.outcomes = outcomes_of(record, record.events, ())
        self.said.emit(said)

    def _ended(self, problem: BaseException | None) -> None:
        record = self.record
        if self._result is None:
            record.state = "failed" if problem is not None else "cancelled"
            record.summary = str(problem) if problem else "Cancelled before the engine began."
        self.seconds = time.monotonic() - self._began
        self.ended.emit(self._result)
