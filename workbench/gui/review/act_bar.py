"""What the bars of the desk have in common: a question, a foot with buttons, Enter and Esc."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QWidget

from workbench.gui.theme.fonts import ui_font
from workbench.gui.widgets.buttons import primary_button, push_button
from workbench.gui.widgets.layouts import column, row
from workbench.gui.widgets.plain_label import PlainLabel


class ActBar(QWidget):
    """A bar below the changes that asks for something before an act. Enter does it, Esc leaves.

    ``confirmed()`` asks for the act, ``left()`` for nothing.
    """

    confirmed = Signal()
    left = Signal()

    def __init__(self, act: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.setObjectName("PanelHeader")
        self.title = text_label()
        self.title.setFont(ui_font(bold=True))
        self.told = text_label(muted=True)
        self.cancel = push_button("Cancel", self.left.emit)
        self.confirm = primary_button(act, self._confirm)
        self.inside = column(spacing=8)
        self.foot = row(spacing=8)
        self.foot.addWidget(self.told, 1)
        self.foot.addWidget(self.cancel)
        self.foot.addWidget(self.confirm)
        outer = column(self, spacing=8)
        outer.setContentsMargins(16, 10, 16, 10)
        outer.addWidget(self.title)
        outer.addLayout(self.inside)
        outer.addLayout(self.foot)
        self.hide()

    def tell(self, text: str) -> None:
        """Say beside the buttons what is to be known before."""
        self.told.setText(text)
        self.told.setToolTip(text)

    def allow(self, why_not: str) -> None:
        """Let the act be done, or say why it cannot be."""
        self.confirm.setEnabled(not why_not)
        self.confirm.setToolTip(why_not or "Enter")
        if why_not:
            self.tell(why_not)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape:
            self.left.emit()
        elif event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self._confirm()
        elif not event.text():
            super().keyPressEvent(event)

    def _confirm(self) -> None:
        if self.confirm.isEnabled():
            self.confirmed.emit()


def text_label(*, muted: bool = False) -> PlainLabel:
    """Return a label for words of ours and of others, which are never markup."""
    made = PlainLabel()
    if muted:
        made.setProperty("muted", True)
    return made
