"""The timeline: all changes of a skill, newest first, page by page; the selected one beside it."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QLabel, QStackedWidget, QWidget

from workbench.gui.review.history.change_view import ChangeView
from workbench.gui.review.history.words import change_row
from workbench.gui.shell.context import AppContext
from workbench.gui.widgets.buttons import link_button
from workbench.gui.widgets.empty_state import EmptyState
from workbench.gui.widgets.layouts import column, row
from workbench.gui.widgets.split_view import SplitView
from workbench.gui.widgets.two_line_row import TwoLineList
from workbench.review.history.timeline import TimelineEntry


class TimelinePage(QWidget):
    """``chosen(entry)`` asks for what is behind a change, ``more_wanted()`` for older ones."""

    chosen = Signal(object)
    more_wanted = Signal()

    def __init__(self, context: AppContext, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.list = TwoLineList("Changes of the skill", lambda entry: entry.key)
        self.list.setMinimumWidth(220)
        self.change = ChangeView(context)
        self.count = QLabel()
        self.count.setProperty("muted", True)
        self.more = link_button("Show older", self.more_wanted.emit)
        self._there_is_more = False
        self._nothing = EmptyState("No changes are known", "", icon="history")
        self._stack = QStackedWidget()
        left = QWidget()
        inside = column(left, spacing=0)
        inside.addWidget(self.list, 1)
        foot = row(spacing=6)
        foot.setContentsMargins(12, 4, 6, 4)
        foot.addWidget(self.count, 1)
        foot.addWidget(self.more)
        inside.addLayout(foot)
        self._stack.addWidget(self._nothing)
        self._stack.addWidget(SplitView((left, self.change), sizes=(330, 870), stretch=(0, 1)))
        column(self, spacing=0).addWidget(self._stack)
        self.setFocusProxy(self.list)
        self.list.chosen.connect(self._choose)
        self.list.opened.connect(lambda _entry: self.change.diff.setFocus())

    def show_nothing(self, heading: str, sentence: str) -> None:
        """Say why there is no timeline."""
        self._nothing.set_texts(heading, sentence)
        self._stack.setCurrentIndex(0)

    def show_entries(self, entries: Sequence[TimelineEntry], skill: str, *, more: bool) -> None:
        """Show changes of a skill; ``more`` says that there are older ones."""
        self._there_is_more = more
        self.list.show_rows([(change_row(one, skill), one) for one in entries])
        self.more.setVisible(more)
        applied = sum(one.kind == "applied" for one in entries)
        shown = f"{len(entries):,}{'+' if more else ''} changes, {applied:,} applied"
        self.count.setText(shown)
        self._stack.setCurrentIndex(1)
        if self.list.current() is None:
            self.list.select_first()

    def select(self, key: str) -> bool:
        """Make a change the selected one; False when it is not listed."""
        return self.list.select(key)

    def _choose(self, entry: TimelineEntry) -> None:
        self.chosen.emit(entry)
        if self._there_is_more and self.list.currentIndex().row() == self.list.rows.rowCount() - 1:
            self.more_wanted.emit()
