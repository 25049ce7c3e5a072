"""The problems of the file, under its source; a click goes to the line."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QListWidget, QListWidgetItem, QWidget

from workbench.domain.diagnostic import Diagnostic
from workbench.gui.theme.icons import icon
from workbench.gui.widgets.detail_row import DetailRow

_DETAIL = Qt.ItemDataRole.UserRole
_LINE = Qt.ItemDataRole.UserRole + 1
_ROWS = 4
_HEIGHT = 26
_SIGNS = {
    "error": ("error", "error"),
    "warning": ("warning", "warning"),
    "info": ("info", "info"),
    "hint": ("hint", "text_muted"),
}


class ProblemList(QListWidget):
    """Up to four rows high; hidden while there is nothing."""

    line_chosen = Signal(int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("ProblemList")
        self.setAccessibleName("Problems of this file")
        self.setItemDelegate(DetailRow(_DETAIL, self, _HEIGHT))
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.itemClicked.connect(self._choose)
        self.itemActivated.connect(self._choose)
        self.hide()

    def show_problems(self, found: Sequence[Diagnostic]) -> None:
        """List other problems."""
        self.clear()
        for one in found:
            item = QListWidgetItem(icon(*_SIGNS[one.severity]), " ".join(one.message.split()))
            where = f"line {one.line}" if one.line else "whole file"
            item.setData(_DETAIL, f"{', '.join(one.clients)}  {where}")
            item.setData(_LINE, one.line or 1)
            item.setToolTip(f"{one.message}\n{one.rule}\n{one.source}")
            self.addItem(item)
        self.setVisible(bool(found))
        self.setFixedHeight(min(_ROWS, len(found)) * _HEIGHT + 4)

    def _choose(self, item: QListWidgetItem) -> None:
        self.line_chosen.emit(item.data(_LINE))
