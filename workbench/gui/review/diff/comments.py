"""How a comment is drawn among the lines of a diff."""

from __future__ import annotations

from PySide6.QtCore import QRect, QRectF, Qt
from PySide6.QtGui import QPainter

from workbench.gui.review.diff.layout import Cell
from workbench.gui.review.diff.line import DiffLine
from workbench.gui.theme.current import colour
from workbench.gui.theme.fonts import ui_font
from workbench.gui.theme.icons import paint_icon

_RULE = 3


def paint_comment(painter: QPainter, box: QRect, start: float, line: DiffLine, cell: Cell) -> None:
    """Draw a row of a comment whose text begins at ``start``: a rule before it, the name bold."""
    painter.fillRect(box, colour("window"))
    left = round(start) - 24
    settled = line.state == "resolved"
    rule = QRect(left - 8, box.top(), _RULE, box.height())
    painter.fillRect(rule, colour("border" if settled else "accent"))
    first = cell.start == 0 and line.state in ("head", "resolved")
    if first:
        sign = "check-circle" if settled else "message"
        token = "success" if settled else "accent"
        paint_icon(painter, sign, QRectF(left, box.center().y() - 6, 14, 14), token)
    painter.setFont(ui_font(0.92 if first else 1.0, bold=line.state == "head"))
    painter.setPen(colour("text" if line.state == "body" else "text_muted"))
    room = QRectF(start, box.top(), box.right() - start, box.height())
    painter.drawText(
        room,
        int(Qt.AlignmentFlag.AlignVCenter | Qt.TextFlag.TextSingleLine),
        line.text[cell.start : cell.end],
    )
