"""What a run would take and send, said before it starts."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QGridLayout, QWidget

from workbench.gui.evolution.form_rows import FIELD_WIDTH, group, words
from workbench.gui.widgets.buttons import push_button
from workbench.gui.widgets.layouts import column, row


class EstimateBox(QWidget):
    """Labelled figures, and a way to see what would be sent."""

    preview_wanted = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._grid = QGridLayout()
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setHorizontalSpacing(16)
        self._grid.setVerticalSpacing(6)
        self._grid.setColumnMinimumWidth(0, FIELD_WIDTH)
        self._grid.setColumnStretch(1, 1)
        self._shown: tuple[tuple[str, str], ...] = ()
        figures = QWidget()
        figures.setLayout(self._grid)
        self.preview = push_button("Preview what would be sent…", self.preview_wanted.emit)
        below = row()
        below.addWidget(self.preview)
        below.addStretch(1)
        column(self, spacing=0).addWidget(group("Before it starts", figures, below))

    @property
    def text(self) -> str:
        """All that is said, one line a figure."""
        return "\n".join(f"{label}: {value}" for label, value in self._shown)

    def show_lines(self, lines: Sequence[tuple[str, str]]) -> None:
        """Show other figures."""
        if tuple(lines) == self._shown:
            return
        self._shown = tuple(lines)
        while (item := self._grid.takeAt(0)) is not None:
            old = item.widget()
            if old is not None:
                old.hide()
                old.deleteLater()
        for number, (name, text) in enumerate(lines):
            label, value = words(name, muted=True), words(text)
            label.setWordWrap(False)
            value.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
            self._grid.addWidget(label, number, 0, Qt.AlignmentFlag.AlignTop)
            self._grid.addWidget(value, number, 1)
