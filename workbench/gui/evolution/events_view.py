"""The events of a run as a table that grows at its end."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QPersistentModelIndex, Qt
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QTableView, QWidget

from workbench.domain.job import AnyEvent
from workbench.gui.evolution.event_words import EventRow, event_row
from workbench.gui.theme.icons import icon

Index = QModelIndex | QPersistentModelIndex
_HEADERS = ("Event", "What")


class EventsModel(QAbstractTableModel):
    """Kind and words of those events that are kept. A stage that goes on changes its row."""

    def __init__(
        self, keep: Callable[[AnyEvent], bool] = lambda _: True, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._keep = keep
        self._rows: list[EventRow] = []
        self._places: dict[str, int] = {}

    def clear(self) -> None:
        """Forget all rows."""
        self.beginResetModel()
        self._rows, self._places = [], {}
        self.endResetModel()

    def add(self, events: Iterable[AnyEvent]) -> None:
        """Add a batch of events."""
        fresh: list[EventRow] = []
        changed: set[int] = set()
        for event in events:
            row = event_row(event) if self._keep(event) else None
            if row is None:
                continue
            place = self._places.get(row.key) if row.key else None
            if place is None:
                if row.key:
                    self._places[row.key] = len(self._rows) + len(fresh)
                fresh.append(row)
            elif place < len(self._rows):
                self._rows[place] = row
                changed.add(place)
            else:
                fresh[place - len(self._rows)] = row
        for place in changed:
            self.dataChanged.emit(self.index(place, 0), self.index(place, 1))
        if fresh:
            first = len(self._rows)
            self.beginInsertRows(QModelIndex(), first, first + len(fresh) - 1)
            self._rows += fresh
            self.endInsertRows()

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008 - Qt's own signature
        return 0 if parent.isValid() else len(self._rows)

    def columnCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() else len(_HEADERS)

    def headerData(
        self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole
    ) -> Any:
        if role == Qt.ItemDataRole.DisplayRole and orientation == Qt.Orientation.Horizontal:
            return _HEADERS[section]
        return None

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        row = self._rows[index.row()]
        if role == Qt.ItemDataRole.DisplayRole:
            return row.kind if index.column() == 0 else " ".join(row.text.split())
        if role == Qt.ItemDataRole.DecorationRole and index.column() == 0:
            return icon(row.icon, row.token)
        if role == Qt.ItemDataRole.ToolTipRole:
            return row.text[:2000]
        return None


class EventsTable(QTableView):
    """The table; it stays at its end while it is there."""

    def __init__(
        self,
        name: str = "Events of the run",
        keep: Callable[[AnyEvent], bool] = lambda _: True,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.events = EventsModel(keep, self)
        self.setModel(self.events)
        self.setAccessibleName(name)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setShowGrid(False)
        self.setWordWrap(False)
        self.setTabKeyNavigation(False)
        self.verticalHeader().hide()
        self.verticalHeader().setDefaultSectionSize(26)
        header = self.horizontalHeader()
        header.setHighlightSections(False)
        header.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        header.setSectionResizeMode(1, QHeaderView.ResizeMode.Stretch)
        header.resizeSection(0, 140)

    def add(self, events: Iterable[AnyEvent]) -> None:
        """Add a batch; scrolls along when the end was in sight."""
        bar = self.verticalScrollBar()
        at_end = bar.value() >= bar.maximum()
        self.events.add(events)
        if at_end:
            self.scrollToBottom()
