"""Where the records of a file lie: lines decoded block by block, or the parts of one JSON value."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import msgspec
from msgspec import Raw

from workbench.traces.claude.lines import LINES, UNREADABLE, Line
from workbench.traces.lines import array_items, joined_values, object_members, value_end
from workbench.traces.source import Buffer

_members: Final = msgspec.json.Decoder(dict[str, Raw])
#: What a record says, beside the envelope that a resume writes anew.
_PAYLOAD: Final = ("type", "subtype", "message", "attachment", "data", "content", "summary")


def line_by_line(block: bytes) -> tuple[list[int], list[Line]]:
    """Decode all lines of a block at one go and find their ends.

    Returns:
        Nothing when a line is blank, torn, odd, two records, or a part of one: then they have to
        be taken one by one.
    """
    try:
        lines = LINES.decode_lines(block)
    except UNREADABLE:
        return [], []
    find, size, at, ends = block.find, len(block), 0, []
    while at < size:
        end = find(b"\n", at)
        if end < 0:
            end = size
        if block[at] != 0x7B or block[end - 1] != 0x7D:
            return [], []
        ends.append(end)
        at = end + 1
    return (ends, lines) if len(ends) == len(lines) else ([], [])


def line_ends(data: Buffer, start: int) -> Iterator[tuple[int, int]]:
    """Yield each line without its line end; blanks around it are left to the decoder."""
    find, stop = data.find, len(data)
    while start < stop:
        end = find(b"\n", start)
        if end < 0:
            end = stop
        if end - start > 1:
            yield (start, end - 1) if data[end - 1] == 13 else (start, end)
        elif end > start:
            yield start, end
        start = end + 1


def joined_parts(data: Buffer, at: int, end: int) -> Iterator[tuple[int, int]]:
    """Yield the records of a line, which are several where a line end was lost."""
    try:
        LINES.decode(data[at:end])
    except msgspec.ValidationError:
        yield at, end
    except UNREADABLE:
        yield from joined_values(data, at, end)
    else:
        yield at, end


def records_of_document(data: Buffer, start: int) -> Iterator[tuple[int, int]] | None:
    """Return the records of a file that is one JSON value, None when it is lines."""
    if data[start : start + 1] == b"[":
        return array_items(data, start)
    if data[start : start + 1] != b"{":
        return None
    line_end = data.find(b"\n", start)
    first_line = data[start : line_end if line_end >= 0 else len(data)].rstrip()
    if not first_line.endswith(b"}") or b'"loglines"' in first_line[:4096]:
        for key, value, _end in object_members(data, start):
            if key == b"loglines" and data[value : value + 1] == b"[":
                return array_items(data, value)
        end = value_end(data, start)
        if end is not None and line_end >= 0 and end > line_end:
            return joined_values(data, start, len(data))
    return None


def payload_of(value: bytes) -> tuple[bytes, ...] | None:
    """Return what a record says as it is written, None when it is no JSON object."""
    try:
        members = _members.decode(value)
    except UNREADABLE:
        return None
    return tuple(bytes(members[key]) if key in members else b"" for key in _PAYLOAD)
