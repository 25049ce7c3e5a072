"""A list to choose from: "all of them", or those with a mark."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from PySide6.QtCore import (
    QAbstractItemModel,
    QAbstractListModel,
    QEvent,
    QModelIndex,
    QPersistentModelIndex,
    QRectF,
    QSize,
    Qt,
    Signal,
)
from PySide6.QtGui import QKeyEvent, QMouseEvent, QPainter
from PySide6.QtWidgets import (
    QButtonGroup,
    QFrame,
    QListView,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QWidget,
)

from workbench.gui.theme.current import colour
from workbench.gui.widgets.layouts import column, row
from workbench.gui.widgets.marks import MARK, RadioButton, paint_mark

Index = QModelIndex | QPersistentModelIndex
_HEIGHT = 184
_ROW = 26


class CheckModel(QAbstractListModel):
    """Rows of (key, text), each with a mark."""

    marked_changed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._rows: tuple[tuple[str, str], ...] = ()
        self._marked: set[str] = set()

    def show(self, rows: Sequence[tuple[str, str]]) -> None:
        """Show other rows; marks of rows that are still there stay."""
        self.beginResetModel()
        self._rows = tuple(rows)
        self._marked &= {key for key, _ in self._rows}
        self.endResetModel()

    def rows(self) -> tuple[tuple[str, str], ...]:
        """Return all rows as key and text."""
        return self._rows

    def marked(self) -> tuple[str, ...]:
        """Return the keys of marked rows in order."""
        return tuple(key for key, _ in self._rows if key in self._marked)

    def mark(self, keys: Sequence[str]) -> None:
        """Mark exactly these rows."""
        self._marked = set(keys)
        if self._rows:
            self.dataChanged.emit(self.index(0), self.index(len(self._rows) - 1))
        self.marked_changed.emit()

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008 - Qt's own signature
        return 0 if parent.isValid() else len(self._rows)

    def flags(self, index: Index) -> Qt.ItemFlag:
        return super().flags(index) | Qt.ItemFlag.ItemIsUserCheckable

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        key, text = self._rows[index.row()]
        if role == Qt.ItemDataRole.DisplayRole:
            return text
        if role == Qt.ItemDataRole.ToolTipRole:
            return key
        if role == Qt.ItemDataRole.CheckStateRole:
            on = key in self._marked
            return Qt.CheckState.Checked if on else Qt.CheckState.Unchecked
        return None

    def setData(self, index: Index, value: Any, role: int = Qt.ItemDataRole.EditRole) -> bool:
        if role != Qt.ItemDataRole.CheckStateRole:
            return False
        key = self._rows[index.row()][0]
        if Qt.CheckState(value) == Qt.CheckState.Checked:
            self._marked.add(key)
        else:
            self._marked.discard(key)
        self.dataChanged.emit(index, index)
        self.marked_changed.emit()
        return True


class _MarkRow(QStyledItemDelegate):
    """Draws mark and text; a click anywhere in the row, or Space, changes the mark."""

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        return QSize(120, _ROW)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        selected = bool(option.state & QStyle.StateFlag.State_Selected)
        hovered = bool(option.state & QStyle.StateFlag.State_MouseOver)
        box = option.rect
        painter.save()
        if selected or hovered:
            painter.fillRect(box, colour("selection" if selected else "hover"))
        mark = QRectF(box.left() + 8, box.top() + (box.height() - MARK) / 2, MARK, MARK)
        checked = index.data(Qt.ItemDataRole.CheckStateRole) == Qt.CheckState.Checked
        paint_mark(painter, mark, checked=checked)
        painter.setFont(option.font)
        painter.setPen(colour("selection_text" if selected else "text"))
        inside = box.adjusted(8 + MARK + 8, 0, -8, 0)
        text = option.fontMetrics.elidedText(
            str(index.data()), Qt.TextElideMode.ElideRight, inside.width()
        )
        painter.drawText(inside, int(Qt.AlignmentFlag.AlignVCenter), text)
        painter.restore()

    def editorEvent(
        self,
        event: QEvent,
        model: QAbstractItemModel,
        option: QStyleOptionViewItem,
        index: Index,
    ) -> bool:
        clicked = (
            isinstance(event, QMouseEvent)
            and event.type() == QEvent.Type.MouseButtonRelease
            and event.button() == Qt.MouseButton.LeftButton
        )
        pressed = isinstance(event, QKeyEvent) and event.key() == Qt.Key.Key_Space
        if not clicked and not pressed:
            return False
        role = Qt.ItemDataRole.CheckStateRole
        on = index.data(role) == Qt.CheckState.Checked
        return model.setData(index, Qt.CheckState.Unchecked if on else Qt.CheckState.Checked, role)


class CheckList(QFrame):
    """Two buttons, "all" and "only", and the list for the second."""

    changed = Signal()

    def __init__(self, things: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._things = things
        self.all = RadioButton()
        self.some = RadioButton()
        self.all.setChecked(True)
        self._group = QButtonGroup(self)
        self._group.addButton(self.all)
        self._group.addButton(self.some)
        self.model = CheckModel(self)
        self.view = QListView()
        self.view.setModel(self.model)
        self.view.setItemDelegate(_MarkRow(self.view))
        self.view.setMouseTracking(True)
        self.view.setUniformItemSizes(True)
        self.view.setAccessibleName(f"Chosen {things}")
        self.view.setFixedHeight(_HEIGHT)
        self.view.setFrameShape(QFrame.Shape.NoFrame)
        self.view.setProperty("boxed", True)
        self.view.hide()
        buttons = row(spacing=24)
        buttons.addWidget(self.all)
        buttons.addWidget(self.some)
        buttons.addStretch(1)
        inside = column(self, spacing=8)
        inside.addLayout(buttons)
        inside.addWidget(self.view)
        self.all.toggled.connect(lambda _on: self._switched())
        self.model.marked_changed.connect(self._tell)
        self._name()

    def show_rows(self, rows: Sequence[tuple[str, str]]) -> None:
        """Show what there is to choose from."""
        self.model.show(rows)
        self.setEnabled(bool(rows))
        self.view.setFixedHeight(min(_HEIGHT, max(1, len(rows)) * _ROW + 4))
        self._name()

    def rows(self) -> tuple[tuple[str, str], ...]:
        """Return all rows as key and text."""
        return self.model.rows()

    def chosen(self) -> tuple[str, ...] | None:
        """Return the chosen keys, None for all."""
        return None if self.all.isChecked() else self.model.marked()

    def choose(self, keys: Sequence[str]) -> None:
        """Choose exactly these."""
        self.some.setChecked(True)
        self.model.mark(keys)

    def _switched(self) -> None:
        self.view.setVisible(self.some.isChecked())
        self._tell()

    def _tell(self) -> None:
        self._name()
        self.changed.emit()

    def _name(self) -> None:
        count = self.model.rowCount()
        self.all.setText(f"All {count} {self._things}")
        marked = len(self.model.marked())
        self.some.setText(
            f"Only chosen ones ({marked})" if self.some.isChecked() else "Only chosen ones"
        )
