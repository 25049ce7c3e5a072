"""Whose each line of a file is, and the change behind the current one."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QLabel, QStackedWidget, QWidget

from workbench.domain.text import counted
from workbench.gui.review.history.blame_view import BlameView
from workbench.gui.review.history.change_view import ChangeView
from workbench.gui.shell.context import AppContext
from workbench.gui.widgets.empty_state import EmptyState
from workbench.gui.widgets.layouts import column, row
from workbench.gui.widgets.split_view import SplitView
from workbench.gui.widgets.value_fields import ChoiceBox
from workbench.review.history.origins import LineOrigin


class LinesPage(QWidget):
    """``file_wanted(path)`` asks for the lines of a file, ``chosen(line)`` for a line's change."""

    file_wanted = Signal(str)
    chosen = Signal(object)

    def __init__(self, context: AppContext, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.files = ChoiceBox("File whose lines are shown")
        self.files.setSizeAdjustPolicy(ChoiceBox.SizeAdjustPolicy.AdjustToContents)
        self.files.setMaximumWidth(420)
        self.summary = QLabel()
        self.summary.setProperty("muted", True)
        self.summary.setWordWrap(True)
        self.view = BlameView()
        self.change = ChangeView(context, below=True)
        self._nothing = EmptyState("No lines to show", "", icon="file-text")
        self._stack = QStackedWidget()
        tools = row(spacing=8)
        tools.setContentsMargins(12, 8, 12, 8)
        tools.addWidget(self.files)
        tools.addWidget(self.summary, 1)
        self._stack.addWidget(self._nothing)
        self._stack.addWidget(SplitView((self.view, self.change), sizes=(640, 560), stretch=(1, 1)))
        inside = column(self, spacing=0)
        inside.addLayout(tools)
        inside.addWidget(self._stack, 1)
        self.setFocusProxy(self.view)
        self.files.currentTextChanged.connect(self._ask)
        self.view.chosen.connect(self.chosen)
        self.view.opened.connect(self._go_to_change)

    def show_files(self, files: Sequence[str], chosen: str) -> None:
        """Offer files; the chosen one is asked for."""
        self.files.blockSignals(True)
        self.files.clear()
        self.files.addItems(list(files))
        self.files.setCurrentText(chosen)
        self.files.blockSignals(False)
        if not files:
            self.show_nothing("No text in this skill", "It has no file whose lines can be told.")
        else:
            self._ask(self.files.currentText())

    def show_nothing(self, heading: str, sentence: str) -> None:
        """Say why there are no lines."""
        self.summary.setText("")
        self._nothing.set_texts(heading, sentence)
        self._stack.setCurrentIndex(0)

    def show_lines(self, lines: Sequence[LineOrigin]) -> None:
        """Show the lines of the chosen file."""
        if not lines:
            self.show_nothing("The file is empty", "It has no line that could come from anywhere.")
            return
        of_proposals = sum(one.entry is not None and one.entry.kind == "applied" for one in lines)
        told = f"{of_proposals:,} of {counted(len(lines), 'line')} come from applied proposals"
        older = sum(one.known == "before_history" for one in lines)
        loose = sum(one.known == "not_committed" for one in lines)
        if older:
            told += f", {older:,} {'is' if older == 1 else 'are'} older than what is known"
        if loose:
            told += f", {loose:,} {'is' if loose == 1 else 'are'} not recorded yet"
        self.summary.setText(told)
        self._stack.setCurrentIndex(1)
        self.view.show_lines(lines)
        if self.view.current is not None:
            self.chosen.emit(self.view.current)

    def _ask(self, path: str) -> None:
        if path:
            self.file_wanted.emit(path)

    def _go_to_change(self) -> None:
        self.change.diff.setFocus(Qt.FocusReason.OtherFocusReason)
