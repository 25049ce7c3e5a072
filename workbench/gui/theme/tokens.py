"""Themes as named colours read from ``resources/themes/*.toml``. No Qt here."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

from workbench.resources import bundled

#: Names of the themes, in the order they are offered.
THEMES: tuple[str, ...] = ("light", "dark", "high-contrast")


@dataclass(frozen=True, slots=True)
class Theme:
    """Named colours as ``#rrggbb``; which names there are is the same in every theme."""

    name: str
    title: str
    dark: bool
    colours: Mapping[str, str]

    def __getitem__(self, token: str) -> str:
        """Return the colour of a token.

        Raises:
            KeyError: there is no such token.
        """
        return self.colours[token]


@cache
def load_theme(name: str) -> Theme:
    """Read a theme.

    Raises:
        ValueError: no theme has that name.
    """
    if name not in THEMES:
        raise ValueError(f"There is no theme '{name}'. Themes: {', '.join(THEMES)}.")
    path = bundled("resources") / "themes" / f"{name}.toml"
    with path.open("rb") as stream:
        table = tomllib.load(stream)
    return Theme(name, table["title"], table["dark"], table["colours"])
