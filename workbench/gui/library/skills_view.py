"""The list of skills: two lines each, verdicts at the right."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from PySide6.QtCore import (
    QAbstractListModel,
    QModelIndex,
    QPersistentModelIndex,
    QRect,
    QSize,
    Qt,
    Signal,
)
from PySide6.QtGui import QFont, QFontMetrics, QKeyEvent, QPainter
from PySide6.QtWidgets import QListView, QStyle, QStyledItemDelegate, QStyleOptionViewItem, QWidget

from workbench.gui.models.skill_rows import SkillRow, size_text
from workbench.gui.theme.current import colour
from workbench.gui.widgets.badge import Tone, badge_width, paint_badge

Index = QModelIndex | QPersistentModelIndex

#: Role of the ``SkillRow`` behind a row.
ROW_ROLE = Qt.ItemDataRole.UserRole

_HEIGHT = 56
_SIDE = 12
#: From this width on each client has a chip; below it the worst verdict speaks for all.
_WIDE = 760
_TONES: dict[str, Tone] = {"ok": "success", "warning": "warning", "error": "error"}


class SkillsModel(QAbstractListModel):
    """The rows that pass the filter."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._rows: list[SkillRow] = []

    def show(self, rows: Sequence[SkillRow]) -> None:
        """Show other rows."""
        self.beginResetModel()
        self._rows = list(rows)
        self.endResetModel()

    def row_of(self, skill_id: str) -> int:
        """Return the row of a skill, -1 when it is not listed."""
        return next((i for i, row in enumerate(self._rows) if row.id == skill_id), -1)

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008 - Qt's own signature
        return 0 if parent.isValid() else len(self._rows)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        row = self._rows[index.row()]
        if role == Qt.ItemDataRole.DisplayRole:
            return row.name
        if role == Qt.ItemDataRole.ToolTipRole:
            return _tip(row)
        if role == Qt.ItemDataRole.AccessibleTextRole:
            return f"{row.name}, {row.errors} errors, {row.warnings} warnings. {row.description}"
        if role == ROW_ROLE:
            return row
        return None


def badges_of(row: SkillRow, width: int) -> list[tuple[str, Tone]]:
    """Return the badges of a row for a width in px, from left to right."""
    if width >= _WIDE:
        return [(client, _TONES[verdict]) for client, verdict in row.verdicts]
    badges: list[tuple[str, Tone]] = []
    if row.errors:
        badges.append((str(row.errors), "error"))
    if row.warnings:
        badges.append((str(row.warnings), "warning"))
    return badges or [("ok", "success")]


def _tip(row: SkillRow) -> str:
    verdicts = ", ".join(f"{client}: {verdict}" for client, verdict in row.verdicts)
    return "\n".join(filter(None, (row.id, row.description, verdicts)))


class SkillDelegate(QStyledItemDelegate):
    """Name and badges on the first line, description and size on the second."""

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        return QSize(200, _HEIGHT)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        row: SkillRow = index.data(ROW_ROLE)
        selected = bool(option.state & QStyle.StateFlag.State_Selected)
        hovered = bool(option.state & QStyle.StateFlag.State_MouseOver)
        box: QRect = option.rect
        painter.save()
        if selected or hovered:
            painter.fillRect(box, colour("selection" if selected else "hover"))
        painter.setPen(colour("border"))
        painter.drawLine(box.bottomLeft(), box.bottomRight())
        if selected:
            painter.fillRect(box.left(), box.top(), 3, box.height(), colour("accent"))
        inside = box.adjusted(_SIDE, 8, -_SIDE, -8)
        front = "selection_text" if selected else "text"
        quiet = "selection_text" if selected else "text_muted"
        self._first_line(painter, inside, row, option.font, front)
        self._second_line(painter, inside, row, option.font, quiet)
        painter.restore()

    def _first_line(
        self, painter: QPainter, inside: QRect, row: SkillRow, base: QFont, front: str
    ) -> None:
        painter.setFont(base)
        badges = badges_of(row, inside.width())
        widths = [badge_width(text, tone, base) for text, tone in badges]
        left = inside.right() + 1 - sum(widths) - 4 * (len(widths) - 1)
        middle = inside.top() + 9
        start = left
        for (text, tone), width in zip(badges, widths, strict=True):
            paint_badge(painter, start, middle, text, tone)
            start += width + 4
        bold = QFont(base)
        bold.setBold(True)
        painter.setFont(bold)
        painter.setPen(colour(front))
        room = QRect(inside.left(), inside.top(), int(left) - inside.left() - 12, 20)
        name = QFontMetrics(bold).elidedText(row.name, Qt.TextElideMode.ElideRight, room.width())
        painter.drawText(room, int(Qt.AlignmentFlag.AlignVCenter), name)

    def _second_line(
        self, painter: QPainter, inside: QRect, row: SkillRow, base: QFont, quiet: str
    ) -> None:
        painter.setFont(base)
        painter.setPen(colour(quiet))
        metrics = QFontMetrics(base)
        line = QRect(inside.left(), inside.bottom() - 19, inside.width(), 20)
        size = size_text(row.size)
        painter.drawText(
            line, int(Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignRight), size
        )
        line.setRight(line.right() - metrics.horizontalAdvance(size) - 16)
        text = row.description or "No description"
        text = metrics.elidedText(text, Qt.TextElideMode.ElideRight, line.width())
        painter.drawText(line, int(Qt.AlignmentFlag.AlignVCenter), text)


class SkillsList(QListView):
    """The list itself; Enter or a double click opens the skill."""

    opened = Signal(str)
    chosen = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.skills = SkillsModel(self)
        self.setModel(self.skills)
        self.setItemDelegate(SkillDelegate(self))
        self.setUniformItemSizes(True)
        self.setMouseTracking(True)
        self.setVerticalScrollMode(QListView.ScrollMode.ScrollPerPixel)
        self.setAccessibleName("Skills")
        self.selectionModel().currentChanged.connect(self._tell)
        self.doubleClicked.connect(lambda index: self.opened.emit(index.data(ROW_ROLE).id))

    def select(self, skill_id: str) -> None:
        """Select a skill and bring it into sight."""
        row = self.skills.row_of(skill_id)
        if row >= 0 and row != self.currentIndex().row():
            self.setCurrentIndex(self.skills.index(row))

    def current_id(self) -> str:
        """Return the selected skill's id, or ""."""
        row = self.currentIndex().data(ROW_ROLE)
        return row.id if isinstance(row, SkillRow) else ""

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and self.current_id():
            self.opened.emit(self.current_id())
            return
        super().keyPressEvent(event)

    def _tell(self, _current: QModelIndex) -> None:
        if self.current_id():
            self.chosen.emit(self.current_id())
