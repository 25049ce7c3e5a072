"""The left pane of Review: the queue with its filters, and what can be done with several."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

from msgspec.structs import replace
from PySide6.QtCore import Signal
from PySide6.QtWidgets import QFrame, QLabel, QStackedWidget, QWidget

from workbench.gui.review.queue.menu import QueueMenu, filter_text
from workbench.gui.review.queue.rows import FILTERS, QueueChoice, QueueRow, queue_rows, waiting
from workbench.gui.review.queue.view import QueueView
from workbench.gui.widgets.buttons import icon_button, link_button
from workbench.gui.widgets.elided_label import ElidedLabel
from workbench.gui.widgets.empty_state import EmptyState
from workbench.gui.widgets.layouts import column, row
from workbench.gui.widgets.search_field import SearchField
from workbench.gui.widgets.value_fields import ChoiceBox
from workbench.review.queue import Entry, Wanted

Triage = Callable[[str], object]
#: Tells the time, ISO 8601.
Clock = Callable[[], str]


class QueuePane(QWidget):
    """Lists what passes its filters. ``filtered()``: other words or choices; ``status_chosen()``.

    ``triage`` gets "accept", "reject" or "defer" for the selected proposals.
    """

    filtered = Signal()
    status_chosen = Signal()

    def __init__(self, triage: Triage, clock: Clock, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._clock = clock
        self.entries: tuple[Entry, ...] = ()
        self.view = QueueView()
        self.filter = SearchField("Filter proposals…")
        self.shown = ChoiceBox("Which proposals are listed")
        self.shown.addItems(list(FILTERS))
        self.menu = QueueMenu(self)
        self.count = QLabel()
        self.count.setProperty("muted", True)
        self.count.setContentsMargins(12, 6, 12, 6)
        self.several, self._several_text = self._made_several(triage)
        self.active, self._active_text = self._made_active()
        self._none = EmptyState("Nothing matches", "No proposal passes this filter.", icon="search")
        self.stack = QStackedWidget()
        self.setMinimumWidth(200)
        self._lay_out()
        self.filter.searched.connect(lambda _text: self.filtered.emit())
        self.filter.left_downwards.connect(self.view.setFocus)
        self.filter.returnPressed.connect(self.view.setFocus)
        self.shown.currentTextChanged.connect(lambda _text: self.status_chosen.emit())
        self.menu.changed.connect(lambda _choice: self._chosen())
        self.view.selected.connect(self._show_several)

    def _lay_out(self) -> None:
        tools = row(spacing=6)
        tools.setContentsMargins(8, 8, 8, 8)
        tools.addWidget(self.filter, 1)
        chooser = row(spacing=6)
        chooser.setContentsMargins(8, 0, 8, 8)
        chooser.addWidget(self.shown, 1)
        chooser.addWidget(self.menu.button)
        self._chooser = chooser
        inside = column(self, spacing=0)
        inside.addLayout(tools)
        inside.addLayout(chooser)
        inside.addWidget(self.active)
        self.stack.addWidget(self.view)
        self.stack.addWidget(self._none)
        inside.addWidget(self.stack, 1)
        inside.addWidget(self.several)
        inside.addWidget(self.count)

    def _made_several(self, triage: Triage) -> tuple[QFrame, QLabel]:
        bar = QFrame()
        bar.setObjectName("PanelHeader")
        text = ElidedLabel()
        line = row(bar, spacing=2)
        line.setContentsMargins(12, 4, 8, 4)
        line.addWidget(text, 1)
        for sign, act, key in (
            ("check", "accept", "A"),
            ("close", "reject", "R"),
            ("clock", "defer", "D"),
        ):
            words = f"{act.capitalize()} the selected proposals"
            line.addWidget(icon_button(sign, words, partial(triage, act), shortcut=key))
        bar.hide()
        return bar, text

    def _made_active(self) -> tuple[QWidget, ElidedLabel]:
        body = QWidget()
        text = ElidedLabel()
        text.setProperty("muted", True)
        line = row(body, spacing=6)
        line.setContentsMargins(12, 0, 8, 6)
        line.addWidget(text, 1)
        line.addWidget(link_button("Clear", self.menu.clear))
        body.hide()
        return body, text

    def add_tool(self, tool: QWidget) -> None:
        """Put a button of a feature behind the menu."""
        self._chooser.addWidget(tool)

    @property
    def choice(self) -> QueueChoice:
        """What is listed and how."""
        wanted = replace(self.menu.choice.wanted, words=self.filter.text())
        return replace(self.menu.choice, shown=self.shown.currentText(), wanted=wanted)

    def take(self, entries: Sequence[Entry]) -> None:
        """Take over what the store holds now; ``show_rows`` shows it."""
        self.entries = tuple(entries)
        self.menu.entries = self.entries
        self.count.setText(f"{waiting(entries)} to review, {len(entries)} in all")

    def rows(self) -> tuple[QueueRow, ...]:
        """Return the rows that pass the filters."""
        return queue_rows(self.entries, self.choice, now=self._clock())

    def show_rows(self, rows: Sequence[QueueRow], selected: str) -> None:
        """Show rows, one of them selected."""
        self.stack.setCurrentIndex(0 if rows else 1)
        self.view.show_rows(rows, selected)

    def loosen(self) -> None:
        """Take all filters away without telling: something has to be shown."""
        parts = (self.filter, self.shown, self.menu)
        for part in parts:
            part.blockSignals(True)
        self.filter.clear()
        self.shown.setCurrentText("All")
        self.menu.take(replace(self.menu.choice, wanted=Wanted()))
        for part in parts:
            part.blockSignals(False)
        self._show_active()

    def _chosen(self) -> None:
        self._show_active()
        self.filtered.emit()

    def _show_active(self) -> None:
        text = filter_text(self.menu.choice)
        self._active_text.setText(text)
        self.active.setVisible(bool(text))

    def _show_several(self, names: tuple[str, ...]) -> None:
        self._several_text.setText(f"{len(names)} selected")
        self.several.setVisible(len(names) > 1)
