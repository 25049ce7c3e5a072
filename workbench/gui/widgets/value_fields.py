"""A choice and a number with arrows in the theme's colour.

The style sheet gives fields a border, and with that Qt draws their arrows in relief; these draw
them from the program's own icons.
"""

from __future__ import annotations

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QComboBox, QSpinBox, QWidget

from workbench.gui.theme.icons import paint_icon

_ARROW = 14
#: Room for the arrows; the style sheet leaves as much.
_ROOM = 24


class ChoiceBox(QComboBox):
    """A combo box with a chevron; ``name`` is for screen readers."""

    def __init__(self, name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName(name)
        self.view().setAccessibleName(name)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)

    def sizeHint(self) -> QSize:
        hint = super().sizeHint()
        return QSize(hint.width() + 4, hint.height())

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        painter = QPainter(self)
        token = "text_muted" if self.isEnabled() else "text_disabled"
        left = self.width() - _ROOM + (_ROOM - _ARROW) / 2 - 2
        box = QRectF(left, (self.height() - _ARROW) / 2, _ARROW, _ARROW)
        paint_icon(painter, "chevron-down", box, token)
        painter.end()


class NumberBox(QSpinBox):
    """A field for a whole number with two chevrons; ``name`` is for screen readers."""

    def __init__(self, name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName(name)
        self.lineEdit().setTextMargins(6, 0, 0, 0)
        # The wheel must scroll the form, not change a number that happens to be under it.
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        painter = QPainter(self)
        token = "text_muted" if self.isEnabled() else "text_disabled"
        size = _ARROW - 3
        left = self.width() - _ROOM + (_ROOM - size) / 2 - 2
        middle = self.height() / 2
        paint_icon(painter, "chevron-down", QRectF(left, middle - 1, size, size), token)
        painter.translate(left + size / 2, middle - size / 2 + 1)
        painter.rotate(180)
        paint_icon(painter, "chevron-down", QRectF(-size / 2, -size / 2, size, size), token)
        painter.end()
