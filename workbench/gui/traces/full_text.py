"""A text in full, however long: fed in slices, so that the window never waits."""

from __future__ import annotations

from PySide6.QtCore import QTimer, Signal
from PySide6.QtGui import QGuiApplication, QTextCursor
from PySide6.QtWidgets import QPlainTextEdit, QWidget

from workbench.gui.traces.renderers.content import LONGEST_LINE, displayable
from workbench.gui.widgets.buttons import icon_button, push_button
from workbench.gui.widgets.code_view import CodeView
from workbench.gui.widgets.elided_label import ElidedLabel
from workbench.gui.widgets.layouts import column, row

#: What is laid out at once, and the pause between two slices in ms.
_SLICE = 100_000
_PAUSE = 5


class FullText(QWidget):
    """All of a text, with a way back. Lines over 10,000 characters go on in the next one."""

    left = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._text = ""
        self._rest = ""
        self._position = 0
        self.title = ElidedLabel()
        self.title.setProperty("muted", True)
        self.view = CodeView("All of the text", read_only=True)
        self.view.setUndoRedoEnabled(False)
        self.view.setLineWrapMode(QPlainTextEdit.LineWrapMode.NoWrap)
        head = row(spacing=8)
        head.setContentsMargins(12, 6, 8, 6)
        self.back = push_button("Back to the step", self.leave)
        head.addWidget(self.back)
        head.addWidget(self.title, 1)
        head.addWidget(icon_button("copy", "Copy all of the text", self.copy))
        inside = column(self, spacing=0)
        inside.addLayout(head)
        inside.addWidget(self.view, 1)
        self._feeding = QTimer(self)
        self._feeding.setInterval(_PAUSE)
        self._feeding.timeout.connect(self._feed)

    @property
    def complete(self) -> bool:
        """Whether all of it is in the view."""
        return not self._feeding.isActive()

    def show_text(self, title: str, text: str) -> None:
        """Show a text from its beginning."""
        self._text = text
        self._position = 0
        lines = text.count("\n") + 1
        self.title.setText(f"{title}  ·  {len(text):,} characters, {lines:,} lines")
        self.view.clear()
        self._feed()
        self.view.moveCursor(QTextCursor.MoveOperation.Start)
        self.view.setFocus()
        self._feeding.start()

    def leave(self) -> None:
        """Forget the text and go back."""
        self._feeding.stop()
        self._text = ""
        self.view.clear()
        self.left.emit()

    def copy(self) -> None:
        """Put the text on the clipboard, as it is."""
        QGuiApplication.clipboard().setText(self._text)

    def _feed(self) -> None:
        part = self._text[self._position : self._position + _SLICE]
        self._position += len(part)
        if self._position >= len(self._text):
            self._feeding.stop()
        if part.endswith("\r") and self._position < len(self._text):
            part += self._text[self._position]
            self._position += 1
        cursor = QTextCursor(self.view.document())
        cursor.movePosition(QTextCursor.MoveOperation.End)
        cursor.insertText(_broken(displayable(part).replace("\x1b", "\u241b")))


def _broken(text: str) -> str:
    """Break lines that no text widget can lay out."""
    if len(text) <= LONGEST_LINE:
        return text
    return "\n".join(
        line
        if len(line) <= LONGEST_LINE
        else "\n".join(
            line[start : start + LONGEST_LINE] for start in range(0, len(line), LONGEST_LINE)
        )
        for line in text.split("\n")
    )
