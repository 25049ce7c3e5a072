"""How nodes, edges and the legend look."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFontMetricsF, QIcon, QPainter, QPen, QPixmap, QPolygonF

from workbench.gui.graph.scene import NODE_HEIGHT, NODE_WIDTH, EdgeLine, NodeBox
from workbench.gui.theme.contrast import LINE_RATIO, ratio
from workbench.gui.theme.current import colour, current_theme
from workbench.gui.theme.fonts import ui_font
from workbench.gui.theme.icons import paint_icon

#: Edge kinds: colour token and line, so that the kind is told without colour too.
EDGE_LOOKS: dict[str, tuple[str, Qt.PenStyle]] = {
    "mentions": ("data_1", Qt.PenStyle.SolidLine),
    "links": ("data_2", Qt.PenStyle.DashLine),
    "uses": ("data_7", Qt.PenStyle.DotLine),
}
#: Node kinds: icon, colour token of sign and border, word of the legend.
NODE_LOOKS: dict[str, tuple[str, str, str]] = {
    "skill": ("library", "accent", "Skill"),
    "tool": ("tool", "data_2", "Tool"),
    "program": ("terminal", "data_3", "Program"),
    "missing": ("error", "error", "Missing"),
}
_LEFT = int(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
_ARROW = 8.0


@dataclass(frozen=True, slots=True)
class Look:
    """State of a node as it is painted; no label is written where ``label`` is ""."""

    focus: bool = False
    current: bool = False
    hovered: bool = False
    label: str = ""


def paint_node(painter: QPainter, box: QRectF, node: NodeBox, look: Look) -> None:
    """Draw a node: a box with sign and name; a group has a second edge behind it."""
    sign, token, _ = NODE_LOOKS.get(node.kind, NODE_LOOKS["skill"])
    border = colour("text" if look.current else token if look.focus else "border_strong")
    ground = "accent_fill" if look.focus else "hover" if look.hovered or look.current else "raised"
    front = "on_accent" if look.focus else "text"
    if node.members:
        painter.setPen(QPen(colour("border_strong"), 1))
        painter.setBrush(colour("sunken"))
        painter.drawRoundedRect(box.translated(4, 4), 6, 6)
    pen = QPen(border, 2.5 if look.current else 1.2)
    if node.kind == "missing":
        pen.setStyle(Qt.PenStyle.DashLine)
    painter.setPen(pen)
    painter.setBrush(colour(ground))
    painter.drawRoundedRect(box, 6, 6)
    picture = QRectF(box.left() + 10, box.center().y() - 8, 16, 16)
    if look.label:
        paint_icon(painter, sign, picture, "on_accent" if look.focus else token)
        painter.setPen(colour(front))
        painter.drawText(box.adjusted(34, 0, -6, 0), _LEFT, look.label)
    if node.cycle:
        badge = QRectF(box.right() - 10, box.top() - 8, 18, 18)
        painter.setPen(QPen(colour("warning"), 1.2))
        painter.setBrush(colour("warning_soft"))
        painter.drawEllipse(badge)
        paint_icon(painter, "refresh", badge.adjusted(3, 3, -3, -3), "warning")


def paint_edge(
    painter: QPainter,
    start: QPointF,
    end: QPointF,
    line: EdgeLine,
    *,
    alpha: int = 255,
    strong: bool = False,
) -> None:
    """Draw an edge with its arrow; one of a cycle in the colour of warnings."""
    token, style = EDGE_LOOKS.get(line.edge.kind, EDGE_LOOKS["mentions"])
    tone = QColor(colour("warning" if line.cycle else token))
    tone.setAlpha(alpha)
    width = 2.2 if strong else 1.4
    painter.setPen(QPen(tone, width, style))
    painter.drawLine(start, end)
    angle = math.atan2(end.y() - start.y(), end.x() - start.x())
    tip = QPolygonF(
        [
            end,
            end - QPointF(math.cos(angle - 0.4), math.sin(angle - 0.4)) * _ARROW,
            end - QPointF(math.cos(angle + 0.4), math.sin(angle + 0.4)) * _ARROW,
        ]
    )
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(tone)
    painter.drawPolygon(tip)


def edge_ends(line: EdgeLine, source: NodeBox, target: NodeBox) -> tuple[QPointF, QPointF]:
    """Return where an edge leaves one box and meets the other."""
    first, second = QPointF(source.x, source.y), QPointF(target.x, target.y)
    across = second - first
    length = math.hypot(across.x(), across.y()) or 1.0
    if line.aside:
        turn = 1 if line.source < line.target else -1
        shift = QPointF(-across.y() / length, across.x() / length) * (line.aside * turn)
        first, second = first + shift, second + shift
    return _border(first, across / length, source), _border(second, -across / length, target)


def _border(inside: QPointF, way: QPointF, node: NodeBox) -> QPointF:
    """Return where a ray from inside a box meets its border, a little outside of it."""
    reach = []
    if way.x():
        edge = node.x + math.copysign(NODE_WIDTH / 2 + 2, way.x())
        reach.append((edge - inside.x()) / way.x())
    if way.y():
        edge = node.y + math.copysign(NODE_HEIGHT / 2 + 2, way.y())
        reach.append((edge - inside.y()) / way.y())
    return inside + way * min(reach, default=0.0)


def line_sign(kind: str) -> QIcon:
    """Return a piece of line as an icon, for the buttons that filter by kind."""
    theme = current_theme()
    token, style = EDGE_LOOKS[kind]
    pressed = token
    if ratio(theme[token], theme["selection"]) < LINE_RATIO:
        pressed = "selection_text"
    sign = QIcon(_line_picture(token, style))
    sign.addPixmap(_line_picture(pressed, style), QIcon.Mode.Normal, QIcon.State.On)
    return sign


def _line_picture(token: str, style: Qt.PenStyle) -> QPixmap:
    picture = QPixmap(48, 32)
    picture.setDevicePixelRatio(2)
    picture.fill(Qt.GlobalColor.transparent)
    painter = QPainter(picture)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(QPen(colour(token), 2, style))
    painter.drawLine(QPointF(1, 8), QPointF(17, 8))
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(colour(token))
    painter.drawPolygon(QPolygonF([QPointF(23, 8), QPointF(15, 4), QPointF(15, 12)]))
    painter.end()
    return picture


def paint_legend(painter: QPainter, height: float, kinds: Iterable[str], cycles: bool) -> None:
    """Draw what the signs mean at the lower left edge."""
    font = ui_font(0.9)
    painter.setFont(font)
    metrics = QFontMetricsF(font)
    shown = [NODE_LOOKS[kind] for kind in NODE_LOOKS if kind in set(kinds)]
    if cycles:
        shown.append(("refresh", "warning", "Part of a cycle"))
    width = sum(22 + metrics.horizontalAdvance(word) + 16 for _, _, word in shown) + 8
    box = QRectF(12, height - 38, width, 26)
    painter.setPen(QPen(colour("border"), 1))
    painter.setBrush(colour("window"))
    painter.drawRoundedRect(box, 4, 4)
    x = box.left() + 12
    for sign, token, word in shown:
        paint_icon(painter, sign, QRectF(x, box.center().y() - 7, 14, 14), token)
        x += 20
        painter.setPen(colour("text_muted"))
        advance = metrics.horizontalAdvance(word)
        painter.drawText(QRectF(x, box.top(), advance + 2, box.height()), _LEFT, word)
        x += advance + 18
