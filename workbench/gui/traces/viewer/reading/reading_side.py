"""Puts the page to read in front of list and detail, and keeps it at the same step."""

from __future__ import annotations

from functools import cached_property

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QStackedWidget, QWidget

from workbench.gui.shell.context import AppContext
from workbench.gui.traces.step_marks import StepMarks
from workbench.gui.traces.viewer.detail_pane import DetailPane
from workbench.gui.traces.viewer.header import ViewerHeader
from workbench.gui.traces.viewer.reading.entries import Hidden
from workbench.gui.traces.viewer.reading.reading_view import ReadingView
from workbench.gui.traces.viewer.steps_pane import StepsPane
from workbench.traces.open import OpenTrace


class ReadingSide(QObject):
    """``opened`` tells that the page came to the front and wants to be told what to show.

    ``step_asked(step)`` asks for a step in full. The page is made when it is first wanted.
    """

    opened = Signal()
    step_asked = Signal(int)

    def __init__(
        self,
        context: AppContext,
        header: ViewerHeader,
        pane: StepsPane,
        detail: DetailPane,
        parent: QWidget,
    ) -> None:
        super().__init__(parent)
        self._context = context
        self._header = header
        self._pane = pane
        self._detail = detail
        self._made = False
        self._panes: QWidget | None = None
        self._stack = QStackedWidget()
        header.reading.toggled.connect(self._turn)
        for told in (pane.narrowed, pane.parts_hidden):
            told.connect(self._hide)

    @cached_property
    def page(self) -> ReadingView:
        """The page."""
        made = ReadingView(self._context, self._pane.another_hide_button())
        made.step_asked.connect(self._open_step)
        made.subagent_asked.connect(self._detail.reader.subagent_asked)
        self._context.theme_changed.connect(lambda _name: made.refresh_colours())
        self._stack.addWidget(made)
        self._made = True
        return made

    @property
    def on(self) -> bool:
        """Whether the page is in front."""
        return self._made and self._stack.currentWidget() is self.page

    def around(self, panes: QWidget) -> QWidget:
        """Return the panes and the page, one in front of the other."""
        self._panes = panes
        self._stack.addWidget(panes)
        return self._stack

    def show_trace(self, trace: OpenTrace | None, index: StepMarks | None, step: int) -> None:
        """Show a trace at a step, if the page is in front."""
        if self.on:
            self.page.show_trace(trace, index)
            self._hide()
            self.page.go_to(step)

    def follow(self, step: int) -> None:
        """Show another step of the same trace, if the page is in front."""
        if self.on:
            self._hide()
            self.page.go_to(step)

    def _hide(self) -> None:
        """Leave out of the page what is hidden in the list and in steps."""
        if self.on:
            self.page.hide_kinds(Hidden(int(self._pane.hidden), self._pane.hidden_parts))

    def _turn(self, on: bool) -> None:
        if on:
            self._stack.setCurrentWidget(self.page)
            self.opened.emit()
            self.page.setFocus()
        else:
            self._stack.setCurrentIndex(0)
            if self._panes is not None:
                self._panes.setFocus()

    def _open_step(self, step: int) -> None:
        self._header.reading.setChecked(False)
        self.step_asked.emit(step)
