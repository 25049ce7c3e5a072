"""One message above a page: how the last act went."""

from __future__ import annotations

from PySide6.QtWidgets import QVBoxLayout

from workbench.gui.review.sharing.talking import Actions
from workbench.gui.widgets.banner import Banner, Severity
from workbench.gui.widgets.layouts import column


class NoteLine:
    """Holds the banner in ``layout``; a newer message stands in place of the older."""

    def __init__(self) -> None:
        self.layout: QVBoxLayout = column(spacing=0)
        self.banner: Banner | None = None

    def say(self, severity: Severity, text: str, actions: Actions = ()) -> None:
        """Show a message; "" takes the last one away."""
        if self.banner is not None:
            self.banner.hide()
            self.layout.removeWidget(self.banner)
            self.banner.deleteLater()
            self.banner = None
        if text:
            self.banner = Banner(severity, text, actions, closable=False)
            self.layout.addWidget(self.banner)

    @property
    def said(self) -> str:
        """What it says, "" without a message."""
        return "" if self.banner is None else self.banner.label.text()
