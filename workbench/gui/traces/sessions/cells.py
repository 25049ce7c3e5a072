"""Drawing shared by the tables of traces."""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import QRect, QRectF, Qt
from PySide6.QtGui import QFont, QFontMetrics, QPainter
from PySide6.QtWidgets import QStyle, QStyleOptionViewItem

from workbench.gui.theme.current import colour
from workbench.gui.theme.fonts import ui_font
from workbench.gui.theme.icons import paint_icon
from workbench.gui.widgets.badge import Tone, paint_badge

HEIGHT: Final = 48
SIDE: Final = 8
_TONES: Final[dict[str, Tone]] = {
    "passed": "success",
    "failed": "error",
    "partial": "warning",
    "timed out": "warning",
    "broken run": "warning",
}


def draw_ground(painter: QPainter, option: QStyleOptionViewItem, *, first: bool) -> bool:
    """Draw what is behind a cell and return whether its row is selected."""
    box: QRect = option.rect
    selected = bool(option.state & QStyle.StateFlag.State_Selected)
    if selected:
        painter.fillRect(box, colour("selection"))
        if first:
            painter.fillRect(box.left(), box.top(), 3, box.height(), colour("accent"))
    painter.setPen(colour("border"))
    painter.drawLine(box.bottomLeft(), box.bottomRight())
    return selected


def draw_outcome(
    painter: QPainter, box: QRect, outcome: str, *, attached: bool = False, selected: bool = False
) -> None:
    """Draw how a run ended as a badge, with a sign behind it where a person says so."""
    painter.setFont(ui_font())
    middle = box.center().y() + 0.5
    tone = _TONES.get(outcome, "info")
    # The tone's own sign gives way: there is no room for two.
    width = paint_badge(painter, box.left(), middle, outcome, tone, sign=not attached)
    if attached:
        sign = QRectF(box.left() + width + 4, middle - 6, 12, 12)
        paint_icon(painter, "tag", sign, "selection_text" if selected else "data_8")


def draw_lines(
    painter: QPainter,
    box: QRect,
    lines: tuple[str, str],
    *,
    token: str = "text",
    bold: bool = False,
    right: bool = False,
    selected: bool = False,
) -> None:
    """Draw one line, or a quiet second one below it."""
    first, second = lines
    side = Qt.AlignmentFlag.AlignRight if right else Qt.AlignmentFlag.AlignLeft
    upper = QRect(box)
    if second:
        upper.setHeight(box.height() // 2)
    front = "selection_text" if selected else token
    draw_line(painter, upper, first, ui_font(bold=bold), token=front, side=side)
    if second:
        lower = QRect(box)
        lower.setTop(box.center().y() + 1)
        quiet = "selection_text" if selected else "text_muted"
        draw_line(painter, lower, second, ui_font(0.9), token=quiet, side=side)


def draw_line(
    painter: QPainter, box: QRect, text: str, font: QFont, *, token: str, side: Qt.AlignmentFlag
) -> None:
    """Draw a line of text, cut with an ellipsis where there is no room."""
    painter.setFont(font)
    painter.setPen(colour(token))
    shown = QFontMetrics(font).elidedText(text, Qt.TextElideMode.ElideRight, box.width())
    painter.drawText(box, int(side | Qt.AlignmentFlag.AlignVCenter), shown)
