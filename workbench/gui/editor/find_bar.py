"""Find in the file: next, previous, how many."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QKeyEvent, QTextDocument
from PySide6.QtWidgets import QFrame, QLabel, QWidget

from workbench.gui.widgets.buttons import icon_button
from workbench.gui.widgets.code_view import CodeView
from workbench.gui.widgets.layouts import row
from workbench.gui.widgets.search_field import SearchField


class FindBar(QFrame):
    """Enter finds the next hit, Shift+Enter the one before, Esc closes."""

    def __init__(self, view: CodeView, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("PanelHeader")
        self._view = view
        self.field = SearchField("Find in this file…")
        self.field.searched.connect(lambda _text: self._count())
        self._told = QLabel()
        self._told.setProperty("muted", True)
        line = row(self, spacing=4)
        line.setContentsMargins(8, 4, 8, 4)
        line.addWidget(self.field, 1)
        line.addWidget(self._told)
        line.addWidget(icon_button("chevron-right", "Next hit", self.next, shortcut="Enter"))
        line.addWidget(icon_button("close", "Close find", self.dismiss, shortcut="Esc"))
        self.hide()

    def ask(self) -> None:
        """Show the bar with the selected words in it."""
        chosen = self._view.textCursor().selectedText()
        if chosen and "\u2029" not in chosen:
            self.field.setText(chosen)
        self.show()
        self.field.setFocus()
        self.field.selectAll()

    def dismiss(self) -> None:
        """Hide the bar and go back to the text."""
        self.hide()
        self._view.setFocus()

    def next(self, *, backwards: bool = False) -> bool:
        """Select the next hit, from the beginning again after the last one."""
        words = self.field.text()
        flags = QTextDocument.FindFlag.FindBackward if backwards else QTextDocument.FindFlag(0)
        if not words:
            return False
        if self._view.find(words, flags):
            return True
        cursor = self._view.textCursor()
        place = cursor.position()
        cursor.movePosition(cursor.MoveOperation.End if backwards else cursor.MoveOperation.Start)
        self._view.setTextCursor(cursor)
        if self._view.find(words, flags):
            return True
        cursor.setPosition(place)
        self._view.setTextCursor(cursor)
        return False

    def _count(self) -> None:
        words = self.field.text().casefold()
        hits = self._view.text().casefold().count(words) if words else 0
        self._told.setText("" if not words else f"{hits} hits" if hits else "No hit")

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape:
            self.dismiss()
            return
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self._count()
            self.next(backwards=bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier))
            return
        super().keyPressEvent(event)
