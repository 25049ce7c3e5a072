"""Deciding to live with a finding: a reason, and until when."""

from __future__ import annotations

from datetime import date, timedelta

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QLabel, QLineEdit, QStackedWidget, QWidget

from workbench.gui.widgets.buttons import push_button
from workbench.gui.widgets.layouts import column, row
from workbench.gui.widgets.value_fields import ChoiceBox
from workbench.security.suppress import MIN_REASON, Suppression

_SPANS: tuple[tuple[str, int | None], ...] = (
    ("for 30 days", 30),
    ("for 90 days", 90),
    ("for a year", 365),
    ("until it changes", None),
)


class SuppressForm(QWidget):
    """A reason and a span, or what was decided with a way back.

    ``suppressed(reason, expires)`` and ``restored()`` ask for it.
    """

    suppressed = Signal(str, object)
    restored = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.reason = QLineEdit()
        self.reason.setPlaceholderText("Why it is safe here")
        self.reason.setAccessibleName("Reason to suppress the finding")
        self.span = ChoiceBox("How long the finding is suppressed")
        for words, days in _SPANS:
            self.span.addItem(words, days)
        self.button = push_button("Suppress", self.suppress)
        self.restore = push_button("Count it again", self.restored.emit)
        self._decided = QLabel()
        self._decided.setWordWrap(True)
        self._decided.setTextFormat(Qt.TextFormat.PlainText)
        self._stack = QStackedWidget()
        self._stack.addWidget(self._ask())
        self._stack.addWidget(self._told())
        column(self, spacing=0).addWidget(self._stack)
        self.reason.textChanged.connect(lambda _text: self._judge())
        self.reason.returnPressed.connect(self.suppress)
        self._judge()

    def show_decision(self, decision: Suppression | None, reason: str | None) -> None:
        """Show what was decided on the finding in front; ``reason`` is set while it counts."""
        self.reason.clear()
        self._stack.setCurrentIndex(0 if reason is None else 1)
        if reason is not None:
            until = f" until {decision.expires}" if decision and decision.expires else ""
            by = f" by {decision.by}" if decision and decision.by else ""
            self._decided.setText(f"Suppressed{by}{until}, for exactly this content: {reason}")

    def suppress(self, today: date | None = None) -> None:
        """Ask for it, with what was typed."""
        reason = self.reason.text().strip()
        if len(reason) < MIN_REASON:
            self.reason.setFocus()
            return
        days = self.span.currentData()
        start = today or date.today()  # noqa: DTZ011 - a day as the person means it
        self.suppressed.emit(reason, None if days is None else start + timedelta(days=days))

    def _judge(self) -> None:
        enough = len(self.reason.text().strip()) >= MIN_REASON
        self.button.setEnabled(enough)
        self.button.setToolTip(
            "The finding no longer counts while this content is the same"
            if enough
            else "Say first why it is safe here"
        )

    def _ask(self) -> QWidget:
        page = QWidget()
        line = row(page, spacing=8)
        line.addWidget(self.reason, 1)
        line.addWidget(self.span)
        line.addWidget(self.button)
        return page

    def _told(self) -> QWidget:
        page = QWidget()
        line = row(page, spacing=8)
        line.addWidget(self._decided, 1)
        line.addWidget(self.restore, 0, Qt.AlignmentFlag.AlignTop)
        return page
