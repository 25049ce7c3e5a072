"""Counting sessions for the measured effect: open traces at once, all sessions with progress."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QObject

from workbench.gui.review.backend import PROBLEMS, Shelf
from workbench.gui.review.history.effect_page import EffectPage
from workbench.gui.review.history.reading import Aim, EffectSource, Measured, Sessions
from workbench.gui.shell.context import AppContext
from workbench.gui.shell.jobs import JobEntry, JobReporter
from workbench.usage.session_files import session_files


class EffectReader(QObject):
    """Fills an effect page. ``measure`` counts again; an older count is dropped."""

    def __init__(
        self, context: AppContext, shelf: Shelf, page: EffectPage, parent: QObject
    ) -> None:
        super().__init__(parent)
        self._context, self._shelf, self._page = context, shelf, page
        self._source = EffectSource()
        self._aim: Aim | None = None
        self._turn = 0
        self._counting = False
        self._job: JobEntry | None = None
        page.wanted.connect(self._again)

    @property
    def busy(self) -> bool:
        """Whether sessions are being counted."""
        return self._counting

    def measure(self, aim: Aim) -> None:
        """Count the sessions that the page asks for."""
        self._aim = aim
        self._turn += 1
        self._stop()
        library = self._context.library
        if library is None or Path(library.root) != aim.library:
            self._page.show_nothing(
                "The library is not open",
                f"Sessions are matched with the skills of the open library. Open {aim.library} to "
                "measure this one.",
            )
            return
        if self._page.scope.currentIndex():
            self._measure_all(aim)
            return
        if not self._context.traces:
            self._page.show_nothing(
                "No traces are open",
                "To measure a change, open sessions from before it and since, or count all "
                "sessions of the watched folders.",
            )
            return
        turn, traces = self._turn, self._context.traces
        annotations, adjacent = self._context.annotations.all, self._page.adjacent.isChecked()

        def count() -> Measured:
            return self._source.of_open(
                self._shelf, aim, library, traces, annotations, adjacent=adjacent
            )

        self._counting = True
        self._page.show_reading("Counting …")
        self._context.spawn_thread(
            count,
            on_done=lambda found: self._done(turn, found),
            on_error=lambda problem: self._failed(turn, problem),
            owner=self,
        )

    def _measure_all(self, aim: Aim) -> None:
        library, turn = self._context.library, self._turn
        assert library is not None
        index = self._context.folders.trace_index
        annotations, adjacent = self._context.annotations.all, self._page.adjacent.isChecked()
        opening = self._context.open_any

        def count(reporter: JobReporter) -> Measured:
            paths = session_files(index)

            def told(number: int, path: Path) -> bool:
                reporter.progress(number / max(1, len(paths)), f"Reading {path.name}")
                return not reporter.cancelled and turn == self._turn

            sessions = Sessions(paths, annotations, opening)
            return self._source.of_files(
                self._shelf, aim, library, sessions, told, adjacent=adjacent
            )

        self._counting = True
        self._page.show_reading("Reading all sessions …")
        self._job = self._context.run_job(
            f"Measure changes of {aim.skill} in all sessions",
            count,
            on_done=lambda found: self._done(turn, found),
            on_error=lambda problem: self._failed(turn, problem),
            on_cancelled=self._cancelled,
            owner=self,
        )

    def _again(self) -> None:
        if self._aim is not None:
            self.measure(self._aim)

    def _stop(self) -> None:
        if self._job is not None and self._job.state == "running":
            self._context.jobs.cancel(self._job.id)
        self._job = None

    def _cancelled(self) -> None:
        self._counting = False
        self._page.show_reading("Stopped. Choose the sessions again.")

    def _done(self, turn: int, found: Measured) -> None:
        if turn != self._turn:
            return
        self._counting = False
        if not found.sessions:
            self._page.show_nothing(
                "No sessions are known",
                "Watch folders of sessions in Traces, or open some: without sessions from before "
                "and since a change nothing can be measured.",
            )
            return
        self._page.show_measured(found)

    def _failed(self, turn: int, problem: BaseException) -> None:
        if turn != self._turn:
            return
        self._counting = False
        if not isinstance(problem, PROBLEMS):
            self._context.notify.problem(problem)
        self._page.show_nothing("The sessions cannot be counted", str(problem))
