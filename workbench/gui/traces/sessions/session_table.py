"""The table of all sessions: rows are asked for when they come into sight."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from PySide6.QtCore import (
    QAbstractTableModel,
    QItemSelection,
    QItemSelectionModel,
    QModelIndex,
    QPersistentModelIndex,
    QSize,
    Qt,
    QTimer,
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
from workbench.gui.traces.sessions.session_cells import (
    AGENT,
    COST,
    DATE,
    DURATION,
    ERRORS,
    FIGURES,
    HEADINGS,
    MODEL,
    ORDERS,
    OUTCOME,
    SKILLS,
    STEPS,
    TITLE,
    cell_lines,
    spoken,
)
from workbench.gui.traces.words import outcome_words
from workbench.traces.index.query import TraceRow
from workbench.usage.outcomes import AttachedOutcome, AttachedOutcomes

Index = QModelIndex | QPersistentModelIndex

_BLOCK = 64
#: So many are asked for at once.
_ASKED = 2 * _BLOCK
_KEPT = 4096
_WIDTHS = {
    AGENT: 110,
    MODEL: 150,
    OUTCOME: 92,
    STEPS: 64,
    ERRORS: 60,
    SKILLS: 130,
    COST: 84,
    DURATION: 88,
    DATE: 102,
}
#: Columns that give way, the first of them first, while the title has less than this, in px.
_GIVE_WAY = (MODEL, DURATION, SKILLS, AGENT, OUTCOME)
_TITLE = 230


class SessionsModel(QAbstractTableModel):
    """Sessions by number. ``wanted`` asks for those that are looked at and not known."""

    wanted = Signal(list)
    sort_asked = Signal(str, bool)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._ids: list[int] = []
        self._rows: dict[int, TraceRow] = {}
        self._fresh: set[int] = set()
        self._waiting: dict[int, None] = {}
        self._asked = False
        self._attached = AttachedOutcomes()
        self._soon = QTimer(self)
        self._soon.setSingleShot(True)
        self._soon.setInterval(0)
        self._soon.timeout.connect(self._ask)

    def show(self, ids: list[int]) -> bool:
        """Show these sessions; return whether they are others. What was known stays in sight until
        it is read again.
        """
        self._fresh.clear()
        if ids == self._ids:
            if ids:
                self.dataChanged.emit(self.index(0, 0), self.index(len(ids) - 1, len(HEADINGS) - 1))
            return False
        self.beginResetModel()
        self._ids = ids
        if len(self._rows) > _KEPT:
            self._rows = {}
        self.endResetModel()
        return True

    def extend(self, ids: list[int]) -> bool:
        """Show all sessions whose first ones are shown already; False where those are others."""
        shown = len(self._ids)
        if ids[:shown] != self._ids:
            return False
        if len(ids) > shown:
            self.beginInsertRows(QModelIndex(), shown, len(ids) - 1)
            self._ids = ids
            self.endInsertRows()
        return True

    def is_read(self, number: int) -> bool:
        """Whether what is known of a row is up to date."""
        return number < len(self._ids) and self._ids[number] in self._fresh & self._rows.keys()

    def attach(self, attached: AttachedOutcomes) -> None:
        """Show outcomes that people gave in place of the recorded ones, with a sign."""
        self._attached = attached
        if self._ids:
            last = self.index(len(self._ids) - 1, len(HEADINGS) - 1)
            self.dataChanged.emit(self.index(0, 0), last)

    def attached_to(self, row: TraceRow) -> AttachedOutcome | None:
        """Return the outcome a person attached to a session."""
        return self._attached.of(row.trajectory, row.session, row.path)

    def put(self, rows: Iterable[TraceRow]) -> None:
        """Take over the answer to what was asked for."""
        self._asked = False
        if self._waiting:
            self._soon.start()
        self.know(rows)

    def know(self, rows: Iterable[TraceRow]) -> None:
        """Take over what is known of some sessions."""
        for row in rows:
            self._rows[row.id] = row
            self._fresh.add(row.id)
        if self._ids:
            last = self.index(len(self._ids) - 1, len(HEADINGS) - 1)
            self.dataChanged.emit(self.index(0, 0), last)

    def row_at(self, number: int) -> TraceRow | None:
        """Return a session; None while it is being asked for."""
        one = self._ids[number]
        if one not in self._fresh:
            start = number - number % _BLOCK
            block = self._ids[start : start + _BLOCK]
            self._waiting.update(dict.fromkeys(block))
            self._fresh.update(block)
            self._soon.start()
        return self._rows.get(one)

    def id_at(self, number: int) -> int:
        """Return the number of a session in the index."""
        return self._ids[number]

    def numbers_of(self, ids: Sequence[int]) -> list[int]:
        """Return the rows of sessions that are shown."""
        if len(ids) == 1:
            return [self._ids.index(ids[0])] if ids[0] in self._ids else []
        wanted = set(ids)
        return [number for number, one in enumerate(self._ids) if one in wanted]

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008 - Qt's own signature
        return 0 if parent.isValid() else len(self._ids)

    def columnCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008 - as above
        return 0 if parent.isValid() else len(HEADINGS)

    def headerData(
        self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole
    ) -> Any:
        if orientation != Qt.Orientation.Horizontal:
            return None
        if role == Qt.ItemDataRole.DisplayRole:
            return HEADINGS[section]
        if role == Qt.ItemDataRole.ToolTipRole and section == COST:
            return "Reported by the trace; with ≈ estimated by a table of prices"
        if role == Qt.ItemDataRole.TextAlignmentRole:
            side = Qt.AlignmentFlag
            way = side.AlignRight if section in FIGURES else side.AlignLeft
            return int(way | side.AlignVCenter)
        return None

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if role not in (
            Qt.ItemDataRole.DisplayRole,
            Qt.ItemDataRole.AccessibleTextRole,
            Qt.ItemDataRole.ToolTipRole,
        ):
            return None
        row = self.row_at(index.row())
        if row is None:
            return "…" if role == Qt.ItemDataRole.DisplayRole else None
        said = self.attached_to(row) if index.column() == OUTCOME else None
        if said is not None:
            words = f"{outcome_words(said.status) or said.status}, {said.source}"
            return f"Outcome: {words}; recorded: {outcome_words(row.outcome) or 'nothing'}"
        if role == Qt.ItemDataRole.AccessibleTextRole:
            return spoken(row, index.column())
        if role == Qt.ItemDataRole.ToolTipRole:
            return row.path if index.column() == TITLE else spoken(row, index.column())
        return cell_lines(row, index.column())[0]

    def sort(self, column: int, order: Qt.SortOrder = Qt.SortOrder.AscendingOrder) -> None:
        """Ask for another order; the index sorts."""
        if column in ORDERS:
            self.sort_asked.emit(ORDERS[column], order == Qt.SortOrder.DescendingOrder)

    def _ask(self) -> None:
        """Ask for what came into sight last; what went out of it meanwhile is not asked for."""
        if self._asked or not self._waiting:
            return
        waiting = list(self._waiting)
        self._waiting = {}
        self._fresh.difference_update(waiting[:-_ASKED])
        self._asked = True
        self.wanted.emit(waiting[-_ASKED:])


class SessionDelegate(QStyledItemDelegate):
    """Two lines, or a badge for the outcome; a row that is not read yet is quiet."""

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        return QSize(80, HEIGHT)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        model = index.model()
        assert isinstance(model, SessionsModel)
        row = model.row_at(index.row())
        column = index.column()
        painter.save()
        selected = draw_ground(painter, option, first=column == TITLE)
        inside = option.rect.adjusted(SIDE, 5, -SIDE, -6)
        said = model.attached_to(row) if row is not None and column == OUTCOME else None
        outcome = outcome_words(said.status if said else row.outcome) if row is not None else ""
        if row is None:
            if column == TITLE:
                draw_lines(painter, inside, ("…", ""), token="text_muted", selected=selected)
        elif column == OUTCOME:
            if outcome or said is not None:
                words = outcome or "unknown"
                attached = said is not None
                draw_outcome(painter, inside, words, attached=attached, selected=selected)
        else:
            draw_lines(
                painter,
                inside,
                cell_lines(row, column),
                token="error" if column == ERRORS and row.errors else "text",
                bold=column == TITLE,
                right=column in FIGURES,
                selected=selected,
            )
        painter.restore()


class SessionTable(QTableView):
    """The table; Enter or a double click opens a session, several can be selected."""

    opened = Signal(object)
    selection_changed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.sessions = SessionsModel(self)
        self.setModel(self.sessions)
        self.setItemDelegate(SessionDelegate(self))
        self.setAccessibleName("All sessions")
        self.setShowGrid(False)
        self.setTabKeyNavigation(False)
        self.setCornerButtonEnabled(False)
        self.setWordWrap(False)
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
        # With the table's own it would ask for every row, each time, whether all are selected.
        header.setSelectionModel(QItemSelectionModel(self.sessions, self))
        header.setAccessibleName("Columns")
        header.setSectionResizeMode(TITLE, QHeaderView.ResizeMode.Stretch)
        for column, width in _WIDTHS.items():
            header.setSectionResizeMode(column, QHeaderView.ResizeMode.Fixed)
            self.setColumnWidth(column, width)
        header.setSortIndicator(DATE, Qt.SortOrder.DescendingOrder)
        self.setSortingEnabled(True)
        self.selectionModel().selectionChanged.connect(lambda *_: self.selection_changed.emit())
        self.doubleClicked.connect(lambda _index: self._open())

    def show_ids(self, ids: list[int]) -> None:
        """Show these sessions; what is selected and in sight stays so where it is still there.

        A list that nobody moved in stays at its top.
        """
        chosen = self.selected_ids() if self.selected_count <= _KEPT else []
        current = self.currentIndex()
        place = self.verticalScrollBar().value()
        held = self.sessions.id_at(current.row()) if current.isValid() else None
        if current.row() <= 0 and not place and len(chosen) < 2:
            held, chosen = None, []
        if not self.sessions.show(ids):
            return
        self._restore(chosen, held, place)

    def extend_ids(self, ids: list[int]) -> None:
        """Show all sessions whose first ones are shown."""
        if not self.sessions.extend(ids):
            self.show_ids(ids)

    def _restore(self, chosen: list[int], held: int | None, place: int) -> None:
        """Select what was selected before, where it is still there."""
        model = self.selectionModel()
        picked = QItemSelection()
        for number in self.sessions.numbers_of(chosen) if chosen else ():
            picked.select(self.sessions.index(number, 0), self.sessions.index(number, DATE))
        front = self.sessions.numbers_of([held]) if held is not None else []
        flag = QItemSelectionModel.SelectionFlag
        if front:
            model.setCurrentIndex(self.sessions.index(front[0], 0), flag.NoUpdate)
        if not picked.isEmpty():
            model.select(picked, flag.ClearAndSelect)
        elif self.sessions.rowCount() and not front:
            self.setCurrentIndex(self.sessions.index(0, 0))
        self.verticalScrollBar().setValue(place)

    def selected_ids(self) -> list[int]:
        """Return the selected sessions by their numbers in the index."""
        return [self.sessions.id_at(number) for number in self._selected_rows()]

    def selected(self) -> list[TraceRow]:
        """Return the selected sessions that are known, from top to bottom."""
        found = map(self.sessions.row_at, self._selected_rows())
        return [row for row in found if row is not None]

    @property
    def selected_count(self) -> int:
        """How many sessions are selected."""
        ranges = self.selectionModel().selection()
        return sum(one.height() for one in ranges.toList() if one.left() == TITLE)

    def _selected_rows(self) -> list[int]:
        # Asking Qt for the rows one by one takes seconds where all are selected.
        ranges = self.selectionModel().selection()
        spans = [
            range(one.top(), one.bottom() + 1) for one in ranges.toList() if one.left() == TITLE
        ]
        return sorted(number for span in spans for number in span)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self._open()
            return
        super().keyPressEvent(event)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        room = self.viewport().width() - sum(_WIDTHS.values())
        for column in _GIVE_WAY:
            hidden = room < _TITLE
            room += _WIDTHS[column] if hidden else 0
            if hidden != self.isColumnHidden(column):
                self.setColumnHidden(column, hidden)

    def _open(self) -> None:
        index = self.currentIndex()
        row = self.sessions.row_at(index.row()) if index.isValid() else None
        if row is not None:
            self.opened.emit(row)
