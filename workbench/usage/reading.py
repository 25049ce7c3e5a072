"""Reading many sessions one after the other, none kept open, none read twice."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from workbench.traces.importer import TraceError
from workbench.traces.open import OpenTrace, open_traces
from workbench.usage.outcomes import AttachedOutcomes, with_attached
from workbench.usage.sessions import SessionFacts, SessionReader

Stamp = tuple[str, int, int]


class SessionShelf:
    """Facts of sessions by file, for as long as neither file nor libraries change."""

    def __init__(self) -> None:
        self._key: object = None
        self._kept: dict[Stamp, tuple[SessionFacts, ...]] = {}

    def read(
        self,
        paths: Iterable[Path],
        reader: SessionReader,
        key: object,
        attached: AttachedOutcomes,
        told: Callable[[Path], None] = lambda _path: None,
    ) -> Iterator[SessionFacts]:
        """Yield the facts of the sessions in files; those that cannot be read are left out.

        Args:
            paths: files of sessions.
            reader: made for the libraries.
            key: what facts depend on besides the file; other facts are forgotten.
            attached: outcomes people gave.
            told: called before each file that has to be read; what it raises ends the reading.
        """
        if key != self._key:
            self._kept.clear()
            self._key = key
        for path in paths:
            stamp = _stamp(path)
            if stamp is None:
                continue
            if stamp not in self._kept:
                told(path)
                self._kept[stamp] = tuple(_facts(path, reader, attached))
            yield from self._kept[stamp]


def facts_of(
    traces: Iterable[OpenTrace], reader: SessionReader, attached: AttachedOutcomes
) -> tuple[SessionFacts, ...]:
    """Return the facts of open traces."""
    return tuple(reader.read(one, with_attached(one.trajectory, attached)) for one in traces)


def _facts(path: Path, reader: SessionReader, attached: AttachedOutcomes) -> Iterator[SessionFacts]:
    try:
        traces = open_traces(path)
    except TraceError:
        return
    with contextlib.ExitStack() as stack:
        for trace in traces:
            stack.enter_context(trace)
        yield from facts_of(traces, reader, attached)


def _stamp(path: Path) -> Stamp | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return str(path), found.st_size, found.st_mtime_ns
