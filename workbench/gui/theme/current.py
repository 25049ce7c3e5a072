"""The theme in use. It hangs on the application object, the only global there is."""

from __future__ import annotations

from PySide6.QtGui import QColor, QGuiApplication, QPalette
from PySide6.QtWidgets import QApplication

from workbench.gui.theme.fonts import load_fonts
from workbench.gui.theme.stylesheet import stylesheet_of
from workbench.gui.theme.tokens import THEMES, Theme, load_theme

_PROPERTY = "workbench_theme"


def current_theme() -> Theme:
    """Return the theme in use; the light one before any was applied."""
    app = QGuiApplication.instance()
    name = app.property(_PROPERTY) if app is not None else None
    return load_theme(name if name in THEMES else THEMES[0])


def colour(token: str) -> QColor:
    """Return a colour of the theme in use, for painting."""
    return QColor(current_theme()[token])


def apply_theme(name: str) -> None:
    """Give the whole program the theme's palette, fonts and style sheet.

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
    app.setStyleSheet(stylesheet_of(theme))


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
