"""A small table within the text of a step."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import (
    QBrush,
    QTextBlockFormat,
    QTextCharFormat,
    QTextCursor,
    QTextFrameFormat,
    QTextTable,
    QTextTableFormat,
)

from workbench.gui.theme.current import colour
from workbench.gui.theme.fonts import mono_font, ui_font
from workbench.gui.traces.viewer.renderers.content import Table, displayable
from workbench.gui.traces.viewer.table_view import FIGURE

_CELL = 120


def insert_table(cursor: QTextCursor, table: Table) -> QTextTable:
    """Insert a table with a head, figures at the right; the cursor is behind it afterwards."""
    made = cursor.insertTable(len(table.rows) + 1, max(1, len(table.columns)), _format())
    head, body = QTextCharFormat(), QTextCharFormat()
    head.setFont(ui_font(0.9, bold=True))
    head.setForeground(colour("text"))
    body.setFont(mono_font(0.92))
    body.setForeground(colour("text"))
    right = QTextBlockFormat()
    right.setAlignment(Qt.AlignmentFlag.AlignRight)
    for number, name in enumerate(table.columns):
        made.cellAt(0, number).firstCursorPosition().insertText(_shown(name), head)
        ground = made.cellAt(0, number).format()
        ground.setBackground(colour("sunken"))
        made.cellAt(0, number).setFormat(ground)
    for line, cells in enumerate(table.rows, 1):
        for number, cell in enumerate(cells):
            place = made.cellAt(line, number).firstCursorPosition()
            if FIGURE.match(cell):
                place.setBlockFormat(right)
            place.insertText(_shown(cell), body)
    cursor.setPosition(made.lastPosition() + 1)
    return made


def _shown(cell: str) -> str:
    text = " ".join(cell[: _CELL * 2].split())
    return displayable(text if len(text) <= _CELL else f"{text[: _CELL - 1]}…")


def _format() -> QTextTableFormat:
    look = QTextTableFormat()
    look.setBorder(1)
    look.setBorderBrush(QBrush(colour("border")))
    look.setBorderStyle(QTextFrameFormat.BorderStyle.BorderStyle_Solid)
    look.setBorderCollapse(True)
    look.setCellPadding(4)
    look.setCellSpacing(0)
    look.setHeaderRowCount(1)
    look.setTopMargin(4)
    look.setBottomMargin(4)
    return look
