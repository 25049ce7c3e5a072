"""Aligned rows: a column for each run, rows of one height, so that 100,000 scroll like 100."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from PySide6.QtCore import (
    QAbstractTableModel,
    QModelIndex,
    QPersistentModelIndex,
    Qt,
    Signal,
)
from PySide6.QtGui import QKeyEvent, QMouseEvent
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QTableView, QWidget

from workbench.gui.traces.compare.aligned import Aligned, Line, fold_words
from workbench.gui.traces.compare.row_paint import FOLD_ROLE, ROW_HEIGHT, STEP_ROLE, RowPaint
from workbench.gui.traces.compare.run_words import CHANGES, letter, run_title
from workbench.gui.traces.words import StepRow

Index = QModelIndex | QPersistentModelIndex


class RowsModel(QAbstractTableModel):
    """The lines that are listed; their steps are worded when they come into sight."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._aligned: Aligned | None = None
        self._lines: Sequence[Line] = ()
        self._starts: list[int] = []
        self._step = lru_cache(maxsize=1024)(self._make)

    def show(self, found: Aligned | None, lines: Sequence[Line]) -> None:
        """List other lines."""
        self.beginResetModel()
        self._aligned, self._lines = found, lines
        self._starts = [line.start for line in lines]
        self._step.cache_clear()
        self.endResetModel()

    def _make(self, row: int, run: int) -> StepRow | None:
        assert self._aligned is not None
        return self._aligned.step(row, run)

    def line_at(self, number: int) -> Line:
        """Return what stands on a line."""
        return self._lines[number]

    def number_of(self, row: int) -> int:
        """Return the line of a row, of the stretch that holds it, or the last one before it."""
        return max(0, bisect_right(self._starts, row) - 1) if self._lines else -1

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008 - Qt's own signature
        return 0 if parent.isValid() else len(self._lines)

    def columnCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008 - as above
        if parent.isValid() or self._aligned is None:
            return 0
        return len(self._aligned.marks)

    def headerData(
        self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole
    ) -> Any:
        if orientation != Qt.Orientation.Horizontal or self._aligned is None:
            return None
        run = self._aligned.comparison.runs[section]
        if role == Qt.ItemDataRole.DisplayRole:
            return f"{letter(section)}   {' '.join(run_title(run).split())[:80]}"
        if role == Qt.ItemDataRole.ToolTipRole:
            return run.path
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return int(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        return None

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        found = self._aligned
        if found is None or not index.isValid():
            return None
        line, run = self._lines[index.row()], index.column()
        if role == STEP_ROLE:
            return self._step(line.start, run) if line.kind == "row" else None
        if role == FOLD_ROLE:
            return None if line.kind == "row" else self._folded(line, run)
        if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.AccessibleTextRole):
            return self._words(index.row(), run)
        return None

    def level(self, number: int) -> int:
        """Return how much the row of a line differs."""
        assert self._aligned is not None
        return self._aligned.levels[self._lines[number].start]

    def changes(self, number: int) -> str:
        """Return what differs in the row of a line."""
        assert self._aligned is not None
        changes = self._aligned.rows[self._lines[number].start].changes
        return ", ".join(CHANGES[one] for one in changes)

    def _folded(self, line: Line, run: int) -> str:
        assert self._aligned is not None
        if run == 0:
            return fold_words(self._aligned, line)
        rows = self._aligned.rows[line.start : line.end]
        places = [place for row in rows if (place := row.cells[run]) is not None]
        if not places:
            return "no such steps"
        return f"steps {places[0]}–{places[-1]}" if len(places) > 1 else f"step {places[0]}"

    def _words(self, number: int, run: int) -> str:
        assert self._aligned is not None
        line = self._lines[number]
        if line.kind != "row":
            return f"{self._folded(line, run)}, folded"
        step = self._step(line.start, run)
        if step is None:
            return f"{letter(run)} has no such step"
        level = self._aligned.levels[line.start]
        changes = self.changes(number) if level else ""
        alone = self._aligned.rows[line.start].state == "one"
        state = f"only in {letter(run)}" if alone else f"differs: {changes}" if changes else "same"
        return f"{letter(run)}: {step.words}, {state}"


class RowsView(QTableView):
    """The table. ``chosen(row)`` tells of the current row or the first of a folded stretch,
    ``opened(row, run)`` of Enter, ``difference_asked(by)`` and ``first_asked`` of N, P and D,
    ``fold_asked(row, unfold)`` of folding.
    """

    chosen = Signal(int)
    run_chosen = Signal(int)
    opened = Signal(int, int)
    difference_asked = Signal(int)
    first_asked = Signal()
    fold_asked = Signal(int, bool)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.rows = RowsModel(self)
        self.setModel(self.rows)
        self.setItemDelegate(RowPaint(self.rows, self))
        self.setAccessibleName("Aligned steps of the runs")
        header = self.horizontalHeader()
        header.setSectionResizeMode(QHeaderView.ResizeMode.Stretch)
        header.setHighlightSections(False)
        header.setSectionsClickable(False)
        header.setAccessibleName("Runs")
        self.verticalHeader().hide()
        self.verticalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        self.verticalHeader().setMinimumSectionSize(ROW_HEIGHT)
        self.verticalHeader().setDefaultSectionSize(ROW_HEIGHT)
        self.setShowGrid(False)
        self.setWordWrap(False)
        self.setCornerButtonEnabled(False)
        self.setTabKeyNavigation(False)
        self.setMouseTracking(True)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.verticalScrollBar().setSingleStep(ROW_HEIGHT)
        self.selectionModel().currentChanged.connect(self._tell)
        self.doubleClicked.connect(self._open)

    @property
    def current_row(self) -> int:
        """The selected row, -1 where none is."""
        index = self.currentIndex()
        return self.rows.line_at(index.row()).start if index.isValid() else -1

    @property
    def current_run(self) -> int:
        """The run whose column is current."""
        return max(0, self.currentIndex().column())

    def select(self, row: int) -> bool:
        """Select a row, in the middle where it is out of sight; False when it is not listed."""
        number = self.rows.number_of(row)
        if number < 0:
            return False
        index = self.rows.index(number, self.current_run)
        inside = self.viewport().rect().contains(self.visualRect(index))
        self.setCurrentIndex(index)
        if not inside:
            self.scrollTo(index, QAbstractItemView.ScrollHint.PositionAtCenter)
        line = self.rows.line_at(number)
        return line.kind == "row" and line.start == row

    def keyPressEvent(self, event: QKeyEvent) -> None:
        key = Qt.Key(event.key())
        shift = bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier)
        if event.modifiers() & ~(
            Qt.KeyboardModifier.ShiftModifier | Qt.KeyboardModifier.KeypadModifier
        ):
            super().keyPressEvent(event)
            return
        if key in (Qt.Key.Key_N, Qt.Key.Key_P):
            self.difference_asked.emit(-1 if shift or key == Qt.Key.Key_P else 1)
        elif key == Qt.Key.Key_D:
            self.first_asked.emit()
        elif key in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and self.current_row >= 0:
            self._open(self.currentIndex())
        elif key in (Qt.Key.Key_Plus, Qt.Key.Key_Minus, Qt.Key.Key_Space) and self.current_row >= 0:
            folded = self.rows.line_at(self.currentIndex().row()).kind != "row"
            unfold = folded if key == Qt.Key.Key_Space else key == Qt.Key.Key_Plus
            self.fold_asked.emit(self.current_row, unfold)
        else:
            super().keyPressEvent(event)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        super().mousePressEvent(event)
        index = self.indexAt(event.position().toPoint())
        if index.isValid() and self.rows.line_at(index.row()).kind != "row":
            self.fold_asked.emit(self.rows.line_at(index.row()).start, True)

    def _open(self, index: QModelIndex) -> None:
        line = self.rows.line_at(index.row())
        if line.kind != "row":
            self.fold_asked.emit(line.start, True)
        else:
            self.opened.emit(line.start, index.column())

    def _tell(self, current: QModelIndex, before: QModelIndex) -> None:
        if not current.isValid():
            return
        if current.column() != before.column():
            self.run_chosen.emit(current.column())
        self.chosen.emit(self.rows.line_at(current.row()).start)
