"""Writes coloured characters, Markdown and links of our own into a text document.

Texts of a trace go in as plain characters, or as Markdown with HTML switched off; nothing they
name is loaded. Links of our own carry a mark that no text of a trace can know.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtGui import (
    QFont,
    QTextBlockFormat,
    QTextCharFormat,
    QTextCursor,
    QTextDocument,
    QTextDocumentFragment,
    QTextFrame,
    QTextFrameFormat,
)

from workbench.gui.theme.current import colour
from workbench.gui.theme.fonts import mono_font, ui_font
from workbench.gui.traces.viewer.renderers.content import Run
from workbench.gui.widgets.markdown_text import markdown_document


@dataclass(frozen=True, slots=True)
class Link:
    """What a link of the document does: an action, and the block, call or step it is about."""

    action: str
    target: str = ""


class TextWriter:
    """Writes at a cursor; ``links`` are the actions behind the document's anchors."""

    def __init__(self, document: QTextDocument) -> None:
        self._document = document
        self._mark = secrets.token_hex(8)
        self.links: dict[str, Link] = {}
        self.quote_at = -1
        self._codes: list[QTextFrame] = []

    def _runs(self, cursor: QTextCursor, runs: Sequence[Run], at: int, length: int) -> None:
        frame = cursor.insertFrame(_code_frame())
        self._codes.append(frame)
        start = cursor.position()
        mono = mono_font(0.95)
        for run in runs:
            look = QTextCharFormat()
            look.setFont(mono)
            look.setForeground(colour(run.token or "text"))
            if run.ground:
                look.setBackground(colour(run.ground))
            if run.bold:
                look.setFontWeight(QFont.Weight.Bold)
            cursor.insertText(run.text, look)
        if at >= 0:
            self._mark_quote(start, "".join(run.text for run in runs), at, length)
        cursor.setPosition(frame.lastPosition() + 1)

    def _mark_quote(self, start: int, text: str, at: int, length: int) -> None:
        self.quote_at = start + _units(text[:at])
        quoted = QTextCursor(self._document)
        quoted.setPosition(self.quote_at)
        quoted.setPosition(
            self.quote_at + _units(text[at : at + length]), QTextCursor.MoveMode.KeepAnchor
        )
        mark = QTextCharFormat()
        mark.setBackground(colour("warning_soft"))
        mark.setForeground(colour("text"))
        mark.setFontUnderline(True)
        mark.setUnderlineColor(colour("warning"))
        quoted.mergeCharFormat(mark)

    def _close_gaps(self, frame: QTextFrame) -> None:
        """Make the empty lines that Qt leaves around frames as low as a line can be."""
        if frame in self._codes:
            return
        parts = frame.begin()
        while not parts.atEnd():
            child = parts.currentFrame()
            block = parts.currentBlock()
            if child is not None:
                self._close_gaps(child)
            elif block.isValid() and block.length() <= 1:
                low = QTextBlockFormat()
                low.setLineHeight(2, QTextBlockFormat.LineHeightTypes.FixedHeight.value)
                QTextCursor(block).setBlockFormat(low)
            parts += 1

    def _markdown(self, cursor: QTextCursor, text: str, *, muted: bool) -> None:
        other = markdown_document(text, muted=muted)
        self._next(cursor, above=4)
        cursor.insertFragment(QTextDocumentFragment(other))
        cursor.setBlockFormat(QTextBlockFormat())

    def _line(self, cursor: QTextCursor, text: str, *, token: str) -> None:
        self._next(cursor, above=4)
        self._write(cursor, text, token=token)

    def _next(self, cursor: QTextCursor, *, above: float = 0, ground: str = "") -> None:
        """Begin a paragraph; an empty one at the beginning is used."""
        look = QTextBlockFormat()
        look.setTopMargin(above)
        if ground:
            look.setBackground(colour(ground))
            look.setLeftMargin(0)
        if cursor.block().length() > 1:
            cursor.insertBlock(look, QTextCharFormat())
        else:
            cursor.setBlockFormat(look)

    def _write(
        self, cursor: QTextCursor, text: str, *, token: str = "text", font: QFont | None = None
    ) -> None:
        look = QTextCharFormat()
        look.setFont(font or ui_font())
        look.setForeground(colour(token))
        cursor.insertText(text, look)

    def _link(
        self,
        cursor: QTextCursor,
        text: str,
        link: Link,
        *,
        token: str = "link",
        font: QFont | None = None,
    ) -> None:
        name = f"{self._mark}:{len(self.links)}"
        self.links[name] = link
        look = QTextCharFormat()
        look.setFont(font or ui_font(0.9))
        look.setForeground(colour(token))
        look.setAnchor(True)
        look.setAnchorHref(name)
        cursor.insertText(text, look)


def _code_frame() -> QTextFrameFormat:
    look = QTextFrameFormat()
    look.setBorder(0)
    look.setBackground(colour("code_background"))
    look.setPadding(8)
    look.setTopMargin(4)
    look.setBottomMargin(4)
    return look


def _units(text: str) -> int:
    """Return the length of a text as Qt counts it, in UTF-16 units."""
    return len(text) + sum(character > "\uffff" for character in text)
