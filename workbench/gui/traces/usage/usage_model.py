"""Skills with their versions below them, as an item model."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from PySide6.QtCore import (
    QAbstractItemModel,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    QSize,
    Qt,
)

from workbench.domain.text import counted
from workbench.gui.traces.usage.usage_rows import HEADINGS, TIPS, Row, cells, sort_key

_HEIGHT = 28

Index = QModelIndex | QPersistentModelIndex


class UsageModel(QAbstractItemModel):
    """Two levels. The inner id of an index is 0 for a skill, else one more than its skill's row."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._rows: list[Row] = []
        self._texts: dict[tuple[int, int], tuple[str, ...]] = {}

    def show(self, rows: Sequence[Row]) -> None:
        """Show other skills."""
        self.beginResetModel()
        self._rows = list(rows)
        self._texts = {}
        self.endResetModel()

    def row_at(self, index: Index) -> Row:
        """Return the skill or version of an index."""
        skill = self._rows[index.internalId() - 1 if index.internalId() else index.row()]
        if not index.internalId():
            return skill
        return Row(skill.usage, skill.usage.cohorts[index.row()], skill.entry, skill.library)

    def sort(self, column: int, order: Qt.SortOrder = Qt.SortOrder.AscendingOrder) -> None:
        """Put the skills in the order of a column; -1 is the order they came in."""
        if column < 0:
            return
        self.beginResetModel()
        down = order == Qt.SortOrder.DescendingOrder
        self._rows.sort(key=lambda one: sort_key(one, column), reverse=down)
        self._texts = {}
        self.endResetModel()

    def rows(self) -> tuple[Row, ...]:
        """Return the skills."""
        return tuple(self._rows)

    def row_of(self, skill: str, library: str = "") -> int:
        """Return the row of a skill id, in this library before any other; -1: it is not listed."""
        found = [n for n, one in enumerate(self._rows) if one.usage.skill == skill]
        own = (n for n in found if self._rows[n].usage.library == library)
        return next(own, found[0] if found else -1)

    def index(self, row: int, column: int, parent: Index = QModelIndex()) -> QModelIndex:  # noqa: B008 - Qt's own signature
        if not self.hasIndex(row, column, parent):
            return QModelIndex()
        return self.createIndex(row, column, parent.row() + 1 if parent.isValid() else 0)

    def parent(self, index: Index = QModelIndex()) -> QModelIndex:  # type: ignore[override]  # noqa: B008 - as above
        if not index.isValid() or not index.internalId():
            return QModelIndex()
        return self.createIndex(index.internalId() - 1, 0, 0)

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008 - as above
        if not parent.isValid():
            return len(self._rows)
        if parent.internalId() or parent.column():
            return 0
        return len(self._rows[parent.row()].usage.cohorts)

    def columnCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008 - as above
        return len(HEADINGS)

    def headerData(
        self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole
    ) -> Any:
        if orientation != Qt.Orientation.Horizontal:
            return None
        if role == Qt.ItemDataRole.DisplayRole:
            return HEADINGS[section]
        if role == Qt.ItemDataRole.ToolTipRole:
            return TIPS[section]
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return int(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        return None

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if role not in (
            Qt.ItemDataRole.DisplayRole,
            Qt.ItemDataRole.AccessibleTextRole,
            Qt.ItemDataRole.ToolTipRole,
        ):
            return QSize(0, _HEIGHT) if role == Qt.ItemDataRole.SizeHintRole else None
        key = (int(index.internalId()), index.row())
        if key not in self._texts:
            self._texts[key] = cells(self.row_at(index))
        text = self._texts[key][index.column()]
        if role == Qt.ItemDataRole.DisplayRole:
            return text
        if role == Qt.ItemDataRole.AccessibleTextRole:
            return f"{HEADINGS[index.column()]}: {text}"
        return self._tip(index, text)

    def _tip(self, index: Index, text: str) -> str:
        if index.column():
            return f"{text}\n{TIPS[index.column()]}"
        one = self.row_at(index)
        if one.cohort is None:
            place = f"\n{one.usage.library}" if one.library else ""
            return one.entry.why if one.entry is not None else f"{one.usage.skill}{place}"
        known = f"{one.cohort.known} of {counted(one.cohort.sessions, 'session')} known by the text"
        return f"{text}\n{known}, the others by their time"
