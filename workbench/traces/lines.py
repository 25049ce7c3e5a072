"""Lines and joined JSON values of a file, as byte ranges."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Final

import msgspec
from msgspec import Raw

from workbench.traces.source import Buffer

_BOM: Final = b"\xef\xbb\xbf"
_BLANK: Final = b" \t\r\n"
#: A string, or a bracket. Possessive, so that a torn string costs no backtracking.
_TOKEN: Final = re.compile(rb'"(?:[^"\\]++|\\.)*+"?|[{}\[\]]', re.DOTALL)
_SPACE: Final = re.compile(rb"[ \t\r\n]*+")
_KEY: Final = re.compile(rb'[ \t\r\n]*+"((?:[^"\\]++|\\.)*+)"[ \t\r\n]*+:[ \t\r\n]*+', re.DOTALL)
_SCALAR: Final = re.compile(rb"[^ \t\r\n,:{}\[\]\"]++")

_CHUNK: Final = 64 << 10
#: From here on trying the decoder first costs nothing that matters when it fails.
_LONG: Final = 4096
_raw_value: Final = msgspec.json.Decoder(Raw)
_raw_items: Final = msgspec.json.Decoder(list[Raw])
_raw_members: Final = msgspec.json.Decoder(dict[str, Raw])


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
    if stop - start > _LONG and (quick := _quick_end(data, start, stop)) is not None:
        return quick
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
    return iter(_quick_items(data, start, stop) or _items(data, start, stop))


def object_members(
    data: Buffer, start: int, end: int | None = None
) -> Iterator[tuple[bytes, int, int]]:
    """Yield (key, offset, end) of each member of the JSON object at ``start``.

    ``key`` is the undecoded inside of the key's string; offset and end are of the value. A torn
    last member is left out.
    """
    stop = len(data) if end is None else end
    return iter(_quick_members(data, start, stop) or _members(data, start, stop))


def _quick_end(data: Buffer, start: int, stop: int) -> int | None:
    """Return the end of the value when nothing but white space follows it."""
    try:
        with memoryview(data) as whole, whole[start:stop] as view:
            return start + memoryview(_raw_value.decode(view)).nbytes
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None


def _quick_items(data: Buffer, start: int, stop: int) -> list[tuple[int, int]] | None:
    """Return the ranges of a whole array's items, None when it is torn or no JSON.

    The decoder skips the items many times faster than bracket by bracket; it keeps the bytes of
    each, whose lengths lead from one item to the next.
    """
    try:
        with memoryview(data) as whole, whole[start:stop] as view:
            lengths = [memoryview(raw).nbytes for raw in _raw_items.decode(view)]
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    found: list[tuple[int, int]] = []
    at = start + 1
    for length in lengths:
        if data[at] <= 0x20:
            at = skip_space(data, at, stop)
        found.append((at, at + length))
        at += length
        if data[at] <= 0x20:
            at = skip_space(data, at, stop)
        at += 1  # the comma
    return found


def _quick_members(data: Buffer, start: int, stop: int) -> list[tuple[bytes, int, int]] | None:
    """Return the members of a whole object, None when it is torn, no JSON, or repeats a key.

    Of a repeated key the decoder keeps the last value at the place of the first. So the bytes of
    each are compared: no JSON value is the beginning of another, numbers end at a comma or brace.
    """
    try:
        with memoryview(data) as whole, whole[start:stop] as view:
            values = [memoryview(raw) for raw in _raw_members.decode(view).values()]
            try:
                return _walked(data, start + 1, stop, values)
            finally:
                for value in values:
                    value.release()
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None


def _walked(
    data: Buffer, at: int, stop: int, values: Sequence[memoryview]
) -> list[tuple[bytes, int, int]] | None:
    """Return the members whose values these are, in order; None when they are others."""
    found: list[tuple[bytes, int, int]] = []
    match, mark = _KEY.match, 0
    for value in values:
        named = match(data, at, stop)
        if named is None:
            return None
        at = named.end()
        after = at + value.nbytes
        if value.nbytes <= _CHUNK:
            if data[at:after] != value.tobytes():
                return None
        elif not _same(data, at, value):
            return None
        found.append((named.group(1), at, after))
        mark = data[after] if after < stop else 0
        if mark <= 0x20:
            after = skip_space(data, after, stop)
            mark = data[after] if after < stop else 0
        if mark != 0x2C:
            break
        at = after + 1
    if not values:
        at = skip_space(data, at, stop)
        mark = data[at] if at < stop else 0
    return found if len(found) == len(values) and mark == 0x7D else None


def _same(data: Buffer, at: int, value: memoryview) -> bool:
    """Compare the bytes of a large value piece by piece, so that no copy of it is made."""
    return all(
        data[at + first : at + min(first + _CHUNK, value.nbytes)]
        == value[first : first + _CHUNK].tobytes()
        for first in range(0, value.nbytes, _CHUNK)
    )


def _items(data: Buffer, start: int, stop: int) -> Iterator[tuple[int, int]]:
    at = start + 1
    while (at := skip_space(data, at, stop)) < stop and data[at] != 0x5D:
        after = value_end(data, at, stop)
        if after is None:
            return
        yield at, after
        at = skip_space(data, after, stop)
        if data[at : at + 1] == b",":
            at += 1


def _members(data: Buffer, start: int, stop: int) -> Iterator[tuple[bytes, int, int]]:
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
