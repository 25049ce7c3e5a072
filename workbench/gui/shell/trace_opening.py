"""Opening trace files in a thread: what is seen first, then the whole of each. No Qt."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from workbench.gui.shell.jobs import JobReporter
    from workbench.plugin.trace_readers import TraceReaders
    from workbench.traces.open import OpenTrace
    from workbench.usage.foreign_traces import TraceDoor

#: A batch of opened traces is shown after this long, so that a big folder fills in as it is read.
_BATCH_SECONDS = 0.25


@dataclass(frozen=True, slots=True)
class TraceProblem:
    """A file that could not be opened as a trace, with the reason in words."""

    path: Path
    message: str


class Shelf(Protocol):
    """Where opened traces go; called in the thread that opens."""

    def add(self, traces: Sequence[OpenTrace], problems: Sequence[TraceProblem]) -> None:
        """Take traces that were opened, and files that could not be."""
        ...

    def add_sight(self, trace: OpenTrace) -> None:
        """Take a part of a trace whose rest is still being read."""
        ...

    def complete(
        self, sight: OpenTrace, traces: Sequence[OpenTrace], problems: Sequence[TraceProblem] = ()
    ) -> None:
        """Take the whole of a trace whose part was given before; nothing where it ends there."""
        ...


def open_all(
    wanted: Sequence[Path],
    have: frozenset[str],
    reporter: JobReporter,
    shelf: Shelf,
    readers: Callable[[], TraceReaders],
) -> None:
    """Open all traces at some paths, but those that are open.

    Of big files a part is given first, and the whole when all others are open. ``readers`` gives
    the plugins that read what no format of ours knows.

    Raises:
        JobCancelled: the person cancelled; parts stay as they are.
    """
    from workbench.usage.foreign_traces import TraceDoor

    sights: list[OpenTrace] = []
    door = TraceDoor(readers)
    try:
        _open_each(_files(wanted, have, reporter, shelf, door), reporter, shelf, sights, door)
        while sights:
            _read_whole(sights[0], reporter, shelf)
            del sights[0]
    finally:
        for sight in sights:
            shelf.complete(sight, ())
    reporter.check_cancelled()


def _files(
    wanted: Sequence[Path],
    have: frozenset[str],
    reporter: JobReporter,
    shelf: Shelf,
    door: TraceDoor,
) -> list[Path]:
    from workbench.traces.importer import TraceError

    files: list[Path] = []
    problems: list[TraceProblem] = []
    for path in wanted:
        reporter.progress(None, f"Looking for traces in {path}")
        try:
            found = door.files(path)
        except (TraceError, OSError) as problem:
            problems.append(TraceProblem(path, str(problem)))
            continue
        if not found:
            problems.append(TraceProblem(path, f"{path} holds no trace of a known format."))
        files += [file for file in found if str(file) not in have and file not in files]
    if problems:
        shelf.add((), problems)
    return files


def _open_each(
    files: Sequence[Path],
    reporter: JobReporter,
    shelf: Shelf,
    sights: list[OpenTrace],
    door: TraceDoor,
) -> None:
    from workbench.traces.importer import TraceError
    from workbench.traces.index.sight import open_sight
    from workbench.traces.open import open_traces

    batch: list[OpenTrace] = []
    problems: list[TraceProblem] = []
    shown = time.monotonic()
    for number, file in enumerate(files):
        if reporter.cancelled:
            break
        reporter.progress(number / len(files), f"Opening {file.name}")
        try:
            sight = open_sight(file)
            if sight is None:
                batch += _with_steps(open_traces(file))
            else:
                sights.append(sight)
                shelf.add_sight(sight)
        except (TraceError, OSError) as problem:
            try:
                batch += _foreign(file, door, reporter, problem)
            except (TraceError, OSError) as told:
                problems.append(TraceProblem(file, str(told)))
        if time.monotonic() - shown > _BATCH_SECONDS:
            shelf.add(tuple(batch), tuple(problems))
            batch, problems, shown = [], [], time.monotonic()
    shelf.add(tuple(batch), tuple(problems))


def _with_steps(traces: tuple[OpenTrace, ...]) -> tuple[OpenTrace, ...]:
    """Make the steps in this thread: the window looks at them as soon as it has the traces."""
    for trace in traces:
        trace.make_steps()
    return traces


def _foreign(
    file: Path, door: TraceDoor, reporter: JobReporter, problem: Exception
) -> tuple[OpenTrace, ...]:
    """Open a file with the plugin that claims it; without one the problem stands.

    Raises:
        TraceError: the plugin could not read it, or the problem.
    """
    if isinstance(problem, OSError) or not door.foreign(file):
        raise problem
    reporter.progress(None, f"A plugin reads {file.name}")
    return door.open_foreign(file, stopped=lambda: reporter.cancelled)


def _read_whole(sight: OpenTrace, reporter: JobReporter, shelf: Shelf) -> None:
    from workbench.traces.importer import TraceError
    from workbench.traces.index.sight import MOST
    from workbench.traces.open import open_traces

    reporter.check_cancelled()

    def progress(fraction: float) -> None:
        reporter.check_cancelled()
        reporter.progress(fraction, f"Reading {sight.path.name}")

    try:
        if sight.path.stat().st_size > MOST:
            shelf.complete(sight, ())
        else:
            shelf.complete(sight, _with_steps(open_traces(sight.path, progress)))
    except (TraceError, OSError) as problem:
        shelf.complete(sight, (), [TraceProblem(sight.path, str(problem))])
