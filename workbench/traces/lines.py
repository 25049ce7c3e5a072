"""Lines and joined JSON values of a file, as byte ranges."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from workbench.traces.source import Buffer

_BOM: Final = b"\xef\xbb\xbf"
_BLANK: Final = b" \t\r\n"
#: A string, or a bracket. Possessive, so that a torn string costs no backtracking.
_TOKEN: Final = re.compile(rb'"(?:[^"\\]++|\\.)*+"?|[{}\[\]]', re.DOTALL)
_SPACE: Final = re.compile(rb"[ \t\r\n]*+")
_SCALAR: Final = re.compile(rb"[^ \t\r\n,:{}\[\]\"]++")


def line_ranges(data: Buffer, start: int = 0, end: int | None = None) -> Iterator[tuple[int, int]]:
    """Yield (offset, end) of each non-empty line, without its line end, BOM and outer blanks.

    The last line is given even when its line end is missing: it may be torn.
    """
    stop = len(data) if end is None else end
    if start == 0 and data[:3] == _BOM:
        start = 3
    find = data.find
    while start < stop:
        at = find(b"\n", start, stop)
        line_end = stop if at < 0 else at
        left, right = start, line_end
        while left < right and data[left] in _BLANK:
            left += 1
        while left < right and data[right - 1] in _BLANK:
            right -= 1
        if left < right:
            yield left, right
        start = line_end + 1


def skip_space(data: Buffer, at: int, end: int | None = None) -> int:
    """Return the offset of the next byte that is no JSON white space."""
    found = _SPACE.match(data, at, len(data) if end is None else end)
    return found.end() if found else at


def value_end(data: Buffer, start: int, end: int | None = None) -> int | None:
    """Return the offset after the JSON value at ``start``, None when it is torn or absent.

    Only brackets and strings are looked at; whether the value is valid JSON shows at decoding.
    """
    stop = len(data) if end is None else end
    if start >= stop:
        return None
    first = data[start : start + 1]
    if first not in (b"{", b"[", b'"'):
        scalar = _SCALAR.match(data, start, stop)
        return scalar.end() if scalar else None
    depth = 0
    for token in _TOKEN.finditer(data, start, stop):
        mark = data[token.start()]
        if mark == 0x22:
            if token.end() - token.start() < 2 or data[token.end() - 1] != 0x22:
                return None
        elif mark in b"{[":
            depth += 1
        else:
            depth -= 1
        if depth <= 0:
            return token.end()
    return None


def joined_values(data: Buffer, start: int, end: int) -> Iterator[tuple[int, int]]:
    """Yield the ranges of JSON values written one after the other with nothing between.

    A torn rest is given as the last range, so that nothing disappears.
    """
    while (start := skip_space(data, start, end)) < end:
        after = value_end(data, start, end)
        if after is None or after <= start:
            yield start, end
            return
        yield start, after
        start = after


def array_items(data: Buffer, start: int, end: int | None = None) -> Iterator[tuple[int, int]]:
    """Yield the range of each item of the JSON array at ``start``; a torn last item is left out."""
    stop = len(data) if end is None else end
    at = start + 1
    while (at := skip_space(data, at, stop)) < stop and data[at] != 0x5D:
        after = value_end(data, at, stop)
        if after is None:
            return
        yield at, after
        at = skip_space(data, after, stop)
        if data[at : at + 1] == b",":
            at += 1


def object_members(
    data: Buffer, start: int, end: int | None = None
) -> Iterator[tuple[bytes, int, int]]:
    """Yield (key, offset, end) of each member of the JSON object at ``start``.

    ``key`` is the undecoded inside of the key's string; offset and end are of the value. A torn
    last member is left out.
    """
    stop = len(data) if end is None else end
    at = start + 1
    while (at := skip_space(data, at, stop)) < stop and data[at] == 0x22:
        key_end = value_end(data, at, stop)
        if key_end is None:
            return
        colon = skip_space(data, key_end, stop)
        value = skip_space(data, colon + 1, stop)
        after = value_end(data, value, stop)
        if data[colon : colon + 1] != b":" or after is None:
            return
        yield bytes(data[at + 1 : key_end - 1]), value, after
        at = skip_space(data, after, stop)
        if data[at : at + 1] == b",":
            at += 1
