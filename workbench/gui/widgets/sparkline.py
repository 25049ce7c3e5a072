"""A row of figures as a small line, without axes."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QPointF, QSize
from PySide6.QtGui import QPainter, QPaintEvent, QPen, QPolygonF
from PySide6.QtWidgets import QWidget

from workbench.gui.theme.current import colour


class Sparkline(QWidget):
    """Draws values from the least to the greatest over its height."""

    def __init__(
        self,
        name: str,
        values: Sequence[float] = (),
        token: str = "data_1",
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._name = name
        self._token = token
        self._values: tuple[float, ...] = ()
        self.set_values(values)

    def set_values(self, values: Sequence[float]) -> None:
        """Show other values."""
        self._values = tuple(values)
        words = (
            f"{min(values):g} to {max(values):g}, last {values[-1]:g}" if values else "no values"
        )
        self.setAccessibleName(f"{self._name}: {words}")
        self.setToolTip(f"{self._name}: {words}")
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(96, 24)

    def points(self) -> list[QPointF]:
        """Return where the values are drawn; a single value or equal ones lie in the middle."""
        if not self._values:
            return []
        least, greatest = min(self._values), max(self._values)
        span = greatest - least
        width, height = self.width() - 4, self.height() - 4
        step = width / max(1, len(self._values) - 1)
        return [
            QPointF(
                2 + index * step,
                2 + (height / 2 if span == 0 else height * (1 - (value - least) / span)),
            )
            for index, value in enumerate(self._values)
        ]

    def paintEvent(self, event: QPaintEvent) -> None:
        points = self.points()
        if not points:
            return
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(colour(self._token), 1.5))
        painter.drawPolyline(QPolygonF(points))
        painter.setBrush(colour(self._token))
        painter.drawEllipse(points[-1], 2, 2)
        painter.end()
