"""JSON records of drifting formats: decoded without ever failing, fields read by type."""

from __future__ import annotations

import functools
import json
import math
import re
from collections.abc import Collection, Iterable, Iterator
from typing import Any, Final

import msgspec

from workbench.traces.escapes import Decoded, bytes_of, text_of
from workbench.traces.lines import joined_values, line_ranges, object_members, skip_space
from workbench.traces.source import Buffer

_ESCAPE_OR_STRAY: Final = re.compile(rb'\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})|(\\)')
_decoder: Final = msgspec.json.Decoder()


def decode(record: bytes) -> Any:
    """Return the JSON value, or None when it is none (JSON's own null too).

    Logs that went through a scrubber hold ``\\s`` where ``\\n`` stood before a masked word, and
    some writers leave control characters or NaN in: all that is read. A backslash that begins no
    escape stands for itself, as in ``escapes.Decoded``.
    """
    try:
        return _decoder.decode(record)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        pass
    mended = _ESCAPE_OR_STRAY.sub(
        lambda found: rb"\\" if found.group(1) else found.group(), bytes(record)
    )
    try:
        return json.loads(text_of(mended), strict=False)
    except (ValueError, RecursionError):
        return None


def decode_object(record: bytes) -> dict[str, Any] | None:
    """Return the JSON object, None when the record is none."""
    value = decode(record)
    return value if isinstance(value, dict) else None


def mapping(value: Any) -> dict[str, Any]:
    """Return the value when it is an object, else an empty one."""
    return value if isinstance(value, dict) else {}


def items(value: Any) -> list[Any]:
    """Return the value when it is a list, else an empty one."""
    return value if isinstance(value, list) else []


def string(value: Any) -> str | None:
    """Return the value when it is a text that is not empty."""
    return value if isinstance(value, str) and value else None


def integer(value: Any) -> int | None:
    """Return a whole number, also one written as a float; bool is no number."""
    if isinstance(value, bool):
        return None
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return value if isinstance(value, int) else None


def number(value: Any) -> float | None:
    """Return a finite number; bool is no number."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        made = float(value)
    except OverflowError:
        return None
    return made if math.isfinite(made) else None


def compact(value: Any) -> str:
    """Return a value as JSON text; a text is given as it is, null as nothing."""
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    try:
        return json.dumps(value, ensure_ascii=False)
    except RecursionError:  # nested deeper than anybody can read
        return ""


def one_line(text: str, limit: int = 200) -> str:
    """Return the beginning of a text on one line."""
    head = text[:limit]
    # Previews are made of every record of a log: nearly all have nothing to fold in so few words.
    if head.isprintable() and "  " not in head and head[:1] != " " != head[-1:]:
        return head
    head = text[: limit + (limit >> 2)]
    # Of the others, most have line ends alone; taking the words apart costs five times as much.
    folded = head.replace("\n\n", " ").replace("\n", " ")
    if not folded.isprintable() or "  " in folded or folded[:1] == " " or folded[-1:] == " ":
        folded = " ".join(head.split())
    for times in (2, 8):  # eight times as much where it is blanks for the most part
        if len(folded) > limit or len(text) <= limit:
            break
        folded = " ".join(text[: limit * times].split())
    return folded[:limit]


def member_text(record: bytes, *keys: str) -> str | None:
    """Return a member of a JSON object: a text decoded, any other value as it is written.

    As written, so that a part of it can be found again in the file. None when it is not there or
    is null.
    """
    start, end = skip_space(record, 0), len(record)
    for key in keys:
        if record[start : start + 1] != b"{":
            return None
        wanted = bytes_of(key)
        found = [
            (at, after)
            for name, at, after in object_members(record, start, end)
            if Decoded(name).data == wanted
        ]
        if not found:
            return None
        start, end = found[-1]  # the last of equal keys wins, as in every parser
    value = record[start:end]
    if value == b"null":
        return None
    return text_of(Decoded(value[1:-1]).data if value[:1] == b'"' else value)


#: Records up to this size are remembered for a while: what detection looks at.
_REMEMBERED: Final = 256 << 10
_KEY: Final = re.compile(rb'\s*,?\s*"((?:[^"\\]++|\\.)*+)"\s*:\s*')


def top_members(data: Buffer, start: int = 0, end: int | None = None) -> dict[str, tuple[int, int]]:
    """Return (offset, end) of the value of each member of the JSON object at ``start``.

    A torn last member (a cut file, the window of a probe) reaches to the end of the data. Of equal
    keys the last one wins. Nothing for data that begins with no object.
    """
    if isinstance(data, bytes) and len(data) <= _REMEMBERED and not start and end is None:
        return dict(_remembered(data))
    return _top_members(data, start, len(data) if end is None else end)


@functools.lru_cache(maxsize=24)
def _remembered(data: bytes) -> dict[str, tuple[int, int]]:
    """Detection asks every format about the same few lines."""
    return _top_members(data, 0, len(data))


def _top_members(data: Buffer, start: int, stop: int) -> dict[str, tuple[int, int]]:
    if start == 0 and data[:3] == b"\xef\xbb\xbf":
        start = 3
    start = skip_space(data, start, stop)
    if data[start : start + 1] != b"{":
        return {}
    found: dict[str, tuple[int, int]] = {}
    after = start + 1
    for key, at, value_end in object_members(data, start, stop):
        found[text_of(Decoded(key).data)] = (at, value_end)
        after = value_end
    torn = _KEY.match(data, after, stop)
    if torn is not None:
        found[text_of(Decoded(torn.group(1)).data)] = (torn.end(), stop)
    return found


def pieces_without(
    data: Buffer, start: int, end: int, names: Collection[bytes]
) -> list[tuple[int, int]]:
    """Return the ranges of an object's members other than ``names``, neighbours together.

    A piece is ``"key": value, "key": value`` without braces; ``from_pieces`` reads it. So a step
    leaves out what does not belong to it: the whole history in a query, another step's text.
    """
    pieces: list[tuple[int, int]] = []
    begun: int | None = None
    before = start + 1
    previous = before
    for key, at, after in object_members(data, start, end):
        key_start = data.rfind(b'"' + key + b'"', before, at)
        if key in names:
            if begun is not None:
                pieces.append((begun, previous))
            begun = None
        elif begun is None:
            begun = key_start
        before = previous = after
    if begun is not None:
        pieces.append((begun, previous))
    return pieces


def from_pieces(pieces: Iterable[bytes]) -> dict[str, Any]:
    """Return the members that ``pieces_without`` found, or a whole object, as one object."""
    found: dict[str, Any] = {}
    for piece in pieces:
        found |= decode_object(piece if piece[:1] == b"{" else b"{" + piece + b"}") or {}
    return found


def line_records(data: Buffer, start: int = 0, end: int | None = None) -> Iterator[tuple[int, int]]:
    """Yield the range of each record of a file of JSON lines, torn lines and log noise as well.

    Two records joined on one line are two; a line that begins with no object is one range.
    """
    for first, last in line_ranges(data, start, end):
        if data[first] == 0x7B:
            yield from joined_values(data, first, last)
        else:
            yield first, last


_TYPE: Final = re.compile(rb'"type"\s*:\s*"([^"\\]+)"')


def line_type(line: bytes) -> str | None:
    """Return the ``type`` of a record, also of one that is cut.

    Records of JSON lines write their own type before anything nested; only when the first one
    found is not at the beginning is the record decoded to be sure.
    """
    found = _TYPE.search(line)
    if found is None or line[:1] != b"{":
        return None
    if line[1 : found.start()].strip():
        record = decode_object(line)
        if record is not None:
            return string(record.get("type"))
    return found.group(1).decode("utf-8", "replace")
