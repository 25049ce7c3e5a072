"""Text in a fixed width with line numbers and marks in the margin."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from PySide6.QtCore import QRect, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QFontMetricsF,
    QPainter,
    QPaintEvent,
    QResizeEvent,
    QTextCursor,
    QTextFormat,
)
from PySide6.QtWidgets import QPlainTextEdit, QTextEdit, QWidget

from workbench.gui.theme.current import colour
from workbench.gui.theme.fonts import mono_font
from workbench.gui.theme.icons import paint_icon

Mark = Literal["error", "warning", "info", "hint"]

#: A longer line is not wrapped: laying out 200,000 characters takes seconds.
LONG_LINE = 10_000

_TOKENS = {"error": "error", "warning": "warning", "info": "info", "hint": "text_muted"}


class _Margin(QWidget):
    def __init__(self, view: CodeView) -> None:
        super().__init__(view)
        self._view = view
        self.setCursor(Qt.CursorShape.ArrowCursor)

    def sizeHint(self) -> QSize:
        return QSize(self._view.margin_width(), 0)

    def paintEvent(self, event: QPaintEvent) -> None:
        self._view.paint_margin(event)


class CodeView(QPlainTextEdit):
    """A plain text view; editable unless told otherwise. Lines count from 1."""

    scrolled = Signal()

    def __init__(
        self, name: str, parent: QWidget | None = None, *, read_only: bool = False
    ) -> None:
        super().__init__(parent)
        self._marks: dict[int, Mark] = {}
        self._line_colours: dict[int, str] = {}
        self.setAccessibleName(name)
        self.setReadOnly(read_only)
        if read_only:
            self.setTextInteractionFlags(
                Qt.TextInteractionFlag.TextSelectableByMouse
                | Qt.TextInteractionFlag.TextSelectableByKeyboard
            )
        self.setFont(mono_font())
        self.setTabStopDistance(4 * QFontMetricsF(self.font()).horizontalAdvance(" "))
        self._margin = _Margin(self)
        self.blockCountChanged.connect(lambda _count: self._fit_margin())
        self.updateRequest.connect(self._scroll_margin)
        self.cursorPositionChanged.connect(self._highlight)
        self._fit_margin()
        self._highlight()

    def set_text(self, text: str) -> None:
        """Show another text; very long lines are not wrapped."""
        longest = max((len(line) for line in text.split("\n")), default=0)
        self.setLineWrapMode(
            QPlainTextEdit.LineWrapMode.NoWrap
            if longest > LONG_LINE
            else QPlainTextEdit.LineWrapMode.WidgetWidth
        )
        self.setPlainText(text)
        self._highlight()

    def text(self) -> str:
        """Return the text exactly: ``toPlainText`` would turn no-break spaces into spaces."""
        return self.document().toRawText().replace("\u2029", "\n")

    def set_marks(self, marks: Mapping[int, Mark]) -> None:
        """Show a sign in the margin of lines."""
        self._marks = dict(marks)
        self._margin.update()

    def set_line_colours(self, tokens: Mapping[int, str]) -> None:
        """Give lines a ground of the theme (such as ``add_background``)."""
        self._line_colours = dict(tokens)
        self._highlight()

    def caret(self) -> tuple[int, int]:
        """Return line and column, both from 1; the column counts code points."""
        cursor = self.textCursor()
        before = cursor.block().text()
        units = before.encode("utf-16-le", "surrogatepass")[: cursor.positionInBlock() * 2]
        return cursor.blockNumber() + 1, len(units.decode("utf-16-le", "replace")) + 1

    def go_to(self, line: int) -> None:
        """Put the caret at the beginning of a line and bring it into the middle."""
        block = self.document().findBlockByNumber(max(0, min(line, self.blockCount()) - 1))
        self.setTextCursor(QTextCursor(block))
        self.centerCursor()

    def margin_width(self) -> int:
        """Return the width of the margin in px."""
        digits = max(3, len(str(self.blockCount())))
        return 32 + round(self.fontMetrics().horizontalAdvance("9") * digits)

    def paint_margin(self, event: QPaintEvent) -> None:
        """Draw numbers and marks of the visible lines."""
        painter = QPainter(self._margin)
        painter.fillRect(event.rect(), colour("surface"))
        painter.setFont(mono_font(0.9))
        width, height = self._margin.width(), self.fontMetrics().height()
        current = self.textCursor().blockNumber()
        block = self.firstVisibleBlock()
        top = self.blockBoundingGeometry(block).translated(self.contentOffset()).top()
        while block.isValid() and top <= event.rect().bottom():
            line = block.blockNumber() + 1
            if block.isVisible():
                painter.setPen(colour("text" if line - 1 == current else "line_number"))
                painter.drawText(
                    QRectF(20, top, width - 28, height), int(Qt.AlignmentFlag.AlignRight), str(line)
                )
                mark = self._marks.get(line)
                if mark is not None:
                    box = QRectF(4, top + (height - 14) / 2, 14, 14)
                    paint_icon(painter, mark, box, _TOKENS[mark])
            top += self.blockBoundingRect(block).height()
            block = block.next()
        painter.end()

    def refresh_colours(self) -> None:
        """Draw with the colours of a new theme."""
        self._highlight()
        self._margin.update()

    def _fit_margin(self) -> None:
        self.setViewportMargins(self.margin_width(), 0, 0, 0)
        self._place_margin()

    def _place_margin(self) -> None:
        box = self.contentsRect()
        self._margin.setGeometry(QRect(box.left(), box.top(), self.margin_width(), box.height()))

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._place_margin()

    def _scroll_margin(self, box: QRect, by: int) -> None:
        if by:
            self._margin.scroll(0, by)
            self.scrolled.emit()
        else:
            self._margin.update(0, box.y(), self._margin.width(), box.height())

    def _highlight(self) -> None:
        selections = [
            _whole_line(QTextCursor(block), colour(token))
            for line, token in self._line_colours.items()
            if (block := self.document().findBlockByNumber(line - 1)).isValid()
        ]
        if not self.isReadOnly():
            selections.append(_whole_line(self.textCursor(), colour("current_line")))
        self.setExtraSelections(selections)
        self._margin.update()


def _whole_line(cursor: QTextCursor, ground: QColor) -> QTextEdit.ExtraSelection:
    selection = QTextEdit.ExtraSelection()
    selection.format.setBackground(ground)
    selection.format.setProperty(QTextFormat.Property.FullWidthSelection, True)
    cursor.clearSelection()
    selection.cursor = cursor
    return selection
