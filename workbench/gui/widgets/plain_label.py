"""A label for the words of others: never markup, nothing hidden, no word too long for its place."""

from __future__ import annotations

import re

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel, QWidget

from workbench.domain.text import spelled_out

#: Letters in a row that a line is not broken between; a label is as wide as the longest such run.
_RUN = re.compile(r"[^\s/\\-]{25,}")
_PIECE = 24
_BREAK = "\N{ZERO WIDTH SPACE}"


class PlainLabel(QLabel):
    """Plain text that wraps. Characters that draw nothing or turn its direction are spelled out.

    ``text()`` is what was set; what is drawn has places to break a line in very long words.
    """

    def __init__(self, text: str = "", parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._text = ""
        self.setWordWrap(True)
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setText(text)

    def text(self) -> str:
        """Return the text as it was set."""
        return self._text

    def setText(self, text: str) -> None:
        """Show a text."""
        self._text = text
        super().setText(breakable(spelled_out(text)))


def breakable(text: str) -> str:
    """Return a text with places to break a line (U+200B) in words too long for one."""
    return _RUN.sub(_broken, text)


def _broken(found: re.Match[str]) -> str:
    word = found.group()
    return _BREAK.join(word[at : at + _PIECE] for at in range(0, len(word), _PIECE))
