"""Facts of many sessions, read one after the other, none kept open and none read twice."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

from workbench.domain.annotation import Annotation
from workbench.domain.skill import Library
from workbench.domain.trajectory import TraceSource
from workbench.traces.importer import TraceError
from workbench.traces.open import OpenTrace, open_traces
from workbench.traces.prices import PriceTable
from workbench.usage.outcomes import AttachedOutcomes, with_attached
from workbench.usage.sessions import SessionFacts, SessionReader
from workbench.usage.versions import VersionShelf

#: A file: path, size, time. An open trace: its sources as they were when read, and its id.
Stamp = tuple[str, int, int] | tuple[tuple[TraceSource, ...], str]


class SessionShelf:
    """Facts of sessions, kept as long as file, library, its HEAD and prices stay the same."""

    def __init__(self, versions: VersionShelf) -> None:
        self._versions = versions
        self._key: object = None
        self._reader = SessionReader(())
        self._attached = AttachedOutcomes()
        self._kept: dict[Stamp, tuple[SessionFacts, ...]] = {}

    def aim(
        self,
        libraries: Sequence[Library],
        prices: PriceTable | None,
        annotations: Sequence[Annotation],
    ) -> None:
        """Say what sessions are read against; facts that depend on anything else are forgotten."""
        self._versions.refresh()
        key = (
            tuple((one.root, self._versions.head(one.root)) for one in libraries),
            tuple((skill.id, skill.tree_hash) for one in libraries for skill in one.skills),
            prices.key if prices is not None else None,
            tuple(annotations),
        )
        if key != self._key:
            self._key = key
            self._kept.clear()
            self._reader = SessionReader(libraries, self._versions, prices)
            self._attached = AttachedOutcomes(annotations)

    def of_open(self, traces: Iterable[OpenTrace]) -> Iterator[SessionFacts]:
        """Yield the facts of open traces."""
        for trace in traces:
            one = trace.trajectory
            stamp = (one.sources, one.id)
            if stamp not in self._kept:
                self._kept[stamp] = (self._read(trace),)
            yield from self._kept[stamp]

    def of_file(
        self,
        path: Path,
        told: Callable[[Path], None] = lambda _path: None,
        opening: Callable[[Path], tuple[OpenTrace, ...]] = open_traces,
    ) -> tuple[SessionFacts, ...]:
        """Return the facts of the sessions in a file; none where it cannot be read.

        ``told`` is called before a file is read; what it raises ends the reading. ``opening``
        opens one; give one that knows plugins' formats, where there are some.
        """
        try:
            found = path.stat()
        except OSError:
            return ()
        stamp = (str(path), found.st_size, found.st_mtime_ns)
        if stamp not in self._kept:
            told(path)
            try:
                traces = opening(path)
            except TraceError:
                traces = ()
            with contextlib.ExitStack() as stack:
                for trace in traces:
                    stack.enter_context(trace)
                self._kept[stamp] = tuple(map(self._read, traces))
        return self._kept[stamp]

    def _read(self, trace: OpenTrace) -> SessionFacts:
        return self._reader.read(trace, with_attached(trace.trajectory, self._attached))
