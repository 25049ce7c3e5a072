"""The Evolution activity: set a run up, watch it, look at what earlier ones gave."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from pathlib import Path

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtWidgets import QLabel, QSizePolicy, QStackedWidget, QWidget

from workbench.domain.job import AnyEvent, Request
from workbench.evolution.bakeoff import BakeoffRow
from workbench.evolution.retake import Retaken, retake
from workbench.evolution.run import EvolveResult, now_utc
from workbench.gui.evolution.live_run import LiveRun
from workbench.gui.evolution.run_page import RunPage
from workbench.gui.evolution.run_record import (
    Outcome,
    RunRecord,
    RunsRead,
    outcomes_of,
    read_outcomes,
    read_runs,
    request_of,
)
from workbench.gui.evolution.run_work import RunSetup
from workbench.gui.evolution.runs_list import run_rows
from workbench.gui.evolution.setup_page import SetupPage
from workbench.gui.evolution.side_pages import SidePages
from workbench.gui.notify import MessageAction
from workbench.gui.shell.commands import Command, always
from workbench.gui.shell.context import AppContext
from workbench.gui.widgets.banner import Banner
from workbench.gui.widgets.buttons import link_button, push_button
from workbench.gui.widgets.empty_state import EmptyState
from workbench.gui.widgets.layouts import column, row
from workbench.gui.widgets.split_view import SplitView
from workbench.gui.widgets.two_line_row import TwoLineList


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
        self._setup = SetupPage(context)
        self._side = SidePages(context, self._setup, self._begin, self)
        self.compare_button = link_button("Compare", self.show_bakeoff)
        self.catalogue_button = link_button("Catalogue", self.show_catalogue)
        self.endpoints_button = link_button("Endpoints", self.show_endpoints)
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
        context.commands.add(*commands_of(self))
        self._refresh()
        self.read_past()
        self._build_setup()

    @property
    def setup_page(self) -> SetupPage:
        """The set-up of the next run, whole."""
        self._setup.complete()
        return self._setup

    @property
    def side(self) -> SidePages:
        """The pages beside the runs, which ask the set-up what is chosen."""
        self._setup.complete()
        return self._side

    def show_bakeoff(self) -> None:
        """Compare engines."""
        self.side.show_bakeoff()

    def show_catalogue(self) -> None:
        """Show the published engines."""
        self.side.show_catalogue()

    def show_endpoints(self) -> None:
        """Show the model servers."""
        self.side.show_endpoints()

    def _build_setup(self) -> None:
        """Make the set-up part by part, the window drawing between them, and then the page of a
        run: it would be made with the start of the first one.
        """
        build = self._build_setup if self._setup.build_more() else lambda: self.run_page
        QTimer.singleShot(0, self, build)

    @cached_property
    def run_page(self) -> RunPage:
        """One run; made with the first that is shown."""
        page = RunPage(self._context)
        page.cancelled.connect(self.cancel)
        page.again.connect(self._again)
        page.retake_wanted.connect(self._retake)
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
        self.show_run(self._begin(setup).record.id)

    def _begin(self, setup: RunSetup) -> LiveRun:
        run = LiveRun(self._context, setup, self)
        self._live[run.record.id] = run
        run.said.connect(lambda events: self.refresh_run(run, events))
        run.ended.connect(lambda result: self.ended(run, result))
        run.start()
        self._show_runs()
        return run

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
        if self._front is run.record and run.record.outcomes:
            self.run_page.show_results()
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
        self._stack.addWidget(self._setup)
        self._stack.addWidget(self._empty)
        self._pages = QStackedWidget()
        self._pages.addWidget(self._stack)
        self.setFocusProxy(self._setup)
        self._pages.currentChanged.connect(self._page_changed)
        title = QLabel("Runs")
        title.setProperty("section", True)
        head = row(spacing=8)
        head.setContentsMargins(12, 8, 8, 8)
        head.addWidget(title, 1)
        head.addWidget(self.new_button)
        links = row(spacing=0)
        links.setContentsMargins(4, 0, 4, 4)
        for button in (self.compare_button, self.catalogue_button, self.endpoints_button):
            links.addWidget(button)
        links.addStretch(1)
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
        inside.addLayout(links)
        inside.addWidget(self._none)
        inside.addWidget(self.runs, 1)
        split = SplitView((left, self._pages), sizes=(270, 940), stretch=(0, 1))
        self._banners = column(spacing=0)
        outer = column(self, spacing=0)
        outer.addLayout(self._banners)
        outer.addWidget(split, 1)

    def _page_changed(self, number: int) -> None:
        page = self._pages.widget(number)
        self.setFocusProxy(self._setup if number == 0 or page is None else page)

    def _show_page(self, page: QWidget) -> None:
        """Bring a page beside the runs to the front."""
        if self._pages.indexOf(page) < 0:
            self._pages.addWidget(page)
        self.runs.clearSelection()
        self.runs.setCurrentIndex(self.runs.rows.index(-1))
        self._pages.setCurrentWidget(page)
        page.setFocus()

    def _connect(self) -> None:
        context = self._context
        context.library_changed.connect(lambda _library: self._refresh())
        context.traces_changed.connect(self._setup.refresh)
        context.proposals_changed.connect(self._reread_outcomes)
        context.theme_changed.connect(lambda _name: self.update())
        self._setup.started.connect(self.start)
        self._setup.preview_wanted.connect(self._side.show_preview)
        self._setup.endpoints_wanted.connect(self._side.show_endpoints)
        self._side.shown.connect(self._show_page)
        self._side.left.connect(self.show_setup)
        self._side.row_opened.connect(self._open_row)
        self.runs.chosen.connect(self._chosen)
        self.runs.opened.connect(lambda _record: self.run_page.setFocus())
        context.jobs.changed.connect(self._follow_jobs)

    def cancel(self) -> None:
        """Cancel the run in front; asked again, kill it."""
        record = self._front
        run = self._live.get(record.id) if record is not None else None
        if run is not None:
            run.cancel()

    def why_no_run(self) -> str | None:
        """Say why no run can be cancelled now."""
        record = self._front
        active = record is not None and record.live and record.active
        return None if active else "no run of an engine is in front."

    def why_no_result(self) -> str | None:
        """Say why no result can be opened in Review now."""
        page = self._run_page
        outcome = page.results.current() if page is not None and page.isVisible() else None
        there = isinstance(outcome, Outcome) and outcome.proposal is not None
        return None if there else "no result of a run is selected."

    def come_to(self, show: Callable[[], None]) -> None:
        """Bring the activity to the front, and a page of it."""
        self._context.request_activity("evolution")
        show()

    def _refresh(self) -> None:
        self._setup.refresh()
        self._stack.setCurrentWidget(
            self._setup if self._context.library is not None else self._empty
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
        """Set the same run up again; what was paid for already comes from the caches."""
        record = self._front
        self.show_setup()
        if record is None:
            return

        def done(request: Request | None) -> None:
            self.setup_page.show_request(record.engine_id, request)

        self._context.spawn_thread(request_of, record.run_dir, on_done=done, owner=self)

    def _retake(self) -> None:
        """Take in what the journal of a run that was not seen through holds."""
        record, library = self._front, self._context.library
        if record is None or library is None or library.root != record.library:
            self._context.notify.info(
                "Open the library this run was for first: its proposals are placed in it.",
                replace="evolution:retake",
            )
            return
        context = self._context

        def work() -> Retaken:
            store, now = context.proposal_store, now_utc()
            return retake(Path(record.run_dir), library, context.traces, store, now)

        def done(found: Retaken) -> None:
            record.refused = found.left_out
            context.proposals_changed.emit()

        def failed(problem: BaseException) -> None:
            context.notify.warning(str(problem), replace="evolution:retake")

        context.spawn_thread(work, on_done=done, on_error=failed, owner=self)

    def _open_row(self, found: BakeoffRow) -> None:
        """Show the best proposal of a comparison in Review, else the engine's latest run."""
        if found.best:
            self._context.request_review(found.best)
            return
        run = next((one for one in self.records if one.engine_id == found.engine), None)
        if run is not None:
            self.show_run(run.id)


def commands_of(panel: EvolutionPanel) -> tuple[Command, ...]:
    """Return the commands of the activity."""

    def why_not() -> str | None:
        return panel.setup_page.why_not()

    def shows(show: Callable[[], None]) -> Callable[[], None]:
        return lambda: panel.come_to(show)

    new = "Set up a run of an engine…"

    def review() -> None:
        panel.run_page.review()

    return (
        _command("new", new, shows(panel.show_setup), "evolution", key="Ctrl+Alt+N"),
        _command("run", "Run engine", shows(panel.start), "play", key="Ctrl+E", when=why_not),
        _command("compare", "Compare engines…", shows(panel.show_bakeoff), "columns"),
        _command(
            "catalogue",
            "Show the engines there are",
            shows(panel.show_catalogue),
            "library",
        ),
        _command("endpoints", "Edit endpoints…", shows(panel.show_endpoints), "link"),
        _command(
            "review",
            "Open the result in Review",
            review,
            "review",
            key="Ctrl+Alt+Q",
            when=panel.why_no_result,
        ),
        _command("cancel", "Cancel the run in front", panel.cancel, "stop", when=panel.why_no_run),
    )


def _command(
    name: str,
    title: str,
    run: Callable[[], None],
    icon: str,
    *,
    key: str = "",
    when: Callable[[], str | None] = always,
) -> Command:
    keys = (key,) if key else ()
    return Command(f"evolution.{name}", title, "Run", run, keys, when, icon, group=1)
