"""What stands in a document tab."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QWidget


class Document(QWidget):
    """A file open in a tab.

    ``dirty_changed(bool)`` tells of unsaved text, ``caret_moved(line, column)`` of the place,
    both counted from 1.
    """

    dirty_changed = Signal(bool)
    caret_moved = Signal(int, int)

    def __init__(self, path: Path, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.path = path

    @property
    def title(self) -> str:
        """The text of the tab."""
        return self.path.name

    @property
    def dirty(self) -> bool:
        """Whether there is text that is not saved."""
        return False

    @property
    def caret(self) -> tuple[int, int]:
        """Line and column, both counted from 1."""
        return 1, 1

    def save(self) -> bool:
        """Save; False when that failed (the document says why itself)."""
        return True

    def discard(self) -> None:
        """Forget unsaved text for good; called before the tab closes."""

    def go_to(self, line: int) -> None:
        """Bring a line (from 1) into sight and put the caret there; 0 leaves it."""
