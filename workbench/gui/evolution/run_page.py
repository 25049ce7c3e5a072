"""One run: how it stands, what it gave, what it said."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QFrame,
    QLabel,
    QPlainTextEdit,
    QProgressBar,
    QStackedWidget,
    QTabWidget,
    QWidget,
)

from workbench.domain.job import AnyEvent, EvalResult, JobState, LlmCall
from workbench.domain.proposal import Proposal
from workbench.gui.evolution.event_words import cost_words, log_line, spent_words
from workbench.gui.evolution.events_view import EventsTable
from workbench.gui.evolution.lineage_page import LineagePage
from workbench.gui.evolution.outcome_detail import OutcomeDetail
from workbench.gui.evolution.outcome_lines import outcome_rows
from workbench.gui.evolution.run_record import Nodes, Outcome, RunRecord, lineage_for, when_words
from workbench.gui.shell.context import AppContext
from workbench.gui.theme.fonts import mono_font
from workbench.gui.widgets.badge import Badge, Tone
from workbench.gui.widgets.buttons import push_button
from workbench.gui.widgets.elided_label import ElidedLabel
from workbench.gui.widgets.empty_state import EmptyState
from workbench.gui.widgets.layouts import column, row
from workbench.gui.widgets.split_view import SplitView
from workbench.gui.widgets.two_line_row import TwoLineList

_TONES: dict[JobState, Tone] = {
    "queued": "neutral",
    "starting": "info",
    "running": "info",
    "cancelling": "warning",
    "finished": "success",
    "failed": "error",
    "cancelled": "warning",
    "lost": "warning",
}
_LOG_LINES = 5000
#: Of a longer run the last events are listed; all of them are in its journal.
_MOST_EVENTS = 20_000


class RunPage(QWidget):
    """Header with state, progress and Cancel; tabs with results, events and log."""

    cancelled = Signal()
    again = Signal()
    retake_wanted = Signal()

    def __init__(self, context: AppContext, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._context = context
        self.record: RunRecord | None = None
        self._outcomes: tuple[Outcome, ...] | None = None
        self._drawn: tuple[str, int, tuple[Proposal, ...]] | None = None
        self._title = QLabel()
        self._title.setProperty("heading", True)
        self._title.setTextFormat(Qt.TextFormat.PlainText)
        self._state = Badge()
        self._where = ElidedLabel(mode=Qt.TextElideMode.ElideMiddle)
        self._where.setProperty("muted", True)
        self._summary = QLabel()
        self._summary.setWordWrap(True)
        self._summary.setTextFormat(Qt.TextFormat.PlainText)
        self.bar = QProgressBar()
        self.bar.setTextVisible(False)
        self.bar.setFixedHeight(8)
        self.bar.setAccessibleName("Progress of the run")
        self.cancel = push_button("Cancel", self.cancelled.emit)
        self.repeat = push_button("Run again…", self.again.emit)
        self.retake = push_button("Take in what it had found", self.retake_wanted.emit)
        self.results = TwoLineList("Results of the run", lambda outcome: outcome.key, headings=True)
        self.detail = OutcomeDetail(context)
        self.events = EventsTable()
        self.calls = EventsTable("Calls to models", lambda event: isinstance(event, LlmCall))
        self.task_runs = EventsTable("Task runs", lambda event: isinstance(event, EvalResult))
        self.lineage = LineagePage()
        self.log = QPlainTextEdit()
        self.tabs = QTabWidget()
        self._nothing = EmptyState("", "", icon="evolution")
        self._lay_out()
        self.results.chosen.connect(self.detail.show_outcome)
        self.results.opened.connect(self._open)
        self.lineage.review_wanted.connect(context.request_review)
        self.tabs.currentChanged.connect(lambda _tab: self._draw_lineage())
        self.setFocusProxy(self.results)

    def show_run(self, record: RunRecord) -> None:
        """Show another run."""
        self.record = record
        latest = record.events[-_MOST_EVENTS:]
        for table in self._tables:
            table.events.clear()
            table.add(latest)
        self._drawn = None
        self.lineage.show_nodes(())
        self.log.clear()
        self._write_log(latest[-_LOG_LINES:])
        self._outcomes = None
        self.detail.show_outcome(None)
        self.results.show_rows([])
        self.update_run()
        self.tabs.setCurrentWidget(self.events if record.active else self._results_stack)

    def add_events(self, events: Iterable[AnyEvent]) -> None:
        """Show more events of the run in front."""
        batch = tuple(events)
        for table in self._tables:
            table.add(batch)
        self._write_log(batch)
        self.update_run()

    def show_results(self) -> None:
        """Bring the results to the front when a run ends whose events are looked at."""
        if self.tabs.currentWidget() is self.events:
            self.tabs.setCurrentWidget(self._results_stack)
            if self.events.hasFocus() or self.tabs.tabBar().hasFocus():
                self.results.setFocus()

    def review(self) -> None:
        """Open the selected result in Review."""
        self.detail.open_review()

    @property
    def _tables(self) -> tuple[EventsTable, ...]:
        return (self.events, self.calls, self.task_runs)

    def update_run(self) -> None:
        """Show the state and results of the run as they are now."""
        record = self.record
        if record is None:
            return
        self._title.setText(record.engine)
        words = "loading" if not record.loaded and not record.live else record.state
        self._state.set(words, _TONES[record.state])
        when = when_words(record.created, datetime.now().astimezone())
        self._where.setText("  ·  ".join(filter(None, (when, record.library))))
        self.cancel.setVisible(record.live and record.active)
        self.cancel.setText("Kill now" if record.state == "cancelling" else "Cancel")
        self.repeat.setVisible(not record.active)
        self.update_progress()
        self._show_outcomes(record)

    def update_progress(self) -> None:
        """Show how far the run in front is."""
        record = self.record
        if record is None:
            return
        took = (
            spent_words(record.cost, record.task_runs)
            if record.cost is not None
            else cost_words(record.events)
        )
        words = "  ".join(filter(None, (record.doing if record.active else record.summary, took)))
        self._summary.setText(words)
        self._summary.setVisible(bool(words))
        self.bar.setVisible(record.active)
        fraction = record.fraction
        self.bar.setRange(0, 0 if fraction is None else 1000)
        self.bar.setValue(round((fraction or 0) * 1000))

    def _show_outcomes(self, record: RunRecord) -> None:
        for table, name in (
            (self.calls, "Model calls"),
            (self.task_runs, "Task runs"),
            (self.events, "Events"),
        ):
            count = table.events.rowCount()
            self.tabs.setTabText(self.tabs.indexOf(table), f"{name}  {count}" if count else name)
        left_out = any(one.group == "left_out" for one in record.outcomes)
        self.retake.setVisible(not record.active and not record.live and left_out)
        if not record.outcomes:
            self._nothing.set_texts(*_nothing_words(record))
        self._draw_lineage()
        if record.outcomes is self._outcomes:
            return
        self._outcomes = record.outcomes
        rows = outcome_rows(record.outcomes)
        self.results.show_rows(rows)
        self._results_stack.setCurrentIndex(0 if rows else 1)
        count = len(record.outcomes)
        self.tabs.setTabText(0, f"Results  {count}" if count else "Results")
        if not rows:
            return
        if self.results.current() is None:
            self.results.select_first()
        else:
            self.detail.show_outcome(self.results.current())

    def _draw_lineage(self) -> None:
        """Make the graph when it is looked at; reading the request is work for a thread."""
        record = self.record
        if record is None or self.tabs.currentWidget() is not self.lineage:
            return
        proposals = tuple(one.proposal for one in record.outcomes if one.proposal is not None)
        what = (record.id, len(record.events), proposals)
        if what == self._drawn:
            return
        self._drawn = what

        def done(nodes: Nodes) -> None:
            if self.record is record:
                self.lineage.show_nodes(nodes)

        self._context.spawn_thread(
            lineage_for, record.run_dir, tuple(record.events), proposals, on_done=done, owner=self
        )

    def _write_log(self, events: Iterable[AnyEvent]) -> None:
        lines = [line for event in events if (line := log_line(event))]
        if lines:
            self.log.appendPlainText("\n".join(lines))

    def _open(self, outcome: Outcome) -> None:
        if outcome.proposal is not None:
            self._context.request_review(outcome.proposal.id)

    def _lay_out(self) -> None:
        self.log.setReadOnly(True)
        self.log.setFont(mono_font(0.92))
        self.log.setMaximumBlockCount(_LOG_LINES)
        self.log.setAccessibleName("Log of the run")
        self.log.setPlaceholderText("The engine has written nothing.")
        self.results.setMinimumWidth(280)
        self.detail.setMinimumWidth(280)
        split = SplitView((self.results, self.detail), sizes=(520, 420), stretch=(3, 2))
        self._results_stack = QStackedWidget()
        self._results_stack.addWidget(split)
        self._results_stack.addWidget(self._nothing)
        self.tabs.setDocumentMode(True)
        self.tabs.tabBar().setProperty("quiet", True)
        self.tabs.tabBar().setAccessibleName("Parts of the run")
        self.tabs.addTab(self._results_stack, "Results")
        self.tabs.addTab(self.lineage, "Lineage")
        self.tabs.addTab(self.calls, "Model calls")
        self.tabs.addTab(self.task_runs, "Task runs")
        self.tabs.addTab(self.events, "Events")
        self.tabs.addTab(self.log, "Log")
        head = QFrame()
        inside = column(head, spacing=6)
        inside.setContentsMargins(16, 14, 16, 10)
        first = row(spacing=10)
        first.addWidget(self._title)
        first.addWidget(self._state)
        first.addStretch(1)
        first.addWidget(self.retake)
        first.addWidget(self.repeat)
        first.addWidget(self.cancel)
        inside.addLayout(first)
        inside.addWidget(self._where)
        inside.addWidget(self._summary)
        inside.addWidget(self.bar)
        outer = column(self, spacing=0)
        outer.addWidget(head)
        outer.addWidget(self.tabs, 1)


def _nothing_words(record: RunRecord) -> tuple[str, str]:
    if record.active:
        return "The engine is at work", "What it proposes appears here."
    if not record.loaded:
        return "Reading the journal", "What this run said is being read."
    if record.state in ("failed", "lost", "cancelled"):
        return "It gave nothing", record.summary or "It ended before it proposed anything."
    return "No change proposed", record.summary or "The engine found nothing to change."
