"""A line of what a trace says around a place, as a reader sees it and not as a file keeps it.

A record is JSON, often with JSON in its strings: what is shown is the innermost string around the
place, its escapes taken off.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

import msgspec

from workbench.traces.escapes import Decoded, text_of
from workbench.traces.importer import Importer, TraceError
from workbench.traces.index.phrase import find_words
from workbench.traces.open import OpenTrace, SharedSources
from workbench.traces.source import Buffer, SourceBytes

#: So many characters are shown before and after the words.
AROUND: Final = 80
#: The ends of a string are looked for so far from the place.
_REACH: Final = 16 << 10
#: JSON in a string of JSON in a string: deeper is not unpacked.
_DEEPEST: Final = 3
_BEFORE_STRING: Final = b"{[,:"
_AFTER_STRING: Final = b"}],:"


def said_by(importer: Importer | None, records: Iterable[bytes], text: str) -> str:
    """Return a line around words that some records say, "" where none does.

    What the importer makes a step of is looked through first, then every string of the records.
    """
    given = [record for record in records if record]
    for said in (*_visible(importer, given), *_strings_of_all(given)):
        found = find_words(said, text)
        if found is not None:
            return line_around(said, *found)
    return ""


def line_around(said: str, start: int, end: int, around: int = AROUND) -> str:
    """Return a part of a text on one line; an ellipsis where it was cut."""
    begin, stop = max(0, start - around), min(len(said), end + around)
    middle = " ".join(said[begin:stop].split())
    return f"{'…' if begin else ''}{middle}{'…' if stop < len(said) else ''}"


def said_at(data: Buffer, offset: int, line: int, end: int, around: int) -> str:
    """Return a line of what is said at a byte of a record that begins and ends there."""
    begin, stop = max(line, offset - _REACH), min(end, offset + _REACH)
    part, at = bytes(data[begin:stop]), offset - begin
    whole = begin == line, stop == end
    for _ in range(_DEEPEST):
        inside = _string_around(part, at, *whole)
        if inside is None:
            break
        start, stop = inside
        before = Decoded(part[start:at]).data
        part, at = Decoded(part[start:stop]).data, len(before)
        whole = (True, True)
    before_text = text_of(part[:at])
    said = before_text + text_of(part[at:])
    return line_around(said, len(before_text), len(before_text), around)


def plain_text(part: bytes) -> str:
    """Return a part of a record on one line, escapes taken off as deep as they go."""
    for _ in range(2):
        if b"\\" not in part:
            break
        part = Decoded(part).data
    return " ".join(text_of(part).split())


def _string_around(part: bytes, at: int, begins: bool, ends: bool) -> tuple[int, int] | None:
    """Return the inside of the JSON string that holds a byte; None outside of any.

    A part that does not begin (end) with its record may begin (end) inside of a string.
    """
    start = _quote_before(part, at)
    stop = _quote_after(part, at)
    if start < 0 and begins:
        return None
    if stop < 0 and ends:
        return None
    if start >= 0:
        left = part[:start].rstrip()
        if left[-1:] not in _BEFORE_STRING and (left or begins):
            return None
    if stop >= 0:
        right = part[stop + 1 :].lstrip()
        if right[:1] not in _AFTER_STRING and (right or ends):
            return None
    return start + 1, stop if stop >= 0 else len(part)


def _quote_before(part: bytes, at: int) -> int:
    found = part.rfind(b'"', 0, at)
    while found >= 0 and _escaped(part, found):
        found = part.rfind(b'"', 0, found)
    return found


def _quote_after(part: bytes, at: int) -> int:
    found = part.find(b'"', at)
    while found >= 0 and _escaped(part, found):
        found = part.find(b'"', found + 1)
    return found


def _escaped(part: bytes, at: int) -> bool:
    before = at
    while before and part[before - 1] == 0x5C:
        before -= 1
    return bool((at - before) % 2)


def _visible(importer: Importer | None, records: list[bytes]) -> Iterator[str]:
    """Yield what the steps made of records of a log say, read alone."""
    if importer is None or not importer.by_line:
        return
    window = SourceBytes.of_bytes(b"\n".join(one.strip() for one in records) + b"\n")
    for one in importer.skeleton([window]):
        trace = OpenTrace(one, importer, SharedSources([window]))
        for opened in (trace, *trace.children):
            for step in opened.trajectory.steps:
                try:
                    body = opened.body(step.index)
                except TraceError:
                    continue
                yield body.text
                yield body.reasoning
                for call in body.tool_calls:
                    yield from _strings(call.arguments.encode("utf-8", "surrogatepass"), 1)
                    yield call.arguments
                    yield call.observation or ""


def _strings_of_all(records: Iterable[bytes]) -> Iterator[str]:
    for record in records:
        yield from _strings(record)
        yield plain_text(record)


def _strings(record: bytes, deepest: int = _DEEPEST) -> Iterator[str]:
    """Yield the strings of a JSON value, those of JSON in its strings before them."""
    value = _decoded(record)
    if value is None and b'\\"' in record:
        value = _decoded(Decoded(record).data)
    waiting = [(value, deepest)]
    while waiting:
        one, left = waiting.pop()
        if isinstance(one, dict):
            waiting += [(inner, left) for inner in reversed(one.values())]
        elif isinstance(one, list):
            waiting += [(inner, left) for inner in reversed(one)]
        elif isinstance(one, str):
            if left > 1 and one[:1] in "{[" and len(one) > 1:
                inner = _decoded(one.encode("utf-8", "surrogatepass"))
                if isinstance(inner, dict | list):
                    waiting += [(one, 0), (inner, left - 1)]
                    continue
            yield one


def _decoded(record: bytes) -> object:
    try:
        found: object = msgspec.json.decode(record)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None
    return found
