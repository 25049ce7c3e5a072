"""Two steps side by side: arguments and results, line by line, the words that differ marked."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from PySide6.QtCore import (
    QAbstractTableModel,
    QModelIndex,
    QPersistentModelIndex,
    QRect,
    QRectF,
    QSize,
    Qt,
    QTimer,
)
from PySide6.QtGui import (
    QFontMetricsF,
    QGuiApplication,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QResizeEvent,
)
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHeaderView,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QTableView,
    QWidget,
)

from workbench.gui.theme.current import colour
from workbench.gui.theme.fonts import mono_font, ui_font
from workbench.gui.theme.icons import paint_icon
from workbench.gui.traces.compare.side_lines import Cell, Pair, laid_out
from workbench.traces.compare.sides import SidePart

Index = QModelIndex | QPersistentModelIndex

_PAIR = Qt.ItemDataRole.UserRole
_HEIGHT = 20
_GUTTER = 52
_SIGNS = {"changed": ("~", "~"), "left": ("−", ""), "right": ("", "+")}
_GROUNDS = {
    ("changed", 0): ("remove_background", "remove_strong"),
    ("changed", 1): ("add_background", "add_strong"),
    ("left", 0): ("remove_background", "remove_strong"),
    ("right", 1): ("add_background", "add_strong"),
}
_LEFT = int(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
_RIGHT = int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)


class SideModel(QAbstractTableModel):
    """Lines of the screen."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.pairs: Sequence[Pair] = ()
        self.names = ("", "")

    def show(self, pairs: Sequence[Pair], names: tuple[str, str]) -> None:
        """Show other lines."""
        self.beginResetModel()
        self.pairs, self.names = pairs, names
        self.endResetModel()

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008 - Qt's own signature
        return 0 if parent.isValid() else len(self.pairs)

    def columnCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008 - as above
        return 0 if parent.isValid() else 2

    def headerData(
        self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole
    ) -> Any:
        if orientation != Qt.Orientation.Horizontal:
            return None
        if role == Qt.ItemDataRole.DisplayRole:
            return self.names[section]
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return _LEFT
        return None

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        pair = self.pairs[index.row()]
        if role == _PAIR:
            return pair
        cell = pair.right if index.column() else pair.left
        if role == Qt.ItemDataRole.DisplayRole:
            return cell.text
        if role == Qt.ItemDataRole.AccessibleTextRole:
            if pair.kind in ("title", "fold", "note"):
                return pair.left.text
            side = self.names[index.column()]
            if cell.number is None and not cell.text:
                return f"{side}: nothing"
            state = {"changed": "changed, ", "same": ""}.get(pair.kind, "only here, ")
            number = "" if cell.number is None else f"line {cell.number}, "
            return f"{side}, {state}{number}{cell.text}"
        return None


class _Lines(QStyledItemDelegate):
    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        return QSize(120, _HEIGHT)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        pair: Pair = index.data(_PAIR)
        box: QRect = option.rect
        side = index.column()
        selected = bool(option.state & QStyle.StateFlag.State_Selected)
        painter.save()
        if pair.kind in ("title", "fold", "note"):
            _paint_words(painter, box, pair, side, selected=selected)
        else:
            cell = pair.right if side else pair.left
            ground, strong = _GROUNDS.get((pair.kind, side), ("surface", ""))
            if cell.number is None and not cell.text and pair.kind in ("left", "right"):
                ground = "sunken"
            painter.fillRect(box, colour(ground))
            _paint_line(painter, box, cell, strong, _SIGNS.get(pair.kind, ("", ""))[side])
            if selected:
                painter.fillRect(box.left(), box.top(), 3, box.height(), colour("accent"))
        if side:
            painter.setPen(colour("border_strong"))
            painter.drawLine(box.topLeft(), box.bottomLeft())
        painter.restore()


def _paint_words(painter: QPainter, box: QRect, pair: Pair, side: int, *, selected: bool) -> None:
    title = pair.kind == "title"
    painter.fillRect(box, colour("selection" if selected else "raised" if title else "window"))
    if side:
        return
    quiet = "selection_text" if selected else "text" if title else "text_muted"
    inside = box.adjusted(8, 0, 0, 0)
    if pair.kind == "fold":
        paint_icon(painter, "chevron-right", QRectF(10, box.center().y() - 5, 12, 12), quiet)
        inside.setLeft(28)
    painter.setFont(ui_font(0.92, bold=title))
    painter.setPen(colour(quiet))
    painter.drawText(inside, _LEFT, pair.left.text)


def _paint_line(painter: QPainter, box: QRect, cell: Cell, strong: str, sign: str) -> None:
    font = mono_font(0.95)
    painter.setFont(font)
    if cell.number is not None:
        painter.setPen(colour("line_number" if not strong else "text"))
        painter.drawText(
            QRect(box.left(), box.top(), _GUTTER - 18, _HEIGHT), _RIGHT, str(cell.number)
        )
        painter.setPen(colour("text"))
        painter.drawText(QRect(box.left() + _GUTTER - 14, box.top(), 12, _HEIGHT), _LEFT, sign)
    advance = QFontMetricsF(font).horizontalAdvance("0")
    left = box.left() + _GUTTER
    if strong:
        for first, last in cell.words:
            spot = QRectF(
                left + first * advance, box.top() + 2, (last - first) * advance, _HEIGHT - 4
            )
            painter.fillRect(spot, colour(strong))
    painter.setPen(colour("text"))
    painter.drawText(QRect(left, box.top(), box.right() - left, _HEIGHT), _LEFT, cell.text)


class SideView(QTableView):
    """The pane; Enter or a click unfolds equal lines."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._parts: tuple[SidePart, ...] = ()
        self._names = ("", "")
        self._opened: frozenset[tuple[int, int]] = frozenset()
        self._width = 0
        self.lines = SideModel(self)
        self.setModel(self.lines)
        self.setItemDelegate(_Lines(self))
        self.setAccessibleName("Both steps side by side")
        header = self.horizontalHeader()
        header.setSectionResizeMode(QHeaderView.ResizeMode.Stretch)
        header.setHighlightSections(False)
        header.setSectionsClickable(False)
        header.setAccessibleName("Steps")
        self.verticalHeader().hide()
        self.verticalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        self.verticalHeader().setMinimumSectionSize(_HEIGHT)
        self.verticalHeader().setDefaultSectionSize(_HEIGHT)
        self.setShowGrid(False)
        self.setWordWrap(False)
        self.setCornerButtonEnabled(False)
        self.setTabKeyNavigation(False)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.verticalScrollBar().setSingleStep(_HEIGHT)
        self._pause = QTimer(self)
        self._pause.setSingleShot(True)
        self._pause.setInterval(60)
        self._pause.timeout.connect(self._lay_out)

    def show_parts(self, parts: tuple[SidePart, ...], names: tuple[str, str]) -> None:
        """Show other steps."""
        self._parts, self._names = parts, names
        self._opened = frozenset()
        self._width = 0
        self._lay_out()
        self.scrollToTop()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        if self._characters() != self._width:
            self._pause.start()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        index = self.currentIndex()
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and index.isValid():
            self._unfold(index)
            return
        super().keyPressEvent(event)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        super().mouseReleaseEvent(event)
        index = self.indexAt(event.position().toPoint())
        if index.isValid():
            self._unfold(index)

    def _characters(self) -> int:
        advance = QFontMetricsF(mono_font(0.95)).horizontalAdvance("0")
        return max(8, int((self.viewport().width() / 2 - _GUTTER - 8) / advance))

    def _lay_out(self) -> None:
        width = self._characters()
        if width == self._width:
            return
        self._width = width
        self.lines.show(laid_out(self._parts, width, self._opened), self._names)

    def _unfold(self, index: QModelIndex) -> None:
        pair = self.lines.pairs[index.row()]
        if pair.kind != "fold":
            return
        self._opened |= {pair.place}
        self._width = 0
        place = self.verticalScrollBar().value()
        self._lay_out()
        self.verticalScrollBar().setValue(place)
        self.setCurrentIndex(self.lines.index(index.row(), 0))

    def copy(self) -> None:
        """Put the selected lines of both sides on the clipboard; Edit > Copy asks for it."""
        rows = sorted(index.row() for index in self.selectionModel().selectedRows())
        lines: list[str] = []
        for row in rows:
            pair = self.lines.pairs[row]
            if pair.kind in ("title", "fold", "note"):
                lines.append(pair.left.text)
            elif pair.kind == "same":
                lines.append(f"  {pair.left.text}")
            else:
                lines += [f"- {pair.left.text}"] if pair.kind != "right" else []
                lines += [f"+ {pair.right.text}"] if pair.kind != "left" else []
        QGuiApplication.clipboard().setText("\n".join(lines))
