"""A text looked up in the files' bytes, for the time before they are indexed.

ASCII letters match in both cases. A text is found in plain and in its JSON-escaped forms, at the
depth of JSON in a string of JSON.
"""

from __future__ import annotations

import contextlib
import itertools
import json
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Final

from msgspec import Struct

from workbench.domain.trajectory import Trajectory
from workbench.traces.importer import TraceError
from workbench.traces.index.snippet import said_at
from workbench.traces.source import SourceBytes, unpacked_blocks

#: Read at once; lowering it costs less than a millisecond, in which no other thread can run.
_BLOCK: Final = 1 << 20
_AROUND: Final = 160
#: Of a zstd file so much is looked through, in bytes unpacked and in seconds.
MOST_UNPACKED: Final = 512 << 20
MOST_SECONDS: Final = 4.0
#: So much of what was unpacked before is kept to tell what stands around a text.
_CONTEXT: Final = 64 << 10


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

    zstd files come last, since unpacking takes longer than a first answer may, and only so much of
    each is looked through (``MOST_UNPACKED``, ``MOST_SECONDS``).
    """
    found = 0
    wanted = [form for form in forms(text) if form]
    packed: list[Path] = []

    def plain() -> Iterator[Path]:
        for path in paths:
            if path.suffix != ".zst":
                yield path
            elif not path.with_suffix("").is_file():
                packed.append(path)

    for path in itertools.chain(plain(), packed):
        if stopped() or found >= limit or not wanted:
            return
        with contextlib.suppress(TraceError):
            search = _in_packed if path.suffix == ".zst" else _in_path
            for hit in search(path, wanted, stopped):
                yield hit
                found += 1
                if found >= limit:
                    return


def _in_path(path: Path, wanted: list[bytes], stopped: Callable[[], bool]) -> Iterator[LiteralHit]:
    with SourceBytes(path) as source:
        yield from _in_file(source, wanted, stopped)


def _in_packed(
    path: Path, wanted: list[bytes], stopped: Callable[[], bool]
) -> Iterator[LiteralHit]:
    """Look through what a zstd file holds while it is unpacked; offsets are of the unpacked."""
    begun = time.monotonic()
    data, start = b"", 0  # what was unpacked last, and where it lies
    searched = done = line = 0
    blocks = unpacked_blocks(path)
    while not stopped():
        block = next(blocks, b"")
        data += block
        # A record that is still coming is waited for, so that all around the text is there.
        limit = len(data) if not block else max(0, data.rfind(b"\n") + 1)
        limit = limit or max(0, len(data) - _CONTEXT)
        lower = data[:limit].lower()
        at = max(0, searched - start)
        while (offset := _first(lower, wanted, at)) >= 0:
            end = lower.find(b"\n", offset)
            end = end if end >= 0 else len(data)
            if start + offset >= done:
                begin = lower.rfind(b"\n", 0, offset) + 1
                line_at = start + begin if begin else line
                said = said_at(data, offset, begin, end, _AROUND)
                yield LiteralHit(str(path), start + offset, line_at, said)
                done = start + end
            at = offset + 1
        searched = max(searched, start + limit - max(map(len, wanted)) + 1)
        newest = data.rfind(b"\n", 0, limit) + 1
        line = start + newest if newest else line
        kept = max(0, min(len(data), limit) - _CONTEXT)
        data, start = data[kept:], start + kept
        over = time.monotonic() - begun > MOST_SECONDS
        if not block or start > MOST_UNPACKED or over:
            return


def _first(data: bytes, wanted: list[bytes], at: int) -> int:
    places = [place for form in wanted if (place := data.find(form, at)) >= 0]
    return min(places, default=-1)


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
        while (place := _first(block, wanted, at)) >= 0:
            offset = start + place
            if offset >= start + _BLOCK:
                break
            end = data.find(b"\n", offset)
            end = end if end >= 0 else length
            if offset >= done:
                line = data.rfind(b"\n", 0, offset) + 1
                said = said_at(data, offset, line, end, _AROUND)
                yield LiteralHit(str(source.path), offset, line, said)
                done = end
            at = max(end - start, place + 1)
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
