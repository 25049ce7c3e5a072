"""A field for an amount of money; empty is none."""

from __future__ import annotations

from PySide6.QtCore import QLocale, Signal
from PySide6.QtGui import QDoubleValidator
from PySide6.QtWidgets import QLineEdit, QSizePolicy, QWidget

_PLAIN = QLocale(QLocale.Language.C)


class AmountField(QLineEdit):
    """Takes figures with a point; ``changed`` tells of another amount."""

    changed = Signal()

    def __init__(self, name: str, empty: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName(name)
        self.setPlaceholderText(empty)
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        check = QDoubleValidator(0.0, 1e6, 6, self)
        check.setLocale(_PLAIN)
        check.setNotation(QDoubleValidator.Notation.StandardNotation)
        self.setValidator(check)
        self.textChanged.connect(lambda _text: self.changed.emit())

    def value(self) -> float | None:
        """Return the amount in USD, None while the field is empty."""
        number, fine = _PLAIN.toDouble(self.text())
        return number if fine and self.text().strip() else None

    def set_value(self, amount: float | None) -> None:
        """Show another amount."""
        self.setText("" if amount is None else f"{amount:g}")
