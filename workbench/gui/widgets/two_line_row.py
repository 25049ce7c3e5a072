"""Lists whose rows have two lines, a sign, badges and a quiet text at the end.

Rows are plain values; the view asks nothing else of what stands behind them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from PySide6.QtCore import (
    QAbstractListModel,
    QModelIndex,
    QPersistentModelIndex,
    QRect,
    QRectF,
    QSize,
    Qt,
    Signal,
)
from PySide6.QtGui import QFont, QFontMetrics, QKeyEvent, QPainter
from PySide6.QtWidgets import QListView, QStyle, QStyledItemDelegate, QStyleOptionViewItem, QWidget

from workbench.gui.theme.current import colour
from workbench.gui.theme.icons import paint_icon
from workbench.gui.widgets.badge import Tone, badge_width, paint_badge

Index = QModelIndex | QPersistentModelIndex

#: Roles of the ``TwoLines`` of a row and of the value behind it.
LINES_ROLE = Qt.ItemDataRole.UserRole + 20
VALUE_ROLE = Qt.ItemDataRole.UserRole + 21

_HEIGHT = 52
_HEADING_HEIGHT = 30
_SIDE = 12
_SIGN = 16
#: How far a row stands below the one it belongs to, in px, and where that ends.
_DEEPER, _MOST_DEEP = 18, 6


@dataclass(frozen=True, slots=True)
class TwoLines:
    """What a row shows. A ``heading`` has a title alone and cannot be selected.

    ``below`` puts the badges at the end of the second line, so that a long title has the first.
    ``depth`` moves a row below the one it belongs to.
    """

    title: str
    detail: str = ""
    aside: str = ""
    badges: tuple[tuple[str, Tone], ...] = ()
    icon: str = ""
    token: str = "text_muted"
    faint: bool = False
    heading: bool = False
    below: bool = False
    tip: str = ""
    depth: int = 0

    @property
    def spoken(self) -> str:
        """The row for a screen reader."""
        words = (self.title, *(text for text, _ in self.badges), self.detail, self.aside)
        return ", ".join(word for word in words if word)


class TwoLineModel(QAbstractListModel):
    """Rows with the values behind them."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._rows: list[tuple[TwoLines, object]] = []

    def show(self, rows: Sequence[tuple[TwoLines, object]]) -> None:
        """Show other rows."""
        if len(rows) == len(self._rows):
            self._rows = list(rows)
            if rows:
                self.dataChanged.emit(self.index(0), self.index(len(rows) - 1))
            return
        self.beginResetModel()
        self._rows = list(rows)
        self.endResetModel()

    def values(self) -> list[object]:
        """Return the value of each row; that of a heading is None."""
        return [value for _, value in self._rows]

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008 - Qt's own signature
        return 0 if parent.isValid() else len(self._rows)

    def flags(self, index: Index) -> Qt.ItemFlag:
        if index.isValid() and self._rows[index.row()][0].heading:
            return Qt.ItemFlag.NoItemFlags
        return super().flags(index)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        lines, value = self._rows[index.row()]
        if role == Qt.ItemDataRole.DisplayRole:
            return lines.title
        if role == Qt.ItemDataRole.ToolTipRole:
            return lines.tip or None
        if role == Qt.ItemDataRole.AccessibleTextRole:
            return lines.spoken
        if role == LINES_ROLE:
            return lines
        if role == VALUE_ROLE:
            return value
        return None


class TwoLineRow(QStyledItemDelegate):
    """Draws title and badges on the first line, detail and the quiet text on the second."""

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        lines = index.data(LINES_ROLE)
        return QSize(160, _HEADING_HEIGHT if lines.heading else _HEIGHT)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        lines: TwoLines = index.data(LINES_ROLE)
        box: QRect = option.rect
        painter.save()
        if lines.heading:
            _paint_heading(painter, box, lines, option.font)
            painter.restore()
            return
        selected = bool(option.state & QStyle.StateFlag.State_Selected)
        hovered = bool(option.state & QStyle.StateFlag.State_MouseOver)
        if selected or hovered:
            painter.fillRect(box, colour("selection" if selected else "hover"))
        painter.setPen(colour("border"))
        painter.drawLine(box.bottomLeft(), box.bottomRight())
        if selected:
            painter.fillRect(box.left(), box.top(), 3, box.height(), colour("accent"))
        inside = box.adjusted(_SIDE, 7, -_SIDE, -7)
        if lines.depth:
            inside = _paint_branch(painter, inside, lines.depth)
        if lines.icon:
            top = inside.top() + 2
            token = "selection_text" if selected else lines.token
            paint_icon(painter, lines.icon, QRectF(inside.left(), top, _SIGN, _SIGN), token)
            inside = inside.adjusted(_SIGN + 8, 0, 0, 0)
        front = "text_muted" if lines.faint else "text"
        _paint_title(painter, inside, lines, option.font, "selection_text" if selected else front)
        _paint_detail(painter, inside, lines, option.font, selected=selected)
        painter.restore()


def _paint_branch(painter: QPainter, inside: QRect, depth: int) -> QRect:
    """Draw the corner that leads to a row from the one above it; return the room beside it."""
    left = inside.left() + (min(depth, _MOST_DEEP) - 1) * _DEEPER + 6
    painter.setPen(colour("border_strong"))
    middle = inside.top() + 10
    painter.drawLine(left, inside.top() - 7, left, middle)
    painter.drawLine(left, middle, left + 8, middle)
    return inside.adjusted(min(depth, _MOST_DEEP) * _DEEPER, 0, 0, 0)


def _paint_heading(painter: QPainter, box: QRect, lines: TwoLines, base: QFont) -> None:
    painter.fillRect(box, colour("window"))
    painter.setPen(colour("border"))
    painter.drawLine(box.bottomLeft(), box.bottomRight())
    font = QFont(base)
    font.setBold(True)
    font.setPointSizeF(base.pointSizeF() * 0.9)
    painter.setFont(font)
    painter.setPen(colour("text_muted"))
    inside = box.adjusted(_SIDE, 0, -_SIDE, 0)
    painter.drawText(inside, int(Qt.AlignmentFlag.AlignVCenter), lines.title)


def _paint_badges(painter: QPainter, line: QRect, lines: TwoLines, base: QFont) -> QRect:
    """Draw the badges at the right end of a line and return what is left of it."""
    widths = [badge_width(text, tone, base) for text, tone in lines.badges]
    if not widths:
        return line
    painter.setFont(base)
    left = line.right() + 1 - sum(widths) - 4 * (len(widths) - 1)
    start = left
    for (text, tone), width in zip(lines.badges, widths, strict=True):
        paint_badge(painter, start, line.center().y() + 1, text, tone)
        start += width + 4
    return QRect(line.left(), line.top(), int(left) - line.left() - 10, line.height())


def _paint_title(
    painter: QPainter, inside: QRect, lines: TwoLines, base: QFont, front: str
) -> None:
    box = QRect(inside.left(), inside.top(), inside.width(), 20)
    if not lines.below:
        box = _paint_badges(painter, box, lines, base)
    bold = QFont(base)
    bold.setBold(True)
    painter.setFont(bold)
    painter.setPen(colour(front))
    title = QFontMetrics(bold).elidedText(lines.title, Qt.TextElideMode.ElideRight, box.width())
    painter.drawText(box, int(Qt.AlignmentFlag.AlignVCenter), title)


def _paint_detail(
    painter: QPainter, inside: QRect, lines: TwoLines, base: QFont, *, selected: bool
) -> None:
    line = QRect(inside.left(), inside.bottom() - 17, inside.width(), 18)
    if lines.below:
        line = _paint_badges(painter, line, lines, base)
    painter.setFont(base)
    painter.setPen(colour("selection_text" if selected else "text_muted"))
    metrics = QFontMetrics(base)
    if lines.aside:
        room = line.width() - metrics.horizontalAdvance(lines.detail) - 12
        aside = metrics.elidedText(
            lines.aside, Qt.TextElideMode.ElideMiddle, max(room, round(line.width() * 0.4))
        )
        painter.drawText(
            line, int(Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignRight), aside
        )
        line.setRight(line.right() - metrics.horizontalAdvance(aside) - 12)
    detail = metrics.elidedText(lines.detail, Qt.TextElideMode.ElideRight, line.width())
    painter.drawText(line, int(Qt.AlignmentFlag.AlignVCenter), detail)


class TwoLineList(QListView):
    """The list. ``chosen`` tells of the current value, ``opened`` of Enter or a double click.

    ``headings`` says that there may be headings among the rows, which are lower.
    """

    chosen = Signal(object)
    opened = Signal(object)

    def __init__(
        self,
        name: str,
        key: Callable[[Any], object],
        parent: QWidget | None = None,
        *,
        headings: bool = False,
    ) -> None:
        super().__init__(parent)
        self._key = key
        # Asking each of many rows for its height is what makes long lists slow.
        self.setUniformItemSizes(not headings)
        self.rows = TwoLineModel(self)
        self.setModel(self.rows)
        self.setItemDelegate(TwoLineRow(self))
        self.setMouseTracking(True)
        self.setVerticalScrollMode(QListView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setAccessibleName(name)
        self.selectionModel().currentChanged.connect(lambda *_: self._tell())
        self.doubleClicked.connect(self._open)

    def show_rows(self, rows: Sequence[tuple[TwoLines, object]]) -> None:
        """Show other rows; the current one stays current where it is still there."""
        before = self.current()
        wanted = None if before is None else self._key(before)
        self.rows.show(rows)
        if wanted is not None and not self.select(wanted):
            self.clearSelection()

    def current(self) -> Any:
        """Return the value of the current row, or None."""
        return self.currentIndex().data(VALUE_ROLE)

    def select(self, key: object) -> bool:
        """Make the row of that key current; False when there is none."""
        for number, value in enumerate(self.rows.values()):
            if value is not None and self._key(value) == key:
                if number != self.currentIndex().row():
                    self.setCurrentIndex(self.rows.index(number))
                return True
        return False

    def select_first(self) -> None:
        """Make the first row that can be selected current."""
        for number, value in enumerate(self.rows.values()):
            if value is not None:
                self.setCurrentIndex(self.rows.index(number))
                return

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and self.current() is not None:
            self._open(self.currentIndex())
            return
        super().keyPressEvent(event)

    def _tell(self) -> None:
        value = self.current()
        if value is not None:
            self.chosen.emit(value)

    def _open(self, index: QModelIndex) -> None:
        value = index.data(VALUE_ROLE)
        if value is not None:
            self.opened.emit(value)
