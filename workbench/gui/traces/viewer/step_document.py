"""Writes a step into a text document: headings, cards for calls, texts in their colours."""

from __future__ import annotations

from collections.abc import Mapping

from PySide6.QtCore import QUrl
from PySide6.QtGui import (
    QBrush,
    QImage,
    QTextCursor,
    QTextDocument,
    QTextFrame,
    QTextFrameFormat,
    QTextImageFormat,
    QTextLength,
)

from workbench.gui.theme.current import colour
from workbench.gui.theme.fonts import ui_font
from workbench.gui.traces.viewer.media import PictureRef
from workbench.gui.traces.viewer.renderers.content import Shown, Table
from workbench.gui.traces.viewer.step_page import Block, CallHead, StepPage, event_text
from workbench.gui.traces.viewer.table_text import insert_table
from workbench.gui.traces.viewer.text_writer import Link, TextWriter

_SIGNS = {"success": "✓", "error": "✗", "warning": "!", "info": "…", "neutral": ""}


class StepDocument(TextWriter):
    """Fills a document with one step."""

    def __init__(self, document: QTextDocument) -> None:
        super().__init__(document)
        self._images: Mapping[str, QImage | str] = {}
        self._pictures: list[PictureRef] = []
        self._room = 640

    def write(
        self,
        page: StepPage,
        images: Mapping[str, QImage | str] | None = None,
        room: int = 640,
    ) -> None:
        """Replace the document's text by the step, its pictures given by their ids.

        ``room`` is how wide a picture may be, in px.
        """
        self._room = max(80, room)
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
                look.setWidth(min(image.width(), self._room))
                cursor.insertImage(look)
                self._next(cursor, above=2)
            self._write(cursor, picture.name, token="text_muted", font=ui_font(0.9))
            if isinstance(image, str):
                self._line(cursor, image, token="warning")
            else:
                self._write(cursor, "    ", font=ui_font(0.9))
                self._link(cursor, "Open picture", Link("picture", picture.id))

    def _cut(self, cursor: QTextCursor, text: str, block: Block) -> None:
        self._next(cursor, above=4)
        self._write(cursor, f"{text}    ", token="text_muted", font=ui_font(0.9))
        self._link(cursor, "Show all", Link("all", block.id))


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


def _left_out(shown: Shown) -> str:
    parts = []
    if shown.after:
        parts.append(f"{shown.after:,} more characters")
    if shown.cut_lines:
        lines = "line is" if shown.cut_lines == 1 else "lines are"
        parts.append(f"{shown.cut_lines:,} {lines} cut to 10,000 characters")
    return "… " + ", ".join(parts)
