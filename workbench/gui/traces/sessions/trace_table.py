"""The table of open traces: two lines a row, sorted by any column."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from PySide6.QtCore import (
    QAbstractTableModel,
    QModelIndex,
    QPersistentModelIndex,
    QSize,
    Qt,
    Signal,
)
from PySide6.QtGui import QKeyEvent, QPainter, QResizeEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHeaderView,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QTableView,
    QWidget,
)

from workbench.gui.traces.sessions.cells import (
    HEIGHT,
    SIDE,
    draw_ground,
    draw_lines,
    draw_outcome,
)
from workbench.gui.traces.sessions.trace_rows import TraceRow

Index = QModelIndex | QPersistentModelIndex

#: Role of the ``TraceRow`` of a row.
ROW_ROLE = Qt.ItemDataRole.UserRole

_HEADINGS = ("Trace", "Agent", "Outcome", "Steps", "Errors", "Tokens", "Skills", "Date")
_WIDTHS = {1: 150, 2: 96, 3: 64, 4: 64, 5: 72, 6: 170, 7: 100}
_FIGURES = frozenset({3, 4, 5})
#: Columns that give way, the first of them first, while the title has less than this, in px.
_GIVE_WAY = (5, 7, 6)
_TITLE = 240


def _lines(row: TraceRow, column: int) -> tuple[str, str]:
    """Return what stands in a cell, on one line or two."""
    if column == 0:
        return row.title, f"{Path(row.path).parent.name}/{Path(row.path).name}"
    if column == 1:
        return row.agent or row.format, row.model
    if column == 6:
        return ", ".join(row.skills), ""
    if column == 7:
        return row.date[:10], row.date[11:]
    if column == 2:
        return row.outcome, row.attached
    figures = {3: f"{row.steps:,}", 4: f"{row.errors:,}" if row.errors else "–"}
    return figures.get(column, row.tokens_text), ""


class TracesModel(QAbstractTableModel):
    """The traces that pass the filter, in the order of the chosen column."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._rows: list[TraceRow] = []
        self._column = 7
        self._descending = True

    def show(self, rows: Sequence[TraceRow]) -> None:
        """Show other rows."""
        self.beginResetModel()
        self._rows = list(rows)
        self._order()
        self.endResetModel()

    def sort(self, column: int, order: Qt.SortOrder = Qt.SortOrder.AscendingOrder) -> None:
        self._column = max(0, column)
        self._descending = order == Qt.SortOrder.DescendingOrder
        self.layoutAboutToBeChanged.emit()
        before = self.persistentIndexList()
        places = [self._rows[one.row()] for one in before]
        self._order()
        rows = {id(row): number for number, row in enumerate(self._rows)}
        self.changePersistentIndexList(
            before,
            [
                self.index(rows[id(row)], one.column())
                for one, row in zip(before, places, strict=True)
            ],
        )
        self.layoutChanged.emit()

    def _order(self) -> None:
        self._rows.sort(key=lambda row: row.key(self._column), reverse=self._descending)

    @property
    def has_outcomes(self) -> bool:
        """Whether any trace records how it ended."""
        return any(row.outcome for row in self._rows)

    def row_at(self, row: int) -> TraceRow:
        """Return the trace of a row."""
        return self._rows[row]

    def row_of(self, path: str, trajectory: str) -> int:
        """Return the row of a trace, -1 when it is not listed."""
        return next(
            (
                number
                for number, row in enumerate(self._rows)
                if row.path == path and trajectory in ("", row.trajectory)
            ),
            -1,
        )

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008 - Qt's own signature
        return 0 if parent.isValid() else len(self._rows)

    def columnCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008 - as above
        return 0 if parent.isValid() else len(_HEADINGS)

    def headerData(
        self,
        section: int,
        orientation: Qt.Orientation,
        role: int = Qt.ItemDataRole.DisplayRole,
    ) -> Any:
        if orientation != Qt.Orientation.Horizontal:
            return None
        if role == Qt.ItemDataRole.DisplayRole:
            return _HEADINGS[section]
        if role == Qt.ItemDataRole.TextAlignmentRole:
            side = Qt.AlignmentFlag
            way = side.AlignRight if section in _FIGURES else side.AlignLeft
            return int(way | side.AlignVCenter)
        return None

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        row = self._rows[index.row()]
        if role == ROW_ROLE:
            return row
        first, second = _lines(row, index.column())
        if role == Qt.ItemDataRole.DisplayRole:
            return first
        if role == Qt.ItemDataRole.AccessibleTextRole:
            return f"{_HEADINGS[index.column()]}: {first} {second}".strip()
        if role == Qt.ItemDataRole.ToolTipRole:
            return row.path if index.column() == 0 else "\n".join(filter(None, (first, second)))
        return None


class TraceDelegate(QStyledItemDelegate):
    """Two lines, or a badge for the outcome."""

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        return QSize(80, HEIGHT)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        row: TraceRow = index.data(ROW_ROLE)
        column = index.column()
        painter.save()
        selected = draw_ground(painter, option, first=column == 0)
        inside = option.rect.adjusted(SIDE, 5, -SIDE, -6)
        if column == 2 and row.outcome:
            attached = bool(row.attached)
            draw_outcome(painter, inside, row.outcome, attached=attached, selected=selected)
        elif column != 2:
            draw_lines(
                painter,
                inside,
                _lines(row, column),
                token="error" if column == 4 and row.errors else "text",
                bold=column == 0,
                right=column in _FIGURES,
                selected=selected,
            )
        painter.restore()


class TraceTable(QTableView):
    """The table itself; Enter or a double click opens a trace."""

    opened = Signal(str, str)
    chosen = Signal(str, str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.traces = TracesModel(self)
        self.setModel(self.traces)
        self.setItemDelegate(TraceDelegate(self))
        self.setAccessibleName("Open traces")
        self.setShowGrid(False)
        self.setTabKeyNavigation(False)
        self.setCornerButtonEnabled(False)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.verticalHeader().hide()
        self.verticalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        self.verticalHeader().setDefaultSectionSize(HEIGHT)
        header = self.horizontalHeader()
        header.setHighlightSections(False)
        header.setAccessibleName("Columns")
        header.setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        for column, width in _WIDTHS.items():
            header.setSectionResizeMode(column, QHeaderView.ResizeMode.Fixed)
            self.setColumnWidth(column, width)
        header.setSortIndicator(7, Qt.SortOrder.DescendingOrder)
        self.setSortingEnabled(True)
        self.selectionModel().currentRowChanged.connect(self._tell)
        self.doubleClicked.connect(lambda _index: self._open())

    def select(self, path: str, trajectory: str) -> bool:
        """Select a trace; False when it is not listed."""
        row = self.traces.row_of(path, trajectory)
        if row >= 0 and row != self.currentIndex().row():
            self.setCurrentIndex(self.traces.index(row, 0))
        return row >= 0

    def current(self) -> TraceRow | None:
        """Return the selected trace."""
        index = self.currentIndex()
        return self.traces.row_at(index.row()) if index.isValid() else None

    def selected(self) -> list[TraceRow]:
        """Return all selected traces, from top to bottom."""
        rows = sorted(index.row() for index in self.selectionModel().selectedRows())
        return [self.traces.row_at(number) for number in rows]

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self._open()
            return
        super().keyPressEvent(event)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.fit_columns()

    def fit_columns(self) -> None:
        """Leave columns out that say nothing or that there is no room for."""
        if self.isColumnHidden(2) == self.traces.has_outcomes:
            self.setColumnHidden(2, not self.traces.has_outcomes)
        widths = sum(_WIDTHS.values()) - (0 if self.traces.has_outcomes else _WIDTHS[2])
        room = self.viewport().width() - widths
        for column in _GIVE_WAY:
            hidden = room < _TITLE
            room += _WIDTHS[column] if hidden else 0
            if hidden != self.isColumnHidden(column):
                self.setColumnHidden(column, hidden)

    def _open(self) -> None:
        row = self.current()
        if row is not None:
            self.opened.emit(row.path, row.trajectory)

    def _tell(self, _current: QModelIndex) -> None:
        row = self.current()
        if row is not None:
            self.chosen.emit(row.path, row.trajectory)
