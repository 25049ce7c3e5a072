"""Writes a step into a text document: headings, cards for calls, texts in their colours.

Texts of a trace go in as plain characters, or as Markdown with HTML switched off; nothing they
name is loaded. Links of our own carry a mark that no text of a trace can know.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from PySide6.QtCore import QUrl
from PySide6.QtGui import (
    QBrush,
    QFont,
    QImage,
    QTextBlockFormat,
    QTextCharFormat,
    QTextCursor,
    QTextDocument,
    QTextDocumentFragment,
    QTextFrame,
    QTextFrameFormat,
    QTextImageFormat,
    QTextLength,
)

from workbench.gui.theme.current import colour
from workbench.gui.theme.fonts import mono_font, ui_font
from workbench.gui.traces.viewer.markdown_text import markdown_document
from workbench.gui.traces.viewer.media import PictureRef
from workbench.gui.traces.viewer.renderers.content import Run, Shown, Table
from workbench.gui.traces.viewer.step_page import Block, CallHead, StepPage, event_text
from workbench.gui.traces.viewer.table_text import insert_table

_SIGNS = {"success": "✓", "error": "✗", "warning": "!", "info": "…", "neutral": ""}


@dataclass(frozen=True, slots=True)
class Link:
    """What a link of the document does: an action, and the block, call or step it is about."""

    action: str
    target: str = ""


class StepDocument:
    """Fills a document with one step; ``links`` are the actions behind its anchors."""

    def __init__(self, document: QTextDocument) -> None:
        self._document = document
        self._mark = secrets.token_hex(8)
        self.links: dict[str, Link] = {}
        self.quote_at = -1
        self._codes: list[QTextFrame] = []
        self._images: Mapping[str, QImage | str] = {}
        self._pictures: list[PictureRef] = []

    def write(self, page: StepPage, images: Mapping[str, QImage | str] | None = None) -> None:
        """Replace the document's text by the step, its pictures given by their ids."""
        self._images = images or {}
        self._pictures = list(page.pictures)
        self.links.clear()
        self._codes.clear()
        self.quote_at = -1
        document = self._document
        document.clear()
        document.setDefaultFont(ui_font())
        document.setDocumentMargin(16)
        cursor = QTextCursor(document)
        cursor.beginEditBlock()
        root = document.rootFrame()
        for event in page.events:
            self._line(cursor, f"★ {event_text(event)}", token="data_4")
        open_call = ""
        card: QTextFrame | None = None
        for block in page.blocks:
            if block.call != open_call or (block.call and card is None):
                cursor.setPosition(root.lastPosition())
                open_call = block.call
                card = self._card(cursor, page.calls.get(block.call)) if block.call else None
            self._block(cursor, block, page)
            if block.content.role in ("text", "observation"):
                self._put_pictures(cursor, block.call)
        shown = {block.call for block in page.blocks}
        for call_id, head in page.calls.items():
            if call_id not in shown:
                cursor.setPosition(root.lastPosition())
                self._card(cursor, head)
        cursor.setPosition(root.lastPosition())
        for call in dict.fromkeys(one.call for one in self._pictures):
            self._put_pictures(cursor, call)
        for note in page.notes:
            self._line(cursor, note, token="text_muted")
        if not (page.blocks or page.calls or page.notes or page.pictures):
            self._line(cursor, "This step says nothing.", token="text_muted")
        self._close_gaps(root)
        cursor.endEditBlock()

    def _card(self, cursor: QTextCursor, head: CallHead | None) -> QTextFrame:
        frame = cursor.insertFrame(_card_frame())
        if head is None:
            return frame
        self._write(cursor, head.name, token="text", font=ui_font(1.05, bold=True))
        self._write(cursor, "   ")
        sign = _SIGNS[head.tone]
        token = "text_muted" if head.tone == "neutral" else head.tone
        self._write(cursor, f"{sign} {head.status}".strip(), token=token, font=ui_font(0.95))
        if head.detail:
            self._write(cursor, f"   {head.detail}", token="text_muted", font=ui_font(0.95))
        if head.sub:
            self._write(cursor, "   ")
            self._link(cursor, "Open subagent →", Link("subagent", head.sub))
        return frame

    def _block(self, cursor: QTextCursor, block: Block, page: StepPage) -> None:
        self._heading(cursor, block)
        if block.folded:
            return
        shown = block.shown
        if not block.content.text:
            self._line(cursor, "Nothing was printed.", token="text_muted")
            return
        if shown.problem:
            self._line(cursor, shown.problem, token="warning")
        if shown.before:
            self._cut(cursor, f"… {shown.before:,} characters before", block)
        if shown.table is not None:
            self._table(cursor, shown.table)
        elif shown.markdown is not None:
            self._markdown(cursor, shown.markdown, muted=block.content.role == "reasoning")
        else:
            self._runs(cursor, shown.runs, block.at, page.quote_length)
        if shown.after or shown.cut_lines:
            self._cut(cursor, _left_out(shown), block)

    def _heading(self, cursor: QTextCursor, block: Block) -> None:
        if not block.title and len(block.shown.ways) < 2 and block.shown.whole:
            return
        self._next(cursor, above=8 if block.title else 4)
        sign = "▸" if block.folded else "▾"
        if block.title:
            self._link(
                cursor,
                f"{sign} {block.title}",
                Link("fold", block.id),
                token="text_muted",
                font=ui_font(0.9, bold=True),
            )
            self._write(cursor, "    ", font=ui_font(0.9))
        if not block.folded and block.content.text:
            ways = dict(block.shown.ways)
            current = ways.get(block.shown.renderer, "Raw text")
            if len(ways) > 1:
                quiet = Link("way", block.id)
                self._link(cursor, f"{current} ▾", quiet, token="text_muted")
                self._write(cursor, "    ", font=ui_font(0.9))
            if block.shown.opens:
                name = {"tree": "Open tree", "table": "Open table"}[block.shown.opens]
                self._link(cursor, name, Link("open", block.id), token="text_muted")
                self._write(cursor, "    ", font=ui_font(0.9))
            self._link(cursor, "Copy", Link("copy", block.id), token="text_muted")

    def _table(self, cursor: QTextCursor, table: Table) -> None:
        self._codes.append(insert_table(cursor, table))
        if table.more:
            self._line(cursor, f"… {table.more:,} more rows", token="text_muted")

    def _put_pictures(self, cursor: QTextCursor, call: str) -> None:
        """Write the pictures of a call ("" for the step's own) that are not written yet."""
        for picture in [one for one in self._pictures if one.call == call]:
            self._pictures.remove(picture)
            image = self._images.get(picture.id, "The picture was not read.")
            self._next(cursor, above=6)
            if isinstance(image, QImage):
                name = f"{self._mark}-{picture.id}"
                self._document.addResource(
                    QTextDocument.ResourceType.ImageResource.value, QUrl(name), image
                )
                look = QTextImageFormat()
                look.setName(name)
                cursor.insertImage(look)
                self._next(cursor, above=2)
            self._write(cursor, picture.name, token="text_muted", font=ui_font(0.9))
            if isinstance(image, str):
                self._line(cursor, image, token="warning")
            else:
                self._write(cursor, "    ", font=ui_font(0.9))
                self._link(cursor, "Open picture", Link("picture", picture.id))

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

    def _cut(self, cursor: QTextCursor, text: str, block: Block) -> None:
        self._next(cursor, above=4)
        self._write(cursor, f"{text}    ", token="text_muted", font=ui_font(0.9))
        self._link(cursor, "Show all", Link("all", block.id))

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


def _card_frame() -> QTextFrameFormat:
    look = QTextFrameFormat()
    look.setBorder(1)
    look.setBorderBrush(QBrush(colour("border")))
    look.setBorderStyle(QTextFrameFormat.BorderStyle.BorderStyle_Solid)
    look.setBackground(colour("window"))
    look.setPadding(10)
    look.setTopMargin(6)
    look.setBottomMargin(6)
    look.setWidth(QTextLength(QTextLength.Type.PercentageLength, 100))
    return look


def _code_frame() -> QTextFrameFormat:
    look = QTextFrameFormat()
    look.setBorder(0)
    look.setBackground(colour("code_background"))
    look.setPadding(8)
    look.setTopMargin(4)
    look.setBottomMargin(4)
    return look


def _left_out(shown: Shown) -> str:
    parts = []
    if shown.after:
        parts.append(f"{shown.after:,} more characters")
    if shown.cut_lines:
        lines = "line is" if shown.cut_lines == 1 else "lines are"
        parts.append(f"{shown.cut_lines:,} {lines} cut to 10,000 characters")
    return "… " + ", ".join(parts)


def _units(text: str) -> int:
    """Return the length of a text as Qt counts it, in UTF-16 units."""
    return len(text) + sum(character > "\uffff" for character in text)
