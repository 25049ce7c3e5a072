"""The jobs of this session, newest first."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QObject, QPersistentModelIndex, Qt

from workbench.gui.shell.jobs import JobEntry
from workbench.gui.theme.icons import icon

Index = QModelIndex | QPersistentModelIndex

#: Role of the ``JobEntry`` behind a row.
JOB_ROLE = Qt.ItemDataRole.UserRole

_HEADERS = ("Job", "State", "Progress", "Time")
_ICONS = {
    "running": ("play", "accent"),
    "cancelling": ("stop", "warning"),
    "finished": ("check", "success"),
    "failed": ("error", "error"),
    "cancelled": ("close", "text_muted"),
}


class JobsModel(QAbstractTableModel):
    """Job, state, progress in words, time."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._entries: list[JobEntry] = []

    def show(self, entries: Sequence[JobEntry]) -> None:
        """Show the jobs as they are now; rows stay selected while no job comes or goes."""
        newest_first = list(reversed(entries))
        if [e.id for e in newest_first] == [e.id for e in self._entries]:
            self._entries = newest_first
            if newest_first:
                last = self.index(len(newest_first) - 1, len(_HEADERS) - 1)
                self.dataChanged.emit(self.index(0, 0), last)
            return
        fresh = len(newest_first) - len(self._entries)
        if fresh > 0 and [e.id for e in newest_first[fresh:]] == [e.id for e in self._entries]:
            self.beginInsertRows(QModelIndex(), 0, fresh - 1)
            self._entries = newest_first
            self.endInsertRows()
            return
        self.beginResetModel()
        self._entries = newest_first
        self.endResetModel()

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() else len(self._entries)

    def columnCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() else len(_HEADERS)

    def headerData(
        self,
        section: int,
        orientation: Qt.Orientation,
        role: int = Qt.ItemDataRole.DisplayRole,
    ) -> Any:
        if role == Qt.ItemDataRole.DisplayRole and orientation == Qt.Orientation.Horizontal:
            return _HEADERS[section]
        return None

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        entry = self._entries[index.row()]
        if role == Qt.ItemDataRole.DisplayRole:
            return _cell(entry, index.column())
        if role == Qt.ItemDataRole.DecorationRole and index.column() == 0:
            return icon(*_ICONS[entry.state])
        if role == Qt.ItemDataRole.ToolTipRole:
            return entry.text or None
        if role == JOB_ROLE:
            return entry
        return None


def _cell(entry: JobEntry, column: int) -> str:
    if column == 0:
        return entry.title
    if column == 1:
        return entry.state.capitalize() + ("…" if entry.state == "cancelling" else "")
    if column == 2:
        share = "" if entry.fraction is None or not entry.active else f"{entry.fraction:.0%}  "
        return share + entry.text
    seconds = (entry.ended or time.monotonic()) - entry.started
    return f"{seconds:.1f} s" if seconds < 60 else f"{int(seconds // 60)} min {seconds % 60:.0f} s"
