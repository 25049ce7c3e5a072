"""Quotes found in the bytes of a trace, and the text of a byte range.

A span with ``layers`` n is the part of a file whose n-fold JSON string decoding is the quote,
character for character.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import msgspec

from workbench.domain.trajectory import ByteSpan
from workbench.traces.escapes import Decoded, bytes_of, decode_layers, string_insides, text_of

#: JSON kept in a string of JSON kept in a string: more was never seen.
_MAX_DEPTH: Final = 3
_any_json: Final = msgspec.json.Decoder(msgspec.Raw)


def span_text(data: bytes, span: ByteSpan) -> str:
    """Return the text of a span. ``data`` are the span's own bytes, as ``OpenTrace.raw`` gives."""
    return text_of(decode_layers(data, span.layers))


def locate_quote(records: Iterable[tuple[ByteSpan, bytes]], quote: str) -> ByteSpan | None:
    """Find a quote in records; return the exact bytes it was made from, or None.

    A quote lies within one string of a record: the record's own strings are looked at first, then
    those of JSON kept in them, then the record's JSON text as it is written.

    Args:
        records: each record's span and its undecoded bytes, in the order of preference.
        quote: the text; an empty one is never found.
    """
    wanted = bytes_of(quote)
    if not wanted:
        return None
    for span, data in records:
        found = _in_record(span, data, wanted)
        if found is not None:
            return found
    return None


class _View:
    """Text of a record after some layers, with the way back to the file."""

    __slots__ = ("data", "decoded", "layers", "parent", "start")

    def __init__(self, data: bytes, parent: _View | None, start: int, layers: int) -> None:
        self.parent = parent
        self.start = start
        self.layers = layers
        self.decoded = Decoded(data) if parent is not None else None
        self.data = self.decoded.data if self.decoded is not None else data

    def file_offset(self, offset: int) -> int:
        """Return where the byte at ``offset`` begins in the file."""
        if self.parent is None or self.decoded is None:
            return self.start + offset
        return self.parent.file_offset(self.start + self.decoded.raw(offset))


def _in_record(span: ByteSpan, data: bytes, wanted: bytes) -> ByteSpan | None:
    record = _record_view(span, data)
    level = [record]
    if _looks_like_json(record.data):
        for _ in range(_MAX_DEPTH):
            inner: list[_View] = []
            for view in level:
                for start, end in string_insides(view.data):
                    child = _View(view.data[start:end], view, start, view.layers + 1)
                    at = child.data.find(wanted)
                    if at >= 0:
                        return _span(span.source, child, at, len(wanted))
                    if len(child.data) > 2 and _is_json(child.data):
                        inner.append(child)
            if not inner:
                break
            level = inner
    at = _literal(record.data, wanted)
    return None if at < 0 else _span(span.source, record, at, len(wanted))


def _record_view(span: ByteSpan, data: bytes) -> _View:
    view = _View(data, None, span.offset, 0)
    for layer in range(span.layers):
        view = _View(view.data, view, 0, layer + 1)
    return view


def _span(source: int, view: _View, at: int, length: int) -> ByteSpan:
    start = view.file_offset(at)
    return ByteSpan(source, start, view.file_offset(at + length) - start, view.layers)


def _literal(data: bytes, wanted: bytes) -> int:
    """Find ``wanted`` in JSON text as it is written.

    A part of JSON, such as the cut arguments of a call, may begin or end anywhere. Plain words may
    not begin in the middle of an escape: that would find "now" where a line end and "ow" stand.
    """
    at = data.find(wanted)
    if at < 0 or not _looks_like_json(data) or b"\\" in wanted or b'"' in wanted:
        return at
    borders = [(start, Decoded(data[start:end]), end) for start, end in string_insides(data)]
    while at >= 0:
        if all(_at_border(borders, offset) for offset in (at, at + len(wanted))):
            return at
        at = data.find(wanted, at + 1)
    return -1


def _at_border(strings: list[tuple[int, Decoded, int]], offset: int) -> bool:
    for start, decoded, end in strings:
        if start <= offset <= end:
            return decoded.is_border(offset - start)
    return True


def _looks_like_json(data: bytes) -> bool:
    return data.lstrip()[:1] in (b"{", b"[", b'"')


def _is_json(data: bytes) -> bool:
    """Whether text in a string is itself a JSON object, list or string."""
    if not _looks_like_json(data):
        return False
    try:
        _any_json.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return False
    return True
