"""A text in full, however long: in parts, each fed in slices, so that the window never waits."""

from __future__ import annotations

from PySide6.QtCore import QTimer, Signal
from PySide6.QtGui import QGuiApplication, QTextCursor
from PySide6.QtWidgets import QPlainTextEdit, QWidget

from workbench.domain.text import counted
from workbench.gui.traces.viewer.renderers.content import LONGEST_LINE, displayable
from workbench.gui.widgets.buttons import icon_button, push_button
from workbench.gui.widgets.code_view import CodeView
from workbench.gui.widgets.elided_label import ElidedLabel
from workbench.gui.widgets.layouts import column, row

#: Characters of a part (a text widget slows down as it grows), of a slice, and ms between slices.
PART = 1_000_000
_SLICE = 50_000
_PAUSE = 2


class FullText(QWidget):
    """All of a text, with a way back. Lines over 10,000 characters go on in the next one."""

    left = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._text = ""
        self._name = ""
        self._cuts: list[int] = [0]
        self._part = 0
        self._position = 0
        self.title = ElidedLabel()
        self.title.setProperty("muted", True)
        self.view = CodeView("All of the text", read_only=True)
        self.view.setUndoRedoEnabled(False)
        self.view.setLineWrapMode(QPlainTextEdit.LineWrapMode.NoWrap)
        self.back = push_button("Back to the step", self.leave)
        self.before = push_button("Part before", lambda: self.show_part(self._part - 1))
        self.after = push_button("Next part", lambda: self.show_part(self._part + 1))
        head = row(spacing=8)
        head.setContentsMargins(12, 6, 8, 6)
        head.addWidget(self.back)
        head.addWidget(self.title, 1)
        head.addWidget(self.before)
        head.addWidget(self.after)
        head.addWidget(icon_button("copy", "Copy all of the text", self.copy))
        inside = column(self, spacing=0)
        inside.addLayout(head)
        inside.addWidget(self.view, 1)
        self._feeding = QTimer(self)
        self._feeding.setInterval(_PAUSE)
        self._feeding.timeout.connect(self._feed)

    @property
    def complete(self) -> bool:
        """Whether all of the part is in the view."""
        return not self._feeding.isActive()

    @property
    def parts(self) -> int:
        """How many parts the text has."""
        return max(1, len(self._cuts) - 1)

    def show_text(self, title: str, text: str) -> None:
        """Show a text from its beginning."""
        self._text, self._name = text, title
        self._cuts = cuts_of(text)
        self.show_part(0)
        self.view.setFocus()

    def show_part(self, part: int) -> None:
        """Show a part, counted from 0."""
        self._part = min(max(0, part), self.parts - 1)
        self._position = self._cuts[self._part]
        several = self.parts > 1
        where = f"  ·  part {self._part + 1} of {self.parts}" if several else ""
        self.title.setText(f"{self._name}  ·  {counted(len(self._text), 'character')}{where}")
        for button in (self.before, self.after):
            button.setVisible(several)
        self.before.setEnabled(self._part > 0)
        self.after.setEnabled(self._part < self.parts - 1)
        self.view.clear()
        self._feed()
        self.view.moveCursor(QTextCursor.MoveOperation.Start)
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
        end = self._cuts[self._part + 1]
        stop = min(self._position + _SLICE, end)
        if self._text[stop - 1 : stop + 1] == "\r\n":
            stop += 1
        slice_ = self._text[self._position : stop]
        self._position = stop
        if stop >= end:
            self._feeding.stop()
        cursor = QTextCursor(self.view.document())
        cursor.movePosition(QTextCursor.MoveOperation.End)
        cursor.insertText(_broken(displayable(slice_).replace("\x1b", "\u241b")))


def cuts_of(text: str) -> list[int]:
    """Return where the parts of a text begin and end: behind a line end where there is one near."""
    cuts = [0]
    while len(text) - cuts[-1] > PART:
        wanted = cuts[-1] + PART
        line = text.rfind("\n", wanted - PART // 4, wanted) + 1
        cuts.append(line or wanted)
    cuts.append(len(text))
    return cuts


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
