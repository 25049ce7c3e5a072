"""A Markdown file before and after as it reads, block beside block. Nothing is loaded or run."""

from __future__ import annotations

import bisect
from collections.abc import Callable, Sequence
from itertools import accumulate

from PySide6.QtCore import QRect, QRectF, Qt, Signal
from PySide6.QtGui import (
    QAbstractTextDocumentLayout,
    QKeyEvent,
    QPainter,
    QPaintEvent,
    QPalette,
    QResizeEvent,
    QTextDocument,
)
from PySide6.QtWidgets import QAbstractScrollArea, QFrame, QWidget

from workbench.gui.review.rendered.pair import RenderedPair
from workbench.gui.theme.current import colour
from workbench.gui.theme.fonts import ui_font
from workbench.review.text_diff.markdown_blocks import BlockPair

_BAR, _PAD, _STEP = 4, 8, 40
#: What is guessed of a line until its block is laid out, in px.
_LINE = 20
#: So many blocks are kept laid out.
_KEPT = 400
_SPOKEN = {"changed": "Changed block", "added": "Added block", "removed": "Removed block"}


class RenderedView(QAbstractScrollArea):
    """Lays out only what is in sight, so that a long file costs no more than a short one.

    ``asked(act)`` tells of keys that change how the changes are shown.
    """

    asked = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._pairs: tuple[BlockPair, ...] = ()
        self._made: dict[int, RenderedPair] = {}
        self._heights: list[int] = []
        self._tops: list[int] = [0]
        self._current = -1
        self._message = ""
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAccessibleName("Rendered before and after")
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.verticalScrollBar().setSingleStep(_STEP)

    # What is shown

    def show_pairs(self, pairs: Sequence[BlockPair]) -> None:
        """Show other blocks from the top."""
        self._pairs, self._message = tuple(pairs), ""
        self._current = -1
        self._forget()
        self.verticalScrollBar().setValue(0)
        self._fill()

    def show_message(self, text: str) -> None:
        """Show a sentence instead of blocks."""
        self._pairs, self._message = (), text
        self._current = -1
        self._forget()
        self._fill()
        self.setAccessibleDescription(text)

    @property
    def pairs(self) -> tuple[BlockPair, ...]:
        """The blocks that are shown."""
        return self._pairs

    @property
    def current(self) -> int:
        """The place of the block that is framed, -1 when there is none."""
        return self._current

    def show_lines(self, old: tuple[int, int], new: tuple[int, int]) -> None:
        """Frame the first changed block that has one of these lines, and bring it into sight.

        Both are the first line and the number of lines; lines count from 1.
        """
        for at, pair in enumerate(self._pairs):
            if pair.state == "same":
                continue
            sides = ((pair.before, old), (pair.after, new))
            if any(
                block is not None
                and block.line < first + max(count, 1)
                and first < block.line + block.lines
                for block, (first, count) in sides
            ):
                self._go_to(at)
                return

    def refresh_colours(self) -> None:
        """Draw again with the colours of a new theme."""
        self._made.clear()
        self._fill()

    def texts_at(self, at: int) -> tuple[str, str]:
        """Return what is read on both sides of a block."""
        return self._pair(at).texts

    # Laying out

    def _half(self) -> int:
        return self.viewport().width() // 2

    def _forget(self) -> None:
        self._made.clear()
        self._heights = [
            _LINE * max(side.lines for side in (pair.before, pair.after) if side is not None) + _PAD
            for pair in self._pairs
        ]
        self._measure()

    def _measure(self) -> None:
        self._tops = [0, *accumulate(self._heights)]
        height = self.viewport().height()
        self.verticalScrollBar().setPageStep(height)
        self.verticalScrollBar().setRange(0, max(0, self._tops[-1] + _PAD - height))

    def _pair(self, at: int) -> RenderedPair:
        made = self._made.pop(at, None)
        if made is None:
            made = RenderedPair(self._pairs[at], self._half() - _BAR - 2 * _PAD)
        self._made[at] = made
        if len(self._made) > _KEPT:
            del self._made[next(iter(self._made))]
        return made

    def _at(self, y: int) -> int:
        return max(0, min(bisect.bisect_right(self._tops, y), len(self._pairs)) - 1)

    def _fill(self) -> None:
        """Lay out what is in sight; what stands at the top edge stays there."""
        bar = self.verticalScrollBar()
        first = at = self._at(bar.value())
        below = bar.value() - self._tops[at]
        left = self.viewport().height() + max(0, below)
        changed = False
        while at < len(self._pairs) and left > 0:
            height = self._pair(at).height + _PAD
            changed = changed or height != self._heights[at]
            self._heights[at] = height
            left -= height
            at += 1
        if changed:
            self._measure()
            bar.setValue(self._tops[first] + below)
        self.viewport().update()

    def _go_to(self, at: int) -> None:
        self._current = at
        self.verticalScrollBar().setValue(max(0, self._tops[at] - 3 * _LINE))
        self._fill()
        self.verticalScrollBar().setValue(max(0, self._tops[at] - 3 * _LINE))
        self._describe()

    def _describe(self) -> None:
        pair = self._pairs[self._current]
        before, after = self.texts_at(self._current)
        parts = [_SPOKEN.get(pair.state, "Block")]
        parts += [f"before: {before}"] if before else []
        parts += [f"after: {after}"] if after else []
        self.setAccessibleDescription(". ".join(parts)[:2000])

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        bar = self.verticalScrollBar()
        first = self._at(bar.value())
        if event.size().width() != event.oldSize().width():
            self._made.clear()
        self._fill()
        self._measure()
        if self._current >= 0 and first == self._current:
            bar.setValue(max(0, self._tops[first] - 3 * _LINE))

    def scrollContentsBy(self, dx: int, dy: int) -> None:
        self._fill()

    # Painting

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self.viewport())
        painter.fillRect(event.rect(), colour("surface"))
        if not self._pairs:
            painter.setFont(ui_font())
            painter.setPen(colour("text_muted"))
            painter.drawText(
                self.viewport().rect().adjusted(24, 16, -24, -16),
                int(Qt.AlignmentFlag.AlignHCenter | Qt.TextFlag.TextWordWrap),
                self._message,
            )
            return
        scrolled = self.verticalScrollBar().value()
        at = self._at(scrolled + event.rect().top())
        while at < len(self._pairs) and self._tops[at] - scrolled <= event.rect().bottom():
            top = self._tops[at] - scrolled
            box = QRect(0, top, self.viewport().width(), self._heights[at])
            self._paint_pair(painter, at, box)
            at += 1
        middle = self._half()
        painter.fillRect(middle, event.rect().top(), 1, event.rect().height(), colour("border"))

    def _paint_pair(self, painter: QPainter, at: int, box: QRect) -> None:
        pair, made, half = self._pairs[at], self._pair(at), self._half()
        left = QRect(box.left(), box.top(), half, box.height())
        right = QRect(half, box.top(), box.width() - half, box.height())
        sides = ((left, made.before, "remove", "error"), (right, made.after, "add", "success"))
        for side, document, kind, token in sides:
            if document is None:
                painter.fillRect(side, colour("sunken"))
                continue
            if pair.state != "same":
                painter.fillRect(side, colour(f"{kind}_background"))
                painter.fillRect(side.left(), side.top(), _BAR, side.height(), colour(token))
            self._paint_document(painter, document, side)
        if at == self._current:
            painter.setPen(colour("focus" if self.hasFocus() else "border_strong"))
            painter.drawRect(box.adjusted(0, 0, -1, -1))

    @staticmethod
    def _paint_document(painter: QPainter, document: QTextDocument, box: QRect) -> None:
        painter.save()
        painter.translate(box.left() + _BAR + _PAD, box.top() + _PAD // 2)
        look = QAbstractTextDocumentLayout.PaintContext()
        look.palette.setColor(QPalette.ColorRole.Text, colour("text"))
        look.clip = QRectF(0, 0, box.width() - _BAR - _PAD, box.height())
        document.documentLayout().draw(painter, look)
        painter.restore()

    # Keyboard

    def keyPressEvent(self, event: QKeyEvent) -> None:
        page = self.viewport().height() - 2 * _LINE
        bar = self.verticalScrollBar()
        steps: dict[int, Callable[[], None]] = {
            Qt.Key.Key_Down: lambda: bar.setValue(bar.value() + _STEP),
            Qt.Key.Key_Up: lambda: bar.setValue(bar.value() - _STEP),
            Qt.Key.Key_PageDown: lambda: bar.setValue(bar.value() + page),
            Qt.Key.Key_PageUp: lambda: bar.setValue(bar.value() - page),
            Qt.Key.Key_Home: lambda: bar.setValue(0),
            Qt.Key.Key_End: lambda: bar.setValue(bar.maximum()),
            Qt.Key.Key_P: lambda: self.asked.emit("rendered"),
        }
        step = steps.get(event.key())
        if step is not None and not event.modifiers():
            step()
        else:
            super().keyPressEvent(event)
