"""The choices beside the list of sessions, with counts."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QRect, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QKeyEvent, QPainter, QStandardItem, QStandardItemModel
from PySide6.QtWidgets import (
    QAbstractItemView,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QTreeView,
    QWidget,
)

from workbench.domain.text import counted
from workbench.gui.theme.current import colour
from workbench.gui.theme.fonts import ui_font
from workbench.gui.theme.icons import paint_icon
from workbench.gui.traces.sessions.cells import draw_line
from workbench.gui.traces.sessions.choices import TITLES, Choices, with_chosen, words_of
from workbench.traces.index.facets import FacetGroup

Index = QModelIndex | QPersistentModelIndex

_CHOICE = Qt.ItemDataRole.UserRole
_COUNT = Qt.ItemDataRole.UserRole + 1
_CHOSEN = Qt.ItemDataRole.UserRole + 2
_MORE = Qt.ItemDataRole.UserRole + 3
_ROW = 26
_HEAD = 32
_BOX = 14
#: So many choices of a group are shown before "more".
_SHOWN = 8


class FacetDelegate(QStyledItemDelegate):
    """A heading, or a box with words and a count at the end."""

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        return QSize(120, _ROW if index.parent().isValid() else _HEAD)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        box: QRect = option.rect
        state = option.state
        painter.save()
        left = Qt.AlignmentFlag.AlignLeft
        words = str(index.data())
        if not index.parent().isValid():
            inside = box.adjusted(12, 6, -12, 0)
            draw_line(
                painter, inside, words, ui_font(0.9, bold=True), token="text_muted", side=left
            )
            painter.restore()
            return
        focused = bool(state & QStyle.StateFlag.State_HasFocus)
        current = bool(state & QStyle.StateFlag.State_Selected) and bool(
            state & QStyle.StateFlag.State_Active
        )
        if current or focused or state & QStyle.StateFlag.State_MouseOver:
            painter.fillRect(box, colour("hover"))
        if current:
            painter.fillRect(box.left(), box.top(), 3, box.height(), colour("accent"))
        inside = box.adjusted(12, 0, -12, 0)
        if index.data(_MORE):
            inside.adjust(_BOX + 8, 0, 0, 0)
            draw_line(painter, inside, words, ui_font(), token="link", side=left)
            painter.restore()
            return
        _draw_box(painter, inside, chosen=bool(index.data(_CHOSEN)))
        count = f"{index.data(_COUNT):,}"
        right = Qt.AlignmentFlag.AlignRight
        draw_line(painter, inside, count, ui_font(0.9), token="text_muted", side=right)
        painter.setFont(ui_font(0.9))
        inside.adjust(_BOX + 8, 0, -painter.fontMetrics().horizontalAdvance(count) - 8, 0)
        token = "text" if index.data(_COUNT) else "text_muted"
        bold = bool(index.data(_CHOSEN))
        draw_line(painter, inside, words, ui_font(bold=bold), token=token, side=left)
        painter.restore()


def _draw_box(painter: QPainter, inside: QRect, *, chosen: bool) -> None:
    top = inside.center().y() - _BOX / 2 + 2
    box = QRectF(inside.left() + 0.5, top - 0.5, _BOX - 1, _BOX - 1)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(colour("accent_fill" if chosen else "border_strong"))
    painter.setBrush(colour("accent_fill" if chosen else "surface"))
    painter.drawRoundedRect(box, 3, 3)
    if chosen:
        paint_icon(painter, "check", box.adjusted(1, 1, -1, -1), "on_accent")


class FacetList(QTreeView):
    """Groups of choices; Space, Enter or a click takes one; ``toggled`` carries a Choice."""

    toggled = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._groups: tuple[FacetGroup, ...] = ()
        self._choices = Choices()
        self._open: set[str] = set()
        self._model = QStandardItemModel(self)
        self.setModel(self._model)
        self.setItemDelegate(FacetDelegate(self))
        self.setHeaderHidden(True)
        self.setRootIsDecorated(False)
        self.setItemsExpandable(False)
        self.setIndentation(0)
        self.setMouseTracking(True)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setAccessibleName("Filters")
        self.setMinimumWidth(180)
        self.clicked.connect(self._take)

    def show_groups(self, groups: tuple[FacetGroup, ...], choices: Choices) -> None:
        """Show other counts; the current choice stays where it is."""
        self._groups, self._choices = groups, choices
        before = self.currentIndex().data(_CHOICE)
        place = self.verticalScrollBar().value()
        self._model.clear()
        front: QStandardItem | None = None
        for group in with_chosen(groups, choices):
            if not group.choices:
                continue
            head = _item(TITLES[group.dimension])
            head.setFlags(Qt.ItemFlag.ItemIsEnabled)
            for item in self._items(group):
                head.appendRow(item)
                if before is not None and item.data(_CHOICE) == before:
                    front = item
            self._model.appendRow(head)
        self.expandAll()
        if front is not None:
            self.setCurrentIndex(front.index())
        self.verticalScrollBar().setValue(place)

    def values(self) -> dict[str, dict[str, int]]:
        """Return what is shown: heading, words and count."""
        shown: dict[str, dict[str, int]] = {}
        for number in range(self._model.rowCount()):
            head = self._model.item(number)
            rows = [head.child(row) for row in range(head.rowCount())]
            shown[head.text()] = {
                item.text(): item.data(_COUNT) for item in rows if not item.data(_MORE)
            }
        return shown

    def keyPressEvent(self, event: QKeyEvent) -> None:
        keys = (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space)
        if event.key() in keys and self.currentIndex().isValid():
            self._take(self.currentIndex())
            return
        super().keyPressEvent(event)

    def _items(self, group: FacetGroup) -> list[QStandardItem]:
        chosen = self._choices.values(group.dimension)
        shown = [
            one
            for number, one in enumerate(group.choices)
            if number < _SHOWN or one.value in chosen or group.dimension in self._open
        ]
        items = []
        for one in shown:
            words = words_of(group.dimension, one.value)
            item = _item(words, (group.dimension, one.value))
            item.setData(one.count, _COUNT)
            item.setData(one.value in chosen, _CHOSEN)
            state = ", chosen" if one.value in chosen else ""
            spoken = f"{TITLES[group.dimension]}: {words}, {counted(one.count, 'session')}{state}"
            item.setData(spoken, Qt.ItemDataRole.AccessibleTextRole)
            item.setData(f"{words} ({one.count:,})", Qt.ItemDataRole.ToolTipRole)
            items.append(item)
        more = len(group.choices) - len(shown)
        if more:
            item = _item(f"{more:,} more", (group.dimension, ""))
            item.setData(True, _MORE)
            items.append(item)
        return items

    def _take(self, index: QModelIndex) -> None:
        choice: Any = index.data(_CHOICE)
        if choice is None:
            return
        if index.data(_MORE):
            self._open.add(choice[0])
            self.show_groups(self._groups, self._choices)
            return
        self.toggled.emit(choice)


def _item(words: str, choice: tuple[str, str] | None = None) -> QStandardItem:
    made = QStandardItem(words)
    made.setData(choice, _CHOICE)
    return made
