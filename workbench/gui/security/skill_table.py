"""The skills with what scanners said of each: verdict, counts, coverage, capabilities."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from PySide6.QtCore import (
    QAbstractTableModel,
    QItemSelectionModel,
    QModelIndex,
    QPersistentModelIndex,
    QRectF,
    Qt,
    Signal,
)
from PySide6.QtGui import QKeyEvent, QPainter
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHeaderView,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QTableView,
    QWidget,
)

from workbench.domain.finding import SkillScan, Verdict
from workbench.gui.security.scan_record import counts_of, undeclared
from workbench.gui.theme.current import colour
from workbench.gui.theme.icons import paint_icon
from workbench.gui.widgets.badge import Tone, paint_badge

Index = QModelIndex | QPersistentModelIndex

ROW_ROLE = Qt.ItemDataRole.UserRole
_LEVEL_COLUMNS = {2: "critical", 3: "high", 4: "medium", 5: "low"}
_LEVEL_TOKENS = {"critical": "error", "high": "error", "medium": "warning", "low": "info"}
_HEADERS = (
    "Verdict",
    "Skill",
    "Critical",
    "High",
    "Medium",
    "Low",
    "Reach",
    "Inspected",
    "Does, but does not declare",
)
_TIPS = (
    "How likely it is to do harm",
    "",
    "",
    "",
    "",
    "",
    "How much harm it could do",
    "Files that scanners read in full, of all files",
    "Capabilities that its text and scripts show and its front matter does not name",
)
VERDICT_TONES: dict[Verdict, Tone] = {
    "clean": "success",
    "review": "warning",
    "dangerous": "error",
}
_VERDICT_ORDER = {"dangerous": 0, "review": 1, "clean": 2}
_REACH_ORDER = {"high": 0, "medium": 1, "low": 2}


@dataclass(frozen=True, slots=True)
class SkillRow:
    """A skill of the library; ``scan`` is None before its first scan."""

    id: str
    name: str
    scan: SkillScan | None = None
    stale: bool = False
    counts: tuple[tuple[str, int], ...] = ()
    at: str = ""

    @property
    def verdict(self) -> str:
        """The verdict in words."""
        return self.scan.verdict if self.scan else "not scanned"

    def count(self, level: str) -> int:
        """Return how many findings of a severity count."""
        return dict(self.counts).get(level, 0)


def skill_row(
    skill_id: str, name: str, scan: SkillScan | None, *, stale: bool, at: str
) -> SkillRow:
    """Return the row of a skill."""
    counts = counts_of(scan.findings) if scan else {}
    return SkillRow(skill_id, name, scan, stale, tuple(counts.items()), at)


def _text(row: SkillRow, column: int) -> str:
    if column == 0:
        return row.verdict
    if column == 1:
        return row.name
    scan = row.scan
    if scan is None:
        return ""
    if column in _LEVEL_COLUMNS:
        return str(row.count(_LEVEL_COLUMNS[column]) or "–")
    if column == 6:
        return scan.reach
    if column == 7:
        coverage = scan.coverage
        total = len(coverage.inspected) + len(coverage.partial) + len(coverage.opaque)
        return f"{len(coverage.inspected)} of {total}"
    return ", ".join(undeclared(scan.capabilities)) or "–"


def _sort_key(row: SkillRow, column: int) -> tuple[Any, ...]:
    scan = row.scan
    if column == 0:
        counts = tuple(-row.count(level) for level in _LEVEL_COLUMNS.values())
        return (_VERDICT_ORDER.get(row.verdict, 3), *counts, row.name.casefold())
    if column == 1 or scan is None:
        return (scan is None, row.name.casefold())
    if column in _LEVEL_COLUMNS:
        return (False, -row.count(_LEVEL_COLUMNS[column]), row.name.casefold())
    if column == 6:
        return (False, _REACH_ORDER.get(scan.reach, 3), row.name.casefold())
    if column == 7:
        unread = len(scan.coverage.partial) + len(scan.coverage.opaque)
        return (False, -unread, row.name.casefold())
    return (False, -len(undeclared(scan.capabilities)), row.name.casefold())


class SkillsModel(QAbstractTableModel):
    """The rows in the order of a column."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._rows: list[SkillRow] = []
        self._column = 0
        self._order = Qt.SortOrder.AscendingOrder

    def show(self, rows: Sequence[SkillRow]) -> None:
        """Show other rows."""
        self.beginResetModel()
        self._rows = self._sorted(rows)
        self.endResetModel()

    def row_of(self, skill_id: str) -> int:
        """Return the row of a skill, -1 for none."""
        return next((i for i, row in enumerate(self._rows) if row.id == skill_id), -1)

    def sort(self, column: int, order: Qt.SortOrder = Qt.SortOrder.AscendingOrder) -> None:
        self._column, self._order = column, order
        self.layoutAboutToBeChanged.emit()
        before = [(index, self._rows[index.row()].id) for index in self.persistentIndexList()]
        self._rows = self._sorted(self._rows)
        for index, skill_id in before:
            self.changePersistentIndex(index, self.index(self.row_of(skill_id), index.column()))
        self.layoutChanged.emit()

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008 - Qt's own signature
        return 0 if parent.isValid() else len(self._rows)

    def columnCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() else len(_HEADERS)

    def headerData(
        self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole
    ) -> Any:
        if orientation != Qt.Orientation.Horizontal:
            return None
        if role == Qt.ItemDataRole.DisplayRole:
            return _HEADERS[section]
        if role == Qt.ItemDataRole.ToolTipRole:
            return _TIPS[section] or None
        if role == Qt.ItemDataRole.TextAlignmentRole and section in _LEVEL_COLUMNS:
            return Qt.AlignmentFlag.AlignCenter
        return None

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        row = self._rows[index.row()]
        if role == Qt.ItemDataRole.DisplayRole:
            return _text(row, index.column())
        if role == Qt.ItemDataRole.TextAlignmentRole and index.column() in _LEVEL_COLUMNS:
            return Qt.AlignmentFlag.AlignCenter
        if role == Qt.ItemDataRole.ForegroundRole:
            return self._front(row, index.column())
        if role == Qt.ItemDataRole.ToolTipRole:
            return _tip(row, index.column())
        if role == Qt.ItemDataRole.AccessibleTextRole and index.column() == 0:
            return f"{row.verdict}{', changed since it was scanned' if row.stale else ''}"
        if role == ROW_ROLE:
            return row
        return None

    def _front(self, row: SkillRow, column: int) -> Any:
        level = _LEVEL_COLUMNS.get(column)
        if level is None:
            return colour("text") if column == 1 else colour("text_muted")
        return colour(_LEVEL_TOKENS[level] if row.count(level) else "text_muted")

    def _sorted(self, rows: Sequence[SkillRow]) -> list[SkillRow]:
        ordered = sorted(rows, key=lambda row: _sort_key(row, self._column))
        return ordered if self._order == Qt.SortOrder.AscendingOrder else ordered[::-1]


def _tip(row: SkillRow, column: int) -> str:
    if column == 0:
        if row.scan is None:
            return "Not scanned yet"
        changed = "\nThe skill changed since: scan it again." if row.stale else ""
        return f"Scanned {row.at[:16].replace('T', ' ')}{changed}"
    if column == 7 and row.scan:
        unread = [*row.scan.coverage.partial, *row.scan.coverage.opaque]
        return "Not read in full: " + ", ".join(unread[:12]) if unread else "Everything was read"
    return _text(row, column) if column in (1, 8) else ""


class _VerdictCell(QStyledItemDelegate):
    """Draws the verdict as a badge, and a clock when the skill changed since."""

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        row: SkillRow = index.data(ROW_ROLE)
        selected = bool(option.state & QStyle.StateFlag.State_Selected)
        painter.save()
        if selected:
            painter.fillRect(option.rect, colour("selection"))
            painter.fillRect(
                option.rect.left(), option.rect.top(), 3, option.rect.height(), colour("accent")
            )
        middle = option.rect.center().y() + 0.5
        left = option.rect.left() + 12
        painter.setFont(option.font)
        tone: Tone = VERDICT_TONES[row.scan.verdict] if row.scan else "neutral"
        width = paint_badge(painter, left, middle, row.verdict, tone)
        if row.stale and row.scan:
            paint_icon(painter, "clock", QRectF(left + width + 6, middle - 7, 14, 14), "warning")
        painter.restore()


class SkillTable(QTableView):
    """The table. ``chosen`` tells of the selected skill ids, ``opened`` of Enter."""

    chosen = Signal(list)
    opened = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.skills = SkillsModel(self)
        self._quiet = False
        self.setModel(self.skills)
        self.setAccessibleName("Skills with their verdicts")
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.setShowGrid(False)
        self.setWordWrap(False)
        self.setTabKeyNavigation(False)
        self.setItemDelegateForColumn(0, _VerdictCell(self))
        self.verticalHeader().hide()
        self.verticalHeader().setDefaultSectionSize(30)
        header = self.horizontalHeader()
        header.setHighlightSections(False)
        header.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        for section, width in enumerate((152, 220, 76, 64, 80, 56, 84, 96)):
            header.resizeSection(section, width)
        header.setSectionResizeMode(8, QHeaderView.ResizeMode.Stretch)
        header.setSortIndicator(0, Qt.SortOrder.AscendingOrder)
        self.setSortingEnabled(True)
        self.selectionModel().selectionChanged.connect(lambda *_: self._tell())
        self.doubleClicked.connect(lambda index: self.opened.emit(index.data(ROW_ROLE).id))

    def show_rows(self, rows: Sequence[SkillRow]) -> None:
        """Show other rows; what was selected stays selected."""
        before = self.selected()
        self._quietly(lambda: self._show(rows, before))
        if self.selected() != before:
            self._tell()

    def selected(self) -> list[str]:
        """Return the ids of the selected skills."""
        return [index.data(ROW_ROLE).id for index in self.selectionModel().selectedRows()]

    def select(self, skill_ids: Sequence[str]) -> None:
        """Select skills; the first is the current one."""
        rows = [row for one in skill_ids if (row := self.skills.row_of(one)) >= 0]
        model = self.selectionModel()
        model.clearSelection()
        flag = QItemSelectionModel.SelectionFlag
        for row in rows:
            model.select(self.skills.index(row, 0), flag.Select | flag.Rows)
        if rows:
            model.setCurrentIndex(self.skills.index(rows[0], 0), flag.NoUpdate)
            self.scrollTo(self.skills.index(rows[0], 0))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and self.currentIndex().isValid():
            self.opened.emit(self.currentIndex().data(ROW_ROLE).id)
            return
        super().keyPressEvent(event)

    def _show(self, rows: Sequence[SkillRow], selected: Sequence[str]) -> None:
        self.skills.show(rows)
        self.select(selected)

    def _quietly(self, change: Callable[[], None]) -> None:
        self._quiet = True
        try:
            change()
        finally:
            self._quiet = False

    def _tell(self) -> None:
        if not self._quiet:
            self.chosen.emit(self.selected())
