"""What a search in all sessions found: a line with the words marked, and where it stands."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from PySide6.QtCore import (
    QAbstractListModel,
    QModelIndex,
    QPersistentModelIndex,
    QRect,
    QRectF,
    QSize,
    Qt,
    Signal,
)
from PySide6.QtGui import QFontMetrics, QKeyEvent, QPainter
from PySide6.QtWidgets import QListView, QStyledItemDelegate, QStyleOptionViewItem, QWidget

from workbench.gui.theme.current import colour
from workbench.gui.theme.fonts import ui_font
from workbench.gui.traces.sessions.cells import HEIGHT, draw_ground, draw_line
from workbench.gui.traces.sessions.session_reader import Found
from workbench.gui.traces.words import day

Index = QModelIndex | QPersistentModelIndex

FOUND_ROLE = Qt.ItemDataRole.UserRole
_SIDE = 12
#: So much of what stands before the words is shown, in characters.
_BEFORE = 48
_TITLE = 64


class HitModel(QAbstractListModel):
    """Hits in the order they come."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._rows: list[Found] = []

    def clear(self) -> None:
        """Forget all."""
        self.beginResetModel()
        self._rows = []
        self.endResetModel()

    def add(self, found: Sequence[Found]) -> None:
        """Put more at the end."""
        if found:
            self.beginInsertRows(QModelIndex(), len(self._rows), len(self._rows) + len(found) - 1)
            self._rows += found
            self.endInsertRows()

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008 - Qt's own signature
        return 0 if parent.isValid() else len(self._rows)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        found = self._rows[index.row()]
        if role == FOUND_ROLE:
            return found
        if role == Qt.ItemDataRole.DisplayRole:
            return found.said
        if role == Qt.ItemDataRole.AccessibleTextRole:
            return f"{found.said}, {place_text(found)}"
        if role == Qt.ItemDataRole.ToolTipRole:
            return found.path
        return None


def place_text(found: Found) -> str:
    """Return where a hit stands."""
    step = "not indexed yet" if found.step is None else f"step {found.step}"
    title = found.title if len(found.title) <= _TITLE else f"{found.title[:_TITLE]}…"
    return "  ·  ".join(filter(None, (title, found.agent, step, day(found.date))))


class HitDelegate(QStyledItemDelegate):
    """The line with its words marked, and its place below."""

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        return QSize(200, HEIGHT)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        found: Found = index.data(FOUND_ROLE)
        painter.save()
        selected = draw_ground(painter, option, first=True)
        box: QRect = option.rect.adjusted(_SIDE, 5, -_SIDE, -6)
        upper, lower = QRect(box), QRect(box)
        upper.setHeight(box.height() // 2)
        lower.setTop(box.center().y() + 1)
        _draw_said(painter, upper, found, selected=selected)
        quiet = "selection_text" if selected else "text_muted"
        left = Qt.AlignmentFlag.AlignLeft
        draw_line(painter, lower, place_text(found), ui_font(0.9), token=quiet, side=left)
        painter.restore()


def _draw_said(painter: QPainter, box: QRect, found: Found, *, selected: bool) -> None:
    before = found.said[: found.start]
    if len(before) > _BEFORE:
        before = f"…{before[-_BEFORE:]}"
    plain, bold = ui_font(), ui_font(bold=True)
    parts = (
        (before, plain, False),
        (found.quote, bold, True),
        (found.said[found.end :], plain, False),
    )
    at = box.left()
    for text, font, marked in parts:
        room = box.right() - at
        if room <= 0 or not text:
            continue
        metrics = QFontMetrics(font)
        width = min(metrics.horizontalAdvance(text), room)
        if marked and not selected:
            height = metrics.height()
            ground = QRectF(at - 1, box.center().y() - height / 2 + 1, width + 2, height)
            painter.fillRect(ground, colour("warning_soft"))
        token = "selection_text" if selected else "text"
        line = QRect(at, box.top(), room, box.height())
        draw_line(painter, line, text, font, token=token, side=Qt.AlignmentFlag.AlignLeft)
        at += width


class HitList(QListView):
    """The list; Enter or a double click goes to the step."""

    opened = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.hits = HitModel(self)
        self.setModel(self.hits)
        self.setItemDelegate(HitDelegate(self))
        self.setUniformItemSizes(True)
        self.setVerticalScrollMode(QListView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setAccessibleName("Steps that were found")
        self.doubleClicked.connect(self._open)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self._open(self.currentIndex())
            return
        super().keyPressEvent(event)

    def _open(self, index: QModelIndex) -> None:
        if index.isValid():
            self.opened.emit(index.data(FOUND_ROLE))
