"""Puts the page to read in front of list and detail, and keeps both at the same step."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QStackedWidget, QWidget

from workbench.gui.shell.context import AppContext
from workbench.gui.traces.viewer.reading.reading_view import ReadingView

if TYPE_CHECKING:
    from workbench.gui.traces.viewer.trace_viewer import TraceViewer


class ReadingSide(QObject):
    """The page is made when it is first asked for."""

    def __init__(self, context: AppContext, viewer: TraceViewer) -> None:
        super().__init__(viewer)
        self._context = context
        self._viewer = viewer
        self._made = False
        self._stack = QStackedWidget()

    @cached_property
    def page(self) -> ReadingView:
        """The page."""
        made = ReadingView(self._context)
        made.step_asked.connect(self._open_step)
        made.subagent_asked.connect(self._viewer.reader.subagent_asked)
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
        self._stack.addWidget(panes)
        viewer = self._viewer
        viewer.header.reading.toggled.connect(self._turn)
        viewer.shown.connect(self._renew)
        viewer.renewed.connect(self._renew)
        viewer.step_shown.connect(self._follow)
        return self._stack

    def _turn(self, on: bool) -> None:
        if on:
            self._stack.setCurrentWidget(self.page)
            self._renew()
            self.page.setFocus()
        else:
            self._stack.setCurrentIndex(0)
            self._viewer.steps.setFocus()

    def _renew(self) -> None:
        if self.on:
            self.page.show_trace(self._viewer.trace, self._viewer.index)
            self.page.go_to(max(0, self._viewer.steps.current_step))

    def _follow(self, step: int) -> None:
        if self.on:
            self.page.go_to(step)

    def _open_step(self, step: int) -> None:
        self._viewer.header.reading.setChecked(False)
        self._viewer.go_to(step)
        self._viewer.steps.setFocus()
