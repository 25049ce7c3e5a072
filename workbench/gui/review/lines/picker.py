"""Picking a line of the diff: a cursor that keys and the mouse move from line to line."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from PySide6.QtCore import QEvent, QObject, QRect, QRectF, Qt, Signal
from PySide6.QtGui import QKeyEvent, QMouseEvent, QPainter, QPen

from workbench.gui.review.diff.layout import Cell, Row
from workbench.gui.review.diff.line import DiffLine
from workbench.gui.review.diff.view import DiffView
from workbench.gui.theme.current import colour
from workbench.gui.theme.fonts import ui_font

Act = Callable[[], None]
#: Of a line of the diff: the number of what begins above it, and the words a screen reader gets.
Marks = Mapping[int, str]

_PAGE = 12


class LinePicker(QObject):
    """A cursor over some lines of a diff. While it is on, plain keys are its own.

    ``picked(line)`` tells of Enter or a double click, ``moved(line)`` of the cursor, ``left()`` of
    Esc. Lines are places among ``diff.lines``.
    """

    picked = Signal(int)
    moved = Signal(int)
    left = Signal()

    def __init__(self, diff: DiffView) -> None:
        super().__init__(diff)
        self._diff = diff
        self._lines: tuple[int, ...] = ()
        self._at = 0
        self._keys: dict[int, Act] = {}
        self._marks: dict[int, str] = {}
        diff.installEventFilter(self)
        diff.viewport().installEventFilter(self)

    @property
    def active(self) -> bool:
        """Whether a line is being picked."""
        return bool(self._lines)

    @property
    def line(self) -> int:
        """The line the cursor is on, -1 while none is picked."""
        return self._lines[self._at] if self._lines else -1

    def begin(self, lines: Sequence[int], first: int, keys: Mapping[int, Act]) -> None:
        """Put the cursor on a line; ``keys`` are what other keys do while it is there."""
        self._lines, self._keys = tuple(lines), dict(keys)
        self._at = self._lines.index(first) if first in self._lines else 0
        self._marks = {}
        self._diff.overlay = self._paint
        self._diff.setFocus(Qt.FocusReason.ShortcutFocusReason)
        self._go(self._at)

    def end(self) -> None:
        """Take the cursor away."""
        if self._lines:
            self._lines, self._keys, self._marks = (), {}, {}
            self._diff.overlay = None
            self._diff.describe()
            self._diff.viewport().update()

    def show_marks(self, marks: Marks) -> None:
        """Draw where something begins: a line above it and a number."""
        self._marks = dict(marks)
        self._diff.viewport().update()
        self._tell()

    def go_to(self, line: int) -> None:
        """Move the cursor to a line, where it is one that can be picked."""
        if line in self._lines:
            self._go(self._lines.index(line))

    def _go(self, at: int) -> None:
        if not self._lines:
            return
        self._at = min(max(at, 0), len(self._lines) - 1)
        self._diff.reveal(self.line)
        self._diff.viewport().update()
        self._tell()
        self.moved.emit(self.line)

    def _tell(self) -> None:
        """Tell a screen reader what the cursor is on."""
        if self._lines:
            line = self._diff.lines[self.line]
            mark = self._marks.get(self.line)
            begins = f" Part {mark} begins here." if mark else ""
            self._diff.setAccessibleDescription(f"{place_of(line)}: {line.text}.{begins}")

    # Keyboard and mouse

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Take plain keys and clicks while a line is picked."""
        if not self._lines:
            return False
        if isinstance(event, QKeyEvent) and watched is self._diff:
            return self._key(event)
        if isinstance(event, QMouseEvent) and watched is self._diff.viewport():
            return self._mouse(event)
        return False

    def _key(self, event: QKeyEvent) -> bool:
        plain = event.modifiers() in (
            Qt.KeyboardModifier.NoModifier,
            Qt.KeyboardModifier.KeypadModifier,
        )
        act = self._act_of(Qt.Key(event.key())) if plain else None
        overriding = event.type() == QEvent.Type.ShortcutOverride
        if act is None:
            # Letters that mean something elsewhere mean nothing here.
            return plain and bool(event.text().strip()) and not overriding
        if not overriding and event.type() == QEvent.Type.KeyPress:
            act()
        event.accept()
        return True

    def _act_of(self, key: Qt.Key) -> Act | None:
        at, last = self._at, len(self._lines) - 1
        steps = {
            Qt.Key.Key_Down: at + 1,
            Qt.Key.Key_Up: at - 1,
            Qt.Key.Key_PageDown: at + _PAGE,
            Qt.Key.Key_PageUp: at - _PAGE,
            Qt.Key.Key_Home: 0,
            Qt.Key.Key_End: last,
        }
        if key in steps:
            return lambda: self._go(steps[key])
        if key in self._keys:
            return self._keys[key]
        if key in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            return lambda: self.picked.emit(self.line)
        return self.left.emit if key == Qt.Key.Key_Escape else None

    def _mouse(self, event: QMouseEvent) -> bool:
        kind = event.type()
        if event.button() != Qt.MouseButton.LeftButton or kind not in (
            QEvent.Type.MouseButtonPress,
            QEvent.Type.MouseButtonDblClick,
        ):
            return False
        line = self._diff.line_at(event.position().toPoint())
        if line not in self._lines:
            return False
        self.go_to(line)
        if kind == QEvent.Type.MouseButtonDblClick:
            self.picked.emit(line)
        return True

    # Painting

    def _paint(self, painter: QPainter, row: Row, box: QRect) -> None:
        half = box.width() if row.right is None else box.width() // 2
        sides = [(row.left, QRect(box.left(), box.top(), half, box.height()))]
        if row.right is not None:
            sides.append((row.right, QRect(box.left() + half, box.top(), half, box.height())))
        for cell, place in sides:
            if cell is None or cell.line < 0:
                continue
            mark = self._marks.get(cell.line)
            if mark and cell.start == 0:
                _paint_mark(painter, place, mark)
            if cell.line == self.line:
                self._paint_cursor(painter, cell, place)

    def _paint_cursor(self, painter: QPainter, cell: Cell, place: QRect) -> None:
        painter.setPen(QPen(colour("focus" if self._diff.hasFocus() else "border"), 2))
        inner = place.adjusted(1, 1, -1, -1)
        painter.drawLine(inner.topLeft(), inner.bottomLeft())
        painter.drawLine(inner.topRight(), inner.bottomRight())
        if cell.start == 0:
            painter.drawLine(inner.topLeft(), inner.topRight())
        if cell.end >= len(self._diff.lines[cell.line].text):
            painter.drawLine(inner.bottomLeft(), inner.bottomRight())


def place_of(line: DiffLine) -> str:
    """Return which line of which side it is, in words."""
    if line.new and line.kind != "remove":
        return f"Line {line.new}"
    return f"Line {line.old} of the base"


def _paint_mark(painter: QPainter, place: QRect, mark: str) -> None:
    """Draw a line of dashes above a row, and the number of the part that begins there."""
    painter.setPen(QPen(colour("accent"), 2, Qt.PenStyle.DashLine))
    painter.drawLine(place.left(), place.top(), place.right(), place.top())
    painter.setFont(ui_font(0.85, bold=True))
    words = f"part {mark}"
    width = painter.fontMetrics().horizontalAdvance(words) + 12
    badge = QRectF(place.right() - width - 6, place.top() + 2, width, place.height() - 4)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(colour("accent_fill"))
    painter.drawRoundedRect(badge, 4, 4)
    painter.setPen(colour("on_accent"))
    painter.drawText(badge, int(Qt.AlignmentFlag.AlignCenter), words)
    painter.setBrush(Qt.BrushStyle.NoBrush)
