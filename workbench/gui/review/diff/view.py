"""The diff on the screen: painted rows, the verdict of each hunk, keyboard and mouse."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

from PySide6.QtCore import QPoint, QRect, Qt, Signal
from PySide6.QtGui import (
    QContextMenuEvent,
    QFontMetricsF,
    QGuiApplication,
    QKeyEvent,
    QKeySequence,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QResizeEvent,
)
from PySide6.QtWidgets import QAbstractScrollArea, QFrame, QWidget

from workbench.domain.proposal import Hunk
from workbench.gui.review.diff.layout import HEAD, LINE, Layout, Row, side_by_side, unified
from workbench.gui.review.diff.line import DiffLine
from workbench.gui.review.diff.paint import (
    BAR,
    BUTTONS,
    MARKS,
    PAD,
    Action,
    DiffPainter,
    Geometry,
    HunkMark,
    Look,
    buttons_of,
)
from workbench.gui.review.diff.speech import as_text, spoken
from workbench.gui.theme.current import colour
from workbench.gui.theme.fonts import mono_font
from workbench.gui.widgets.pause import single_shot

#: Keys that change how the diff is shown, and the acts they ask for.
_KEYS = {
    Qt.Key.Key_W: "hide_blanks",
    Qt.Key.Key_I: "show_blanks",
    Qt.Key.Key_F: "by_key",
    Qt.Key.Key_M: "other_end",
    Qt.Key.Key_S: "sides",
    Qt.Key.Key_P: "rendered",
}
#: So many rows are laid out before the window has its turn again.
_AT_ONCE = 1500


class DiffView(QAbstractScrollArea):
    """Shows hunks; the current one is framed. ``asked(hunk, action)`` tells of its buttons,
    ``menu_asked(point)`` of a wish for a menu.

    Of keys that change how all of it is shown it tells with -1 for the hunk.

    Only what is in sight is painted, so that a long diff costs no more than a short one.
    """

    current_changed = Signal(int)
    asked = Signal(int, str)
    menu_asked = Signal(QPoint)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._lines: tuple[DiffLine, ...] = ()
        self._hunks: tuple[Hunk, ...] = ()
        self._marks: tuple[HunkMark, ...] = ()
        self._layout = Layout()
        self._starts: dict[int, tuple[int, int]] = {}
        self._highest = 0
        self._laid_out_for = 0
        self._rest = single_shot(self, 0, self._grow)
        self._split = False
        self._current = -1
        self._hovered: tuple[int, str] = (-1, "")
        self.editable = True
        #: Draws over a row, such as where a cursor is.
        self.overlay: Callable[[QPainter, Row, QRect], None] | None = None
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setFont(mono_font())
        self.setAccessibleName("Changes")
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.viewport().setMouseTracking(True)
        self.verticalScrollBar().setSingleStep(LINE)

    # What is shown

    def show_diff(
        self, hunks: Sequence[Hunk], lines: Sequence[DiffLine], marks: Sequence[HunkMark]
    ) -> None:
        """Show another diff; the current hunk stays current where there is one of that place.

        Of the same hunks shown in another way, what is in sight stays there.
        """
        same = tuple(hunks) == self._hunks
        place = self._place() if same else None
        self._hunks, self._lines, self._marks = tuple(hunks), tuple(lines), tuple(marks)
        self._current = min(max(self._current, 0), len(self._hunks) - 1)
        self._count()
        self._lay_out()
        if place is not None:
            self._go_back_to(place)
        self.describe()

    def set_marks(self, marks: Sequence[HunkMark]) -> None:
        """Show other verdicts."""
        self._marks = tuple(marks)
        self.describe()
        self.viewport().update()

    def set_side_by_side(self, on: bool) -> None:
        """Show both sides beside each other, or one below the other."""
        if on != self._split:
            self._split = on
            self._lay_out()
            self.bring_into_sight()

    @property
    def side_by_side(self) -> bool:
        """Whether both sides stand beside each other."""
        return self._split

    @property
    def lines(self) -> tuple[DiffLine, ...]:
        """The lines that are shown."""
        return self._lines

    @property
    def current(self) -> int:
        """The place of the current hunk, -1 when there is none."""
        return self._current

    def set_current(self, hunk: int) -> None:
        """Make a hunk the current one and bring it into sight."""
        if not 0 <= hunk < len(self._hunks):
            return
        if hunk != self._current:
            self._current = hunk
            self.describe()
            self.current_changed.emit(hunk)
        self.bring_into_sight()
        self.viewport().update()

    def step(self, by: int) -> None:
        """Go to the next or previous hunk; at the end it stays."""
        self.set_current(min(max(self._current + by, 0), len(self._hunks) - 1))

    def bring_into_sight(self) -> None:
        """Scroll so that the current hunk is seen, from its head on."""
        top, bottom = self._span(self._current)
        bar, height = self.verticalScrollBar(), self.viewport().height()
        if top < bar.value() or bottom > bar.value() + height:
            above = HEAD if self._current == 0 else LINE
            bar.setValue(
                max(0, min(top - above, bottom - height) if bottom - top < height else top)
            )
            if top < bar.value():
                bar.setValue(max(0, top - above))

    @property
    def other_end(self) -> int:
        """The line at the other end of what the current hunk moves first, -1 when it moves none."""
        first, end = self._starts.get(self._current, (0, 0))
        moves = (line.twin for line in self._lines[first:end] if line.kind == "move")
        return next(moves, -1)

    def go_to(self, line: int) -> None:
        """Make the hunk of a line the current one and bring the line into sight."""
        if not 0 <= line < len(self._lines):
            return
        self.set_current(self._lines[line].hunk)
        number = self._layout.row_of(line)
        self._fit_bar()
        if number >= 0:
            row, bar = self._layout.rows[number], self.verticalScrollBar()
            low = bar.value() + self.viewport().height() - 3 * LINE
            if not bar.value() <= row.top <= low:
                bar.setValue(row.top - self.viewport().height() // 3)

    def reveal(self, line: int) -> None:
        """Scroll no more than it takes to see a line."""
        number = self._layout.row_of(line)
        if number >= 0:
            row, bar = self._layout.rows[number], self.verticalScrollBar()
            low = row.top + row.height + LINE - self.viewport().height()
            bar.setValue(max(min(bar.value(), row.top - LINE), low))

    def line_at(self, point: QPoint) -> int:
        """Return the line at a point of the viewport, -1 where there is none."""
        at = self._layout.at(point.y() + self.verticalScrollBar().value())
        if at < 0:
            return -1
        row = self._layout.rows[at]
        cell = row.right if row.right is not None and point.x() >= self._half() else row.left
        return -1 if cell is None else cell.line

    def line_rect(self, line: int) -> QRect:
        """Return where the first row of a line is, in the viewport; empty when it has none."""
        number = self._layout.row_of(line)
        return self._rect_of(self._layout.rows[number]) if number >= 0 else QRect()

    def button_rect(self, hunk: int, action: Action) -> QRect:
        """Return where a button of a hunk is, in the viewport; empty when it is not drawn."""
        at = self._layout.at(self._layout.span(hunk, 0)[0])
        if at >= 0:
            row = self._layout.rows[at]
            if row.hunk == hunk and self._is_head(row):
                return buttons_of(self._rect_of(row), editable=self.editable).get(action, QRect())
        return QRect()

    # Laying out

    def _span(self, hunk: int, least: int = 0) -> tuple[int, int]:
        """Return top and bottom of a hunk; the diff is laid out so far, but not a long hunk.

        What is in sight is, and so much of the hunk as ``least``.
        """
        made = len(self._layout.rows)
        span = self._layout.span(hunk, max(least, self.viewport().height()) + 2 * HEAD)
        if len(self._layout.rows) != made:
            self._fit_bar()
        return span

    def _gutter(self) -> int:
        """Return the width before the text of one side, in px."""
        digits = max(3, len(str(self._highest)))
        numbers = digits * self._sign() * (1 if self._split else 2) + (0 if self._split else PAD)
        return round(numbers + 2 * PAD + 2 * self._sign())

    def _sign(self) -> float:
        return QFontMetricsF(self.font()).horizontalAdvance("0")

    def _half(self) -> int:
        return self.viewport().width() // 2 if self._split else self.viewport().width()

    def _columns(self) -> int:
        return max(8, int((self._half() - BAR - self._gutter() - PAD) / self._sign()))

    def _count(self) -> None:
        """Note where the lines of each hunk are: looking for them takes time in a long diff."""
        self._highest = max((max(line.old, line.new) for line in self._lines), default=0)
        self._starts = {}
        for at, line in enumerate(self._lines):
            first, _ = self._starts.get(line.hunk, (at, at))
            self._starts[line.hunk] = (first, at + 1)

    def _place(self) -> tuple[int, int]:
        """Return the hunk at the top edge and how far above the edge it begins."""
        scrolled = self.verticalScrollBar().value()
        at = self._layout.at(scrolled)
        hunk = self._layout.rows[at].hunk if at >= 0 else -1
        return hunk, scrolled - self._layout.span(hunk, 0)[0]

    def _go_back_to(self, place: tuple[int, int]) -> None:
        hunk, below = place
        top, bottom = self._span(hunk, below)
        if hunk >= 0:
            self.verticalScrollBar().setValue(min(top + below, max(top, bottom - LINE)))

    def _lay_out(self) -> None:
        arrange = side_by_side if self._split else unified
        self._laid_out_for = self._columns()
        self._layout = arrange(self._lines, self._laid_out_for)
        self._grow()

    def _grow(self) -> None:
        """Lay out more of a long diff; between two pieces the window has its turn."""
        self._layout.grow(_AT_ONCE)
        self._fit_bar()
        self.viewport().update()
        if not self._layout.done:
            self._rest.start()

    def _fit_bar(self) -> None:
        height = self.viewport().height()
        self.verticalScrollBar().setPageStep(height)
        self.verticalScrollBar().setRange(0, max(0, self._layout.height + PAD - height))

    def _rect_of(self, row: Row) -> QRect:
        top = row.top - self.verticalScrollBar().value()
        return QRect(0, top, self.viewport().width(), row.height)

    def _is_head(self, row: Row) -> bool:
        return row.left is not None and self._lines[row.left.line].kind == "hunk"

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        top, bottom = self._span(self._current)
        scrolled = self.verticalScrollBar().value()
        seen = bottom > scrolled and top < scrolled + event.oldSize().height()
        if self._columns() == self._laid_out_for:
            self._fit_bar()
        else:
            self._lay_out()
        if seen:
            self.bring_into_sight()

    def scrollContentsBy(self, dx: int, dy: int) -> None:
        self.viewport().update()

    # Painting

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self.viewport())
        painter.fillRect(event.rect(), colour("surface"))
        scrolled = self.verticalScrollBar().value()
        at = max(0, self._layout.at(scrolled + event.rect().top()))
        end = scrolled + event.rect().bottom()
        rows = self._layout.rows
        drawing = DiffPainter(painter, self._geometry(), self._lines, self._marks, self._look())
        while at < len(rows) and rows[at].top <= end:
            drawing.row(rows[at], self._rect_of(rows[at]))
            if self.overlay is not None:
                self.overlay(painter, rows[at], self._rect_of(rows[at]))
            at += 1
        painter.end()

    def _geometry(self) -> Geometry:
        return Geometry(self._half(), self._gutter(), self._sign())

    def _look(self) -> Look:
        return Look(self._current, self.hasFocus(), self.editable, self._hovered)

    # Keyboard and mouse

    def keyPressEvent(self, event: QKeyEvent) -> None:
        steps: dict[int, Callable[[], None]] = {
            Qt.Key.Key_Down: lambda: self._scroll(LINE),
            Qt.Key.Key_Up: lambda: self._scroll(-LINE),
            Qt.Key.Key_PageDown: lambda: self._scroll(self.viewport().height() - 2 * LINE),
            Qt.Key.Key_PageUp: lambda: self._scroll(2 * LINE - self.viewport().height()),
            Qt.Key.Key_Home: lambda: self.set_current(0),
            Qt.Key.Key_End: lambda: self.set_current(len(self._hunks) - 1),
            **{key: partial(self.asked.emit, -1, act) for key, act in _KEYS.items()},
        }
        step = steps.get(event.key())
        if step is not None and not event.modifiers():
            step()
            return
        if event.matches(QKeySequence.StandardKey.Copy):
            QGuiApplication.clipboard().setText(self.current_text())
            return
        super().keyPressEvent(event)

    def current_text(self) -> str:
        """Return the current hunk as text, with its signs."""
        return as_text(self.lines_of(self._current))

    def lines_of(self, hunk: int) -> tuple[DiffLine, ...]:
        """Return the lines of a hunk, its head and context too."""
        first, end = self._starts.get(hunk, (0, 0))
        return self._lines[first:end]

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        point = event.position().toPoint()
        hovered = self._button_at(point)
        if not hovered[1] and self._move_at(point) >= 0:
            hovered = (-1, "move")
        if hovered != self._hovered:
            self._hovered = hovered
            names: dict[str, str] = {
                action: f"{word} this hunk ({word[0]})" for action, _, word in BUTTONS
            }
            names["move"] = "Go to the other end of what moved (M)"
            self.viewport().setToolTip(names.get(hovered[1], ""))
            shape = Qt.CursorShape.PointingHandCursor if hovered[1] else Qt.CursorShape.ArrowCursor
            self.viewport().setCursor(shape)
            self.viewport().update()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() != Qt.MouseButton.LeftButton:
            return
        point = event.position().toPoint()
        hunk, action = self._button_at(point)
        if action:
            self.asked.emit(hunk, action)
            return
        if (end := self._move_at(point)) >= 0:
            self.go_to(end)
            return
        at = self._layout.at(point.y() + self.verticalScrollBar().value())
        if at >= 0 and self._layout.rows[at].hunk >= 0:
            pressed = self._layout.rows[at].hunk
            if pressed != self._current:
                self._current = pressed
                self.describe()
                self.current_changed.emit(pressed)
                self.viewport().update()

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        """Ask for the menu of the line below the mouse, or of the first one with the menu key."""
        point = event.pos()
        if event.reason() == QContextMenuEvent.Reason.Keyboard:
            first, end = self._starts.get(self._current, (0, 0))
            changed = [at for at in range(first, end) if self._lines[at].kind in ("add", "remove")]
            point = self.line_rect(changed[0] if changed else first).center()
        self.menu_asked.emit(point)

    def _button_at(self, point: QPoint) -> tuple[int, str]:
        at = self._layout.at(point.y() + self.verticalScrollBar().value())
        if at < 0:
            return -1, ""
        row = self._layout.rows[at]
        if row.hunk != self._current or not self._is_head(row):
            return -1, ""
        for action, place in buttons_of(self._rect_of(row), editable=self.editable).items():
            if place.contains(point):
                return row.hunk, action
        return -1, ""

    def _move_at(self, point: QPoint) -> int:
        """Return the other end of what is said to have moved at a point, -1 where nothing is."""
        line = self.line_at(point)
        return self._lines[line].twin if line >= 0 and self._lines[line].kind == "move" else -1

    def _scroll(self, by: int) -> None:
        self.verticalScrollBar().setValue(self.verticalScrollBar().value() + by)

    def describe(self) -> None:
        """Tell a screen reader what the current hunk is and says."""
        if not 0 <= self._current < len(self._hunks):
            self.setAccessibleDescription("No changes")
            return
        mark = self._marks[self._current] if self._current < len(self._marks) else HunkMark()
        lines = self.lines_of(self._current)
        self.setAccessibleDescription(
            f"Hunk {self._current + 1} of {len(self._hunks)}, {self._hunks[self._current].path}, "
            f"{lines[0].text if lines else ''}, {MARKS[mark.kind][2]}, {mark.words}. "
            f"{spoken(lines)}"
        )
