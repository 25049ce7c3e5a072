"""The list of steps: one column, rows of one height, so that 100,000 of them scroll like 100."""

from __future__ import annotations

from array import array
from bisect import bisect_right
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from PySide6.QtCore import (
    QAbstractTableModel,
    QModelIndex,
    QPersistentModelIndex,
    QRect,
    QRectF,
    QSize,
    Qt,
    Signal,
)
from PySide6.QtGui import QFont, QFontMetrics, QKeyEvent, QPainter
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHeaderView,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QTableView,
    QWidget,
)

from workbench.gui.theme.current import colour
from workbench.gui.theme.fonts import ui_font
from workbench.gui.theme.icons import paint_icon
from workbench.gui.traces.step_marks import StepMarks
from workbench.gui.traces.words import StepRow, step_row

Index = QModelIndex | QPersistentModelIndex

ROW_HEIGHT = 44
#: Role of the ``StepRow`` of a row.
ROW_ROLE = Qt.ItemDataRole.UserRole
#: Roles for the delegate: whether the row begins a turn, and whether that turn is folded.
FIRST_ROLE = Qt.ItemDataRole.UserRole + 1
FOLDED_ROLE = Qt.ItemDataRole.UserRole + 2

_NUMBER = 48
_SIDE = 12


class StepsModel(QAbstractTableModel):
    """The steps that are listed; rows are made when they come into sight."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._index: StepMarks | None = None
        self._steps: Sequence[int] = array("l")
        self._folded: frozenset[int] = frozenset()
        self._row = lru_cache(maxsize=512)(self._make)

    def show(
        self, index: StepMarks | None, steps: Sequence[int], folded: frozenset[int] = frozenset()
    ) -> None:
        """List other steps, given in rising order."""
        self.beginResetModel()
        self._index, self._steps, self._folded = index, steps, folded
        self._row.cache_clear()
        self.endResetModel()

    def remark(self, index: StepMarks) -> None:
        """Show other marks on the same steps."""
        self._index = index
        self._row.cache_clear()
        if len(self._steps):
            self.dataChanged.emit(self.index(0, 0), self.index(len(self._steps) - 1, 0))

    def _make(self, step: int) -> StepRow:
        assert self._index is not None
        return step_row(self._index, step)

    def step_at(self, row: int) -> int:
        """Return the step of a row."""
        return self._steps[row]

    def row_of(self, step: int) -> int:
        """Return the row of a step, or of the nearest one before it; -1 where there is none."""
        return bisect_right(self._steps, step) - 1

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008 - Qt's own signature
        return 0 if parent.isValid() else len(self._steps)

    def columnCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008 - as above
        return 0 if parent.isValid() else 1

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if self._index is None or not index.isValid():
            return None
        step = self._steps[index.row()]
        if role == ROW_ROLE:
            return self._row(step)
        if role == Qt.ItemDataRole.DisplayRole:
            return self._row(step).title
        if role == Qt.ItemDataRole.AccessibleTextRole:
            return self._row(step).words
        if role == FIRST_ROLE:
            steps = self._index.steps
            return step == 0 or steps[step - 1].turn != steps[step].turn
        if role == FOLDED_ROLE:
            return self._index.steps[step].turn in self._folded
        return None


class StepDelegate(QStyledItemDelegate):
    """Number and sign at the left; name, then what it says; time and tokens at the right."""

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        return QSize(200, ROW_HEIGHT)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        row: StepRow | None = index.data(ROW_ROLE)
        if row is None:
            return
        box: QRect = option.rect
        selected = bool(option.state & QStyle.StateFlag.State_Selected)
        hovered = bool(option.state & QStyle.StateFlag.State_MouseOver)
        painter.save()
        ground = "selection" if selected else "hover" if hovered else "raised" if row.prompt else ""
        if ground:
            painter.fillRect(box, colour(ground))
        first = bool(index.data(FIRST_ROLE)) and index.row() > 0
        painter.setPen(colour("border_strong" if first else "border"))
        edge = box.top() if first else box.bottom()
        painter.drawLine(box.left(), edge, box.right(), edge)
        if row.failed or selected:
            mark = colour("error" if row.failed else "accent")
            painter.fillRect(box.left(), box.top() + 1, 3, box.height() - 1, mark)
        self._draw(painter, box, row, selected, bool(index.data(FOLDED_ROLE)))
        painter.restore()

    def _draw(
        self, painter: QPainter, box: QRect, row: StepRow, selected: bool, folded: bool
    ) -> None:
        front = "selection_text" if selected else "text"
        quiet = "selection_text" if selected else "text_muted"
        small = ui_font(0.9)
        painter.setFont(small)
        painter.setPen(colour(quiet))
        number = QRect(box.left() + 4, box.top(), _NUMBER - 10, box.height() // 2 + 2)
        painter.drawText(number, _RIGHT, str(row.index))
        sign = QRectF(box.left() + _NUMBER + 2, box.top() + 6, 16, 16)
        paint_icon(painter, row.icon, sign, "selection_text" if selected else row.tone)
        if folded:
            chevron = QRectF(box.left() + _NUMBER + 3, box.top() + 25, 14, 14)
            paint_icon(painter, "chevron-right", chevron, quiet)
        left = box.left() + _NUMBER + 26
        upper = QRect(left, box.top() + 4, box.right() - _SIDE - left, 20)
        lower = QRect(left, box.top() + 22, box.right() - _SIDE - left, 18)
        upper.setRight(upper.right() - _at_right(painter, upper, row.time, small, quiet))
        lower.setRight(lower.right() - _at_right(painter, lower, row.tokens, small, quiet))
        bold = ui_font(bold=True)
        end = _elided(painter, upper, row.title, bold, front)
        for words, icon_name, tone in ((row.said, "tag", "data_8"), (row.skill, "spark", "data_4")):
            rest = QRect(upper)
            rest.setLeft(end + 10)
            if words and rest.width() > 48:
                token = "selection_text" if selected else tone
                paint_icon(painter, icon_name, QRectF(end + 10, upper.top() + 4, 12, 12), token)
                rest.setLeft(rest.left() + 16)
                end = _elided(painter, rest, words, small, token)
        _elided(painter, lower, row.text, small, front if row.prompt else quiet)


_RIGHT = int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
_LEFT = int(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)


def _at_right(painter: QPainter, box: QRect, text: str, font: QFont, token: str) -> int:
    if not text:
        return 0
    painter.setFont(font)
    painter.setPen(colour(token))
    painter.drawText(box, _RIGHT, text)
    return QFontMetrics(font).horizontalAdvance(text) + 12


def _elided(painter: QPainter, box: QRect, text: str, font: QFont, token: str) -> int:
    """Draw a text and return where it ends."""
    metrics = QFontMetrics(font)
    shown = metrics.elidedText(text, Qt.TextElideMode.ElideRight, max(0, box.width()))
    painter.setFont(font)
    painter.setPen(colour(token))
    painter.drawText(box, _LEFT, shown)
    return box.left() + metrics.horizontalAdvance(shown)


class StepsView(QTableView):
    """The list; ``chosen(step)`` tells of the current step, ``opened(step)`` of Enter.

    Left and Right fold and unfold the turn of the current step.
    """

    chosen = Signal(int)
    opened = Signal(int)
    fold_asked = Signal(int, bool)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.steps = StepsModel(self)
        self.setModel(self.steps)
        self.setItemDelegate(StepDelegate(self))
        self.setAccessibleName("Steps")
        self.horizontalHeader().hide()
        self.horizontalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Stretch)
        self.verticalHeader().hide()
        self.verticalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        self.verticalHeader().setDefaultSectionSize(ROW_HEIGHT)
        self.verticalHeader().setMinimumSectionSize(ROW_HEIGHT)
        self.setShowGrid(False)
        self.setWordWrap(False)
        self.setCornerButtonEnabled(False)
        self.setTabKeyNavigation(False)
        self.setMouseTracking(True)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.verticalScrollBar().setSingleStep(ROW_HEIGHT)
        self.selectionModel().currentChanged.connect(self._tell)
        self.doubleClicked.connect(lambda index: self.opened.emit(self.steps.step_at(index.row())))

    @property
    def current_step(self) -> int:
        """The selected step, -1 where none is."""
        index = self.currentIndex()
        return self.steps.step_at(index.row()) if index.isValid() else -1

    def select(self, step: int, *, middle: bool = False) -> bool:
        """Select a step and bring it into sight; False when it is not listed.

        What is not listed has its nearest listed step before it selected.
        """
        row = self.steps.row_of(step)
        if row < 0:
            return False
        index = self.steps.index(row, 0)
        hint = QAbstractItemView.ScrollHint
        self.setCurrentIndex(index)
        self.scrollTo(index, hint.PositionAtCenter if middle else hint.EnsureVisible)
        return self.steps.step_at(row) == step

    def top_step(self) -> int:
        """Return the step of the first row in sight, -1 where there is none."""
        row = self.verticalScrollBar().value() // ROW_HEIGHT
        return self.steps.step_at(row) if row < self.steps.rowCount() else -1

    def top_offset(self) -> int:
        """Return how many px of the first row in sight are above it."""
        return self.verticalScrollBar().value() % ROW_HEIGHT

    def scroll_to_top_step(self, step: int, offset: int = 0) -> None:
        """Bring a step to the top, ``offset`` px of its row above it."""
        self.updateGeometries()
        row = max(0, self.steps.row_of(step))
        self.verticalScrollBar().setValue(row * ROW_HEIGHT + offset)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        step = self.current_step
        if step >= 0 and event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.opened.emit(step)
            return
        if step >= 0 and event.key() in (Qt.Key.Key_Left, Qt.Key.Key_Right):
            self.fold_asked.emit(step, event.key() == Qt.Key.Key_Left)
            return
        super().keyPressEvent(event)

    def _tell(self, current: QModelIndex) -> None:
        if current.isValid():
            self.chosen.emit(self.steps.step_at(current.row()))
