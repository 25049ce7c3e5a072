"""The picture of the graph: painted, panned, zoomed and walked with the arrow keys."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt, QTimer, Signal
from PySide6.QtGui import (
    QFontMetricsF,
    QHelpEvent,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QResizeEvent,
    QTransform,
    QWheelEvent,
)
from PySide6.QtWidgets import QToolTip, QWidget

from workbench.gui.graph.paint import Look, edge_ends, paint_edge, paint_legend, paint_node
from workbench.gui.graph.scene import NODE_HEIGHT, NODE_WIDTH, NodeBox, Scene, next_node
from workbench.gui.theme.current import colour, current_theme
from workbench.gui.theme.fonts import ui_font

_LEAST = 0.12
_GREATEST = 2.5
_MARGIN = 32.0
#: Smallest size at which labels can still be read; the first view is never smaller.
_READABLE = 0.72
#: Below this size labels are left out: they would be smudges.
_LABELS = 0.42
_SETTLE_MS = 140
#: From this many edges on, and in overviews, those of other nodes stand back.
_MANY = 60
#: Opacity (of 255) of edges that stand back: with nothing selected, and beside a node's own.
_FAINT = (120, 55)
_STRONG_FAINT = (200, 130)


class GraphCanvas(QWidget):
    """Shows a scene. ``chosen(id)`` tells of the selected node, ``centred(id)`` of Enter on it.

    Mouse: drag pans, the wheel zooms, a click selects, a double click goes to the node. Keys:
    arrows walk, Enter re-centres, + and - zoom, 0 fits, Home goes to the middle.
    """

    chosen = Signal(str)
    centred = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.scene = Scene()
        self.current = -1
        self._hovered = -1
        self._scale = 1.0
        self._origin = QPointF()
        self._pressed: QPointF | None = None
        self._dragged = False
        self._moving = False
        self._fitted = True
        self._labels: list[str] = []
        self._tips: dict[str, str] = {}
        self._settle = QTimer(self)
        self._settle.setSingleShot(True)
        self._settle.setInterval(_SETTLE_MS)
        self._settle.timeout.connect(self._settled)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMouseTracking(True)
        self.setAccessibleName("Graph of skills")
        self.setMinimumSize(QSize(240, 200))

    @property
    def antialiased(self) -> bool:
        """Whether lines are drawn smooth: not while the picture moves."""
        return not self._moving

    @property
    def scale(self) -> float:
        """The size the picture is drawn at; 1 is full size."""
        return self._scale

    def show_scene(self, scene: Scene, tips: dict[str, str] | None = None) -> None:
        """Show another picture, fitted into the view."""
        kept = (
            self.scene.nodes[self.current].id if 0 <= self.current < len(self.scene.nodes) else ""
        )
        self.scene = scene
        self._tips = tips or {}
        metrics = QFontMetricsF(ui_font())
        room = NODE_WIDTH - 44
        self._labels = [
            metrics.elidedText(node.label, Qt.TextElideMode.ElideMiddle, room)
            for node in scene.nodes
        ]
        self._hovered = -1
        self.current = scene.number_of(scene.focus or kept)
        self._describe()
        self.fit()

    def select(self, node_id: str) -> bool:
        """Select a node and bring it into sight; False when it is not in the picture."""
        number = self.scene.number_of(node_id)
        if number < 0:
            return False
        self._set_current(number)
        return True

    def fit(self) -> None:
        """Bring the picture into view: all of it where it stays readable, else its beginning."""
        self._fitted = True
        box = self._bounds()
        if box.isEmpty():
            self.update()
            return
        whole = min(
            (self.width() - 2 * _MARGIN) / box.width(),
            (self.height() - 2 * _MARGIN - 28) / box.height(),
        )
        self._scale = min(1.0, max(whole, _READABLE if not self.scene.focus else 0.5))
        centre = QPointF(self.width() / 2, (self.height() - 28) / 2)
        middle = box.center()
        if self.scene.focus and whole < self._scale:
            node = self.scene.nodes[self.scene.number_of(self.scene.focus)]
            middle = QPointF(node.x, node.y)
        self._origin = centre - middle * self._scale
        if not self.scene.focus:
            if box.width() * self._scale > self.width() - 2 * _MARGIN:
                self._origin.setX(_MARGIN - box.left() * self._scale)
            if box.height() * self._scale > self.height() - 2 * _MARGIN:
                self._origin.setY(_MARGIN - box.top() * self._scale)
        self.update()

    def zoom(self, factor: float, at: QPointF | None = None) -> None:
        """Zoom around a place of the widget, its middle when none is given."""
        place = at or QPointF(self.width() / 2, self.height() / 2)
        scale = min(_GREATEST, max(_LEAST, self._scale * factor))
        self._origin = place - (place - self._origin) * (scale / self._scale)
        self._scale = scale
        self._fitted = False
        self._move()

    def node_at(self, place: QPointF) -> int:
        """Return the number of the node at a place of the widget, -1 where there is none."""
        spot = (place - self._origin) / self._scale
        for number, node in enumerate(self.scene.nodes):
            if _box(node).contains(spot):
                return number
        return -1

    def place_of(self, node_id: str) -> QPointF:
        """Return where the middle of a node is in the widget."""
        node = self.scene.nodes[self.scene.number_of(node_id)]
        return self._origin + QPointF(node.x, node.y) * self._scale

    # Painting

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.fillRect(event.rect(), colour("surface"))
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, self.antialiased)
        painter.setFont(ui_font())
        view = QTransform.fromTranslate(self._origin.x(), self._origin.y())
        view.scale(self._scale, self._scale)
        painter.setTransform(view)
        sight = view.inverted()[0].mapRect(QRectF(self.rect()))
        self._paint_edges(painter, sight)
        self._paint_nodes(painter, sight)
        painter.resetTransform()
        if self.scene.nodes:
            cycles = any(node.cycle for node in self.scene.nodes)
            paint_legend(painter, self.height(), {one.kind for one in self.scene.nodes}, cycles)
        if self.hasFocus():
            painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
            painter.setPen(colour("focus"))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRect(self.rect().adjusted(0, 0, -1, -1))
        painter.end()

    def _paint_edges(self, painter: QPainter, sight: QRectF) -> None:
        nodes = self.scene.nodes
        marked = {self.current, self._hovered} - {-1}
        many = len(self.scene.edges) > _MANY or not self.scene.focus
        faint, fainter = _STRONG_FAINT if current_theme().name == "high-contrast" else _FAINT
        rest = 255 if not many else fainter if marked else faint
        near = [e for e in self.scene.edges if e.source in marked or e.target in marked]
        far = [e for e in self.scene.edges if not (e.source in marked or e.target in marked)]
        for group, strong in ((far, False), (near, True)):
            for line in group:
                start, end = edge_ends(line, nodes[line.source], nodes[line.target])
                if not QRectF(start, end).normalized().adjusted(-8, -8, 8, 8).intersects(sight):
                    continue
                alpha = 255 if strong else rest
                paint_edge(painter, start, end, line, alpha=alpha, strong=strong)

    def _paint_nodes(self, painter: QPainter, sight: QRectF) -> None:
        labelled = self._scale >= _LABELS
        for number, node in enumerate(self.scene.nodes):
            box = _box(node)
            if not box.intersects(sight):
                continue
            look = Look(
                focus=node.id == self.scene.focus,
                current=number == self.current,
                hovered=number == self._hovered,
                label=self._labels[number] if labelled else "",
            )
            paint_node(painter, box, node, look)

    def _bounds(self) -> QRectF:
        bounds = QRectF()
        for node in self.scene.nodes:
            bounds = bounds.united(_box(node))
        return bounds

    def _move(self) -> None:
        self._moving = True
        self._settle.start()
        self.update()

    def _settled(self) -> None:
        self._moving = False
        self.update()

    # Mouse and keys

    def mousePressEvent(self, event: QMouseEvent) -> None:
        self.setFocus(Qt.FocusReason.MouseFocusReason)
        self._pressed = event.position()
        self._dragged = False

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if self._pressed is None:
            self._hover(self.node_at(event.position()))
            return
        by = event.position() - self._pressed
        if self._dragged or by.manhattanLength() > 4:
            self._dragged = True
            self._fitted = False
            self._origin += by
            self._pressed = event.position()
            self.setCursor(Qt.CursorShape.ClosedHandCursor)
            self._move()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        if self._pressed is not None and not self._dragged:
            self._set_current(self.node_at(event.position()), scroll=False)
        self._pressed = None
        self._hover(self.node_at(event.position()))

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        number = self.node_at(event.position())
        if number >= 0:
            self.centred.emit(self.scene.nodes[number].id)

    def wheelEvent(self, event: QWheelEvent) -> None:
        if event.angleDelta().y():
            self.zoom(1.0015 ** event.angleDelta().y(), event.position())
            event.accept()

    def leaveEvent(self, event: QEvent) -> None:
        self._hover(-1)
        super().leaveEvent(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        arrows = {
            Qt.Key.Key_Left: (-1, 0),
            Qt.Key.Key_Right: (1, 0),
            Qt.Key.Key_Up: (0, -1),
            Qt.Key.Key_Down: (0, 1),
        }
        key = Qt.Key(event.key())
        if key in arrows:
            self._set_current(next_node(self.scene, self.current, *arrows[key]))
        elif key in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and self.current >= 0:
            self.centred.emit(self.scene.nodes[self.current].id)
        elif key in (Qt.Key.Key_Plus, Qt.Key.Key_Equal):
            self.zoom(1.25)
        elif key == Qt.Key.Key_Minus:
            self.zoom(0.8)
        elif key == Qt.Key.Key_0:
            self.fit()
        elif key == Qt.Key.Key_Home and self.scene.nodes:
            self._set_current(max(0, self.scene.number_of(self.scene.focus)))
        else:
            super().keyPressEvent(event)

    def event(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.ToolTip and isinstance(event, QHelpEvent):
            number = self.node_at(QPointF(event.pos()))
            if number >= 0:
                node = self.scene.nodes[number]
                QToolTip.showText(event.globalPos(), self._tips.get(node.id, node.label), self)
            else:
                QToolTip.hideText()
            return True
        return super().event(event)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        if self._fitted:
            self.fit()

    def _hover(self, number: int) -> None:
        shape = Qt.CursorShape.PointingHandCursor if number >= 0 else Qt.CursorShape.OpenHandCursor
        self.setCursor(shape)
        if number != self._hovered:
            self._hovered = number
            self.update()

    def _set_current(self, number: int, *, scroll: bool = True) -> None:
        self.current = number
        self._describe()
        if number >= 0 and scroll:
            self._bring_into_sight(self.scene.nodes[number])
        self.update()
        self.chosen.emit(self.scene.nodes[number].id if number >= 0 else "")

    def _bring_into_sight(self, node: NodeBox) -> None:
        place = self._origin + QPointF(node.x, node.y) * self._scale
        half = QPointF(NODE_WIDTH, NODE_HEIGHT) * self._scale / 2 + QPointF(16, 16)
        dx = max(0.0, half.x() - place.x()) - max(0.0, place.x() + half.x() - self.width())
        dy = max(0.0, half.y() - place.y()) - max(0.0, place.y() + half.y() - self.height() + 28)
        if dx or dy:
            self._origin += QPointF(dx, dy)
            self._fitted = False

    def _describe(self) -> None:
        if not 0 <= self.current < len(self.scene.nodes):
            words = f"{len(self.scene.nodes)} nodes, {len(self.scene.edges)} edges"
        else:
            node = self.scene.nodes[self.current]
            circle = ", in a cycle" if node.cycle else ""
            words = (
                f"{node.label}, {node.kind}, {node.incoming} edges in, {node.outgoing} out{circle}"
            )
        self.setAccessibleDescription(words)


def _box(node: NodeBox) -> QRectF:
    return QRectF(node.x - NODE_WIDTH / 2, node.y - NODE_HEIGHT / 2, NODE_WIDTH, NODE_HEIGHT)
