"""A short word on a soft ground: a verdict, a client, a status. Never colour alone."""

from __future__ import annotations

from typing import Literal

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QFont, QFontMetricsF, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from workbench.gui.theme.current import colour
from workbench.gui.theme.icons import paint_icon

Tone = Literal["neutral", "info", "success", "warning", "error"]

#: Icon drawn before the word, so that the tone is told by a sign as well.
TONE_ICONS: dict[Tone, str] = {
    "neutral": "",
    "info": "info",
    "success": "check",
    "warning": "warning",
    "error": "error",
}
_HEIGHT = 20.0
_SIDE = 8.0
_ICON = 12.0


def badge_font(base: QFont) -> QFont:
    """Return the smaller font badges are written in."""
    font = QFont(base)
    font.setPointSizeF(base.pointSizeF() * 0.88)
    font.setBold(False)
    return font


def badge_width(text: str, tone: Tone, base: QFont, *, sign: bool = True) -> float:
    """Return the width of a badge in px."""
    icon_width = _ICON + 4 if sign and TONE_ICONS[tone] else 0
    return QFontMetricsF(badge_font(base)).horizontalAdvance(text) + 2 * _SIDE + icon_width


def paint_badge(
    painter: QPainter, left: float, middle: float, text: str, tone: Tone, *, sign: bool = True
) -> float:
    """Draw a badge from ``left``, vertically around ``middle``; return its width in px."""
    base = painter.font()
    width = badge_width(text, tone, base, sign=sign)
    box = QRectF(left, middle - _HEIGHT / 2, width, _HEIGHT)
    front = "text_muted" if tone == "neutral" else tone
    ground = "hover" if tone == "neutral" else f"{tone}_soft"
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(colour(ground))
    painter.drawRoundedRect(box, 4, 4)
    start = left + _SIDE
    if sign and TONE_ICONS[tone]:
        paint_icon(painter, TONE_ICONS[tone], QRectF(start, middle - _ICON / 2, _ICON, _ICON), tone)
        start += _ICON + 4
    painter.setFont(badge_font(base))
    painter.setPen(colour(front))
    painter.drawText(
        QRectF(start, box.top(), left + width - start, _HEIGHT),
        int(Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft),
        text,
    )
    painter.restore()
    return width


class Badge(QWidget):
    """A badge as a widget."""

    def __init__(
        self, text: str = "", tone: Tone = "neutral", parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._text = text
        self._tone: Tone = tone
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self.setAccessibleName(text)

    def set(self, text: str, tone: Tone) -> None:
        """Show another word."""
        self._text, self._tone = text, tone
        self.setAccessibleName(text)
        self.updateGeometry()
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(round(badge_width(self._text, self._tone, self.font()) + 0.5), int(_HEIGHT))

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setFont(self.font())
        paint_badge(painter, 0, self.height() / 2, self._text, self._tone)
        painter.end()
