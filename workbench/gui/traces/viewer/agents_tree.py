"""The agents of a file as a tree: who started whom, what each used, and with its subagents."""

from __future__ import annotations

from PySide6.QtCore import (
    QModelIndex,
    QPersistentModelIndex,
    QRect,
    QSize,
    Qt,
    Signal,
)
from PySide6.QtGui import QFontMetrics, QKeyEvent, QPainter, QStandardItem, QStandardItemModel
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
from workbench.gui.traces.opened import TracePlace
from workbench.gui.traces.viewer.trace_sums import AgentSums, TraceSums, used_text
from workbench.traces.titles import title_of

Index = QModelIndex | QPersistentModelIndex

_PLACE = Qt.ItemDataRole.UserRole
_OWN = Qt.ItemDataRole.UserRole + 1
_WHOLE = Qt.ItemDataRole.UserRole + 2
_FAILED = Qt.ItemDataRole.UserRole + 3
_ROW = 40
_ROWS = 5
_UNFOLDED = 60
#: Below this depth rows are not indented further: width is worth more than depth.
_DEEPEST = 6
_INDENT = 12


class _AgentRow(QStyledItemDelegate):
    """Name and errors, then what the agent used itself and with its subagents."""

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        return QSize(200, _ROW)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        selected = bool(option.state & QStyle.StateFlag.State_Selected)
        hovered = bool(option.state & QStyle.StateFlag.State_MouseOver)
        box: QRect = option.rect
        painter.save()
        if selected or hovered:
            painter.fillRect(box, colour("selection" if selected else "hover"))
        quiet = "selection_text" if selected else "text_muted"
        inside = box.adjusted(4, 3, -12, -3)
        upper = QRect(inside.left(), inside.top(), inside.width(), inside.height() // 2)
        lower = QRect(inside.left(), upper.bottom() + 1, inside.width(), inside.height() // 2)
        small = ui_font(0.9)
        failed = str(index.data(_FAILED) or "")
        _words(painter, upper, failed, "selection_text" if selected else "error", right=True)
        upper.setRight(upper.right() - QFontMetrics(small).horizontalAdvance(failed) - 12)
        name = str(index.data(Qt.ItemDataRole.DisplayRole))
        front = "selection_text" if selected else "text"
        _words(painter, upper, name, front, bold=True)
        whole = str(index.data(_WHOLE) or "")
        _words(painter, lower, whole, quiet, right=True)
        lower.setRight(lower.right() - QFontMetrics(small).horizontalAdvance(whole) - 12)
        _words(painter, lower, str(index.data(_OWN)), quiet)
        painter.restore()


class AgentsTree(QTreeView):
    """``place_asked(place)`` asks for an agent's steps: a click or Enter."""

    place_asked = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._agents = QStandardItemModel(self)
        self._top: TracePlace | None = None
        self._items: dict[tuple[int, ...], QStandardItem] = {}
        self.setModel(self._agents)
        self.setItemDelegate(_AgentRow(self))
        self.setHeaderHidden(True)
        self.setUniformRowHeights(True)
        self.setIndentation(_INDENT)
        self.setMouseTracking(True)
        self.setExpandsOnDoubleClick(False)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setAccessibleName("Agents of the trace")
        self.clicked.connect(self._ask)
        self.hide()

    def show_place(self, place: TracePlace) -> None:
        """Show the agents of a place's file, with that of the place selected."""
        if self._top is None or self._top.top is not place.top:
            self._fill(TracePlace(place.top, place.top.trajectory))
        item = self._items.get(place.way)
        if item is not None:
            self.setCurrentIndex(item.index())
            self.scrollTo(item.index())

    def show_sums(self, sums: TraceSums) -> None:
        """Say what each agent used."""
        for way, item in self._items.items():
            found = sums.agents.get(way)
            if found is not None:
                _tell(item, found)

    def clear(self) -> None:
        """Show nothing."""
        self._top = None
        self._items.clear()
        self._agents.clear()
        self.hide()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self._ask(self.currentIndex())
            return
        super().keyPressEvent(event)

    def _fill(self, top: TracePlace) -> None:
        self.clear()
        self._top = top
        waiting = [(top, self._agents.invisibleRootItem())]
        for place, above in waiting:  # grows while it is walked
            one = place.trajectory
            item = QStandardItem(title_of(one))
            item.setData(place, _PLACE)
            item.setData(counted(len(one.steps), "step"), _OWN)
            failed = f"{one.errors:,} {'error' if one.errors == 1 else 'errors'}"
            item.setData(failed if one.errors else "", _FAILED)
            item.setToolTip(title_of(one))
            above.appendRow(item)
            self._items[place.way] = item
            below = above if len(place.way) >= _DEEPEST else item
            waiting += [(place.child(number), below) for number in range(len(one.children))]
        if len(self._items) <= _UNFOLDED:
            self.expandAll()
        else:
            self.expandToDepth(0)
        self.setFixedHeight(min(_ROWS, len(self._items)) * _ROW + 2)
        self.setVisible(len(self._items) > 1)

    def _ask(self, index: QModelIndex) -> None:
        place = index.data(_PLACE)
        if isinstance(place, TracePlace):
            self.place_asked.emit(place)


def _tell(item: QStandardItem, found: AgentSums) -> None:
    own, whole = used_text(found.own), used_text(found.whole)
    steps = counted(found.own.steps, "step")
    item.setData("  ·  ".join(filter(None, (steps, own))), _OWN)
    several = found.whole.agents > 1
    item.setData(f"in all {whole}" if several and whole else "", _WHOLE)
    told = f"{item.text()}\nItself: {steps}, {own or 'no tokens recorded'}"
    if several:
        below = counted(found.whole.agents - 1, "subagent")
        told += f"\nWith {below}: {counted(found.whole.steps, 'step')}, {whole}"
    item.setToolTip(told)
    item.setData(told.replace("\n", ", "), Qt.ItemDataRole.AccessibleTextRole)


def _words(
    painter: QPainter, box: QRect, text: str, token: str, *, bold: bool = False, right: bool = False
) -> None:
    font = ui_font(1.0 if bold else 0.9, bold=bold)
    painter.setFont(font)
    painter.setPen(colour(token))
    flag = Qt.AlignmentFlag
    side = flag.AlignRight if right else flag.AlignLeft
    shown = QFontMetrics(font).elidedText(text, Qt.TextElideMode.ElideRight, max(0, box.width()))
    painter.drawText(box, int(side | flag.AlignVCenter), shown)
