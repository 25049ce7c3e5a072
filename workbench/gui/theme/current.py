"""The theme in use. It hangs on the application object, the only global there is.

The style sheet hangs on the windows, not on the application: Qt works a style sheet of the
application out anew for all of a part whenever that part is put into a larger one, which made up
three quarters of the time to build Review (293 widgets, Qt 6.11).
"""

from __future__ import annotations

from PySide6.QtGui import QColor, QGuiApplication, QPalette
from PySide6.QtWidgets import QApplication, QWidget

from workbench.gui.theme.fonts import load_fonts
from workbench.gui.theme.stylesheet import stylesheet_of
from workbench.gui.theme.tokens import THEMES, Theme, load_theme

_PROPERTY = "workbench_theme"
_DRESSED = "workbench_dressed"


def current_theme() -> Theme:
    """Return the theme in use; the light one before any was applied."""
    app = QGuiApplication.instance()
    name = app.property(_PROPERTY) if app is not None else None
    return load_theme(name if name in THEMES else THEMES[0])


def colour(token: str) -> QColor:
    """Return a colour of the theme in use, for painting."""
    return QColor(current_theme()[token])


def apply_theme(name: str) -> None:
    """Give the whole program the theme's palette and fonts, and its windows the style sheet.

    Raises:
        ValueError: no theme has that name.
        RuntimeError: there is no application yet.
    """
    theme = load_theme(name)
    app = QApplication.instance()
    if not isinstance(app, QApplication):
        raise RuntimeError("A theme needs the application object first.")
    app.setProperty(_PROPERTY, name)
    if app.style().objectName() != "fusion":
        app.setStyle("Fusion")
    load_fonts()
    app.setPalette(palette_of(theme))
    for window in app.topLevelWidgets():
        if window.property(_DRESSED):
            window.setStyleSheet(stylesheet_of(theme))


def dress(window: QWidget) -> None:
    """Give a window without a parent the style sheet, now and with every theme to come.

    Whatever is or comes into it follows, as do dialogs and menus whose parent is in it.
    """
    window.setProperty(_DRESSED, True)
    window.setStyleSheet(stylesheet_of(current_theme()))


def palette_of(theme: Theme) -> QPalette:
    """Return the palette of a theme for all three colour groups."""
    roles = {
        QPalette.ColorRole.Window: "window",
        QPalette.ColorRole.WindowText: "text",
        QPalette.ColorRole.Base: "surface",
        QPalette.ColorRole.AlternateBase: "sunken",
        QPalette.ColorRole.Text: "text",
        QPalette.ColorRole.PlaceholderText: "text_muted",
        QPalette.ColorRole.Button: "raised",
        QPalette.ColorRole.ButtonText: "text",
        QPalette.ColorRole.BrightText: "error",
        QPalette.ColorRole.ToolTipBase: "raised",
        QPalette.ColorRole.ToolTipText: "text",
        QPalette.ColorRole.Highlight: "selection",
        QPalette.ColorRole.HighlightedText: "selection_text",
        QPalette.ColorRole.Link: "link",
        QPalette.ColorRole.LinkVisited: "link",
        QPalette.ColorRole.Accent: "accent_fill",
        QPalette.ColorRole.Light: "raised",
        QPalette.ColorRole.Midlight: "hover",
        QPalette.ColorRole.Mid: "border",
        QPalette.ColorRole.Dark: "border_strong",
        QPalette.ColorRole.Shadow: "border_strong",
    }
    palette = QPalette()
    for role, token in roles.items():
        palette.setColor(role, QColor(theme[token]))
    faint = QColor(theme["text_disabled"])
    for role in (
        QPalette.ColorRole.WindowText,
        QPalette.ColorRole.Text,
        QPalette.ColorRole.ButtonText,
    ):
        palette.setColor(QPalette.ColorGroup.Disabled, role, faint)
    return palette
