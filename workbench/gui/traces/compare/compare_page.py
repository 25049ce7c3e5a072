"""The tab "Compare": runs side by side, or groups of sessions."""

from __future__ import annotations

import time
from collections.abc import Sequence
from functools import cached_property, partial
from pathlib import Path

from PySide6.QtCore import QTimer, Signal
from PySide6.QtWidgets import QApplication, QLabel, QProgressBar, QStackedWidget, QWidget

from workbench.gui.shell.context import AppContext
from workbench.gui.shell.jobs import JobEntry, JobReporter
from workbench.gui.traces.compare.aligned import Aligned, aligned
from workbench.gui.traces.compare.cohorts_view import CohortsView
from workbench.gui.traces.compare.export import ask_report
from workbench.gui.traces.compare.picker import Choice, RunPicker, choices_of
from workbench.gui.traces.compare.run_words import letter
from workbench.gui.traces.compare.runs_view import RunsView
from workbench.gui.traces.opened import TracePlace, all_places, find_place
from workbench.gui.widgets.buttons import push_button
from workbench.gui.widgets.empty_state import EmptyState
from workbench.gui.widgets.layouts import column, row
from workbench.gui.widgets.tabs import quiet_tabs
from workbench.traces.compare.report import comparison_document, comparison_report
from workbench.traces.compare.runs import compare
from workbench.traces.compare.texts import with_texts
from workbench.traces.importer import TraceError
from workbench.traces.open import OpenTrace
from workbench.traces.prices import PriceTable

#: Full texts of more rows are compared one by one, when a row is selected.
_TEXTS = 20_000
#: Seconds a thread rests between two slices of work.
_REST = 0.001
_DRAWN_MS = 200


class ComparePage(QWidget):
    """Empty state, list to choose from, progress, and the comparison, one in front of another.

    ``step_chosen(path, trajectory, step)`` asks for a step.
    """

    step_chosen = Signal(str, str, int)

    def __init__(self, context: AppContext, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._context = context
        self._job: JobEntry | None = None
        self._places: tuple[TracePlace, ...] = ()
        self._awaited: tuple[tuple[str, str], ...] = ()
        self._turn = 0
        self._listed = False
        #: Whether the full texts of the runs were compared as well.
        self.texts_read = False
        self.mode = quiet_tabs("What is compared", ("Runs", "Groups of sessions"))
        self.picker = RunPicker()
        self._runs: RunsView | None = None
        self._cohorts: CohortsView | None = None
        self.few = EmptyState(
            "Open another trace to compare",
            "A comparison takes two runs: of one task with and without a skill, by two models, or "
            "before and after an edit.",
            action=("Open traces…", lambda: context.commands.run("file.open_traces")),
            icon="columns",
        )
        self._busy = self._make_busy()
        self._stack = QStackedWidget()
        for page in (self.few, self.picker, self._busy):
            self._stack.addWidget(page)
        self._modes = QStackedWidget()
        self._modes.addWidget(self._stack)
        line = self._head = row(spacing=0)
        line.setContentsMargins(8, 4, 12, 4)
        line.addWidget(self.mode)
        line.addStretch(1)
        inside = column(self, spacing=0)
        inside.addLayout(line)
        inside.addWidget(self._modes, 1)
        self._connect()
        self._aim_focus()

    def _connect(self) -> None:
        self.mode.currentChanged.connect(self._mode_chosen)
        self.picker.picked.connect(self.compare)
        self._context.jobs.ended.connect(lambda _job: self._look_for_awaited())

    def _make_busy(self) -> QWidget:
        page = QWidget()
        inside = column(page, margin=24, spacing=12)
        inside.addStretch(1)
        self._busy_words = QLabel("Comparing…")
        self._busy_words.setProperty("heading", True)
        inside.addWidget(self._busy_words)
        bar = QProgressBar()
        bar.setRange(0, 0)
        bar.setTextVisible(False)
        bar.setAccessibleName("The runs are being compared")
        inside.addWidget(bar)
        line = row(spacing=8)
        self.cancel_button = push_button("Cancel", self.cancel)
        line.addWidget(self.cancel_button)
        line.addStretch(1)
        inside.addLayout(line)
        inside.addStretch(2)
        return page

    @cached_property
    def runs(self) -> RunsView:
        """Runs side by side, made when first asked for."""
        made = RunsView(self._context)
        made.choose_asked.connect(self.choose)
        made.step_chosen.connect(self.step_chosen)
        made.export_asked.connect(self.export)
        self._context.theme_changed.connect(lambda _name: made.refresh_colours())
        self._stack.addWidget(made)
        self._head.addWidget(made.tools)
        self._runs = made
        return made

    @cached_property
    def cohorts(self) -> CohortsView:
        """Groups of sessions, made when first asked for."""
        made = CohortsView(self._context)
        made.session_chosen.connect(lambda path, one: self.step_chosen.emit(path, one, 0))
        self._modes.addWidget(made)
        self._cohorts = made
        return made

    # What is asked of the page

    def read(self) -> None:
        """Take over what is open now."""
        tops = {id(trace) for trace in self._context.traces}
        if self._places and any(id(place.top) not in tops for place in self._places):
            self._turn += 1
            self.cancel()
            self._places = ()
            self.runs.clear()
            self._stack.setCurrentWidget(self.picker)
        self._listed = False
        if self._awaited:
            self.compare_keys(self._awaited)
        elif self._stack.currentWidget() in (self.few, self.picker):
            self.choose()
        if self._cohorts is not None:
            self._cohorts.read()

    def compare_keys(self, keys: Sequence[tuple[str, str]]) -> None:
        """Compare runs given by (path, trajectory id); those that are not open are opened first."""
        traces = self._context.traces
        found = [find_place(traces, *key) for key in keys]
        places = [place for place in found if place is not None]
        if len(places) == len(keys) or (tuple(keys) == self._awaited and not self._opening):
            self._awaited = ()
            self.compare(places)
            return
        if tuple(keys) == self._awaited:
            return
        self._awaited = tuple(keys)
        missing = [Path(key[0]) for key, place in zip(keys, found, strict=True) if place is None]
        self._context.open_traces(dict.fromkeys(missing))

    def _look_for_awaited(self) -> None:
        """Compare what could be opened, once nothing more will come."""
        if self._awaited and not self._opening:
            self.compare_keys(self._awaited)

    @property
    def _opening(self) -> bool:
        return bool(self._context.jobs.active)

    def compare(self, places: Sequence[TracePlace]) -> None:
        """Compare runs, the first with the others; one alone is chosen and waits for another."""
        self.mode.setCurrentIndex(0)
        if len(places) < 2:
            self.choose([(place.path, place.trajectory.id) for place in places])
            return
        self.cancel()
        self._turn += 1
        turn = self._turn
        self._places = tuple(places)
        self.texts_read = False
        steps = sum(len(place.trajectory.steps) for place in places)
        self._busy_words.setText(f"Comparing {len(places)} runs of {steps:,} steps…")
        self._show(self._busy)
        self.setFocus()

        def make_view() -> None:
            # Before the thread begins: making widgets beside it takes many times as long.
            self.runs  # noqa: B018 - made when asked for
            QTimer.singleShot(0, self, lambda: self._align(turn))

        QTimer.singleShot(0, self, make_view)

    def _align(self, turn: int) -> None:
        if turn != self._turn:
            return
        traces = tuple(place.opened() for place in self._places)
        names = " and ".join(letter(n) for n in range(len(traces)))
        prices = self._context.folders.prices_file

        def work(reporter: JobReporter) -> Aligned:
            runs = [trace.trajectory for trace in traces]
            made = compare(runs, PriceTable.load(prices), partial(_give_way, reporter))
            return aligned(made, runs, partial(_give_way, reporter))

        def done(found: Aligned) -> None:
            if turn == self._turn:
                self._job = None
                self.runs.show_aligned(found, traces)
                self._show(self.runs)
                # First the window draws what there is; until then there is no hurry.
                QTimer.singleShot(_DRAWN_MS, self, lambda: self._refine(turn, found, traces))

        def ended(problem: BaseException | None = None) -> None:
            if turn == self._turn:
                self._give_up()
                if problem is not None:
                    words = str(problem) if isinstance(problem, TraceError) else repr(problem)
                    self._context.notify.error(f"The runs cannot be compared: {words}")

        self._job = self._context.run_job(
            f"Compare runs {names}", work, on_done=done, on_error=ended, on_cancelled=ended,
            owner=self,
        )  # fmt: skip

    def _give_up(self) -> None:
        self._turn += 1
        self._job = None
        self._places = ()
        self.choose()

    def show_groups(self) -> None:
        """Compare groups of sessions."""
        self.mode.setCurrentIndex(1)
        self.setFocus()

    def cancel(self) -> None:
        """Stop comparing."""
        if self._job is not None and self._job.active:
            self._context.jobs.cancel(self._job.id)
        elif self._job is None and self._stack.currentWidget() is self._busy:
            self._give_up()

    def choose(self, keys: Sequence[tuple[str, str]] | bool = ()) -> None:
        """Show the list to choose runs from."""
        places = list(all_places(self._context.traces))
        if len(places) < 2:
            self._show(self.few)
            return
        if not self._listed:
            self._listed = True

            def done(choices: list[Choice]) -> None:
                self.picker.show_choices(choices)
                if keys and not isinstance(keys, bool):
                    self.picker.choose(keys)

            self._context.spawn_thread(choices_of, places, on_done=done, owner=self)
        elif keys and not isinstance(keys, bool):
            self.picker.choose(keys)
        self._show(self.picker)

    def export(self) -> None:
        """Ask where the report goes and write it."""
        found, traces = self.runs.found, self.runs.traces
        if found is None:
            return
        made = found.comparison

        def document() -> dict[str, object]:
            schema = {"schema": "skill-workbench/trace-compare/1"}
            return {**schema, **comparison_document(made, traces)}

        both = (lambda: comparison_report(made, traces), document)
        ask_report(self._context, self, both, "comparison")

    @property
    def compares(self) -> bool:
        """Whether a comparison of runs is in front."""
        front = self._stack.currentWidget()
        return self.mode.currentIndex() == 0 and self._runs is not None and front is self._runs

    # Inside

    def _refine(self, turn: int, found: Aligned, traces: tuple[OpenTrace, ...]) -> None:
        """Compare full texts as well, and show them when all are read."""
        if turn != self._turn or len(found.rows) > _TEXTS:
            return

        def work(reporter: JobReporter) -> Aligned:
            def progress(share: float) -> None:
                reporter.progress(share)
                _give_way(reporter)

            made = with_texts(found.comparison, traces, progress)
            runs = [trace.trajectory for trace in traces]
            return aligned(made, runs, partial(_give_way, reporter))

        def done(full: Aligned) -> None:
            if turn == self._turn:
                self._job = None
                self.texts_read = True
                self.runs.show_aligned(full, traces)

        def failed(problem: BaseException) -> None:
            if turn == self._turn:
                self._job = None
                self._context.notify.warning(
                    f"Results were not compared: {problem}. What is marked is what the steps did."
                )

        self._job = self._context.run_job(
            "Compare the results of steps", work, on_done=done, on_error=failed, owner=self
        )

    def _mode_chosen(self, number: int) -> None:
        self._modes.setCurrentWidget(self.cohorts if number else self._stack)
        if number:
            self.cohorts.read()
        self._aim_focus()

    def _show(self, page: QWidget) -> None:
        before, focused = self._stack.currentWidget(), QApplication.focusWidget()
        moved = before is not None and focused is not None and before.isAncestorOf(focused)
        self._stack.setCurrentWidget(page)
        self._aim_focus()
        if moved and self.isVisible():
            self.setFocus()

    def _aim_focus(self) -> None:
        if self._runs is not None:
            self._runs.tools.setVisible(self.compares)
        page = self._stack.currentWidget()
        if self.mode.currentIndex():
            self.setFocusProxy(self.cohorts)
        elif page is self.few:
            self.setFocusProxy(self.few.button)
        elif page is self._busy:
            self.setFocusProxy(self.cancel_button)
        else:
            self.setFocusProxy(
                self.picker if page is self.picker or self._runs is None else self._runs
            )


def _give_way(reporter: JobReporter) -> None:
    """Stop when cancelled, and let the window draw: it waits for the interpreter at every call."""
    reporter.check_cancelled()
    time.sleep(_REST)
