"""A label that gives way: text that does not fit ends in "…" and is whole in the tip."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QLabel, QSizePolicy, QWidget

from workbench.domain.text import spelled_out


class ElidedLabel(QLabel):
    """One line of plain text."""

    def __init__(
        self,
        text: str = "",
        parent: QWidget | None = None,
        mode: Qt.TextElideMode = Qt.TextElideMode.ElideRight,
        *,
        between: str = "",
    ) -> None:
        """Cut at the end of a part where parts stand ``between`` such signs."""
        super().__init__(parent)
        self._between = between
        self._mode = mode
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self.setText(text)

    def setText(self, text: str) -> None:
        """Show the first line of a text; the tip has all of it."""
        super().setText(spelled_out(" ".join(text.split())))
        self.setToolTip(text)

    def minimumSizeHint(self) -> QSize:
        return QSize(24, super().minimumSizeHint().height())

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        metrics = self.fontMetrics()
        painter.setPen(self.palette().color(self.foregroundRole()))
        painter.drawText(
            self.contentsRect(),
            int(self.alignment()),
            metrics.elidedText(self._fitting(), self._mode, self.contentsRect().width()),
        )
        painter.end()

    def _fitting(self) -> str:
        """Return the parts that fit, at least one; all of the text where it is one part."""
        text, width = self.text(), self.contentsRect().width()
        while self._between and self.fontMetrics().horizontalAdvance(text) > width:
            shorter = text.rpartition(self._between)[0]
            if not shorter:
                break
            text = shorter
        return text
