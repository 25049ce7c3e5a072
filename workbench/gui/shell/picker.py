"""The list that drops from the top: command palette, quick open, and other choices."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from PySide6.QtCore import (
    QAbstractListModel,
    QEvent,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    QRect,
    QSize,
    Qt,
)
from PySide6.QtGui import QKeyEvent, QPainter
from PySide6.QtWidgets import (
    QApplication,
    QFrame,
    QLabel,
    QLineEdit,
    QListView,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QWidget,
)

from workbench.gui.shell.fuzzy import rank
from workbench.gui.theme.current import colour
from workbench.gui.widgets.layouts import column

Index = QModelIndex | QPersistentModelIndex

_WIDTH = 620
_ROW = 30
_ROWS = 12
_MOST = 200


@dataclass(frozen=True, slots=True)
class Choice:
    """Something to pick. ``hint`` is shown at the right, ``detail`` beside the text.

    ``unavailable`` is the reason why it cannot be picked now; it is shown and it is not run.
    """

    text: str
    run: Callable[[], object]
    detail: str = ""
    hint: str = ""
    unavailable: str = ""


def _no_choice(text: str) -> Choice | None:
    """Make nothing of what is typed."""
    del text
    return None


class _Choices(QAbstractListModel):
    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self.shown: list[Choice] = []

    def show(self, choices: list[Choice]) -> None:
        self.beginResetModel()
        self.shown = choices
        self.endResetModel()

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008 - Qt's own signature
        return 0 if parent.isValid() else len(self.shown)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        choice = self.shown[index.row()]
        if role == Qt.ItemDataRole.DisplayRole:
            return choice.text
        if role == Qt.ItemDataRole.AccessibleTextRole:
            return ", ".join(filter(None, (choice.text, choice.detail, choice.hint)))
        if role == Qt.ItemDataRole.ToolTipRole:
            return choice.unavailable or choice.detail or None
        if role == Qt.ItemDataRole.UserRole:
            return choice
        return None


class _Row(QStyledItemDelegate):
    """Text, quiet detail, and the hint at the right."""

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        return QSize(0, _ROW)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        choice: Choice = index.data(Qt.ItemDataRole.UserRole)
        selected = bool(option.state & QStyle.StateFlag.State_Selected)
        box: QRect = option.rect
        painter.save()
        if selected:
            painter.fillRect(box, colour("selection"))
        quiet = "selection_text" if selected else "text_muted"
        front = "selection_text" if selected else "text"
        if choice.unavailable and not selected:
            front = quiet = "text_disabled"
        inside = box.adjusted(16, 0, -16, 0)
        metrics = painter.fontMetrics()
        centre = Qt.AlignmentFlag.AlignVCenter
        hint = choice.unavailable or choice.hint
        room = int(inside.width() * 0.55)
        hint = metrics.elidedText(hint, Qt.TextElideMode.ElideRight, room)
        painter.setPen(colour(quiet))
        painter.drawText(inside, int(centre | Qt.AlignmentFlag.AlignRight), hint)
        left = inside.adjusted(0, 0, -metrics.horizontalAdvance(hint) - 16, 0)
        text = metrics.elidedText(choice.text, Qt.TextElideMode.ElideRight, left.width())
        painter.setPen(colour(front))
        painter.drawText(left, int(centre | Qt.AlignmentFlag.AlignLeft), text)
        if choice.detail:
            rest = left.adjusted(metrics.horizontalAdvance(text) + 12, 0, 0, 0)
            if rest.width() > 40:
                detail = metrics.elidedText(
                    choice.detail, Qt.TextElideMode.ElideMiddle, rest.width()
                )
                painter.setPen(colour(quiet))
                painter.drawText(rest, int(centre | Qt.AlignmentFlag.AlignLeft), detail)
        painter.restore()


class Picker(QFrame):
    """A field and a list over the window; Esc or a click elsewhere closes it."""

    def __init__(self, window: QWidget) -> None:
        super().__init__(window)
        self.setObjectName("Overlay")
        self._window = window
        self._all: Sequence[Choice] = ()
        self._typed: Callable[[str], Choice | None] = _no_choice
        self._before: QWidget | None = None
        self.field = QLineEdit()
        self.field.textChanged.connect(self._filter)
        self.field.installEventFilter(self)
        self._model = _Choices(self)
        self.list = QListView()
        self.list.setModel(self._model)
        self.list.setItemDelegate(_Row(self.list))
        self.list.setUniformItemSizes(True)
        self.list.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.list.clicked.connect(lambda _index: self._pick())
        self._none = QLabel("Nothing matches.")
        self._none.setProperty("muted", True)
        self._none.setContentsMargins(16, 8, 16, 12)
        inside = column(self, margin=8, spacing=4)
        inside.addWidget(self.field)
        inside.addWidget(self.list, 1)
        inside.addWidget(self._none)
        self.hide()

    @property
    def shown(self) -> tuple[Choice, ...]:
        """The choices now listed."""
        return tuple(self._model.shown)

    def ask(
        self,
        title: str,
        choices: Sequence[Choice],
        *,
        text: str = "",
        typed: Callable[[str], Choice | None] = _no_choice,
    ) -> None:
        """Show the choices; picking one closes the list and runs it.

        ``typed`` may make a choice of what is typed; it is the only one listed then.
        """
        self._typed = typed
        if not self.isVisible():
            self._before = QApplication.focusWidget()
        self._all = choices
        self.field.setPlaceholderText(title)
        self.field.setAccessibleName(title)
        self.list.setAccessibleName(f"{title}: matches")
        self.field.setText(text)
        self._filter(text)
        self.show()
        self.raise_()
        self.field.setFocus(Qt.FocusReason.PopupFocusReason)

    def dismiss(self) -> None:
        """Close without picking and give the focus back."""
        if not self.isVisible():
            return
        self.hide()
        if self._before is not None:
            try:
                self._before.setFocus(Qt.FocusReason.PopupFocusReason)
            except RuntimeError:  # the widget was deleted meanwhile
                self._before = None

    def place(self) -> None:
        """Lay the list out at the top of the window."""
        window = self._window
        rows = min(_ROWS, max(1, len(self._model.shown)))
        height = self.field.sizeHint().height() + rows * _ROW + 28
        width = min(_WIDTH, window.width() - 32)
        self.setGeometry((window.width() - width) // 2, 48, width, height)

    def _filter(self, query: str) -> None:
        made = self._typed(query)
        found = (
            [made]
            if made
            else rank(query, self._all, lambda choice: f"{choice.text} {choice.detail}")[:_MOST]
        )
        self._model.show(found)
        self.list.setVisible(bool(found))
        self._none.setVisible(not found)
        if found:
            self.list.setCurrentIndex(self._model.index(0))
        self.place()

    def _pick(self) -> None:
        index = self.list.currentIndex()
        if not index.isValid():
            return
        choice: Choice = index.data(Qt.ItemDataRole.UserRole)
        if choice.unavailable:
            return
        self.dismiss()
        choice.run()

    def _move(self, by: int) -> None:
        count = len(self._model.shown)
        if count:
            row = (self.list.currentIndex().row() + by) % count
            self.list.setCurrentIndex(self._model.index(row))

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.FocusOut and not self.isAncestorOf(
            QApplication.focusWidget() or self._window
        ):
            self.hide()
            return False
        if event.type() == QEvent.Type.KeyPress and isinstance(event, QKeyEvent):
            moves = {
                Qt.Key.Key_Down: 1,
                Qt.Key.Key_Up: -1,
                Qt.Key.Key_PageDown: _ROWS,
                Qt.Key.Key_PageUp: -_ROWS,
            }
            key = Qt.Key(event.key())
            if key in moves:
                self._move(moves[key])
                return True
            if key in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
                self._pick()
                return True
            if key == Qt.Key.Key_Escape:
                self.dismiss()
                return True
        return super().eventFilter(watched, event)
