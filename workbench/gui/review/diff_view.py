"""The diff on the screen: painted rows, the verdict of each hunk, keyboard and mouse."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Literal

from msgspec import Struct
from PySide6.QtCore import QPoint, QRect, QRectF, Qt, Signal
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

from workbench.domain.proposal import Hunk, VerdictKind
from workbench.gui.review.diff_layout import (
    EMPTY,
    HEAD,
    LINE,
    Cell,
    Layout,
    Row,
    columns_of,
    side_by_side,
    unified,
)
from workbench.gui.review.diff_lines import DiffLine
from workbench.gui.theme.current import colour
from workbench.gui.theme.fonts import mono_font, ui_font
from workbench.gui.theme.icons import paint_icon
from workbench.gui.widgets.badge import Tone, badge_width, paint_badge

Action = Literal["accept", "reject", "defer", "edit"]

#: What is drawn for a verdict: icon, colour of the theme, word.
MARKS: dict[VerdictKind | None, tuple[str, str, str]] = {
    "accept": ("check-circle", "success", "accepted"),
    "reject": ("error", "error", "rejected"),
    "defer": ("clock", "warning", "deferred"),
    None: ("dot", "text_muted", "open"),
}
_TONES: dict[VerdictKind | None, Tone] = {
    "accept": "success",
    "reject": "error",
    "defer": "warning",
    None: "neutral",
}
_BUTTONS: tuple[tuple[Action, str, str], ...] = (
    ("accept", "check", "Accept"),
    ("reject", "close", "Reject"),
    ("defer", "clock", "Defer"),
    ("edit", "edit", "Edit"),
)
_GROUNDS = {"add": "add_background", "remove": "remove_background"}
_STRONG = {"add": "add_strong", "remove": "remove_strong"}
_SIGNS = {"add": "+", "remove": "−", "context": " ", "note": " "}
_BAR, _PAD = 4, 8
_BUTTON = 26


class HunkMark(Struct, frozen=True):
    """What the head of a hunk says: verdict, whether a person edited it, evidence found."""

    kind: VerdictKind | None = None
    edited: bool = False
    reason: str = ""
    evidence: str = ""


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
                return self._buttons(self._rect_of(row)).get(action, QRect())
        return QRect()

    # Laying out

    def _gutter(self) -> int:
        """Return the width before the text of one side, in px."""
        digits = max(3, len(str(max((max(line.old, line.new) for line in self._lines), default=0))))
        numbers = digits * self._sign() * (1 if self._split else 2) + (0 if self._split else _PAD)
        return round(numbers + 2 * _PAD + 2 * self._sign())

    def _sign(self) -> float:
        return QFontMetricsF(self.font()).horizontalAdvance("0")

    def _half(self) -> int:
        return self.viewport().width() // 2 if self._split else self.viewport().width()

    def _columns(self) -> int:
        return max(8, int((self._half() - _BAR - self._gutter() - _PAD) / self._sign()))

    def _lay_out(self) -> None:
        arrange = side_by_side if self._split else unified
        self._layout = arrange(self._lines, self._columns())
        self._fit_bar()
        self.viewport().update()

    def _fit_bar(self) -> None:
        height = self.viewport().height()
        self.verticalScrollBar().setPageStep(height)
        self.verticalScrollBar().setRange(0, max(0, self._layout.height + _PAD - height))

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
        while at < len(rows) and rows[at].top <= end:
            self._paint_row(painter, rows[at])
            at += 1
        painter.end()

    def _paint_row(self, painter: QPainter, row: Row) -> None:
        box = self._rect_of(row)
        line = self._lines[row.left.line] if row.left is not None and row.left != EMPTY else None
        if line is not None and line.kind == "file":
            self._paint_file(painter, box, line)
            return
        if line is not None and line.kind == "hunk":
            self._paint_head(painter, box, line)
        elif row.right is None:
            self._paint_cell(painter, box, row.left, both=True, left=True)
        else:
            middle = box.left() + self._half()
            left, right = QRect(box), QRect(box)
            left.setRight(middle - 1)
            right.setLeft(middle)
            self._paint_cell(painter, left, row.left, both=False, left=True)
            self._paint_cell(painter, right, row.right, both=False, left=False)
            painter.fillRect(middle, box.top(), 1, box.height(), colour("border"))
        self._paint_bar(painter, box, row.hunk)

    def _paint_bar(self, painter: QPainter, box: QRect, hunk: int) -> None:
        if hunk < 0:
            return
        kind = self._marks[hunk].kind if hunk < len(self._marks) else None
        token = MARKS[kind][1] if kind is not None else "border"
        if hunk == self._current and kind is None:
            token = "accent"
        painter.fillRect(box.left(), box.top(), _BAR, box.height(), colour(token))

    def _paint_file(self, painter: QPainter, box: QRect, line: DiffLine) -> None:
        painter.fillRect(box, colour("sunken"))
        painter.fillRect(box.left(), box.bottom(), box.width(), 1, colour("border"))
        paint_icon(painter, "file-text", QRectF(12, box.center().y() - 7, 16, 16))
        painter.setFont(ui_font())
        counts = f"+{line.added}  −{line.removed}"
        width = painter.fontMetrics().horizontalAdvance(counts)
        painter.setPen(colour("text_muted"))
        middle = int(Qt.AlignmentFlag.AlignVCenter)
        painter.drawText(
            box.adjusted(0, 0, -16, 0), middle | int(Qt.AlignmentFlag.AlignRight), counts
        )
        painter.setFont(ui_font(bold=True))
        painter.setPen(colour("text"))
        room = box.adjusted(36, 0, -32 - width, 0)
        name = painter.fontMetrics().elidedText(
            line.text, Qt.TextElideMode.ElideMiddle, room.width()
        )
        painter.drawText(room, middle, name)

    def _paint_head(self, painter: QPainter, box: QRect, line: DiffLine) -> None:
        current = line.hunk == self._current
        mark = self._marks[line.hunk] if line.hunk < len(self._marks) else HunkMark()
        painter.fillRect(box, colour("hover" if current else "window"))
        sign, token, word = MARKS[mark.kind]
        paint_icon(painter, sign, QRectF(14, box.center().y() - 7, 16, 16), token)
        right = box.right() - 8
        buttons = self._buttons(box) if current else {}
        if buttons:
            right = min(place.left() for place in buttons.values()) - 8
            self._paint_buttons(painter, buttons, mark.kind)
        painter.setFont(ui_font())
        words = f"{word}, edited" if mark.edited else word
        words = f"{word}: {mark.reason}" if mark.reason else words
        width = badge_width(words, _TONES[mark.kind], painter.font(), sign=False)
        right -= round(width)
        paint_badge(painter, right, box.center().y() + 0.5, words, _TONES[mark.kind], sign=False)
        painter.setFont(ui_font())
        middle = int(Qt.AlignmentFlag.AlignVCenter)
        if mark.evidence:
            width = painter.fontMetrics().horizontalAdvance(mark.evidence)
            if right - width - 220 > 0:
                right -= width + 12
                painter.setPen(colour("text_muted"))
                painter.drawText(
                    QRect(right, box.top(), width, box.height()), middle, mark.evidence
                )
        painter.setFont(ui_font(bold=current))
        painter.setPen(colour("text"))
        room = QRect(38, box.top(), right - 50, box.height())
        title = painter.fontMetrics().elidedText(
            line.text, Qt.TextElideMode.ElideRight, room.width()
        )
        painter.drawText(room, middle, title)
        if current and self.hasFocus():
            painter.setPen(colour("focus"))
            painter.drawRect(box.adjusted(0, 0, -1, -1))

    def _buttons(self, head: QRect) -> dict[Action, QRect]:
        if not self.editable:
            return {}
        right = head.right() - 8
        places: dict[Action, QRect] = {}
        for action, _, _ in reversed(_BUTTONS):
            right -= _BUTTON
            places[action] = QRect(right, head.top() + 4, _BUTTON, head.height() - 8)
            right -= 2
        return places

    def _paint_buttons(
        self, painter: QPainter, places: dict[Action, QRect], kind: VerdictKind | None
    ) -> None:
        for action, sign, _ in _BUTTONS:
            place = places[action]
            if self._hovered == (self._current, action):
                painter.fillRect(place, colour("selection"))
            token = MARKS[kind][1] if action == kind else "text"
            middle = place.center()
            paint_icon(painter, sign, QRectF(middle.x() - 7, middle.y() - 7, 16, 16), token)

    def _paint_cell(
        self, painter: QPainter, box: QRect, cell: Cell | None, *, both: bool, left: bool
    ) -> None:
        if cell is None or cell == EMPTY:
            painter.fillRect(box, colour("sunken"))
            return
        line = self._lines[cell.line]
        mark = self._marks[line.hunk] if 0 <= line.hunk < len(self._marks) else HunkMark()
        refused = mark.kind in ("reject", "defer") and line.kind in ("add", "remove")
        ground = _GROUNDS.get(line.kind)
        if ground is not None and not refused:
            painter.fillRect(box, colour(ground))
        painter.setFont(self.font())
        sign = self._sign()
        if cell.start == 0:
            self._paint_numbers(painter, box, line, both=both, left=left)
        start = box.left() + _BAR + self._gutter()
        text = line.text[cell.start : cell.end]
        for first, last in line.words if not refused else ():
            begin, end = max(first, cell.start), min(last, cell.end)
            if begin < end:
                x = start + columns_of(line.text[cell.start : begin]) * sign
                width = columns_of(line.text[begin:end]) * sign
                painter.fillRect(
                    QRectF(x, box.top() + 1, width, box.height() - 2),
                    colour(_STRONG.get(line.kind, "hover")),
                )
        quiet = refused or line.kind == "note"
        painter.setPen(colour("text_muted" if quiet else "text"))
        if line.kind == "note":
            painter.setFont(ui_font(0.92))
        self._draw_text(painter, start, box, text)

    def _draw_text(self, painter: QPainter, start: float, box: QRect, text: str) -> None:
        """Draw on the grid of columns; wide characters one by one, they may have another font."""
        flags = int(Qt.AlignmentFlag.AlignVCenter | Qt.TextFlag.TextDontClip)
        if text.isascii() or columns_of(text) == len(text):
            painter.drawText(
                QRectF(start, box.top(), box.right() - start, box.height()), flags, text
            )
            return
        at = start
        for sign in text:
            painter.drawText(QRectF(at, box.top(), 40, box.height()), flags, sign)
            at += columns_of(sign) * self._sign()

    def _paint_numbers(
        self, painter: QPainter, box: QRect, line: DiffLine, *, both: bool, left: bool
    ) -> None:
        sign = self._sign()
        painter.setPen(colour("line_number"))
        gutter = self._gutter()
        inside = gutter - 2 * sign - 2 * _PAD
        at = float(box.left() + _BAR + _PAD)
        flags = int(Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignRight)
        numbers = (line.old, line.new) if both else ((line.old,) if left else (line.new,))
        width = (inside - _PAD * (len(numbers) - 1)) / len(numbers)
        for number in numbers:
            if number:
                painter.drawText(QRectF(at, box.top(), width, box.height()), flags, str(number))
            at += width + _PAD
        token = {"add": "success", "remove": "error"}.get(line.kind, "text_muted")
        painter.setPen(colour(token))
        place = QRectF(box.left() + _BAR + gutter - 2 * sign, box.top(), sign, box.height())
        painter.drawText(place, int(Qt.AlignmentFlag.AlignCenter), _SIGNS[line.kind])

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
                action: f"{word} this hunk ({word[0]})" for action, _, word in _BUTTONS
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
        for action, place in self._buttons(self._rect_of(row)).items():
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
