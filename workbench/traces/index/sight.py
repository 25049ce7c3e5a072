"""A first sight of a log while the rest is read: its beginning, or the end of a long one."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from msgspec.structs import replace

from workbench.domain.trajectory import ByteSpan, Step, ToolCall, Trajectory
from workbench.traces.collector import no_collection
from workbench.traces.importer import Importer, TraceError
from workbench.traces.index.parts import APPENDABLE, Position, read_part
from workbench.traces.open import OpenTrace, SharedSources, importer_for, open_traces
from workbench.traces.source import SourceBytes

#: Smaller files are read as a whole before anybody could look at their beginning.
_SMALL: Final = 4 << 20
#: A log of this size is opened at its end: who opens it asks what happened last.
LONG: Final = 256 << 20
#: The skeleton of a file can take a third of its size in memory: longer logs are shown in part.
MOST: Final = 3 << 30
#: How much of the end is read at first.
END_BYTES: Final = 16 << 20
_FIRST_WINDOW: Final = 1 << 20
_LAST_WINDOW: Final = 16 << 20
_HEAD: Final = 64 << 10


def open_sight(path: Path) -> OpenTrace | None:
    """Open what is seen first of a file whose reading takes long: see ``open_start``, ``open_end``.

    Returns:
        None when it is as well to read the whole file at once: it is small, or a document that
        has to be read as a whole.

    Raises:
        TraceError: as ``open_traces``.
    """
    importer = importer_for(path)
    size = path.stat().st_size
    if size < _SMALL or not importer.by_line:
        return None
    found = open_end(path) if size >= LONG else None
    return found or open_start(path)


def open_start(path: Path, steps: int = 200) -> OpenTrace:
    """Open the beginning of a file, for a first sight while the rest is read.

    Returns:
        The first trajectory; ``complete`` is False when the file holds more than was read. Calls
        may still lack their results, and a step can have another index in the full skeleton;
        its uid stays.

    Raises:
        TraceError: as ``open_traces``.
    """
    importer = importer_for(path)
    window = _FIRST_WINDOW if importer.by_line else None
    while window is not None:
        source = SourceBytes(path, limit=window)
        try:
            with no_collection():
                found = next(iter(importer.skeleton([source])), None)
        except BaseException:
            source.close()
            raise
        if found is not None and (source.whole or len(found.steps) >= steps):
            made = found
            if not source.whole or len(found.steps) > steps:
                made = replace(found, steps=found.steps[:steps], complete=False)
            return OpenTrace(made, importer, SharedSources([source]))
        window = None if source.whole or window >= _LAST_WINDOW else window * 4
        source.close()
    first, *others = open_traces(path)
    for other in others:
        other.close()
    if len(first.trajectory.steps) > steps:
        one = first.trajectory
        first.trajectory = replace(one, steps=one.steps[:steps], complete=False)
    return first


def first_screen(path: Path, steps: int = 200) -> Trajectory:
    """Read the beginning of a file fast; see ``open_start``."""
    with open_start(path, steps) as trace:
        return trace.trajectory


def open_end(path: Path, size: int = END_BYTES) -> OpenTrace | None:
    """Open the last ``size`` bytes of a log of lines, whatever stands before them.

    Returns:
        The trajectory's last steps, counted from 0, with ``skipped`` the bytes before them; their
        spans are those of the file. The whole file when it is no longer than that. None for
        formats whose lines cannot be read alone.

    Raises:
        TraceError: as ``open_traces``.
    """
    return open_from(path, max(0, path.stat().st_size - size))


def open_from(path: Path, begin: int) -> OpenTrace | None:
    """Open a log of lines from the first line after byte ``begin`` on; see ``open_end``.

    Raises:
        TraceError: as ``open_traces``.
    """
    importer = importer_for(path)
    if importer.id not in APPENDABLE:
        return None
    source = SourceBytes(path)
    try:
        if source.compressed:
            source.close()
            return None
        with no_collection():
            made = _end_of(importer, source, begin)
        if made is None:
            source.close()
            return None
        return OpenTrace(made, importer, SharedSources([source]))
    except BaseException:
        source.close()
        raise


def _end_of(importer: Importer, source: SourceBytes, begin: int) -> Trajectory | None:
    if begin and source.read(begin - 1, 1) != b"\n":
        # A last line longer than what was asked for is given as a whole.
        begin = source.data.find(b"\n", begin) + 1 or source.data.rfind(b"\n", 0, begin) + 1
    head = _head_of(importer, source) if begin else 0
    if begin <= head:
        begin = head = 0
    window = SourceBytes.of_bytes(
        source.read(0, head) + source.read(begin, source.length - begin), str(source.path)
    )
    one = next(iter(importer.skeleton([window])), None)
    if one is None:
        return None
    return replace(
        _moved(one, head, begin - head, source), skipped=begin, complete=one.complete and not begin
    )


def _head_of(importer: Importer, source: SourceBytes) -> int:
    """Return how many first bytes say what the file is about, before its first step."""
    with contextlib.suppress(TraceError):
        part = read_part(importer, source, Position(), _HEAD)
        if part is not None:
            return part.after.head
    return 0


def _moved(one: Trajectory, head: int, shift: int, source: SourceBytes) -> Trajectory:
    """Return the trajectory with the places its steps have in the file; steps of the head go."""
    kept = [step for step in one.steps if not shift or all(s.offset >= head for s in step.raw)]
    number_of = {step.index: number for number, step in enumerate(kept)}
    return replace(
        one,
        sources=(source.info(),),
        steps=tuple(_step(step, number, shift) for number, step in enumerate(kept)),
        skill_events=tuple(
            replace(event, step=number_of[event.step], evidence=_span(event.evidence, shift))
            for event in one.skill_events
            if event.step in number_of
        ),
        loss=replace(one.loss, unparsed=_spans(one.loss.unparsed, shift)),
        children=tuple(_moved(child, head, shift, source) for child in one.children),
    )


def _step(step: Step, number: int, shift: int) -> Step:
    if not shift:
        return step
    calls = tuple(_call(call, shift) for call in step.tool_calls)
    return replace(step, index=number, raw=_spans(step.raw, shift), tool_calls=calls)


def _call(call: ToolCall, shift: int) -> ToolCall:
    return replace(call, result=_spans(call.result, shift))


def _spans(spans: Iterable[ByteSpan], shift: int) -> tuple[ByteSpan, ...]:
    return tuple(_span(span, shift) for span in spans)


def _span(span: ByteSpan, shift: int) -> ByteSpan:
    return replace(span, offset=span.offset + shift) if shift else span
