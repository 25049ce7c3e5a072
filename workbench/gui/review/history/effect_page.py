"""Measured effect: what sessions say before and since each applied proposal."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHeaderView,
    QLabel,
    QStackedWidget,
    QTableWidget,
    QTableWidgetItem,
    QWidget,
)

from workbench.domain.text import counted
from workbench.gui.review.history.reading import Measured
from workbench.gui.review.history.words import when
from workbench.gui.widgets.empty_state import EmptyState
from workbench.gui.widgets.layouts import column, row
from workbench.gui.widgets.marks import CheckBox
from workbench.gui.widgets.pause import single_shot
from workbench.gui.widgets.split_view import SplitView
from workbench.gui.widgets.two_line_row import TwoLineList, TwoLines
from workbench.gui.widgets.value_fields import ChoiceBox
from workbench.usage.effect import Effect, EffectSide
from workbench.usage.effect_words import effect_notes, effect_rows, effect_summary
from workbench.usage.sessions import Use

SCOPES: Final = ("Open traces", "All sessions")
_MOST_USES: Final = 500
_HEADINGS: Final = ("", "Before", "Since", "Difference")


class EffectPage(QWidget):
    """``wanted()`` asks to count, ``step_wanted(use)`` for the step of a use."""

    wanted = Signal()
    step_wanted = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.scope = ChoiceBox("Sessions that are counted")
        self.scope.addItems(SCOPES)
        self.adjacent = CheckBox("Only up to the next change")
        self.adjacent.setToolTip(
            "Count from the change before to this one, and from this one to the next, instead of "
            "all sessions"
        )
        self.summary = QLabel()
        self.summary.setProperty("muted", True)
        self.list = TwoLineList("Applied proposals", lambda one: one.edit.key)
        self.list.setMinimumWidth(220)
        self.table = QTableWidget(0, len(_HEADINGS))
        self.notes = QLabel()
        self.uses = TwoLineList("Uses of the skill in these sessions", id)
        self._uses_title = QLabel()
        self._uses_title.setProperty("section", True)
        self._uses_title.setContentsMargins(12, 8, 12, 4)
        self._nothing = EmptyState("Nothing is measured yet", "", icon="spark")
        self._stack = QStackedWidget()
        self._set_up_table()
        self._lay_out()
        self.setFocusProxy(self.list)
        self.scope.currentIndexChanged.connect(lambda _number: self.wanted.emit())
        self.adjacent.toggled.connect(lambda _on: self.wanted.emit())
        self.list.chosen.connect(self._show)
        self.uses.opened.connect(self.step_wanted)

    def _set_up_table(self) -> None:
        table = self.table
        table.setHorizontalHeaderLabels(list(_HEADINGS))
        table.setAccessibleName("Figures before and since the change")
        table.verticalHeader().hide()
        table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        table.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        table.setShowGrid(False)
        table.setWordWrap(True)
        table.setTabKeyNavigation(False)
        header = table.horizontalHeader()
        header.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        header.setHighlightSections(False)
        header.setSectionResizeMode(0, QHeaderView.ResizeMode.ResizeToContents)
        for number in (1, 2, 3):
            header.setSectionResizeMode(number, QHeaderView.ResizeMode.Stretch)
        # Once all columns have their new widths: a row is as high as its longest cell then.
        again = single_shot(self, 0, table.resizeRowsToContents)
        header.sectionResized.connect(lambda *_: again.start())

    def _lay_out(self) -> None:
        tools = row(spacing=8)
        tools.setContentsMargins(12, 8, 12, 8)
        tools.addWidget(self.scope)
        tools.addWidget(self.adjacent)
        tools.addWidget(self.summary, 1)
        self.notes.setWordWrap(True)
        self.notes.setTextFormat(Qt.TextFormat.PlainText)
        self.notes.setProperty("muted", True)
        self.notes.setContentsMargins(12, 8, 12, 8)
        self.notes.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        figures, below = QWidget(), QWidget()
        inside = column(figures, spacing=0)
        inside.addWidget(self.table, 1)
        inside.addWidget(self.notes)
        under = column(below, spacing=0)
        under.addWidget(self._uses_title)
        under.addWidget(self.uses, 1)
        right = SplitView((figures, below), vertical=True, sizes=(440, 200), stretch=(1, 0))
        self._stack.addWidget(self._nothing)
        self._stack.addWidget(SplitView((self.list, right), sizes=(300, 900), stretch=(0, 1)))
        whole = column(self, spacing=0)
        whole.addLayout(tools)
        whole.addWidget(self._stack, 1)

    def show_nothing(self, heading: str, sentence: str) -> None:
        """Say what is needed before anything can be measured."""
        self.summary.setText("")
        self._nothing.set_texts(heading, sentence)
        self._stack.setCurrentIndex(0)

    def show_reading(self, words: str) -> None:
        """Say that sessions are being read."""
        self.summary.setText(words)

    def show_measured(self, found: Measured) -> None:
        """Show what sessions say."""
        told = f"{counted(found.sessions, 'session')} read"
        if found.unread:
            told += f"; stopped, {counted(found.unread, 'file')} not read"
        self.summary.setText(told)
        if not found.effects:
            self.show_nothing(
                "No proposal was applied to this skill",
                "What is measured is the time since a proposal was applied.",
            )
            return
        self.list.show_rows([(_row(one), one) for one in found.effects])
        self._stack.setCurrentIndex(1)
        if self.list.current() is None:
            self.list.select_first()
        else:
            self._show(self.list.current())

    def _show(self, effect: Effect) -> None:
        rows = effect_rows(effect)
        self.table.setRowCount(len(rows))
        for number, texts in enumerate(rows):
            for place, text in enumerate(texts):
                self.table.setItem(number, place, QTableWidgetItem(text[:1].upper() + text[1:]))
        self.table.resizeRowsToContents()
        self.notes.setText("\n".join(f"• {one}" for one in effect_notes(effect)))
        uses = [*_uses(effect.after), *_uses(effect.before)]
        self._uses_title.setText(f"Uses  {len(uses):,}" if uses else "No use in these sessions")
        self.uses.setVisible(bool(uses))
        self.uses.show_rows(uses[:_MOST_USES])


def _row(one: Effect) -> TwoLines:
    return TwoLines(
        title=one.edit.title,
        detail=effect_summary(one),
        icon="review",
        token="accent",
        tip=f"{one.edit.title}\n{when(one.edit.time)}\n{effect_summary(one)}",
    )


def _uses(side: EffectSide) -> Sequence[tuple[TwoLines, Use]]:
    return [
        (
            TwoLines(
                title=use.session or use.trace.rpartition("/")[2],
                detail=f"{use.kind.replace('_', ' ')} at step {use.step}",
                aside=when(use.time or ""),
                badges=((side.name, "info" if side.name == "since" else "neutral"),),
                icon="traces",
                tip=f"{use.trace}\nEnter opens the step",
            ),
            use,
        )
        for use in side.uses
        if use.kind != "listed"
    ]
