"""Which runs are compared: open traces, in the order in which they are chosen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
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
from PySide6.QtGui import QFont, QFontMetrics, QKeyEvent, QMouseEvent, QPainter
from PySide6.QtWidgets import (
    QLabel,
    QListView,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QWidget,
)

from workbench.domain.text import counted
from workbench.gui.theme.current import colour
from workbench.gui.theme.fonts import ui_font
from workbench.gui.theme.icons import paint_icon
from workbench.gui.traces.compare.run_words import letter, run_colour
from workbench.gui.traces.opened import TracePlace
from workbench.gui.traces.words import day
from workbench.gui.widgets.buttons import primary_button, push_button
from workbench.gui.widgets.layouts import column, row
from workbench.gui.widgets.search_field import SearchField
from workbench.traces.compare.keys import task_of
from workbench.traces.titles import title_of

Index = QModelIndex | QPersistentModelIndex

_CHOICE = Qt.ItemDataRole.UserRole
_HEIGHT = 44
#: More runs beside one another cannot be read.
MOST = 6


@dataclass(frozen=True, slots=True)
class Choice:
    """A run that can be compared. ``alike`` runs have the same first prompt, itself with them."""

    place: TracePlace
    title: str
    detail: str
    alike: int
    words: str

    @property
    def key(self) -> tuple[str, str]:
        """What tells it from the others."""
        return self.place.path, self.place.trajectory.id


def choices_of(places: Sequence[TracePlace]) -> list[Choice]:
    """Return the runs, those of a task that was run twice or more first, the latest first."""
    tasks = [task_of(place.trajectory) for place in places]
    counts: dict[str, int] = {}
    for task in tasks:
        counts[task] = counts.get(task, 0) + 1
    ordered = sorted(
        zip(places, tasks, strict=True),
        key=lambda pair: pair[0].trajectory.started or "",
        reverse=True,
    )
    # Runs of one task stand together; the others by their time alone.
    ordered.sort(key=lambda pair: (0, pair[1]) if pair[1] and counts[pair[1]] > 1 else (1, ""))
    return [_choice(place, counts[task] if task else 1) for place, task in ordered]


def _choice(place: TracePlace, alike: int) -> Choice:
    one = place.trajectory
    title = title_of(one)
    detail = "  ·  ".join(
        filter(
            None,
            (
                "subagent" if place.way else "",
                one.agent or one.format,
                one.model or "",
                counted(len(one.steps), "step"),
                day(one.started),
                Path(place.path).name,
            ),
        )
    )
    return Choice(place, " ".join(title.split()), detail, alike, f"{title} {detail}".casefold())


class ChoicesModel(QAbstractListModel):
    """Runs that pass the filter, and which are chosen."""

    changed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._all: list[Choice] = []
        self._shown: list[Choice] = []
        self.chosen: list[Choice] = []

    def show(self, choices: Sequence[Choice], words: str) -> None:
        """Show other runs; those that are gone are no longer chosen."""
        self.beginResetModel()
        self._all = list(choices)
        wanted = words.casefold().split()
        self._shown = [one for one in self._all if all(word in one.words for word in wanted)]
        keys = {one.key: one for one in self._all}
        self.chosen = [keys[one.key] for one in self.chosen if one.key in keys]
        self.endResetModel()
        self.changed.emit()

    def toggle(self, number: int) -> None:
        """Choose a run, or no longer."""
        one = self._shown[number]
        if self.order_of(one) >= 0:
            self.chosen = [other for other in self.chosen if other.key != one.key]
        elif len(self.chosen) < MOST:
            self.chosen = [*self.chosen, one]
        self._tell()

    def clear(self) -> None:
        """Choose none."""
        self.chosen = []
        self._tell()

    def order_of(self, one: Choice) -> int:
        """Return the ordinal of a chosen run, -1 for others."""
        return next((n for n, other in enumerate(self.chosen) if other.key == one.key), -1)

    def _tell(self) -> None:
        if self._shown:
            self.dataChanged.emit(self.index(0), self.index(len(self._shown) - 1))
        self.changed.emit()

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008 - Qt's own signature
        return 0 if parent.isValid() else len(self._shown)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        one = self._shown[index.row()]
        order = self.order_of(one)
        if role == _CHOICE:
            return one, order
        if role == Qt.ItemDataRole.DisplayRole:
            return one.title
        if role == Qt.ItemDataRole.ToolTipRole:
            return f"{one.title}\n{one.place.path}"
        if role == Qt.ItemDataRole.AccessibleTextRole:
            state = f"chosen as {letter(order)}" if order >= 0 else "not chosen"
            alike = f", one of {one.alike} runs of this prompt" if one.alike > 1 else ""
            return f"{one.title}, {state}{alike}, {one.detail}"
        return None


class _Rows(QStyledItemDelegate):
    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        return QSize(200, _HEIGHT)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        one, order = index.data(_CHOICE)
        box: QRect = option.rect
        selected = bool(option.state & QStyle.StateFlag.State_Selected)
        hovered = bool(option.state & QStyle.StateFlag.State_MouseOver)
        painter.save()
        if selected or hovered:
            painter.fillRect(box, colour("selection" if selected else "hover"))
        painter.setPen(colour("border"))
        painter.drawLine(box.bottomLeft(), box.bottomRight())
        quiet = "selection_text" if selected else "text_muted"
        mark = QRectF(box.left() + 14, box.center().y() - 9, 18, 18)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if order >= 0:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(colour("surface"))
            painter.drawRoundedRect(mark, 4, 4)
            painter.setFont(ui_font(bold=True))
            painter.setPen(colour(run_colour(order)))
            painter.drawRoundedRect(mark, 4, 4)
            painter.drawText(mark, int(Qt.AlignmentFlag.AlignCenter), letter(order))
        else:
            painter.setPen(colour(quiet if selected else "border_strong"))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRoundedRect(mark, 4, 4)
        inside = box.adjusted(44, 4, -12, -4)
        small = ui_font(0.9)
        if one.alike > 1:
            text = f"{one.alike} runs of this prompt"
            width = QFontMetrics(small).horizontalAdvance(text)
            painter.setFont(small)
            painter.setPen(colour(quiet))
            painter.drawText(inside, int(Qt.AlignmentFlag.AlignRight), text)
            spot = QRectF(inside.right() - width - 20, inside.top() + 2, 13, 13)
            paint_icon(painter, "copy", spot, quiet)
            title_room = inside.width() - width - 32
        else:
            title_room = inside.width()
        upper = QRect(inside.left(), inside.top(), title_room, 18)
        lower = QRect(inside.left(), inside.top() + 18, inside.width(), 18)
        front = "selection_text" if selected else "text"
        _line(painter, upper, one.title, ui_font(bold=order >= 0), front)
        _line(painter, lower, one.detail, small, quiet)
        painter.restore()


def _line(painter: QPainter, box: QRect, text: str, font: QFont, token: str) -> None:
    painter.setFont(font)
    painter.setPen(colour(token))
    shown = QFontMetrics(font).elidedText(text, Qt.TextElideMode.ElideRight, box.width())
    painter.drawText(box, int(Qt.AlignmentFlag.AlignVCenter), shown)


class _List(QListView):
    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Space and self.currentIndex().isValid():
            self.choices.toggle(self.currentIndex().row())
            return
        super().keyPressEvent(event)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        super().mouseReleaseEvent(event)
        index = self.indexAt(event.position().toPoint())
        if index.isValid() and event.button() == Qt.MouseButton.LeftButton:
            self.choices.toggle(index.row())

    def __init__(self, choices: ChoicesModel) -> None:
        super().__init__()
        self.choices = choices
        self.setModel(choices)
        self.setItemDelegate(_Rows(self))
        self.setUniformItemSizes(True)
        self.setMouseTracking(True)
        self.setVerticalScrollMode(QListView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setAccessibleName("Runs to compare")


class RunPicker(QWidget):
    """The list with a filter; ``picked`` carries the chosen places in order."""

    picked = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._all: list[Choice] = []
        self.choices = ChoicesModel(self)
        self.list = _List(self.choices)
        self.filter = SearchField("Filter runs…")
        self.sentence = QLabel()
        self.sentence.setProperty("muted", True)
        self.sentence.setWordWrap(True)
        self.button = primary_button("Compare", self._pick)
        self.none = push_button("Choose none", self.choices.clear)
        tools = row(spacing=8)
        tools.setContentsMargins(12, 8, 12, 8)
        tools.addWidget(self.filter, 1)
        tools.addWidget(self.none)
        tools.addWidget(self.button)
        inside = column(self, spacing=0)
        inside.addLayout(tools)
        self.sentence.setContentsMargins(12, 0, 12, 8)
        inside.addWidget(self.sentence)
        inside.addWidget(self.list, 1)
        self.setFocusProxy(self.list)
        self.filter.searched.connect(lambda _text: self._show())
        self.filter.left_downwards.connect(self.list.setFocus)
        self.choices.changed.connect(self._tell)
        self._tell()

    def show_choices(self, choices: Sequence[Choice]) -> None:
        """List other runs; what is chosen stays where it is still there."""
        self._all = list(choices)
        self._show()

    def choose(self, keys: Sequence[tuple[str, str]]) -> None:
        """Choose runs by (path, id)."""
        known = {one.key: one for one in self._all}
        self.choices.chosen = [known[key] for key in keys if key in known][:MOST]
        self._show()

    def _show(self) -> None:
        self.choices.show(self._all, self.filter.text())
        if self.choices.rowCount() and not self.list.currentIndex().isValid():
            self.list.setCurrentIndex(self.choices.index(0))

    def _pick(self) -> None:
        if len(self.choices.chosen) > 1:
            self.picked.emit([one.place for one in self.choices.chosen])

    def _tell(self) -> None:
        count = len(self.choices.chosen)
        self.button.setEnabled(count > 1)
        self.none.setEnabled(count > 0)
        if count == 0:
            words = "Choose two runs or more with Space or a click; the first is what others are "
            words += "compared with."
        elif count == 1:
            words = "One run is chosen. Choose another to compare it with."
        elif count == MOST:
            words = f"{MOST} runs are chosen; more cannot be read beside one another."
        else:
            words = f"{count} runs are chosen."
        self.sentence.setText(words)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self._pick()
            return
        super().keyPressEvent(event)
