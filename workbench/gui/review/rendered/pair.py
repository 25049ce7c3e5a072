"""One block of Markdown before and after, laid out, with the changed words marked."""

from __future__ import annotations

from PySide6.QtGui import QTextCharFormat, QTextCursor, QTextDocument

from workbench.gui.review.diff.emphasis import hidden_characters
from workbench.gui.theme.current import colour
from workbench.gui.widgets.markdown_text import markdown_document
from workbench.review.text_diff.markdown_blocks import Block, BlockPair
from workbench.review.text_diff.word_diff import Span, changed_spans

#: So many characters of a block are laid out; the lines of the diff have all of them.
_MOST = 20_000


class RenderedPair:
    """Both sides as documents, None where a side has no such block."""

    def __init__(self, pair: BlockPair, width: int) -> None:
        self.before = _document(pair.before, width)
        self.after = _document(pair.after, width)
        if pair.state == "changed" and self.before is not None and self.after is not None:
            spans = changed_spans(_plain(self.before), _plain(self.after))
            if spans is not None:
                _mark(self.before, spans[0], "remove_strong")
                _mark(self.after, spans[1], "add_strong")
        sides = [side.size().height() for side in (self.before, self.after) if side is not None]
        self.height = round(max(sides, default=0))

    @property
    def texts(self) -> tuple[str, str]:
        """What a person reads on both sides."""
        before, after = (
            "" if side is None else side.toPlainText() for side in (self.before, self.after)
        )
        return before, after


def _document(block: Block | None, width: int) -> QTextDocument | None:
    if block is None:
        return None
    text = block.text
    if len(text) > _MOST:
        text = f"{text[:_MOST]}\n\n… {len(text) - _MOST:,} characters more, see the lines."
    if block.front_matter:
        fence = "`" * 3
        while fence in text:
            fence += "`"
        text = f"{fence}yaml\n{text}\n{fence}"
    found = hidden_characters(text)
    if found:
        for name in found:
            text = text.replace(chr(int(name[2:], 16)), f"[{name}]")
    document = markdown_document(f"{text}\n{block.definitions}" if block.definitions else text)
    document.setDocumentMargin(2)
    document.setTextWidth(width)
    return document


def _plain(document: QTextDocument) -> str:
    """Return the text with one character for each position of the document, save the last."""
    return document.toRawText()


def _mark(document: QTextDocument, spans: tuple[Span, ...], token: str) -> None:
    text = _plain(document)
    look = QTextCharFormat()
    look.setBackground(colour(token))
    cursor = QTextCursor(document)
    for first, last in spans:
        cursor.setPosition(_units(text[:first]))
        cursor.setPosition(_units(text[:last]), QTextCursor.MoveMode.KeepAnchor)
        cursor.mergeCharFormat(look)


def _units(text: str) -> int:
    """Return the length of a text as Qt counts it, in UTF-16 units."""
    return len(text) + sum(sign > "\uffff" for sign in text)
