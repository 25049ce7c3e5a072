"""The source of a file: code view, highlighter, and edits that keep undo."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QKeyEvent, QTextCursor
from PySide6.QtWidgets import QWidget

from workbench.gui.editor.highlighter import Highlighter
from workbench.gui.widgets.code_view import CodeView

_MARKDOWN = frozenset({".md", ".markdown", ".mdx"})


class SourceView(CodeView):
    """An editable file. Markdown is coloured; other files are plain for now."""

    def __init__(self, name: str, suffix: str, parent: QWidget | None = None) -> None:
        super().__init__(name, parent)
        self.highlighter: Highlighter | None = None
        if suffix.lower() in _MARKDOWN:
            self.highlighter = Highlighter(self.document(), self.visible_lines)
            self.scrolled.connect(self.highlighter.colour_visible)

    def visible_lines(self) -> tuple[int, int]:
        """Return the first and last block in sight, with a few around them."""
        first = self.firstVisibleBlock().blockNumber()
        rows = self.viewport().height() // max(1, self.fontMetrics().lineSpacing())
        return max(0, first - 5), first + rows + 5

    def replace_text(self, text: str) -> None:
        """Change the text to another as one step of undo, touching only what differs."""
        old = self.text()
        if old == text:
            return
        head = 0
        while head < min(len(old), len(text)) and old[head] == text[head]:
            head += 1
        tail = 0
        most = min(len(old), len(text)) - head
        while tail < most and old[-1 - tail] == text[-1 - tail]:
            tail += 1
        cursor = self.textCursor()
        cursor.beginEditBlock()
        cursor.setPosition(_units(old[:head]))
        cursor.setPosition(_units(old[: len(old) - tail]), QTextCursor.MoveMode.KeepAnchor)
        cursor.insertText(text[head : len(text) - tail])
        cursor.endEditBlock()

    def refresh_colours(self) -> None:
        super().refresh_colours()
        if self.highlighter is not None:
            self.highlighter.refresh_colours()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            # Qt would put U+2028 for Shift+Enter, which no other program reads as a line end.
            if not self.isReadOnly():
                self.textCursor().insertText("\n")
                self.ensureCursorVisible()
            return
        super().keyPressEvent(event)


def _units(text: str) -> int:
    return len(text.encode("utf-16-le", "surrogatepass")) // 2
