"""Colours for front matter, Markdown and fences, by line rules and a small block state.

The state of every line is worked out (a fence at the top changes all below it), formats are given
to visible lines alone: 20,000 lines open in 180 ms so, in 270 with formats for all.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

from PySide6.QtGui import QFont, QSyntaxHighlighter, QTextCharFormat, QTextDocument

from workbench.gui.theme.current import colour

TEXT: Final = 0
FRONT_MATTER: Final = 1
COMMENT: Final = 2
#: States from here on are fences: 10 + 2 * length of the fence + (1 for tildes).
FENCE: Final = 10

_FENCE = re.compile(r" {0,3}(`{3,}|~{3,})")
_KEY = re.compile(r"^(\s*(?:- )?)([^\s:#][^:#]*?)(:)(?=\s|$)")
_FRONT = (
    (re.compile(r"\"(?:[^\"\\]|\\.)*\"|'(?:[^']|'')*'"), "code_string"),
    (re.compile(r"(?<=[\s:])(?:true|false|null|-?\d+(?:\.\d+)?)(?=\s*$)"), "code_number"),
    (re.compile(r"(?:^|\s)#.*$"), "code_comment"),
)
_HEADING = re.compile(r" {0,3}#{1,6}(?:\s|$)")
_MARKDOWN = (
    (re.compile(r"\*\*(?=\S)[^*\n]+(?<=\S)\*\*|__(?=\S)[^_\n]+(?<=\S)__"), "code_emphasis"),
    (re.compile(r"(?<![*\w])\*(?=[^\s*])[^*\n]+(?<=[^\s*])\*(?![*\w])"), "code_emphasis"),
    (re.compile(r"!?\[[^\]\n]*\]\([^)\n]*\)|<https?://[^>\s]+>"), "code_link"),
    (re.compile(r"^\s*(?:[-*+]|\d{1,9}[.)])(?=\s)"), "code_heading"),
    (re.compile(r"^\s*>.*$"), "code_comment"),
    (re.compile(r"`+[^`\n]+`+"), "code_fence"),
)
#: Regexes see no more of a line than this.
_MOST: Final = 2000

Visible = Callable[[], tuple[int, int]]


def next_state(line: str, before: int, *, first: bool) -> int:
    """Return the state after a line, from the state before it."""
    if first:
        if line.rstrip() == "---":
            return FRONT_MATTER
    elif before == FRONT_MATTER:
        return TEXT if line.rstrip() == "---" else FRONT_MATTER
    if before >= FENCE:
        closing = _FENCE.match(line)
        if closing and not line[closing.end() :].strip():
            mark = closing.group(1)
            length, tilde = divmod(before - FENCE, 2)
            if len(mark) >= length and (mark[0] == "~") == bool(tilde):
                return TEXT
        return before
    if before == COMMENT:
        return TEXT if "-->" in line else COMMENT
    opening = _FENCE.match(line)
    if opening:
        mark = opening.group(1)
        return FENCE + 2 * len(mark) + (mark[0] == "~")
    if line.lstrip().startswith("<!--") and "-->" not in line:
        return COMMENT
    return TEXT


class Highlighter(QSyntaxHighlighter):
    """Colours a SKILL.md, or plain Markdown. ``visible`` gives the first and last line in sight."""

    def __init__(self, document: QTextDocument, visible: Visible) -> None:
        super().__init__(document)
        self._visible = visible
        self._formats: dict[str, QTextCharFormat] = {}
        self._coloured: set[int] = set()
        self._all = False
        self.refresh_colours(again=False)

    def refresh_colours(self, *, again: bool = True) -> None:
        """Take over the colours of a new theme."""
        for token in (
            "code_key",
            "code_string",
            "code_number",
            "code_comment",
            "code_heading",
            "code_link",
            "code_fence",
            "code_emphasis",
        ):
            made = QTextCharFormat()
            made.setForeground(colour(token))
            self._formats[token] = made
        self._formats["code_heading"].setFontWeight(QFont.Weight.Bold)
        self._formats["code_emphasis"].setFontItalic(True)
        if again:
            self._coloured.clear()
            self.rehighlight()

    def colour_visible(self) -> None:
        """Give formats to lines that came into sight."""
        first, last = self._visible()
        for number in range(first, last + 1):
            if number in self._coloured:
                continue
            block = self.document().findBlockByNumber(number)
            if block.isValid():
                self.rehighlightBlock(block)

    def highlightBlock(self, text: str) -> None:
        block = self.currentBlock()
        number = block.blockNumber()
        before = self.previousBlockState() if number else TEXT
        before = max(before, TEXT)
        after = next_state(text[:_MOST], before, first=number == 0)
        self.setCurrentBlockState(after)
        first, last = self._visible()
        if not first <= number <= last:
            self._coloured.discard(number)
            return
        self._coloured.add(number)
        self._colour(text[:_MOST], before, after, first=number == 0)

    def _colour(self, text: str, before: int, after: int, *, first: bool) -> None:
        if FRONT_MATTER in (before, after) and (first or before == FRONT_MATTER):
            self._colour_front_matter(text)
        elif before >= FENCE or after >= FENCE:
            self.setFormat(0, len(text), self._formats["code_fence"])
        elif COMMENT in (before, after):
            self.setFormat(0, len(text), self._formats["code_comment"])
        elif _HEADING.match(text):
            self.setFormat(0, _units(text), self._formats["code_heading"])
        else:
            self._apply(text, _MARKDOWN)

    def _colour_front_matter(self, text: str) -> None:
        if text.rstrip() == "---":
            self.setFormat(0, len(text), self._formats["code_comment"])
            return
        self._apply(text, _FRONT)
        key = _KEY.match(text)
        if key:
            start = _units(text[: key.start(2)])
            self.setFormat(start, _units(key.group(2)), self._formats["code_key"])

    def _apply(self, text: str, rules: tuple[tuple[re.Pattern[str], str], ...]) -> None:
        for pattern, token in rules:
            for found in pattern.finditer(text):
                start = _units(text[: found.start()])
                self.setFormat(start, _units(found.group()), self._formats[token])


def _units(text: str) -> int:
    """Return the length as Qt counts it: in UTF-16 units."""
    return len(text) if text.isascii() else len(text.encode("utf-16-le", "surrogatepass")) // 2
