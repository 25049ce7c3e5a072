"""The lines of a file with the change each comes from: painted, for files of any length."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from PySide6.QtCore import QRect, QRectF, Qt, Signal
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

from workbench.gui.review.diff.emphasis import visible
from workbench.gui.review.diff.layout import LINE, columns_of, wrapped
from workbench.gui.review.history.words import (
    KIND_TOKENS,
    KIND_WORDS,
    engine_name,
    name_of,
    when,
)
from workbench.gui.theme.current import colour
from workbench.gui.theme.fonts import mono_font, ui_font
from workbench.review.history.origins import LineOrigin

_BAR: Final = 4
_PAD: Final = 8
#: The share of the width that says whose a line is, and its bounds in px.
_SHARE, _LEAST, _MOST = 0.34, 120, 260
#: Longer files are not wrapped: laying them out again at each change of the width takes too long.
_MOST_LINES, _MOST_SIGNS = 1500, 150_000


class BlameView(QAbstractScrollArea):
    """``chosen(line)`` tells of the current line, ``opened()`` of Enter."""

    chosen = Signal(object)
    opened = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._origins: tuple[LineOrigin, ...] = ()
        # A row is a piece of a line: the line, and from where to where in its text. Without rows
        # each line is one.
        self._rows: list[tuple[int, int, int]] = []
        self._first_row: list[int] = []
        self._wraps = True
        self._current = -1
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setFont(mono_font())
        self.setAccessibleName("Lines and the changes they come from")
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.verticalScrollBar().setSingleStep(LINE)

    def show_lines(self, lines: Sequence[LineOrigin]) -> None:
        """Show the lines of a file; the current number stays where there is one."""
        self._origins = tuple(lines)
        signs = sum(len(one.text) for one in self._origins)
        self._wraps = len(self._origins) <= _MOST_LINES and signs <= _MOST_SIGNS
        self._current = min(max(self._current, 0), len(lines) - 1)
        self._lay_out()
        self._describe()

    @property
    def current(self) -> LineOrigin | None:
        """The current line."""
        return self._origins[self._current] if 0 <= self._current < len(self._origins) else None

    def set_current(self, line: int) -> None:
        """Make a line, counted from 0, the current one and bring it into sight."""
        if not self._origins:
            return
        line = min(max(line, 0), len(self._origins) - 1)
        changed = line != self._current
        self._current = line
        self._bring_into_sight()
        self.viewport().update()
        if changed:
            self._describe()
            self.chosen.emit(self._origins[line])

    def step_change(self, by: int) -> None:
        """Go to the next or previous line that comes from another change."""
        at, key = self._current, self._key(self._current)
        while 0 <= at + by < len(self._origins):
            at += by
            if self._key(at) != key:
                self.set_current(at)
                return

    def whose(self, line: int) -> str:
        """Return in words where a line comes from."""
        return origin_words(self._origins[line])

    def _key(self, line: int) -> str:
        if not 0 <= line < len(self._origins):
            return ""
        one = self._origins[line]
        return one.entry.key if one.entry is not None else one.known

    # Laying out

    def _sign(self) -> float:
        return QFontMetricsF(self.font()).horizontalAdvance("0")

    def _who_width(self) -> int:
        return round(min(max(self.viewport().width() * _SHARE, _LEAST), _MOST))

    def _text_left(self) -> int:
        digits = max(3, len(str(len(self._origins))))
        return round(_BAR + self._who_width() + digits * self._sign() + 3 * _PAD)

    def _lay_out(self) -> None:
        columns = int((self.viewport().width() - self._text_left() - _PAD) / self._sign())
        self._rows, self._first_row = [], []
        for number, one in enumerate(self._origins if self._wraps else ()):
            self._first_row.append(len(self._rows))
            self._rows += [(number, *piece) for piece in wrapped(visible(one.text), columns)]
        height = self.viewport().height()
        self.verticalScrollBar().setPageStep(height)
        self.verticalScrollBar().setRange(0, max(0, self._row_count() * LINE + _PAD - height))
        self.viewport().update()

    def _bring_into_sight(self) -> None:
        top = (self._first_row[self._current] if self._wraps else self._current) * LINE
        bar, height = self.verticalScrollBar(), self.viewport().height()
        if bar.value() - LINE <= top < bar.value():
            bar.setValue(top)
        elif bar.value() + height < top + LINE <= bar.value() + height + LINE:
            bar.setValue(top + LINE - height)
        elif not bar.value() <= top <= bar.value() + height - LINE:
            bar.setValue(top - height // 3)  # from afar: with what stands before it

    def _top_row(self) -> int:
        """Return the first row in sight that begins a line: it says whose it is, too."""
        at = -(-self.verticalScrollBar().value() // LINE)
        while at < self._row_count() and self._row(at)[1]:
            at += 1
        return at

    def _row_count(self) -> int:
        return len(self._rows) if self._wraps else len(self._origins)

    def _row(self, at: int) -> tuple[int, int, int]:
        return self._rows[at] if self._wraps else (at, 0, len(self._origins[at].text))

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._lay_out()

    def scrollContentsBy(self, dx: int, dy: int) -> None:
        self.viewport().update()

    # Painting

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self.viewport())
        painter.fillRect(event.rect(), colour("surface"))
        scrolled = self.verticalScrollBar().value()
        first = max(0, (scrolled + event.rect().top()) // LINE)
        last = (scrolled + event.rect().bottom()) // LINE + 1
        key = self._key(self._current)
        for at in range(first, min(last, self._row_count())):
            self._paint_row(painter, at, key)
        painter.end()

    def _paint_row(self, painter: QPainter, at: int, key: str) -> None:
        line, start, end = self._row(at)
        origin = self._origins[line]
        top = at * LINE - self.verticalScrollBar().value()
        box = QRect(0, top, self.viewport().width(), LINE)
        who = QRect(_BAR, top, self._who_width(), LINE)
        same = self._key(line) == key
        current = line == self._current
        painter.fillRect(who, colour("hover" if same else "window"))
        if current:
            painter.fillRect(box, colour("selection"))
        token = KIND_TOKENS[origin.entry.kind] if origin.entry is not None else "info"
        painter.fillRect(0, top, _BAR, LINE, colour(token))
        front = "selection_text" if current else "text"
        quiet = "selection_text" if current else "text_muted"
        if start == 0:
            begins = line == 0 or self._key(line - 1) != self._key(line)
            if begins or current or at == self._top_row():
                painter.setFont(ui_font(0.92))
                painter.setPen(colour(quiet))
                words = painter.fontMetrics().elidedText(
                    self.whose(line), Qt.TextElideMode.ElideRight, who.width() - 2 * _PAD
                )
                painter.drawText(
                    who.adjusted(_PAD, 0, -_PAD, 0), int(Qt.AlignmentFlag.AlignVCenter), words
                )
            painter.setFont(self.font())
            painter.setPen(colour("selection_text" if current else "line_number"))
            number = QRectF(who.right(), top, self._text_left() - who.right() - _PAD, LINE)
            flags = int(Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignRight)
            painter.drawText(number, flags, str(origin.number))
        painter.setFont(self.font())
        painter.setPen(colour(front))
        if self._wraps:
            text = visible(origin.text)[start:end]
        else:
            # Of a line of any length no more is looked at than could fit.
            most = max(1, int((box.width() - self._text_left() - _PAD) / self._sign()))
            text = visible(origin.text[: most + 1])
            text = text if len(text) <= most else f"{text[: most - 1]}…"
        self._paint_text(painter, box, text)
        if current and self.hasFocus() and start == 0:
            painter.fillRect(0, top, _BAR, LINE, colour("focus"))

    def _paint_text(self, painter: QPainter, box: QRect, text: str) -> None:
        flags = int(Qt.AlignmentFlag.AlignVCenter | Qt.TextFlag.TextDontClip)
        at = float(self._text_left())
        if text.isascii() or columns_of(text) == len(text):
            painter.drawText(QRectF(at, box.top(), box.width() - at, box.height()), flags, text)
            return
        for sign in text:
            painter.drawText(QRectF(at, box.top(), 40, box.height()), flags, sign)
            at += columns_of(sign) * self._sign()

    # Keyboard and mouse

    def keyPressEvent(self, event: QKeyEvent) -> None:
        page = max(1, self.viewport().height() // LINE - 1)
        steps: dict[int, Callable[[], None]] = {
            Qt.Key.Key_Down: lambda: self.set_current(self._current + 1),
            Qt.Key.Key_Up: lambda: self.set_current(self._current - 1),
            Qt.Key.Key_PageDown: lambda: self.set_current(self._current + page),
            Qt.Key.Key_PageUp: lambda: self.set_current(self._current - page),
            Qt.Key.Key_Home: lambda: self.set_current(0),
            Qt.Key.Key_End: lambda: self.set_current(len(self._origins) - 1),
            Qt.Key.Key_Return: self.opened.emit,
            Qt.Key.Key_Enter: self.opened.emit,
        }
        jumps = {Qt.Key.Key_Down: 1, Qt.Key.Key_Up: -1}
        control = event.modifiers() == Qt.KeyboardModifier.ControlModifier
        if control and event.key() in jumps:
            self.step_change(jumps[Qt.Key(event.key())])
        elif not event.modifiers() and event.key() in steps:
            steps[event.key()]()
        elif event.matches(QKeySequence.StandardKey.Copy) and self.current is not None:
            QGuiApplication.clipboard().setText(self.current.text)
        else:
            super().keyPressEvent(event)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton:
            y = round(event.position().y()) + self.verticalScrollBar().value()
            at = y // LINE
            if 0 <= at < self._row_count():
                self.set_current(self._row(at)[0])

    def _describe(self) -> None:
        """Tell a screen reader the current line and where it comes from."""
        one = self.current
        if one is None:
            self.setAccessibleDescription("No lines")
            return
        self.setAccessibleDescription(
            f"Line {one.number} of {len(self._origins)}: {one.text[:300]}. {origin_words(one)}"
            + (f", {one.entry.title}" if one.entry is not None else "")
        )


def origin_words(one: LineOrigin) -> str:
    """Return in words which change a line comes from."""
    if one.entry is None:
        return "not committed" if one.known == "not_committed" else "older than what is known"
    entry = one.entry
    if entry.kind == "applied":
        who = engine_name(entry.engine) if entry.engine else entry.proposal
        return f"{who} · {when(entry.time)[:10]}" if entry.time else who
    who = name_of(entry.author) if entry.author else entry.title
    kind = "" if entry.kind == "edit" else f"{KIND_WORDS[entry.kind]} · "
    return " · ".join(part for part in (f"{kind}{who}", when(entry.time)[:10]) if part)
