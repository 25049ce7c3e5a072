"""The figures of the compared runs: a row for each, with what is more or less than in the first."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QPersistentModelIndex, QRect, QSize, Qt
from PySide6.QtGui import QFontMetrics, QPainter
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHeaderView,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QTableView,
    QWidget,
)

from workbench.gui.theme.current import colour
from workbench.gui.theme.fonts import ui_font
from workbench.gui.traces.compare.run_words import HEADINGS, Figure, figures, letter, run_colour
from workbench.traces.compare.runs import Comparison

Index = QModelIndex | QPersistentModelIndex

_FIGURE = Qt.ItemDataRole.UserRole
_HEIGHT = 40
_HEADER = 28
_WIDTHS = (0, 56, 56, 64, 124, 96, 100, 104)
_OUTCOME = 7
#: Runs that are seen at once; more scroll.
_MOST = 4


class RunModel(QAbstractTableModel):
    """Runs and their figures."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._rows: list[tuple[Figure, ...]] = []

    def show(self, found: Comparison) -> None:
        """Show other runs."""
        self.beginResetModel()
        base = found.runs[0]
        self._rows = [figures(run, base if n else None) for n, run in enumerate(found.runs)]
        self.endResetModel()

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008 - Qt's own signature
        return 0 if parent.isValid() else len(self._rows)

    def columnCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008 - as above
        return 0 if parent.isValid() else len(HEADINGS)

    def headerData(
        self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole
    ) -> Any:
        if orientation != Qt.Orientation.Horizontal:
            return None
        if role == Qt.ItemDataRole.DisplayRole:
            return HEADINGS[section]
        if role == Qt.ItemDataRole.TextAlignmentRole:
            side = Qt.AlignmentFlag
            way = side.AlignRight if 0 < section < _OUTCOME else side.AlignLeft
            return int(way | side.AlignVCenter)
        return None

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        figure = self._rows[index.row()][index.column()]
        if role == _FIGURE:
            return figure
        if role == Qt.ItemDataRole.DisplayRole:
            return figure.text
        if role == Qt.ItemDataRole.ToolTipRole:
            return figure.spoken
        if role == Qt.ItemDataRole.AccessibleTextRole:
            mark = f"{letter(index.row())} " if index.column() == 0 else ""
            return f"{HEADINGS[index.column()]}: {mark}{figure.spoken}"
        return None


class _Cells(QStyledItemDelegate):
    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        return QSize(48, _HEIGHT)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        figure: Figure = index.data(_FIGURE)
        box: QRect = option.rect
        painter.save()
        painter.setPen(colour("border"))
        painter.drawLine(box.bottomLeft(), box.bottomRight())
        inside = box.adjusted(8, 3, -8, -3)
        side = Qt.AlignmentFlag
        way = side.AlignRight if 0 < index.column() < _OUTCOME else side.AlignLeft
        if index.column() == 0:
            bold = ui_font(bold=True)
            painter.setFont(bold)
            painter.setPen(colour(run_colour(index.row())))
            name = letter(index.row())
            painter.drawText(inside, int(side.AlignLeft | side.AlignVCenter), name)
            inside.setLeft(inside.left() + 22)
        upper = QRect(inside.left(), inside.top(), inside.width(), inside.height() // 2)
        lower = upper.translated(0, inside.height() // 2)
        if not figure.below:
            upper = inside
        font, small = ui_font(), ui_font(0.88)
        faint = figure.text == "not recorded"
        _text(painter, upper, figure.text, small if faint else font, int(way), quiet=faint)
        if figure.below:
            _text(painter, lower, figure.below, small, int(way), quiet=True)
        painter.restore()


def _text(painter: QPainter, box: QRect, text: str, font: Any, way: int, *, quiet: bool) -> None:
    painter.setFont(font)
    painter.setPen(colour("text_muted" if quiet else "text"))
    shown = QFontMetrics(font).elidedText(text, Qt.TextElideMode.ElideRight, box.width())
    painter.drawText(box, way | int(Qt.AlignmentFlag.AlignVCenter), shown)


class RunTable(QTableView):
    """As high as its runs, up to four."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.runs = RunModel(self)
        self.setModel(self.runs)
        self.setItemDelegate(_Cells(self))
        self.setAccessibleName("Figures of the runs")
        self.setShowGrid(False)
        self.setWordWrap(False)
        self.setCornerButtonEnabled(False)
        self.setTabKeyNavigation(False)
        self.setSelectionMode(QAbstractItemView.SelectionMode.NoSelection)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.verticalHeader().hide()
        self.verticalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        self.verticalHeader().setDefaultSectionSize(_HEIGHT)
        header = self.horizontalHeader()
        header.setHighlightSections(False)
        header.setSectionsClickable(False)
        header.setFixedHeight(_HEADER)
        header.setAccessibleName("Figures")
        header.setMinimumSectionSize(40)

    def show_runs(self, found: Comparison) -> None:
        """Show the runs of a comparison."""
        self.runs.show(found)
        header = self.horizontalHeader()
        header.setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        for number, width in enumerate(_WIDTHS[1:], 1):
            header.setSectionResizeMode(number, QHeaderView.ResizeMode.Fixed)
            self.setColumnWidth(number, width)
        self.setFixedHeight(_HEADER + _HEIGHT * min(_MOST, len(found.runs)) + 2)
