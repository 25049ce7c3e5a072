"""A list row: icon and text at the left, a quiet detail at the right."""

from __future__ import annotations

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QRect, QSize, Qt
from PySide6.QtGui import QIcon, QPainter
from PySide6.QtWidgets import (
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QWidget,
)

from workbench.gui.theme.current import colour


class DetailRow(QStyledItemDelegate):
    """Draws ``DisplayRole`` and, at the right, the text of ``detail_role``."""

    def __init__(self, detail_role: int, parent: QWidget | None = None, height: int = 26) -> None:
        super().__init__(parent)
        self._role = detail_role
        self._height = height

    def sizeHint(
        self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> QSize:
        return QSize(super().sizeHint(option, index).width(), self._height)

    def paint(
        self,
        painter: QPainter,
        option: QStyleOptionViewItem,
        index: QModelIndex | QPersistentModelIndex,
    ) -> None:
        self.initStyleOption(option, index)
        selected = bool(option.state & QStyle.StateFlag.State_Selected)
        style = option.widget.style()
        style.drawPrimitive(
            QStyle.PrimitiveElement.PE_PanelItemViewItem, option, painter, option.widget
        )
        box: QRect = option.rect
        inside = box.adjusted(4, 0, -12, 0)
        sign = index.data(Qt.ItemDataRole.DecorationRole)
        if isinstance(sign, QIcon):
            state = QIcon.State.On if selected else QIcon.State.Off
            place = QRect(inside.left(), box.center().y() - 7, 16, 16)
            sign.paint(painter, place, Qt.AlignmentFlag.AlignCenter, QIcon.Mode.Normal, state)
            inside = inside.adjusted(24, 0, 0, 0)
        metrics = option.fontMetrics
        detail = metrics.elidedText(
            str(index.data(self._role) or ""), Qt.TextElideMode.ElideRight, inside.width() // 2
        )
        middle = Qt.AlignmentFlag.AlignVCenter
        painter.save()
        painter.setFont(option.font)
        painter.setPen(colour("selection_text" if selected else "text_muted"))
        painter.drawText(inside, int(middle | Qt.AlignmentFlag.AlignRight), detail)
        painter.setPen(colour("selection_text" if selected else "text"))
        room = inside.width() - metrics.horizontalAdvance(detail) - 16
        painter.drawText(
            inside,
            int(middle | Qt.AlignmentFlag.AlignLeft),
            metrics.elidedText(option.text, Qt.TextElideMode.ElideRight, max(24, room)),
        )
        painter.restore()
