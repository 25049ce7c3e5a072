"""The bundled fonts: PySide6 brings none, and the same pixels are drawn everywhere."""

from __future__ import annotations

from PySide6.QtGui import QFont, QFontDatabase, QGuiApplication

from workbench.resources import bundled

UI_FAMILY = "DejaVu Sans"
MONO_FAMILY = "DejaVu Sans Mono"
UI_POINTS = 9.5
MONO_POINTS = 10.0

_LOADED = "workbench_fonts"
_FILES = ("DejaVuSans.ttf", "DejaVuSans-Bold.ttf", "DejaVuSansMono.ttf")


def load_fonts() -> None:
    """Register the bundled fonts once and make the first the program's font."""
    app = QGuiApplication.instance()
    if not isinstance(app, QGuiApplication) or app.property(_LOADED):
        return
    for name in _FILES:
        QFontDatabase.addApplicationFont(str(bundled("resources") / "fonts" / name))
    app.setProperty(_LOADED, True)
    app.setFont(ui_font())


def ui_font(scale: float = 1.0, *, bold: bool = False) -> QFont:
    """Return the font of the interface, ``scale`` times its usual size."""
    font = QFont(UI_FAMILY)
    font.setPointSizeF(UI_POINTS * scale)
    font.setBold(bold)
    return font


def mono_font(scale: float = 1.0) -> QFont:
    """Return the fixed-width font of code, traces and diffs."""
    font = QFont(MONO_FAMILY)
    font.setPointSizeF(MONO_POINTS * scale)
    font.setStyleHint(QFont.StyleHint.Monospace)
    font.setFixedPitch(True)
    return font
