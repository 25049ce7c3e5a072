"""The text in the editor against the file on disk, line by line."""

from __future__ import annotations

import difflib

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QDialog, QLabel, QWidget

from workbench.gui.widgets.buttons import push_button
from workbench.gui.widgets.code_view import CodeView
from workbench.gui.widgets.layouts import column, row

_GROUNDS = {"-": "remove_background", "+": "add_background"}


def difference(disk: str, mine: str) -> list[str]:
    """Return a unified difference from the disk's text to the editor's, without file names."""
    lines = difflib.unified_diff(
        disk.split("\n"), mine.split("\n"), "on disk", "in the editor", lineterm="", n=3
    )
    return list(lines)[2:]


class CompareDialog(QDialog):
    """Lines that only the disk has begin with −, lines that only the editor has with +."""

    def __init__(self, name: str, disk: str, mine: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(f"{name}: on disk and in the editor")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.resize(900, 560)
        lines = difference(disk, mine)
        self.view = CodeView("Differences", read_only=True)
        self.view.set_text("\n".join(lines) or "No line differs.")
        self.view.set_line_colours(
            {
                number: _GROUNDS[line[0]]
                for number, line in enumerate(lines, start=1)
                if line[:1] in _GROUNDS
            }
        )
        told = QLabel("− is only on disk, + is only in the editor")
        told.setProperty("muted", True)
        foot = row(spacing=8)
        foot.addWidget(told, 1)
        foot.addWidget(push_button("Close", self.accept))
        inside = column(self, margin=8, spacing=8)
        inside.addWidget(self.view, 1)
        inside.addLayout(foot)
