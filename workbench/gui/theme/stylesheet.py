"""The style sheet: little, only what the palette cannot say (borders, padding, checked marks)."""

from __future__ import annotations

from functools import cache
from string import Template

from workbench.gui.theme.tokens import Theme
from workbench.resources import bundled


@cache
def _template() -> Template:
    path = bundled("resources") / "themes" / "style.qss"
    return Template(path.read_text(encoding="utf-8"))


def stylesheet_of(theme: Theme) -> str:
    """Return the style sheet with the theme's colours filled in.

    Raises:
        KeyError: the template names a colour that the theme lacks.
    """
    return _template().substitute(theme.colours)
