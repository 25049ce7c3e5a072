"""Which steps are listed: a kind, what was found by words, a file that was touched."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace

from PySide6.QtCore import QObject, Signal

from workbench.gui.shell.context import AppContext
from workbench.gui.traces.step_marks import StepFilter
from workbench.gui.traces.viewer.search import steps_with
from workbench.gui.traces.viewer.steps_pane import StepsPane
from workbench.traces.open import OpenTrace
from workbench.traces.touched import TouchedFile


class Narrowing(QObject):
    """Follows the tools above the list; ``changed`` tells that other steps are to be listed."""

    changed = Signal()

    def __init__(self, context: AppContext, pane: StepsPane) -> None:
        super().__init__(pane)
        self._context = context
        self._pane = pane
        self._trace: OpenTrace | None = None
        self._filter = StepFilter()
        self._touching: frozenset[int] | None = None
        self._searching = threading.Event()
        pane.searched.connect(self._search)
        pane.narrowed.connect(lambda: self._found(self._filter.found))
        pane.file_left.connect(lambda: self.to_file(None))

    @property
    def now(self) -> StepFilter:
        """What is asked for."""
        found, touching = self._filter.found, self._touching
        if touching is not None:
            found = touching if found is None else found & touching
        return replace(self._filter, found=found)

    def begin(self, trace: OpenTrace | None) -> None:
        """Ask for all steps of another trace, or of none; what is hidden stays hidden."""
        self._searching.set()
        self._trace = trace
        self._touching = None
        self._pane.show_file("")
        self._pane.reset()
        self._filter = self._pane.filter_of(None)

    def renew(self, trace: OpenTrace, moved: Callable[[int], int]) -> None:
        """Go on with the same trace read anew; ``moved`` tells where a step is by now, -1: gone."""
        self._trace = trace

        def by_now(steps: frozenset[int] | None) -> frozenset[int] | None:
            if steps is None:
                return None
            return frozenset(number for step in steps if (number := moved(step)) >= 0)

        self._touching = by_now(self._touching)
        self._filter = self._pane.filter_of(by_now(self._filter.found))

    def to_file(self, file: TouchedFile | None) -> None:
        """Ask for the steps that touched a file alone, with None for all again."""
        before, self._touching = self._touching, None if file is None else frozenset(file.steps)
        self._pane.show_file(file.path if file is not None else "")
        if before != self._touching:
            self.changed.emit()

    def let_in(self, step: int, mark: int) -> None:
        """Take off what hides a step."""
        if self._touching is not None and step not in self._touching:
            self._touching = None
            self._pane.show_file("")
        self._pane.reset(hidden=bool(mark & self._pane.hidden))
        self._filter = self._pane.filter_of(None)

    def stop(self) -> None:
        """Search no further."""
        self._searching.set()

    def _found(self, steps: frozenset[int] | None) -> None:
        self._filter = self._pane.filter_of(steps)
        self.changed.emit()

    def _search(self, words: str) -> None:
        self._searching.set()
        trace = self._trace
        if trace is None:
            return
        if not words.strip():
            self._found(None)
            return
        stop = self._searching = threading.Event()
        self._pane.count.setText("Searching…")

        def done(found: frozenset[int]) -> None:
            if stop is self._searching and not stop.is_set():
                self._found(found)

        self._context.spawn_thread(
            steps_with, trace, words.strip(), stop.is_set, on_done=done, owner=self
        )
