"""Markdown as a document in the program's look. HTML stays text, pictures stay names."""

from __future__ import annotations

from PySide6.QtGui import (
    QTextBlock,
    QTextCharFormat,
    QTextCursor,
    QTextDocument,
    QTextFormat,
)

from workbench.gui.theme.current import colour
from workbench.gui.theme.fonts import mono_font, ui_font

_SCALES = {1: 1.25, 2: 1.15}


def markdown_document(text: str, *, muted: bool = False) -> QTextDocument:
    """Return the text laid out; nothing it names is loaded or followed."""
    document = QTextDocument()
    document.setDefaultFont(ui_font())
    features = QTextDocument.MarkdownFeature
    document.setMarkdown(text, features.MarkdownDialectGitHub | features.MarkdownNoHTML)
    block = document.begin()
    while block.isValid():
        _shape(block)
        _letters(document, block, muted=muted)
        block = block.next()
    return document


def _is_code(block: QTextBlock) -> bool:
    return block.blockFormat().hasProperty(QTextFormat.Property.BlockCodeFence)


def _shape(block: QTextBlock) -> None:
    code = _is_code(block)
    shape = block.blockFormat()
    shape.setTopMargin(10 if shape.headingLevel() else 0 if code else 3)
    shape.setBottomMargin(0 if code else 3)
    if code:
        shape.setBackground(colour("code_background"))
        shape.setNonBreakableLines(False)
    QTextCursor(block).setBlockFormat(shape)


def _letters(document: QTextDocument, block: QTextBlock, *, muted: bool) -> None:
    level = block.blockFormat().headingLevel()
    code = _is_code(block)
    found: list[tuple[int, int, QTextCharFormat]] = []
    parts = block.begin()
    while not parts.atEnd():
        part = parts.fragment()
        found.append((part.position(), part.length(), part.charFormat()))
        parts += 1
    for position, length, look in reversed(found):
        place = QTextCursor(document)
        place.setPosition(position)
        place.setPosition(position + length, QTextCursor.MoveMode.KeepAnchor)
        if look.isImageFormat():
            plain = QTextCharFormat()
            plain.setForeground(colour("text_muted"))
            place.insertText(f"[image {look.toImageFormat().name()}]" * length, plain)
            continue
        place.mergeCharFormat(_look(look, level, code=code, muted=muted))


def _look(look: QTextCharFormat, level: int, *, code: bool, muted: bool) -> QTextCharFormat:
    change = QTextCharFormat()
    if look.fontFixedPitch() or code:
        change.setFont(mono_font(0.95))
        if not code:
            change.setBackground(colour("code_background"))
    elif level:
        change.setFont(ui_font(_SCALES.get(level, 1.05), bold=True))
        change.setProperty(QTextFormat.Property.FontSizeAdjustment, 0)
    if look.isAnchor():
        change.setForeground(colour("link"))
        change.setToolTip(look.anchorHref())
    elif muted:
        change.setForeground(colour("text_muted"))
    return change
