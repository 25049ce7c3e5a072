"""A link whose text gives way: what does not fit ends in the middle, the tip has all of it."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QPushButton, QSizePolicy, QWidget

_PADDING = 16


class ElidedLink(QPushButton):
    """A flat button as wide as there is room, up to its text."""

    def __init__(self, text: str, run: Callable[[], object], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._whole = ""
        self.setFlat(True)
        self.setAutoDefault(False)
        self.setSizePolicy(QSizePolicy.Policy.Maximum, QSizePolicy.Policy.Fixed)
        self.clicked.connect(lambda _checked=False: run())
        self.set_text(text)

    def set_text(self, text: str) -> None:
        """Show another text."""
        self._whole = text
        self.setToolTip(text)
        self.setAccessibleName(text)
        self._elide()
        self.updateGeometry()

    def whole_text(self) -> str:
        """Return the text as it is without a cut."""
        return self._whole

    def sizeHint(self) -> QSize:
        width = self.fontMetrics().horizontalAdvance(self._whole) + _PADDING
        return QSize(width, super().sizeHint().height())

    def minimumSizeHint(self) -> QSize:
        return QSize(40, super().minimumSizeHint().height())

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._elide()

    def _elide(self) -> None:
        room = max(0, self.width() - _PADDING)
        middle = Qt.TextElideMode.ElideMiddle
        # "&" marks a shortcut on a button; here it is part of a name.
        text = self.fontMetrics().elidedText(self._whole, middle, room)
        self.setText(text.replace("&", "&&"))
