"""A message inside a panel, above what it is about, with buttons that do something about it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

from PySide6.QtCore import QSize, Qt
from PySide6.QtWidgets import QFrame, QLabel, QSizePolicy, QWidget

from workbench.gui.theme.icons import icon
from workbench.gui.widgets.buttons import icon_button, push_button
from workbench.gui.widgets.layouts import row
from workbench.gui.widgets.plain_label import PlainLabel

Severity = Literal["info", "success", "warning", "error"]
_ICONS = {"info": "info", "success": "check-circle", "warning": "warning", "error": "error"}


class Banner(QFrame):
    """One line: sign, text, buttons. It stays until its reason is gone or it is closed."""

    def __init__(
        self,
        severity: Severity,
        text: str,
        actions: tuple[tuple[str, Callable[[], object]], ...] = (),
        *,
        closable: bool = True,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.severity = severity
        self.setProperty("severity", severity)
        self.setAccessibleName(f"{severity}: {text}")
        line = row(self, spacing=8)
        line.setContentsMargins(12, 6, 8, 6)
        sign = QLabel()
        sign.setPixmap(icon(_ICONS[severity], severity).pixmap(QSize(16, 16)))
        line.addWidget(sign, 0, Qt.AlignmentFlag.AlignVCenter)
        self.label = PlainLabel(text)
        self.label.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        line.addWidget(self.label, 1)
        self.buttons = [push_button(title, run) for title, run in actions]
        for button in self.buttons:
            line.addWidget(button)
        if closable:
            line.addWidget(icon_button("close", "Close this message", self.deleteLater))
