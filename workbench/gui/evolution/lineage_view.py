"""The versions of a run as a picture: the graph of who came of whom, and the frontier."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QFontMetricsF,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPainterPath,
    QPaintEvent,
    QPen,
)
from PySide6.QtWidgets import QToolTip, QWidget

from workbench.evolution.lineage import LineageNode, node_words
from workbench.gui.theme.current import colour

_NODE_W, _NODE_H = 168.0, 44.0
_GAP_X, _GAP_Y = 44.0, 16.0
_MARGIN = 16.0
_PLOT_H = 240.0
_DOT = 6.0
_AXIS = 56.0


class LineagePicture(QWidget):
    """Above the graph from left to right, below score over size. Arrows move, Enter opens."""

    chosen = Signal(object)
    opened = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._nodes: tuple[LineageNode, ...] = ()
        self._at = -1
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMouseTracking(True)
        self.setAccessibleName("Lineage of the run")

    @property
    def current(self) -> LineageNode | None:
        """The version the keyboard is on."""
        return self._nodes[self._at] if 0 <= self._at < len(self._nodes) else None

    def show_nodes(self, nodes: Sequence[LineageNode]) -> None:
        """Show other versions."""
        before = self.current
        self._nodes = tuple(nodes)
        ids = [one.id for one in self._nodes]
        self._at = ids.index(before.id) if before is not None and before.id in ids else -1
        self.setMinimumSize(self.sizeHint())
        self.update()

    def choose(self, node_id: str) -> None:
        """Make a version the current one."""
        ids = [one.id for one in self._nodes]
        if node_id in ids and ids.index(node_id) != self._at:
            self._at = ids.index(node_id)
            self.setAccessibleDescription(node_words(self._nodes[self._at]))
            self.update()
            self.chosen.emit(self._nodes[self._at])

    def sizeHint(self) -> QSize:
        depth = max((one.depth for one in self._nodes), default=0) + 1
        width = 2 * _MARGIN + depth * _NODE_W + (depth - 1) * _GAP_X
        return QSize(round(max(420.0, width)), round(self._graph_height() + self._plot_height()))

    def place_of(self, node: LineageNode) -> QRectF:
        """Return the box of a version in the graph."""
        return QRectF(
            _MARGIN + node.depth * (_NODE_W + _GAP_X),
            _MARGIN + node.lane * (_NODE_H + _GAP_Y),
            _NODE_W,
            _NODE_H,
        )

    def dot_of(self, node: LineageNode) -> QPointF | None:
        """Return the place of a version in the plot; None where it has no score or size."""
        if node.score is None or node.growth is None:
            return None
        area = self._area()
        low, high = self._span()
        share = (node.growth - low) / (high - low)
        return QPointF(
            area.left() + share * area.width(), area.bottom() - node.score * area.height()
        )

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.fillRect(self.rect(), colour("surface"))
        self._paint_edges(painter)
        for number, node in enumerate(self._nodes):
            self._paint_node(painter, node, current=number == self._at)
        if self._plotted():
            self._paint_plot(painter)
        painter.end()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        key = event.key()
        moves = {
            Qt.Key.Key_Right: (1, 0),
            Qt.Key.Key_Left: (-1, 0),
            Qt.Key.Key_Down: (0, 1),
            Qt.Key.Key_Up: (0, -1),
        }
        if key in moves and self._nodes:
            self._move(*moves[Qt.Key(key)])
        elif key in (Qt.Key.Key_Home, Qt.Key.Key_End) and self._nodes:
            self.choose(self._nodes[0 if key == Qt.Key.Key_Home else -1].id)
        elif key in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and self.current is not None:
            self.opened.emit(self.current)
        else:
            super().keyPressEvent(event)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        found = self._under(event.position())
        if found is not None:
            self.choose(found.id)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        found = self._under(event.position())
        if found is not None:
            self.opened.emit(found)

    def event(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.ToolTip:
            found = self._under(QPointF(self.mapFromGlobal(self.cursor().pos())))
            QToolTip.showText(self.cursor().pos(), node_words(found) if found else "", self)
            return True
        return super().event(event)

    def _move(self, across: int, down: int) -> None:
        now = self.current or self._nodes[0]
        if self.current is None:
            self.choose(now.id)
            return
        depth, lane = now.depth + across, now.lane + down
        column_of = [one for one in self._nodes if one.depth == depth]
        if column_of:
            near = min(column_of, key=lambda one: abs(one.lane - lane))
            self.choose(near.id)

    def _under(self, place: QPointF) -> LineageNode | None:
        for node in self._nodes:
            dot = self.dot_of(node)
            near = dot is not None and (dot - place).manhattanLength() <= 2 * _DOT
            if near or self.place_of(node).contains(place):
                return node
        return None

    def _graph_height(self) -> float:
        lanes = max((one.lane for one in self._nodes), default=0) + 1
        return 2 * _MARGIN + lanes * (_NODE_H + _GAP_Y)

    def _plotted(self) -> bool:
        return any(self.dot_of(one) is not None for one in self._nodes if one.kind != "base")

    def _plot_height(self) -> float:
        scored = any(one.score is not None and one.growth is not None for one in self._nodes)
        return _PLOT_H if scored else 0.0

    def _area(self) -> QRectF:
        top = self._graph_height() + 28
        return QRectF(_AXIS, top, max(200.0, self.width() - _AXIS - 32), _PLOT_H - 84)

    def _span(self) -> tuple[float, float]:
        sizes = [
            one.growth for one in self._nodes if one.growth is not None and one.score is not None
        ]
        low, high = min(sizes, default=0), max(sizes, default=1)
        room = max(1.0, (high - low) * 0.08)
        return low - room, high + room

    def _paint_edges(self, painter: QPainter) -> None:
        boxes = {node.id: self.place_of(node) for node in self._nodes}
        painter.setPen(QPen(colour("border_strong"), 1.4))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        for node in self._nodes:
            for parent in node.parents:
                if parent not in boxes:
                    continue
                start = QPointF(boxes[parent].right(), boxes[parent].center().y())
                end = QPointF(boxes[node.id].left(), boxes[node.id].center().y())
                # Curves part where lines would lie on each other.
                bend = QPointF(_GAP_X * 0.7, 0)
                path = QPainterPath(start)
                path.cubicTo(start + bend, end - bend, end)
                painter.drawPath(path)

    def _paint_node(self, painter: QPainter, node: LineageNode, *, current: bool) -> None:
        box = self.place_of(node)
        token = _token(node)
        painter.setPen(QPen(colour("focus" if current else token), 2.4 if current else 1.4))
        painter.setBrush(colour("selection" if current else "surface"))
        painter.drawRoundedRect(box, 5, 5)
        inside = box.adjusted(10, 4, -8, -4)
        metrics = QFontMetricsF(painter.font())
        painter.setPen(colour("selection_text" if current else "text"))
        half = inside.height() / 2
        title = metrics.elidedText(node.title, Qt.TextElideMode.ElideRight, inside.width())
        left = Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft
        painter.drawText(
            QRectF(inside.left(), inside.top(), inside.width(), half), int(left), title
        )
        painter.setPen(colour("selection_text" if current else "text_muted"))
        said = metrics.elidedText(_short(node), Qt.TextElideMode.ElideRight, inside.width())
        painter.drawText(
            QRectF(inside.left(), inside.top() + half, inside.width(), half), int(left), said
        )

    def _paint_plot(self, painter: QPainter) -> None:
        area = self._area()
        painter.setPen(colour("text_muted"))
        painter.drawText(
            QRectF(_MARGIN, area.top() - 28, area.width(), 20),
            int(Qt.AlignmentFlag.AlignLeft),
            "Score over size: a line joins the frontier, where nothing scores as high with less",
        )
        painter.setPen(QPen(colour("border"), 1))
        for step in range(5):
            y = area.bottom() - area.height() * step / 4
            painter.setPen(QPen(colour("border"), 1))
            painter.drawLine(QPointF(area.left(), y), QPointF(area.right(), y))
            painter.setPen(colour("text_muted"))
            painter.drawText(
                QRectF(0, y - 10, _AXIS - 10, 20),
                int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter),
                f"{step / 4:.2f}",
            )
        low, high = self._span()
        below = QRectF(area.left(), area.bottom() + 6, area.width(), 20)
        painter.drawText(below, int(Qt.AlignmentFlag.AlignLeft), f"{low:+,.0f} bytes")
        painter.drawText(below, int(Qt.AlignmentFlag.AlignRight), f"{high:+,.0f} bytes")
        self._paint_dots(painter)

    def _paint_dots(self, painter: QPainter) -> None:
        front = sorted(
            (one for one in self._nodes if one.frontier), key=lambda one: one.growth or 0
        )
        painter.setPen(QPen(colour("data_2"), 1.6, Qt.PenStyle.DashLine))
        for split in dict.fromkeys(one.split for one in front):
            # Scores of other tasks are other scores: no line joins them.
            dots = [self.dot_of(one) for one in front if one.split == split]
            line = [dot for dot in dots if dot is not None]
            if len(line) > 1:
                painter.drawPolyline(line)
        for number, node in enumerate(self._nodes):
            dot = self.dot_of(node)
            if dot is None:
                continue
            token = _token(node)
            painter.setPen(QPen(colour("focus" if number == self._at else token), 2))
            painter.setBrush(colour(token if node.frontier else "surface"))
            radius = _DOT + 2 if number == self._at else _DOT
            if node.kind == "base":  # the shape says it too, not the colour alone
                painter.drawRect(QRectF(dot.x() - 5, dot.y() - 5, 10, 10))
            else:
                painter.drawEllipse(dot, radius, radius)


def _token(node: LineageNode) -> str:
    if node.level == "supported":
        return "success"
    if node.level == "promising":
        return "info"
    if node.level == "rejected":
        return "error"
    return "accent" if node.proposal else "border_strong"


def _short(node: LineageNode) -> str:
    if node.score is None:
        return "the library" if node.kind == "base" else "not evaluated"
    level = f", {node.level}" if node.level not in ("", "not_evaluated") else ""
    return f"{node.score:.2f} on {node.n} ({node.split}){level}"
