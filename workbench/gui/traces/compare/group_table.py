"""The tables of two groups: figures, and the sessions behind one of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QPersistentModelIndex, Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QTableView, QWidget

from workbench.gui.theme.current import colour
from workbench.gui.theme.fonts import ui_font
from workbench.gui.traces.compare.group_rows import HEADINGS, GroupRow, SessionRow
from workbench.gui.traces.words import day

Index = QModelIndex | QPersistentModelIndex

_HEIGHT = 28
_LEFT = int(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)


class FiguresModel(QAbstractTableModel):
    """Figures of both groups."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._rows: Sequence[GroupRow] = ()
        self._names = ("First", "Second")

    def show(self, rows: Sequence[GroupRow], names: tuple[str, str]) -> None:
        """Show other figures."""
        self.beginResetModel()
        self._rows, self._names = rows, names
        self.endResetModel()

    def row_at(self, row: int) -> GroupRow:
        """Return what stands in a row."""
        return self._rows[row]

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008 - Qt's own signature
        return 0 if parent.isValid() else len(self._rows)

    def columnCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008 - as above
        return 0 if parent.isValid() else len(HEADINGS)

    def flags(self, index: Index) -> Qt.ItemFlag:
        if self._rows[index.row()].kind == "heading":
            return Qt.ItemFlag.ItemIsEnabled
        return super().flags(index)

    def headerData(
        self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole
    ) -> Any:
        if orientation != Qt.Orientation.Horizontal:
            return None
        if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.ToolTipRole):
            return self._names[section - 1] if section in (1, 2) else HEADINGS[section]
        return _LEFT if role == Qt.ItemDataRole.TextAlignmentRole else None

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        row = self._rows[index.row()]
        text = row.cells[index.column()]
        heading = row.kind == "heading"
        if role == Qt.ItemDataRole.DisplayRole:
            return text
        if role == Qt.ItemDataRole.AccessibleTextRole:
            of = self.headerData(index.column(), Qt.Orientation.Horizontal)
            return f"{row.cells[0]}, {of}: {text}" if index.column() else text
        if role == Qt.ItemDataRole.ToolTipRole:
            return row.tip if index.column() == 4 and row.tip else text or None
        if role == Qt.ItemDataRole.FontRole and heading:
            return ui_font(0.92, bold=index.column() == 0)
        if role == Qt.ItemDataRole.BackgroundRole and heading:
            return colour("raised")
        if role == Qt.ItemDataRole.ForegroundRole and (heading or text == "not recorded"):
            return colour("text_muted")
        return None


class SessionsModel(QAbstractTableModel):
    """Sessions with what they contribute to the chosen figure."""

    _HEADINGS = ("Group", "Session", "Figure", "Model", "Date")

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._rows: Sequence[SessionRow] = ()
        self._names: tuple[str, ...] = ("First", "Second")
        self._figure = "Figure"

    def show(self, rows: Sequence[SessionRow], names: tuple[str, ...], figure: str) -> None:
        """Show other sessions."""
        self.beginResetModel()
        self._rows, self._names, self._figure = rows, names, figure
        self.endResetModel()

    def row_at(self, row: int) -> SessionRow:
        """Return the session of a row."""
        return self._rows[row]

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008 - Qt's own signature
        return 0 if parent.isValid() else len(self._rows)

    def columnCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008 - as above
        return 0 if parent.isValid() else len(self._HEADINGS)

    def headerData(
        self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole
    ) -> Any:
        if orientation != Qt.Orientation.Horizontal:
            return None
        if role == Qt.ItemDataRole.DisplayRole:
            return self._figure if section == 2 else self._HEADINGS[section]
        return _LEFT if role == Qt.ItemDataRole.TextAlignmentRole else None

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        one = self._rows[index.row()]
        text = (
            self._names[one.group],
            " ".join(one.member.title.split()),
            one.value,
            one.member.model or "–",
            day(one.member.started) or "–",
        )[index.column()]
        if role == Qt.ItemDataRole.DisplayRole:
            return text
        if role == Qt.ItemDataRole.AccessibleTextRole:
            return f"{self.headerData(index.column(), Qt.Orientation.Horizontal)}: {text}"
        if role == Qt.ItemDataRole.ToolTipRole:
            return one.member.path if index.column() == 1 else text
        return None


class PlainTable(QTableView):
    """A table of texts, rows of one height; ``opened(row)`` tells of Enter or a double click,
    ``typed(text)`` of a digit.
    """

    opened = Signal(int)
    typed = Signal(str)

    def __init__(
        self, name: str, model: QAbstractTableModel, widths: Sequence[int], *, cells: bool
    ) -> None:
        super().__init__()
        self.setModel(model)
        self._widths = widths
        self.setAccessibleName(name)
        self.setShowGrid(False)
        self.setWordWrap(False)
        self.setCornerButtonEnabled(False)
        self.setTabKeyNavigation(False)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        behaviour = QAbstractItemView.SelectionBehavior
        self.setSelectionBehavior(behaviour.SelectItems if cells else behaviour.SelectRows)
        mode = QAbstractItemView.SelectionMode
        self.setSelectionMode(mode.SingleSelection if cells else mode.ExtendedSelection)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.verticalHeader().hide()
        self.verticalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        self.verticalHeader().setMinimumSectionSize(_HEIGHT)
        self.verticalHeader().setDefaultSectionSize(_HEIGHT)
        header = self.horizontalHeader()
        header.setHighlightSections(False)
        header.setSectionsClickable(False)
        header.setAccessibleName("Columns")
        for number, width in enumerate(widths):
            way = QHeaderView.ResizeMode.Fixed if width > 0 else QHeaderView.ResizeMode.Stretch
            header.setSectionResizeMode(number, way)
            if width > 0:
                self.setColumnWidth(number, width)
        self.doubleClicked.connect(lambda index: self.opened.emit(index.row()))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        index = self.currentIndex()
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and index.isValid():
            self.opened.emit(index.row())
            return
        if event.text() in ("0", "1", "2"):
            self.typed.emit(event.text())
            return
        super().keyPressEvent(event)
