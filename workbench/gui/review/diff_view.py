"""The diff on the screen: painted rows, the verdict of each hunk, keyboard and mouse."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtCore import QPoint, QRect, Qt, Signal
from PySide6.QtGui import (
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
from workbench.gui.review.diff_layout import HEAD, LINE, Layout, Row, side_by_side, unified
from workbench.gui.review.diff_lines import DiffLine
from workbench.gui.review.diff_paint import (
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
from workbench.gui.theme.current import colour
from workbench.gui.theme.fonts import mono_font


class DiffView(QAbstractScrollArea):
    """Shows hunks; the current one is framed. ``asked(hunk, action)`` tells of its buttons.

    Only what is in sight is painted, so that a long diff costs no more than a short one.
    """

    current_changed = Signal(int)
    asked = Signal(int, str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._lines: tuple[DiffLine, ...] = ()
        self._hunks: tuple[Hunk, ...] = ()
        self._marks: tuple[HunkMark, ...] = ()
        self._layout = Layout((), (), 0)
        self._split = False
        self._current = -1
        self._hovered: tuple[int, str] = (-1, "")
        self.editable = True
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
        """Show another diff; the current hunk stays current where there is one of that place."""
        self._hunks, self._lines, self._marks = tuple(hunks), tuple(lines), tuple(marks)
        self._current = min(max(self._current, 0), len(self._hunks) - 1)
        self._lay_out()
        self._describe()

    def set_marks(self, marks: Sequence[HunkMark]) -> None:
        """Show other verdicts."""
        self._marks = tuple(marks)
        self._describe()
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
            self._describe()
            self.current_changed.emit(hunk)
        self.bring_into_sight()
        self.viewport().update()

    def step(self, by: int) -> None:
        """Go to the next or previous hunk; at the end it stays."""
        self.set_current(min(max(self._current + by, 0), len(self._hunks) - 1))

    def bring_into_sight(self) -> None:
        """Scroll so that the current hunk is seen, from its head on."""
        top, bottom = self._layout.span(self._current)
        bar, height = self.verticalScrollBar(), self.viewport().height()
        if top < bar.value() or bottom > bar.value() + height:
            above = HEAD if self._current == 0 else LINE
            bar.setValue(
                max(0, min(top - above, bottom - height) if bottom - top < height else top)
            )
            if top < bar.value():
                bar.setValue(max(0, top - above))

    def button_rect(self, hunk: int, action: Action) -> QRect:
        """Return where a button of a hunk is, in the viewport; empty when it is not drawn."""
        for row in self._layout.rows:
            if row.hunk == hunk and self._is_head(row):
                return buttons_of(self._rect_of(row), editable=self.editable).get(action, QRect())
        return QRect()

    # Laying out

    def _gutter(self) -> int:
        """Return the width before the text of one side, in px."""
        digits = max(3, len(str(max((max(line.old, line.new) for line in self._lines), default=0))))
        numbers = digits * self._sign() * (1 if self._split else 2) + (0 if self._split else PAD)
        return round(numbers + 2 * PAD + 2 * self._sign())

    def _sign(self) -> float:
        return QFontMetricsF(self.font()).horizontalAdvance("0")

    def _half(self) -> int:
        return self.viewport().width() // 2 if self._split else self.viewport().width()

    def _columns(self) -> int:
        return max(8, int((self._half() - BAR - self._gutter() - PAD) / self._sign()))

    def _lay_out(self) -> None:
        arrange = side_by_side if self._split else unified
        self._layout = arrange(self._lines, self._columns())
        self._fit_bar()
        self.viewport().update()

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
        top, bottom = self._layout.span(self._current)
        scrolled = self.verticalScrollBar().value()
        seen = bottom > scrolled and top < scrolled + event.oldSize().height()
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
        signs = {"add": "+", "remove": "-", "context": " "}
        return "".join(
            f"{signs[line.kind]}{line.text}\n"
            for line in self._lines
            if line.hunk == self._current and line.kind in signs
        )

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        hovered = self._button_at(event.position().toPoint())
        if hovered != self._hovered:
            self._hovered = hovered
            names: dict[str, str] = {
                action: f"{word} this hunk ({word[0]})" for action, _, word in BUTTONS
            }
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
        at = self._layout.at(point.y() + self.verticalScrollBar().value())
        if at >= 0 and self._layout.rows[at].hunk >= 0:
            pressed = self._layout.rows[at].hunk
            if pressed != self._current:
                self._current = pressed
                self._describe()
                self.current_changed.emit(pressed)
                self.viewport().update()

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

    def _scroll(self, by: int) -> None:
        self.verticalScrollBar().setValue(self.verticalScrollBar().value() + by)

    def _describe(self) -> None:
        """Tell a screen reader what the current hunk is and says."""
        if not 0 <= self._current < len(self._hunks):
            self.setAccessibleDescription("No changes")
            return
        mark = self._marks[self._current] if self._current < len(self._marks) else HunkMark()
        head = next(
            (
                line.text
                for line in self._lines
                if line.kind == "hunk" and line.hunk == self._current
            ),
            "",
        )
        self.setAccessibleDescription(
            f"Hunk {self._current + 1} of {len(self._hunks)}, {self._hunks[self._current].path}, "
            f"{head}, {MARKS[mark.kind][2]}. {self.current_text()[:500]}"
        )
