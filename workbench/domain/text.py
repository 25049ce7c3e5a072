"""Places in text and bytes, how counts are worded, and text with nothing hidden in it."""

from __future__ import annotations

import unicodedata
from typing import Final

from msgspec import Struct

#: Categories of characters that draw nothing or turn the direction of text: controls, formats,
#: separators of lines, surrogates, private use. They can hide what a text says (CVE-2021-42574).
HIDDEN: Final = ("Cc", "Cf", "Zl", "Zp", "Cs", "Co")


class Span(Struct, frozen=True, order=True):
    """Half-open range of byte offsets in one file."""

    start: int
    end: int


class TextEdit(Struct, frozen=True):
    """Replace the bytes of ``span`` by ``replacement`` (UTF-8); applied from the end backwards."""

    span: Span
    replacement: str


def counted(number: int, what: str) -> str:
    """Return "1 step", "2 steps": a count with its noun, whose plural ends in s."""
    return f"{number:,} {what}{'' if number == 1 else 's'}"


def spelled_out(text: str) -> str:
    """Return a text with every hidden character as ``[U+202E]``; line ends and tabs stay."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(
        f"[U+{ord(sign):04X}]"
        if sign not in "\n\t" and unicodedata.category(sign) in HIDDEN
        else sign
        for sign in text
    )
