"""The edges beside the picture: kind, from, to, and the line that shows it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
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
from PySide6.QtGui import QFontMetrics, QKeyEvent, QPainter
from PySide6.QtWidgets import QListView, QStyle, QStyledItemDelegate, QStyleOptionViewItem, QWidget

from workbench.domain.graph import GraphEdge
from workbench.gui.graph.scene import edge_text
from workbench.gui.theme.current import colour
from workbench.gui.theme.fonts import mono_font, ui_font
from workbench.gui.theme.icons import paint_icon

Index = QModelIndex | QPersistentModelIndex

#: Roles of the ``GraphEdge`` of a row, of the names of its ends, and of being in a cycle.
EDGE_ROLE = Qt.ItemDataRole.UserRole
_ENDS_ROLE = Qt.ItemDataRole.UserRole + 1
_CYCLE_ROLE = Qt.ItemDataRole.UserRole + 2
_HEIGHT = 62
_SIDE = 12


class EdgesModel(QAbstractListModel):
    """Edges in the order they are given."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._edges: list[tuple[GraphEdge, bool]] = []
        self._labels: Mapping[str, str] = {}

    def show(self, edges: Sequence[tuple[GraphEdge, bool]], labels: Mapping[str, str]) -> None:
        """Show other edges, each with whether it closes a cycle."""
        self.beginResetModel()
        self._edges, self._labels = list(edges), labels
        self.endResetModel()

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008 - Qt's own signature
        return 0 if parent.isValid() else len(self._edges)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        edge, cycle = self._edges[index.row()]
        shown = edge.evidence
        if role == Qt.ItemDataRole.DisplayRole:
            return edge_text(edge, self._labels)
        if role == Qt.ItemDataRole.AccessibleTextRole:
            circle = ", part of a cycle" if cycle else ""
            return (
                f"{edge_text(edge, self._labels)}{circle}. {shown.path} line {shown.line}: "
                f"{shown.text}"
            )
        if role == Qt.ItemDataRole.ToolTipRole:
            return f"{edge.source} → {edge.target}\n{shown.path}:{shown.line}\n{shown.text}"
        if role == EDGE_ROLE:
            return edge
        if role == _ENDS_ROLE:
            labels = self._labels
            return labels.get(edge.source, edge.source), labels.get(edge.target, edge.target)
        return cycle if role == _CYCLE_ROLE else None


class EdgeDelegate(QStyledItemDelegate):
    """Three lines: from and to; kind and place; the text of the place."""

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        return QSize(200, _HEIGHT)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        edge: GraphEdge = index.data(EDGE_ROLE)
        selected = bool(option.state & QStyle.StateFlag.State_Selected)
        hovered = bool(option.state & QStyle.StateFlag.State_MouseOver)
        box: QRect = option.rect
        painter.save()
        if selected or hovered:
            painter.fillRect(box, colour("selection" if selected else "hover"))
        painter.setPen(colour("border"))
        painter.drawLine(box.bottomLeft(), box.bottomRight())
        line = QRect(box.left() + _SIDE, box.top() + 5, box.width() - 2 * _SIDE, 18)
        self._ends(painter, QRect(line), index, selected)
        line.translate(0, 18)
        middle, right = Qt.TextElideMode.ElideMiddle, Qt.TextElideMode.ElideRight
        painter.setFont(ui_font(0.9))
        painter.setPen(colour("selection_text" if selected else "text_muted"))
        place = f"{edge.kind}  ·  {edge.evidence.path}:{edge.evidence.line}"
        _draw(painter, line, place, middle)
        line.translate(0, 18)
        painter.setFont(mono_font(0.85))
        painter.setPen(colour("selection_text" if selected else "text"))
        _draw(painter, line, " ".join(edge.evidence.text.split()), right)
        painter.restore()

    def _ends(self, painter: QPainter, line: QRect, index: Index, selected: bool) -> None:
        """Draw from and to; where both do not fit, each gets half."""
        source, target = index.data(_ENDS_ROLE)
        painter.setFont(ui_font(bold=True))
        painter.setPen(colour("selection_text" if selected else "text"))
        if index.data(_CYCLE_ROLE):
            sign = QRect(line.right() - 14, line.top() + 1, 14, 14).toRectF()
            paint_icon(painter, "refresh", sign, "selection_text" if selected else "warning")
            line.setRight(line.right() - 20)
        metrics = QFontMetrics(painter.font())
        if metrics.horizontalAdvance(f"{source} → {target}") > line.width():
            middle, half = Qt.TextElideMode.ElideMiddle, line.width() // 2 - 12
            source = metrics.elidedText(source, middle, half)
            target = metrics.elidedText(target, middle, half)
        painter.drawText(line, _LEFT, f"{source} → {target}")


def _draw(painter: QPainter, line: QRect, text: str, mode: Qt.TextElideMode) -> None:
    metrics = QFontMetrics(painter.font())
    painter.drawText(line, _LEFT, metrics.elidedText(text, mode, line.width()))


_LEFT = int(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)


class EdgeList(QListView):
    """The list; Enter or a double click opens the line that shows an edge."""

    opened = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.edges = EdgesModel(self)
        self.setModel(self.edges)
        self.setItemDelegate(EdgeDelegate(self))
        self.setUniformItemSizes(True)
        self.setMouseTracking(True)
        self.setVerticalScrollMode(QListView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setAccessibleName("Edges")
        self.doubleClicked.connect(lambda index: self.opened.emit(index.data(EDGE_ROLE)))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        edge = self.currentIndex().data(EDGE_ROLE)
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and edge is not None:
            self.opened.emit(edge)
            return
        super().keyPressEvent(event)
