"""Icons from ``resources/icons/*.svg``, drawn in a colour of the theme in use.

The SVGs say ``currentColor``; the engine puts the colour in at paint time, so a new theme needs no
new icons.
"""

from __future__ import annotations

from functools import cache

from PySide6.QtCore import QByteArray, QPoint, QRect, QRectF, QSize, Qt
from PySide6.QtGui import QIcon, QIconEngine, QPainter, QPixmap
from PySide6.QtSvg import QSvgRenderer

from workbench.gui.theme.current import current_theme
from workbench.resources import bundled


@cache
def _source(name: str) -> str:
    path = bundled("resources") / "icons" / f"{name}.svg"
    return path.read_text(encoding="utf-8")


@cache
def _renderer(name: str, colour: str) -> QSvgRenderer:
    svg = _source(name).replace("currentColor", colour)
    return QSvgRenderer(QByteArray(svg.encode()))


class _Engine(QIconEngine):
    """Draws one SVG in the colour its mode asks for."""

    def __init__(
        self, name: str, token: str, on_token: str | None, selected: str | None = None
    ) -> None:
        super().__init__()
        self._selected = selected
        self._name = name
        self._token = token
        self._on_token = on_token

    def paint(self, painter: QPainter, rect: QRect, mode: QIcon.Mode, state: QIcon.State) -> None:
        token = self._token
        if mode == QIcon.Mode.Disabled:
            token = "text_disabled"
        elif state == QIcon.State.On and self._on_token is not None:
            token = self._on_token
        elif mode == QIcon.Mode.Selected and self._selected is not None:
            token = self._selected
        _renderer(self._name, current_theme()[token]).render(painter, QRectF(rect))

    def pixmap(self, size: QSize, mode: QIcon.Mode, state: QIcon.State) -> QPixmap:
        picture = QPixmap(size)
        picture.fill(Qt.GlobalColor.transparent)
        painter = QPainter(picture)
        self.paint(painter, QRect(QPoint(0, 0), size), mode, state)
        painter.end()
        return picture

    def clone(self) -> QIconEngine:
        return _Engine(self._name, self._token, self._on_token, self._selected)


def icon(
    name: str, token: str = "text_muted", *, on: str | None = None, selected: str | None = None
) -> QIcon:
    """Return the icon ``resources/icons/<name>.svg``.

    Args:
        name: file name without ``.svg``.
        token: colour of the theme.
        on: colour while checked, if another.
        selected: colour in a selected row, if another.

    Raises:
        FileNotFoundError: there is no such icon.
    """
    _source(name)
    return QIcon(_Engine(name, token, on, selected))


def paint_icon(painter: QPainter, name: str, rect: QRectF, token: str = "text_muted") -> None:
    """Draw an icon straight into a painter, for delegates and canvases."""
    _renderer(name, current_theme()[token]).render(painter, rect)
