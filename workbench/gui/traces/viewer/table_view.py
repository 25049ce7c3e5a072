"""All rows of a table that a step holds."""

from __future__ import annotations

import re
from typing import Any

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QPersistentModelIndex, Qt
from PySide6.QtGui import QGuiApplication, QKeyEvent, QKeySequence
from PySide6.QtWidgets import QAbstractItemView, QTableView, QWidget

from workbench.gui.theme.fonts import mono_font
from workbench.gui.traces.viewer.renderers.content import Table, displayable

Index = QModelIndex | QPersistentModelIndex

#: A figure as tables write them: signs, thousands, shares, currencies.
FIGURE = re.compile(r"^[-+]?[$€£]?\d[\d,._']*(?:[eE][-+]?\d+)?\s?%?$")
_ROW = 24
_WIDEST = 360
_CELL = 500
_MEASURED = 100


class TableModel(QAbstractTableModel):
    """The cells as text, figures at the right."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.table = Table((), ())

    def show(self, table: Table) -> None:
        """Show another table."""
        self.beginResetModel()
        self.table = table
        self.endResetModel()

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008 - Qt's own signature
        return 0 if parent.isValid() else len(self.table.rows)

    def columnCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008 - as above
        return 0 if parent.isValid() else len(self.table.columns)

    def headerData(
        self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole
    ) -> Any:
        if role != Qt.ItemDataRole.DisplayRole:
            return None
        if orientation == Qt.Orientation.Vertical:
            return f"{section + 1:,}"
        return displayable(self.table.columns[section][:_CELL])

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        cell = self.table.rows[index.row()][index.column()]
        if role == Qt.ItemDataRole.DisplayRole:
            return displayable(" ".join(cell[:_CELL].splitlines()))
        if role == Qt.ItemDataRole.ToolTipRole:
            return displayable(cell[: _CELL * 4]) if len(cell) > 40 else None
        if role == Qt.ItemDataRole.TextAlignmentRole:
            side = Qt.AlignmentFlag.AlignRight if FIGURE.match(cell) else Qt.AlignmentFlag.AlignLeft
            return side | Qt.AlignmentFlag.AlignVCenter
        return None


class WholeTable(QTableView):
    """A table of any length; Ctrl+C copies the selected cells, a tab between them."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.cells = TableModel(self)
        self.setModel(self.cells)
        self.setAccessibleName("Table")
        self.setFont(mono_font(0.95))
        self.setWordWrap(False)
        self.setCornerButtonEnabled(False)
        self.setTabKeyNavigation(False)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.verticalHeader().setDefaultSectionSize(_ROW)
        self.horizontalHeader().setHighlightSections(False)

    def show_table(self, table: Table) -> None:
        """Show a table from its beginning; the first rows tell how wide its columns are."""
        self.cells.show(table)
        metrics = self.fontMetrics()
        for column, name in enumerate(table.columns):
            cells = [row[column][:80] for row in table.rows[:_MEASURED]]
            widest = max((metrics.horizontalAdvance(one) for one in (name, *cells)), default=0)
            self.setColumnWidth(column, min(_WIDEST, widest + 28))
        self.setCurrentIndex(self.cells.index(0, 0))
        self.scrollToTop()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.matches(QKeySequence.StandardKey.Copy):
            self._copy()
            return
        super().keyPressEvent(event)

    def _copy(self) -> None:
        rows: dict[int, list[str]] = {}
        for index in sorted(self.selectedIndexes(), key=lambda one: (one.row(), one.column())):
            rows.setdefault(index.row(), []).append(
                self.cells.table.rows[index.row()][index.column()]
            )
        QGuiApplication.clipboard().setText("\n".join("\t".join(cells) for cells in rows.values()))
