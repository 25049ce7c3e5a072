"""The queue: proposals below the skill they are for, with status, level and evidence."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from PySide6.QtCore import (
    QAbstractListModel,
    QItemSelectionModel,
    QModelIndex,
    QPersistentModelIndex,
    QRect,
    QSize,
    Qt,
    QTimer,
    Signal,
)
from PySide6.QtGui import QFont, QFontMetrics, QKeyEvent, QPainter, QResizeEvent
from PySide6.QtWidgets import QListView, QStyle, QStyledItemDelegate, QStyleOptionViewItem, QWidget

from workbench.domain.text import counted
from workbench.gui.review.queue.rows import QueueRow
from workbench.gui.review.words import LEVEL_TONES, STATUS_TONES, level_text
from workbench.gui.theme.current import colour
from workbench.gui.theme.fonts import ui_font
from workbench.gui.theme.icons import paint_icon
from workbench.gui.widgets.badge import Tone, badge_width, paint_badge

Index = QModelIndex | QPersistentModelIndex

#: Role of the ``QueueRow`` behind a row.
ROW_ROLE = Qt.ItemDataRole.UserRole

_GROUP_HEIGHT, _HEIGHT, _SIDE, _SIGN = 30, 94, 12, 15


class QueueModel(QAbstractListModel):
    """The rows that pass the filter; heads of groups cannot be selected."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._rows: tuple[QueueRow, ...] = ()

    def show(self, rows: Sequence[QueueRow]) -> None:
        """Show other rows."""
        self.beginResetModel()
        self._rows = tuple(rows)
        self.endResetModel()

    @property
    def rows(self) -> tuple[QueueRow, ...]:
        """The rows that are shown."""
        return self._rows

    def row_of(self, proposal_id: str) -> int:
        """Return the row of a proposal, -1 when it is not listed."""
        rows = enumerate(self._rows)
        return next((at for at, row in rows if row.id and row.id == proposal_id), -1)

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008 - Qt's own signature
        return 0 if parent.isValid() else len(self._rows)

    def flags(self, index: Index) -> Qt.ItemFlag:
        if not self._rows[index.row()].id:
            return Qt.ItemFlag.ItemIsEnabled
        return Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        row = self._rows[index.row()]
        if role == Qt.ItemDataRole.DisplayRole:
            return row.title or row.group
        if role == Qt.ItemDataRole.ToolTipRole:
            contested = f"\n{row.contested_text} by other proposals" if row.contested else ""
            problem = f"\n{row.problem}" if row.problem else ""
            return f"{row.group}: {row.title}{contested}{problem}" if row.id else row.group
        if role == Qt.ItemDataRole.AccessibleTextRole:
            return _spoken(row)
        if role == ROW_ROLE:
            return row
        return None


def _spoken(row: QueueRow) -> str:
    if not row.id:
        return f"{row.group}, {counted(row.count, 'proposal')}"
    what = "Diagnosis" if row.diagnosis else "Proposal"
    level = "" if row.diagnosis else level_text(row.level)
    flips = f"repairs and regressions {row.flips}" if row.flips else ""
    shown = "cannot be shown" if row.problem else ""
    parts = (row.status_text, shown, level, flips, *row.facts, row.contested_text)
    return f"{what} for {row.group}: {row.title}, {', '.join(filter(None, parts))}"


class QueueDelegate(QStyledItemDelegate):
    """Title on two lines at most, then status and level, then evidence, size, age and engine."""

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        row: QueueRow = index.data(ROW_ROLE)
        if not row.id:
            return QSize(200, _GROUP_HEIGHT)
        view = option.widget
        width = view.viewport().width() if isinstance(view, QListView) else 200
        lines = _two_lines(row.title, option.font, width - 2 * _SIDE - 22)
        return QSize(200, _HEIGHT if len(lines) > 1 else _HEIGHT - 18)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        row: QueueRow = index.data(ROW_ROLE)
        box: QRect = option.rect
        painter.save()
        if not row.id:
            self._paint_group(painter, box, row)
        else:
            self._paint_row(painter, box, row, option)
        painter.restore()

    def _paint_group(self, painter: QPainter, box: QRect, row: QueueRow) -> None:
        painter.fillRect(box, colour("window"))
        painter.fillRect(box.left(), box.bottom(), box.width(), 1, colour("border"))
        painter.setFont(ui_font(0.92, bold=True))
        painter.setPen(colour("text_muted"))
        inside = box.adjusted(_SIDE, 0, -_SIDE, 0)
        count = str(row.count)
        middle = int(Qt.AlignmentFlag.AlignVCenter)
        painter.drawText(inside, middle | int(Qt.AlignmentFlag.AlignRight), count)
        room = inside.width() - painter.fontMetrics().horizontalAdvance(count) - 8
        name = painter.fontMetrics().elidedText(row.group, Qt.TextElideMode.ElideRight, room)
        painter.drawText(inside, middle, name)

    def _paint_row(
        self, painter: QPainter, box: QRect, row: QueueRow, option: QStyleOptionViewItem
    ) -> None:
        selected = bool(option.state & QStyle.StateFlag.State_Selected)
        hovered = bool(option.state & QStyle.StateFlag.State_MouseOver)
        if selected or hovered:
            painter.fillRect(box, colour("selection" if selected else "hover"))
        painter.fillRect(box.left(), box.bottom(), box.width(), 1, colour("border"))
        if selected:
            painter.fillRect(box.left(), box.top(), 3, box.height(), colour("accent"))
        inside = box.adjusted(_SIDE, 8, -_SIDE, -8)
        sign = "info" if row.diagnosis else "edit"
        quiet = "selection_text" if selected else "text_muted"
        paint_icon(painter, sign, QRect(inside.left(), inside.top() + 1, 15, 15).toRectF(), quiet)
        title = inside.adjusted(22, 0, 0, 0)
        painter.setFont(option.font)
        painter.setPen(colour("selection_text" if selected else "text"))
        for number, text in enumerate(_two_lines(row.title, option.font, title.width())):
            line = QRect(title.left(), title.top() - 1 + 18 * number, title.width(), 18)
            painter.drawText(line, int(Qt.AlignmentFlag.AlignVCenter), text)
        self._paint_foot(painter, title, row, option.font, quiet)

    def _paint_foot(
        self, painter: QPainter, title: QRect, row: QueueRow, base: QFont, quiet: str
    ) -> None:
        middle = title.bottom() - 27
        left = float(title.left())
        painter.setFont(base)
        badges: list[tuple[str, Tone]] = []
        if row.problem:
            badges.append(("cannot be shown", "error"))
        elif not row.diagnosis and row.level != "not_evaluated":
            flips = f" {row.flips}" if row.flips else ""
            badges.append((f"{level_text(row.level)}{flips}", LEVEL_TONES[row.level]))
        if row.status != "pending" or not (badges or row.contested):
            badges.insert(0, (row.status_text, STATUS_TONES[row.status]))
        right = title.right() - (_SIGN + 6 if row.contested else 0)
        for text, tone in badges:
            if left + badge_width(text, tone, base, sign=False) > right:
                break
            left += paint_badge(painter, left, middle, text, tone, sign=False) + 6
        if row.contested and left + badge_width("contested", "warning", base) <= title.right():
            paint_badge(painter, left, middle, "contested", "warning")
        elif row.contested:
            sign = QRect(title.right() - _SIGN, middle - _SIGN // 2, _SIGN, _SIGN)
            paint_icon(painter, "warning", sign.toRectF(), "warning")
        painter.setFont(ui_font(0.92))
        painter.setPen(colour(quiet))
        room = QRect(title.left(), title.bottom() - 15, title.width(), 18)
        text = _fitting(row.facts, painter.fontMetrics(), room.width())
        painter.drawText(room, int(Qt.AlignmentFlag.AlignVCenter), text)


def _fitting(parts: Sequence[str], metrics: QFontMetrics, width: int) -> str:
    """Return as many parts as have room, from the first on; that one is cut if it must be."""
    text = metrics.elidedText(parts[0], Qt.TextElideMode.ElideRight, width) if parts else ""
    for part in parts[1:]:
        longer = f"{text} \N{MIDDLE DOT} {part}"
        if metrics.horizontalAdvance(longer) > width:
            break
        text = longer
    return text


def _two_lines(text: str, font: QFont, width: int) -> list[str]:
    """Return a text on one or two lines, split between words; the second ends in "…"."""
    metrics = QFontMetrics(font)
    if metrics.horizontalAdvance(text) <= width:
        return [text]
    words = text.split(" ")
    first = words[0]
    count = 1
    while count < len(words) and metrics.horizontalAdvance(f"{first} {words[count]}") <= width:
        first = f"{first} {words[count]}"
        count += 1
    rest = " ".join(words[count:])
    elide = Qt.TextElideMode.ElideRight
    lines = [metrics.elidedText(first, elide, width), metrics.elidedText(rest, elide, width)]
    return [line for line in lines if line]


class QueueView(QListView):
    """The list; j and k, or the arrows, go down and up; Enter goes to the changes.

    Shift and an arrow select several, Ctrl+A all; ``selected(ids)`` tells which.
    """

    chosen = Signal(str)
    entered = Signal()
    selected = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.queue = QueueModel(self)
        self._above: list[str] = []
        self._below: list[str] = []
        self.setModel(self.queue)
        self.setItemDelegate(QueueDelegate(self))
        self.setMouseTracking(True)
        self.setVerticalScrollMode(QListView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setLayoutMode(QListView.LayoutMode.Batched)
        self.setSelectionMode(QListView.SelectionMode.ExtendedSelection)
        self.setAccessibleName("Proposals")
        self.selectionModel().currentChanged.connect(self._tell)
        self.selectionModel().selectionChanged.connect(self._tell_selected)

    def show_rows(self, rows: Sequence[QueueRow], selected: str) -> None:
        """Show rows and select one of them without telling; "" selects none.

        Where several are selected, those that are still listed stay so.
        """
        before = self.selected_ids()
        self._remember_neighbours()
        self.selectionModel().blockSignals(True)
        self.queue.show(rows)
        self.select(selected)
        if len(before) > 1:
            self._select_also(before)
        self.selectionModel().blockSignals(False)
        self._tell_selected()
        self.viewport().update()
        # Rows are laid out later; only then is it known where the selected one is.
        QTimer.singleShot(0, self, self._reveal)

    def _reveal(self) -> None:
        at = self.currentIndex().row()
        if at > 0 and not self.queue.rows[at - 1].id:
            self.scrollTo(self.queue.index(at - 1))  # the name of the group above it
        if at >= 0:
            self.scrollTo(self.queue.index(at))

    def current_id(self) -> str:
        """Return the selected proposal, or ""."""
        row = self.currentIndex().data(ROW_ROLE)
        return row.id if row is not None else ""

    def select(self, proposal_id: str) -> None:
        """Select a proposal that is listed."""
        row = self.queue.row_of(proposal_id)
        if row >= 0:
            self.setCurrentIndex(self.queue.index(row))

    def selected_ids(self) -> tuple[str, ...]:
        """Return the selected proposals, from the top."""
        rows = sorted(index.row() for index in self.selectedIndexes())
        return tuple(self.queue.rows[row].id for row in rows if self.queue.rows[row].id)

    def _select_also(self, names: Sequence[str]) -> None:
        for name in names:
            row = self.queue.row_of(name)
            if row >= 0:
                self.selectionModel().select(
                    self.queue.index(row), QItemSelectionModel.SelectionFlag.Select
                )

    def _tell_selected(self) -> None:
        self.selected.emit(self.selected_ids())

    def _remember_neighbours(self) -> None:
        """Keep what stands around the current proposal, for when it leaves the list."""
        at = self.currentIndex().row()
        if self.current_id():
            names = [row.id for row in self.queue.rows]
            self._above = [name for name in reversed(names[:at]) if name]
            self._below = [name for name in names[at + 1 :] if name]

    def step(self, by: int) -> None:
        """Go to the next or previous proposal, also from one that has left the list."""
        # A list that gets the focus with nothing current makes its first head so.
        if not self.current_id():
            around = self._below if by > 0 else self._above
            near = next((name for name in around if self.queue.row_of(name) >= 0), "")
            if near:
                self.select(near)
                return
        at = self.currentIndex().row() + by
        while 0 <= at < len(self.queue.rows):
            if self.queue.rows[at].id:
                self.setCurrentIndex(self.queue.index(at))
                return
            at += by

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.entered.emit()
        elif event.key() in (Qt.Key.Key_Down, Qt.Key.Key_Up) and not event.modifiers():
            self.step(1 if event.key() == Qt.Key.Key_Down else -1)
        elif event.key() == Qt.Key.Key_Escape and len(self.selected_ids()) > 1:
            self.setCurrentIndex(self.currentIndex())
        elif event.text().isprintable() and event.text():
            event.ignore()  # letters are acts of the desk, not a search in the list
        else:
            super().keyPressEvent(event)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.scheduleDelayedItemsLayout()

    def _tell(self, current: QModelIndex, _previous: QModelIndex) -> None:
        row = current.data(ROW_ROLE)
        if row is not None and row.id:
            self.chosen.emit(row.id)
