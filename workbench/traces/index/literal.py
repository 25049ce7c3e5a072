"""A text looked up in the files' bytes, for the time before they are indexed.

ASCII letters match in both cases. A text is found in plain and in its JSON-escaped forms, at the
depth of JSON in a string of JSON.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Final

from msgspec import Struct

from workbench.domain.trajectory import Trajectory
from workbench.traces.escapes import Decoded, text_of
from workbench.traces.importer import TraceError
from workbench.traces.source import Buffer, SourceBytes

#: Read at once; lowering it costs less than a millisecond, in which no other thread can run.
_BLOCK: Final = 1 << 20
_AROUND: Final = 160


class LiteralHit(Struct, frozen=True):
    """A line that holds the text: ``offset`` of the text, ``line`` of the line's first byte."""

    path: str
    offset: int
    line: int
    excerpt: str


def literal_hits(
    paths: Iterable[Path],
    text: str,
    limit: int = 200,
    stopped: Callable[[], bool] = lambda: False,
) -> Iterator[LiteralHit]:
    """Yield one hit a line, file after file; files that cannot be read are left out.

    zstd files are left out as well: unpacking them takes longer than a first answer may.
    """
    found = 0
    wanted = [form for form in forms(text) if form]
    for path in paths:
        if stopped() or found >= limit:
            return
        if path.suffix == ".zst":
            continue
        try:
            source = SourceBytes(path)
        except TraceError:
            continue
        with source:
            for hit in _in_file(source, wanted, stopped):
                yield hit
                found += 1
                if found >= limit:
                    return


def _in_file(
    source: SourceBytes, wanted: list[bytes], stopped: Callable[[], bool]
) -> Iterator[LiteralHit]:
    data, length = source.data, source.length
    overlap = max((len(form) for form in wanted), default=1) - 1
    done = start = 0
    while start < length and wanted and not stopped():
        try:
            block = source.read(start, min(_BLOCK + overlap, length - start)).lower()
        except TraceError:  # cut by another program meanwhile
            return
        at = 0
        while True:
            places = [place for form in wanted if (place := block.find(form, at)) >= 0]
            if not places:
                break
            offset = start + min(places)
            if offset >= start + _BLOCK:
                break
            end = data.find(b"\n", offset)
            end = end if end >= 0 else length
            if offset >= done:
                line = data.rfind(b"\n", 0, offset) + 1
                yield LiteralHit(str(source.path), offset, line, _excerpt(data, line, offset, end))
                done = end
            at = max(end - start, min(places) + 1)
        start += _BLOCK


def step_at(trajectory: Trajectory, offset: int, source: int = 0) -> int | None:
    """Return the step one of whose records holds the byte, None when no step shows it."""
    for step in trajectory.steps:
        for span in (*step.raw, *(one for call in step.tool_calls for one in call.result)):
            if span.source == source and span.offset <= offset < span.offset + span.length:
                return step.index
    return None


def forms(text: str) -> tuple[bytes, ...]:
    """Return the ways a text can stand in a file, ASCII letters in lower case."""
    escaped = [json.dumps(text, ensure_ascii=plain)[1:-1] for plain in (False, True)]
    twice = [json.dumps(one, ensure_ascii=False)[1:-1] for one in escaped]
    written = (text, *escaped, *twice)
    return tuple(dict.fromkeys(one.encode("utf-8", "surrogatepass").lower() for one in written))


def plain_text(part: bytes) -> str:
    """Return a part of a record on one line, escapes taken off as deep as they go."""
    for _ in range(2):
        if b"\\" not in part:
            break
        part = Decoded(part).data
    return " ".join(text_of(part).split())


def _excerpt(data: Buffer, line: int, offset: int, end: int) -> str:
    begin = max(line, offset - _AROUND)
    return plain_text(bytes(data[begin : min(end, offset + _AROUND)]))
