"""What each run had used up, row by row: a line a run, in one picture."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QFontMetrics, QPainter, QPaintEvent, QPen, QPolygonF
from PySide6.QtWidgets import QSizePolicy, QWidget

from workbench.gui.theme.current import colour
from workbench.gui.theme.fonts import ui_font
from workbench.gui.traces.compare.aligned import Aligned, Amount, Curve
from workbench.gui.traces.compare.run_words import letter, run_colour
from workbench.gui.traces.words import count
from workbench.traces.prices import dollar_words
from workbench.traces.times import duration_words

_PAD = 8
_LABEL = 62
_TITLES: dict[Amount, str] = {
    "tokens": "Tokens used so far",
    "seconds": "Time so far",
    "cost": "Cost so far",
}
_DASHES = (
    Qt.PenStyle.SolidLine,
    Qt.PenStyle.DashLine,
    Qt.PenStyle.DotLine,
    Qt.PenStyle.DashDotLine,
)


def amount_text(amount: Amount, value: float) -> str:
    """Return an amount in few characters."""
    if amount == "seconds":
        return duration_words(value)
    return dollar_words(value) if amount == "cost" else count(round(value))


class CurvesView(QWidget):
    """A chart without axes: the greatest value is its height, the aligned rows are its width.

    Runs differ in colour, in the dashes of their line, and by their letter at its end. The same
    is said in words to a screen reader and in the tip.
    """

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._aligned: Aligned | None = None
        self._amount: Amount = "tokens"
        self._current = -1
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        self.setAccessibleName("Curves of the runs")

    def show_aligned(self, found: Aligned, amount: Amount) -> None:
        """Show another comparison or another amount."""
        self._aligned, self._amount = found, amount
        words = self.words()
        self.setAccessibleName(words)
        self.setToolTip(words)
        self.update()

    def set_current(self, row: int) -> None:
        """Mark the selected row."""
        self._current = row
        self.update()

    def words(self) -> str:
        """Return the curves as text: what was used at each quarter of the rows."""
        found = self._aligned
        if found is None:
            return ""
        told = []
        last = len(found.rows) - 1
        for run, curve in enumerate(found.curves[self._amount]):
            if not curve.points:
                told.append(f"{letter(run)}: not recorded")
                continue
            quarters = [_value_at(curve, last * part // 4) for part in (1, 2, 3, 4)]
            texts = ", ".join(amount_text(self._amount, value) for value in quarters)
            told.append(f"{letter(run)}: {texts}")
        return f"{_TITLES[self._amount]}, at each quarter of the rows. " + "; ".join(told)

    def sizeHint(self) -> QSize:
        return QSize(260, 84)

    def minimumSizeHint(self) -> QSize:
        return QSize(160, 48)

    def paintEvent(self, event: QPaintEvent) -> None:
        found = self._aligned
        if found is None:
            return
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        curves = found.curves[self._amount]
        box = QRectF(self.rect()).adjusted(_PAD, _PAD, -_PAD - _LABEL, -_PAD)
        small = ui_font(0.85)
        painter.setFont(small)
        painter.setPen(colour("text_muted"))
        painter.setPen(colour("border"))
        painter.drawLine(box.bottomLeft(), box.bottomRight())
        if not any(curve.points for curve in curves):
            painter.setPen(colour("text_muted"))
            middle = int(Qt.AlignmentFlag.AlignCenter)
            painter.drawText(QRectF(self.rect()), middle, "not recorded")
            painter.end()
            return
        top = max((curve.last or 0.0 for curve in curves), default=0.0)
        last = max(1, len(found.rows) - 1)
        if self._current >= 0:
            x = box.left() + box.width() * self._current / last
            painter.setPen(QPen(colour("border_strong"), 1))
            painter.drawLine(QPointF(x, box.top()), QPointF(x, box.bottom()))
        ends: list[tuple[float, int, str]] = []
        for run, curve in enumerate(curves):
            if not curve.points:
                ends.append((box.bottom(), run, "–"))
                continue
            points = [
                QPointF(
                    box.left() + box.width() * row / last,
                    box.bottom() - (box.height() * value / top if top else 0),
                )
                for row, value in curve.points
            ]
            painter.setPen(QPen(colour(run_colour(run)), 2, _DASHES[run % len(_DASHES)]))
            painter.drawPolyline(QPolygonF(points))
            ends.append((points[-1].y(), run, amount_text(self._amount, curve.last or 0.0)))
        _draw_ends(painter, ends, box)
        painter.end()


def _draw_ends(painter: QPainter, ends: Sequence[tuple[float, int, str]], box: QRectF) -> None:
    """Write letter and last value at the end of each line, pushed apart where they meet."""
    height = QFontMetrics(painter.font()).height()
    free = box.top() - height / 2
    ordered = sorted(ends)
    for number, (y, run, text) in enumerate(ordered):
        # Those that follow need their room above the bottom.
        lowest = box.bottom() + height / 2 - height * (len(ordered) - number)
        at = max(free, min(y - height / 2, lowest))
        free = at + height
        painter.setPen(colour(run_colour(run)))
        painter.drawText(
            QRectF(box.right() + 6, at, _LABEL, height),
            int(Qt.AlignmentFlag.AlignVCenter),
            f"{letter(run)} {text}",
        )


def _value_at(curve: Curve, row: int) -> float:
    value = 0.0
    for at, amount in curve.points:
        if at > row:
            break
        value = amount
    return value
