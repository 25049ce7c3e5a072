"""A list, the text of what is selected in it, a line about it, and buttons below."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, Final

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QFrame, QPlainTextEdit, QPushButton, QStackedWidget, QWidget

from workbench.domain.text import spelled_out
from workbench.gui.theme.fonts import mono_font
from workbench.gui.widgets.empty_state import Action, EmptyState
from workbench.gui.widgets.layouts import column, row
from workbench.gui.widgets.plain_label import PlainLabel
from workbench.gui.widgets.split_view import SplitView
from workbench.gui.widgets.two_line_row import TwoLineList, TwoLines

#: So many characters of a title are shown; nobody sees more of one line.
_LONGEST: Final = 400


class ListPage(QWidget):
    """``chosen(value)``: another row is current; ``opened(value)``: Enter or a double click."""

    chosen = Signal(object)
    opened = Signal(object)

    def __init__(
        self,
        name: str,
        key: Callable[[Any], object],
        buttons: Sequence[QPushButton],
        nothing: EmptyState,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.list = TwoLineList(name, key)
        self.list.setMinimumWidth(260)
        self.text = QPlainTextEdit()
        self.text.setReadOnly(True)
        self.text.setTabChangesFocus(True)
        self.text.setFrameShape(QFrame.Shape.NoFrame)
        self.text.setFont(mono_font())
        self.text.document().setDocumentMargin(12)
        self.text.setAccessibleName(f"{name}: details")
        self.words = PlainLabel()
        self.words.setProperty("muted", True)
        self.nothing = nothing
        self._stack = QStackedWidget()
        body = QWidget()
        inside = column(body, spacing=0)
        inside.addWidget(SplitView((self.list, self.text), sizes=(420, 780), stretch=(0, 1)), 1)
        foot = QFrame()
        foot.setObjectName("PanelHeader")
        line = row(foot, spacing=8)
        line.setContentsMargins(12, 6, 12, 6)
        line.addWidget(self.words, 1)
        for button in buttons:
            line.addWidget(button)
        inside.addWidget(foot)
        self._stack.addWidget(nothing)
        self._stack.addWidget(body)
        column(self, spacing=0).addWidget(self._stack)
        self.setFocusProxy(self.list)
        self.list.chosen.connect(self.chosen)
        self.list.opened.connect(self.opened)

    def show_rows(self, rows: Sequence[tuple[TwoLines, object]], words: str) -> None:
        """Show rows, or that there are none; ``words`` stand beside the buttons."""
        self._stack.setCurrentIndex(1 if rows else 0)
        self.list.show_rows([(_spelled(one), value) for one, value in rows])
        self.words.setText(words)
        if not rows:
            self.text.clear()
        elif self.list.current() is None:
            self.list.select_first()
        else:
            self.chosen.emit(self.list.current())

    def show_nothing(self, heading: str, sentence: str) -> None:
        """Say why there is nothing."""
        self.nothing.set_texts(heading, sentence)
        self._stack.setCurrentIndex(0)

    def show_text(self, text: str) -> None:
        """Show the text of the current row; what is read stays where it is."""
        shown = spelled_out(text)
        if shown != self.text.toPlainText():
            self.text.setPlainText(shown)


def _spelled(one: TwoLines) -> TwoLines:
    """Return a row in which nothing is hidden: its words may come from a stranger."""
    short = (spelled_out(text[:_LONGEST]) for text in (one.title, one.detail))
    title, detail = short
    return replace(one, title=title, detail=detail)


def nothing(heading: str, sentence: str, icon: str, action: Action | None = None) -> EmptyState:
    """Return what a page shows while it has no rows."""
    return EmptyState(heading, sentence, action=action, icon=icon)
