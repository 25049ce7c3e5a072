"""Places in text and bytes."""

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
