"""Buttons with a role, a name for screen readers and a tip that shows the shortcut."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QSize, Qt
from PySide6.QtWidgets import QPushButton, QStyleOptionToolButton, QToolButton, QWidget

from workbench.gui.theme.icons import icon


class WordButton(QToolButton):
    """A tool button with its words beside its icon.

    Qt sets the words hard against the icon and leaves two blanks behind them; one of these belongs
    between the two.
    """

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)

    def initStyleOption(self, option: QStyleOptionToolButton) -> None:
        super().initStyleOption(option)
        if not self.icon().isNull():
            option.text = f" {self.text()}"


def primary_button(
    title: str, run: Callable[[], object], parent: QWidget | None = None
) -> QPushButton:
    """Return the one button of a place that stands out."""
    made = push_button(title, run, parent)
    made.setProperty("primary", True)
    return made


def push_button(
    title: str, run: Callable[[], object], parent: QWidget | None = None
) -> QPushButton:
    """Return an ordinary button."""
    made = QPushButton(title, parent)
    # Outside dialogs too, Enter presses the button that has the focus.
    made.setAutoDefault(True)
    made.clicked.connect(lambda _checked=False: run())
    return made


def link_button(
    title: str, run: Callable[[], object], parent: QWidget | None = None
) -> QPushButton:
    """Return a button that reads like a link."""
    made = push_button(title, run, parent)
    made.setFlat(True)
    return made


def icon_button(
    icon_name: str,
    name: str,
    run: Callable[[], object],
    *,
    shortcut: str = "",
    token: str = "text_muted",
    parent: QWidget | None = None,
) -> QToolButton:
    """Return a button with an icon alone; ``name`` is its tip and its name for screen readers."""
    made = QToolButton(parent)
    made.setIcon(icon(icon_name, token))
    made.setIconSize(QSize(16, 16))
    made.setAccessibleName(name)
    made.setToolTip(f"{name} ({shortcut})" if shortcut else name)
    made.clicked.connect(lambda _checked=False: run())
    return made
