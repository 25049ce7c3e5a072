"""The Evolution activity: set a run up, watch it, look at what earlier ones gave."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from functools import cached_property

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QLabel, QSizePolicy, QStackedWidget, QWidget
from shiboken6 import isValid

from workbench.domain.job import AnyEvent, Diagnosis, Finished, ProposalEvent, Warning_
from workbench.evolution.run import EvolveResult
from workbench.gui.evolution.run_page import RunPage
from workbench.gui.evolution.run_record import (
    Outcome,
    RunRecord,
    RunsRead,
    outcomes_of,
    read_outcomes,
    read_runs,
)
from workbench.gui.evolution.run_work import Begun, RunSetup, see_through
from workbench.gui.evolution.runs_list import run_rows
from workbench.gui.evolution.setup_page import SetupPage
from workbench.gui.notify import MessageAction
from workbench.gui.shell.commands import Command
from workbench.gui.shell.context import AppContext
from workbench.gui.shell.jobs import JobEntry, JobReporter
from workbench.gui.widgets.banner import Banner
from workbench.gui.widgets.buttons import push_button
from workbench.gui.widgets.empty_state import EmptyState
from workbench.gui.widgets.layouts import column, row
from workbench.gui.widgets.split_view import SplitView
from workbench.gui.widgets.two_line_row import TwoLineList
from workbench.plugin.runs import state_of


def create(context: AppContext) -> QWidget:
    """Return the activity's main view."""
    return EvolutionPanel(context)


class EvolutionPanel(QWidget):
    """Runs at the left; at the right the set-up of the next one, or the selected one."""

    run_ended = Signal(str)

    def __init__(self, context: AppContext, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._context = context
        self._live: dict[str, LiveRun] = {}
        self._past: tuple[RunRecord, ...] = ()
        self._told: tuple[tuple[str, str, str], ...] | None = None
        self.new_button = push_button("New run", self.show_setup)
        self.runs = TwoLineList("Runs of engines", lambda record: record.id)
        self.setup_page = SetupPage(context)
        self._run_page: RunPage | None = None
        self._empty = EmptyState(
            "No library is open",
            "Engines learn from traces and propose changes to the skills of a library.",
            action=("Open folder…", lambda: context.commands.run("file.open_library")),
            link=("Open the example library", lambda: context.commands.run("file.open_example")),
            icon="evolution",
        )
        self._lay_out()
        self._connect()
        context.commands.add(*self._commands())
        self._refresh()
        self.read_past()

    @cached_property
    def run_page(self) -> RunPage:
        """One run; made with the first that is shown."""
        page = RunPage(self._context)
        page.cancelled.connect(self.cancel)
        page.again.connect(self._again)
        self._pages.addWidget(page)
        self._run_page = page
        return page

    @property
    def _front(self) -> RunRecord | None:
        return None if self._run_page is None else self._run_page.record

    @property
    def records(self) -> tuple[RunRecord, ...]:
        """The runs, newest first."""
        live = [run.record for run in reversed(self._live.values())]
        return (*live, *(one for one in self._past if one.id not in self._live))

    def show_setup(self) -> None:
        """Set up the next run."""
        self.runs.clearSelection()
        self.runs.setCurrentIndex(self.runs.rows.index(-1))
        self._stack.setCurrentWidget(
            self.setup_page if self._context.library is not None else self._empty
        )
        self._pages.setCurrentIndex(0)
        self.setup_page.setFocus()

    def start(self) -> None:
        """Run the chosen engine."""
        try:
            setup = self.setup_page.setup()
        except ValueError as problem:
            self._context.notify.info(f"Run engine: {problem}", replace="evolution:start")
            return
        run = LiveRun(self, self._context, setup)
        self._live[run.record.id] = run
        run.start()
        self._show_runs()
        self.show_run(run.record.id)

    def show_run(self, run_id: str) -> None:
        """Show a run."""
        self.runs.select(run_id)

    def read_past(self) -> None:
        """Read the runs of earlier sessions; runs nobody finished are marked as lost."""
        context = self._context
        known = tuple(run.record.id for run in self._live.values())
        context.spawn_thread(
            read_runs, context.folders.runs, known, on_done=self._past_read, owner=self
        )

    def refresh_run(self, run: LiveRun, events: tuple[AnyEvent, ...] = ()) -> None:
        """Show what a live run said."""
        if self._front is run.record:
            self.run_page.add_events(events)
        self._show_runs()

    def ended(self, run: LiveRun, result: EvolveResult | None) -> None:
        """Show the end of a live run, and tell where the person has left."""
        self.refresh_run(run)
        if result is not None and (result.proposals or result.diagnoses):
            self._context.proposals_changed.emit()
        record = run.record
        if not self.isVisible():
            said = (f"{record.engine}: {record.summary or record.state}",)
            action = MessageAction("Show results", lambda: self._come_back(record.id))
            tell = (
                self._context.notify.success
                if record.state == "finished"
                else self._context.notify.warning
            )
            tell(*said, replace=f"evolution:{record.id}", actions=(action,))
        self.run_ended.emit(record.id)

    def _come_back(self, run_id: str) -> None:
        self._context.request_activity("evolution")
        self.show_run(run_id)

    def _lay_out(self) -> None:
        self._stack = QStackedWidget()
        self._stack.addWidget(self.setup_page)
        self._stack.addWidget(self._empty)
        self._pages = QStackedWidget()
        self._pages.addWidget(self._stack)
        self.setFocusProxy(self.setup_page)
        self._pages.currentChanged.connect(
            lambda page: self.setFocusProxy(self.run_page if page else self.setup_page)
        )
        title = QLabel("Runs")
        title.setProperty("section", True)
        head = row(spacing=8)
        head.setContentsMargins(12, 8, 8, 8)
        head.addWidget(title, 1)
        head.addWidget(self.new_button)
        self._none = QLabel("Runs appear here and stay: what they gave survives a restart.")
        self._none.setWordWrap(True)
        self._none.setProperty("muted", True)
        self._none.setContentsMargins(12, 4, 12, 4)
        self._none.setAlignment(Qt.AlignmentFlag.AlignTop)
        self._none.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Expanding)
        left = QWidget()
        left.setMinimumWidth(200)
        inside = column(left, spacing=0)
        inside.addLayout(head)
        inside.addWidget(self._none)
        inside.addWidget(self.runs, 1)
        split = SplitView((left, self._pages), sizes=(270, 940), stretch=(0, 1))
        self._banners = column(spacing=0)
        outer = column(self, spacing=0)
        outer.addLayout(self._banners)
        outer.addWidget(split, 1)

    def _connect(self) -> None:
        context = self._context
        context.library_changed.connect(lambda _library: self._refresh())
        context.traces_changed.connect(self.setup_page.refresh)
        context.proposals_changed.connect(self._reread_outcomes)
        context.theme_changed.connect(lambda _name: self.update())
        self.setup_page.started.connect(self.start)
        self.runs.chosen.connect(self._chosen)
        self.runs.opened.connect(lambda _record: self.run_page.setFocus())
        context.jobs.changed.connect(self._follow_jobs)

    def _commands(self) -> tuple[Command, ...]:
        def why_no_run() -> str | None:
            record = self._front
            active = record is not None and record.live and record.active
            return None if active else "no run of an engine is in front."

        return (
            Command(
                "evolution.new",
                "Set up a run of an engine…",
                "Run",
                self._come_to_setup,
                ("Ctrl+Alt+N",),
                icon="evolution",
                group=1,
            ),
            Command(
                "evolution.run",
                "Run engine",
                "Run",
                self._come_and_start,
                ("Ctrl+E",),
                when=self.setup_page.why_not,
                icon="play",
                group=1,
            ),
            Command(
                "evolution.cancel",
                "Cancel the run in front",
                "Run",
                self.cancel,
                when=why_no_run,
                icon="stop",
                group=1,
            ),
        )

    def cancel(self) -> None:
        """Cancel the run in front; asked again, kill it."""
        record = self._front
        run = self._live.get(record.id) if record is not None else None
        if run is not None:
            run.cancel()

    def _come_to_setup(self) -> None:
        self._context.request_activity("evolution")
        self.show_setup()

    def _come_and_start(self) -> None:
        self._context.request_activity("evolution")
        self.start()

    def _refresh(self) -> None:
        self.setup_page.refresh()
        self._stack.setCurrentWidget(
            self.setup_page if self._context.library is not None else self._empty
        )
        self._show_runs()

    def _show_runs(self) -> None:
        records = self.records
        told = tuple((record.id, record.state, record.summary) for record in records)
        if told == self._told:
            return
        self._told = told
        self.runs.show_rows(run_rows(records))
        self._none.setVisible(not records)
        self.runs.setVisible(bool(records))

    def _follow_jobs(self) -> None:
        for run in self._live.values():
            if run.follow() and self._front is run.record:
                self.run_page.update_progress()

    def _chosen(self, record: RunRecord) -> None:
        self._pages.setCurrentWidget(self.run_page)
        self.run_page.show_run(record)
        if not record.live and not record.loaded:
            self._load(record)
        else:
            self._reread_outcomes()

    def _load(self, record: RunRecord) -> None:
        def done(read: tuple[list[AnyEvent], tuple[Outcome, ...]]) -> None:
            record.events, record.outcomes = read
            record.loaded = True
            if self._front is record:
                self.run_page.show_run(record)

        self._context.spawn_thread(
            read_outcomes, record, self._context.proposal_store, on_done=done, owner=self
        )

    def _reread_outcomes(self) -> None:
        """Show the status proposals now have."""
        record = self._front
        if record is None or record.active or not record.outcomes:
            return

        def done(outcomes: tuple[Outcome, ...]) -> None:
            if outcomes == record.outcomes:
                return
            record.outcomes = outcomes
            if self._front is record:
                self.run_page.update_run()

        def work() -> tuple[Outcome, ...]:
            stored = self._context.proposal_store.list()
            return outcomes_of(record, record.events, stored, record.refused)

        self._context.spawn_thread(work, on_done=done, owner=self)

    def _past_read(self, read: RunsRead) -> None:
        self._past = read.runs
        self._show_runs()
        if read.lost:
            many = len(read.lost)
            words = "A run was" if many == 1 else f"{many} runs were"
            first = read.lost[0]
            banner = Banner(
                "warning",
                f"{words} not finished when the program ended. What had been produced is kept.",
                (("Show it" if many == 1 else "Show the latest", lambda: self.show_run(first)),),
            )
            self._banners.addWidget(banner)

    def _again(self) -> None:
        record = self._front
        self.show_setup()
        if record is not None:
            self.setup_page.engines.select(record.engine_id)


class LiveRun:
    """A run of this session: starts it, takes what it says, ends it."""

    def __init__(self, panel: EvolutionPanel, context: AppContext, setup: RunSetup) -> None:
        self._panel = panel
        self._context = context
        self._setup = setup
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
            owner=self._panel,
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
        self._panel.refresh_run(self)

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

    def _tell(self, said: Begun | tuple[AnyEvent, ...] | EvolveResult) -> None:
        """Bring what the thread says to the window; called in the thread."""
        self._context.jobs.post(lambda: self._take(said) if isValid(self._panel) else None)

    def _take(self, said: Begun | tuple[AnyEvent, ...] | EvolveResult) -> None:
        record = self.record
        if isinstance(said, Begun):
            self._kill = said.kill
            record.job = said.job
            record.run_dir = said.run_dir
            if record.state == "starting":
                record.state = "running"
            left_out = tuple(Warning_(text=problem) for problem in said.problems)
            record.take(left_out)
            self._panel.refresh_run(self, left_out)
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
        self._panel.refresh_run(self, said)

    def _ended(self, problem: BaseException | None) -> None:
        record = self.record
        if self._result is None:
            record.state = "failed" if problem is not None else "cancelled"
            record.summary = str(problem) if problem else "Cancelled before the engine began."
        self._panel.ended(self, self._result)
