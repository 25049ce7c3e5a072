"""How the cells of aligned rows are drawn: signs and grounds tell how a step differs."""

from __future__ import annotations

from typing import Protocol

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QRect, QRectF, QSize, Qt
from PySide6.QtGui import QFont, QFontMetrics, QPainter
from PySide6.QtWidgets import QStyle, QStyledItemDelegate, QStyleOptionViewItem, QWidget

from workbench.gui.theme.current import colour
from workbench.gui.theme.fonts import ui_font
from workbench.gui.theme.icons import paint_icon
from workbench.gui.traces.compare.aligned import ALONE, DONE, SAME
from workbench.gui.traces.compare.run_words import letter, run_colour
from workbench.gui.traces.words import StepRow

Index = QModelIndex | QPersistentModelIndex

ROW_HEIGHT = 40
#: Roles of the ``StepRow`` of a cell, and of the words of a folded stretch.
STEP_ROLE = Qt.ItemDataRole.UserRole
FOLD_ROLE = Qt.ItemDataRole.UserRole + 1

_SIDE = 8
_NUMBER = 46
_LEFT = int(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
_RIGHT = int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)


class Rows(Protocol):
    """What is asked of the rows beside their cells."""

    def level(self, number: int) -> int:
        """Return how much the row of a line differs."""
        ...

    def changes(self, number: int) -> str:
        """Return what differs in the row of a line."""
        ...

    def columnCount(self) -> int:
        """Return how many runs there are."""
        ...


class RowPaint(QStyledItemDelegate):
    """Number and sign at the left; tool, then what it was called with; what differs at the right.

    A missing step is an empty, sunken cell. A step that no other run has carries "only A".
    """

    def __init__(self, rows: Rows, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._rows = rows

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        return QSize(160, ROW_HEIGHT)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        box: QRect = option.rect
        selected = bool(option.state & QStyle.StateFlag.State_Selected)
        hovered = bool(option.state & QStyle.StateFlag.State_MouseOver)
        painter.save()
        fold: str | None = index.data(FOLD_ROLE)
        step: StepRow | None = index.data(STEP_ROLE)
        level = self._rows.level(index.row())
        if selected:
            ground = "selection"
        elif fold is not None:
            ground = "hover" if hovered else "window"
        elif step is None:
            ground = "sunken"
        elif level == DONE:
            ground = "warning_soft"
        else:
            ground = "hover" if hovered else "surface"
        painter.fillRect(box, colour(ground))
        painter.setPen(colour("border"))
        painter.drawLine(box.bottomLeft(), box.bottomRight())
        if index.column():
            painter.setPen(colour("border_strong"))
            painter.drawLine(box.topLeft(), box.bottomLeft())
        if fold is not None:
            self._fold(painter, box, fold, index.column(), selected=selected)
        elif step is None:
            _missing(painter, box, index.column(), selected=selected)
        else:
            self._step(painter, box, step, index, level, selected=selected)
        painter.restore()

    def _fold(self, painter: QPainter, box: QRect, words: str, run: int, *, selected: bool) -> None:
        quiet = "selection_text" if selected else "text_muted"
        inside = box.adjusted(_SIDE + 4, 0, -_SIDE, 0)
        if run == 0:
            sign = QRectF(inside.left(), box.center().y() - 7, 14, 14)
            paint_icon(painter, "chevron-right", sign, quiet)
            inside.setLeft(inside.left() + 22)
        _elided(painter, inside, words, ui_font(), quiet)

    def _step(
        self,
        painter: QPainter,
        box: QRect,
        step: StepRow,
        index: Index,
        level: int,
        *,
        selected: bool,
    ) -> None:
        run = index.column()
        front = "selection_text" if selected else "text"
        quiet = "selection_text" if selected else "text_muted"
        if level == ALONE:
            painter.fillRect(box.left(), box.top(), 4, box.height() - 1, colour(run_colour(run)))
        elif level == DONE:
            painter.fillRect(box.left(), box.top(), 4, box.height() - 1, colour("warning"))
        small = ui_font(0.9)
        number = QRect(box.left() + 6, box.top() + 3, _NUMBER - 10, 18)
        painter.setFont(small)
        painter.setPen(colour(quiet))
        painter.drawText(number, _RIGHT, str(step.index))
        sign = QRectF(box.left() + _NUMBER + 2, box.top() + 5, 14, 14)
        paint_icon(painter, step.icon, sign, "selection_text" if selected else step.tone)
        left = box.left() + _NUMBER + 22
        upper = QRect(left, box.top() + 3, box.right() - _SIDE - left, 18)
        lower = QRect(left, box.top() + 20, box.right() - _SIDE - left, 17)
        note = self._note(index, level, run)
        if note:
            tone = quiet if level < DONE or selected else "text"
            upper.setRight(upper.right() - _at_right(painter, upper, note, small, tone))
        bold = ui_font(bold=True)
        end = _elided(painter, upper, step.title, bold, front)
        if step.failed:
            rest = QRect(upper)
            rest.setLeft(end + 8)
            _elided(painter, rest, "failed", small, "selection_text" if selected else "error")
        elif step.skill:
            rest = QRect(upper)
            rest.setLeft(end + 8)
            _elided(painter, rest, step.skill, small, "selection_text" if selected else "data_4")
        _elided(painter, lower, step.text, small, quiet)

    def _note(self, index: Index, level: int, run: int) -> str:
        if level == SAME:
            return ""
        changes = self._rows.changes(index.row())
        if changes and run:
            return f"≠ {changes}"
        if level == ALONE and not changes:
            return f"only {letter(run)}" if self._rows.columnCount() == 2 else "not in all"
        return ""


def _missing(painter: QPainter, box: QRect, run: int, *, selected: bool) -> None:
    tone = "selection_text" if selected else "text_muted"
    inside = box.adjusted(_NUMBER + 22, 0, -_SIDE, 0)
    _elided(painter, inside, f"not in {letter(run)}", ui_font(0.9), tone)


def _at_right(painter: QPainter, box: QRect, text: str, font: QFont, token: str) -> int:
    metrics = QFontMetrics(font)
    shown = metrics.elidedText(text, Qt.TextElideMode.ElideRight, max(0, box.width() * 3 // 5))
    painter.setFont(font)
    painter.setPen(colour(token))
    painter.drawText(box, _RIGHT, shown)
    return metrics.horizontalAdvance(shown) + 10


def _elided(painter: QPainter, box: QRect, text: str, font: QFont, token: str) -> int:
    """Draw a text and return where it ends."""
    metrics = QFontMetrics(font)
    shown = metrics.elidedText(text, Qt.TextElideMode.ElideRight, max(0, box.width()))
    painter.setFont(font)
    painter.setPen(colour(token))
    painter.drawText(box, _LEFT, shown)
    return box.left() + metrics.horizontalAdvance(shown)
