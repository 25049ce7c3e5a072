"""Places in text and bytes, and how counts are worded."""

from __future__ import annotations

from msgspec import Struct


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
