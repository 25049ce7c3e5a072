"""What is open: a library with its diagnostics, and traces. Files are read in threads."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QTimer, Signal

from workbench.gui.shell.jobs import JobBoard, JobReporter
from workbench.gui.shell.trace_opening import TraceProblem, open_all

if TYPE_CHECKING:
    from workbench.domain.diagnostic import Diagnostic
    from workbench.domain.skill import Library, Skill
    from workbench.plugin.trace_readers import TraceReaders
    from workbench.skills.library import LibraryCache
    from workbench.traces.open import OpenTrace


#: Lists of traces follow one that grows after this long.
_GROWTH_MS = 2000


@dataclass(frozen=True, slots=True)
class LibraryRead:
    """A library as read, with what the rules say of each skill by its id."""

    library: Library
    diagnostics: dict[str, tuple[Diagnostic, ...]]
    clients: tuple[str, ...]
    seconds: float


class Workspace(QObject):
    """The library and the traces now open. Values are swapped as a whole, never edited."""

    library_changed = Signal(object)
    library_failed = Signal(str, str)
    diagnostics_changed = Signal()
    traces_changed = Signal()
    trace_replaced = Signal(object, object)

    def __init__(
        self, jobs: JobBoard, readers: Callable[[], TraceReaders], parent: QObject | None = None
    ) -> None:
        """Make it empty; ``readers`` gives the plugins that read traces, called in a thread."""
        super().__init__(parent)
        self._jobs = jobs
        self._readers = readers
        self._reading = 0
        self.library: Library | None = None
        self.diagnostics: dict[str, tuple[Diagnostic, ...]] = {}
        self._cache: LibraryCache | None = None
        self.clients: tuple[str, ...] = ()
        self.traces: tuple[OpenTrace, ...] = ()
        self.trace_problems: tuple[TraceProblem, ...] = ()
        self._sights: dict[int, OpenTrace] = {}
        self._grown = QTimer(self)
        self._grown.setSingleShot(True)
        self._grown.setInterval(_GROWTH_MS)
        self._grown.timeout.connect(self.traces_changed)

    def open_library(self, root: Path) -> None:
        """Read a folder of skills (or one skill) and check it; the signals tell when."""
        self._reading += 1
        turn = self._reading
        known = self.library, self.diagnostics
        if self._cache is None:
            from workbench.skills.library import LibraryCache

            self._cache = LibraryCache()
        cache = self._cache

        def work(reporter: JobReporter) -> LibraryRead:
            return _read(root, known, cache, reporter)

        def done(read: LibraryRead) -> None:
            if turn != self._reading:
                return
            changed = read.library is not self.library
            self.library = read.library
            self.diagnostics = read.diagnostics
            self.clients = read.clients
            if changed:
                self.library_changed.emit(read.library)
                self.diagnostics_changed.emit()

        def failed(problem: BaseException) -> None:
            if turn == self._reading:
                self.library_failed.emit(str(root), str(problem))

        self._jobs.run(f"Read {root.name or root}", work, on_done=done, on_error=failed, owner=self)

    def reload(self) -> None:
        """Read the library again from disk."""
        if self.library is not None:
            self.open_library(Path(self.library.root))

    def close_library(self) -> None:
        """Close the library."""
        self._reading += 1
        self.library = None
        self.diagnostics = {}
        self.library_changed.emit(None)
        self.diagnostics_changed.emit()

    def skill(self, skill_id: str) -> Skill | None:
        """Return a skill of the open library."""
        return None if self.library is None else self.library.skill(skill_id)

    def skill_of(self, path: Path) -> Skill | None:
        """Return the skill that a file belongs to: the innermost folder around it."""
        if self.library is None:
            return None
        owners = [s for s in self.library.skills if path.is_relative_to(skill_folder(s))]
        return max(owners, key=lambda skill: len(str(skill_folder(skill))), default=None)

    def open_traces(self, paths: Iterable[Path]) -> None:
        """Open trace files, and all below folders; ``traces_changed`` tells of each batch.

        Of a big file a part comes first (``reads`` tells so); ``trace_replaced`` brings the whole.
        """
        wanted = tuple(paths)
        have = frozenset(str(trace.path) for trace in self.traces)
        title = f"Open traces of {wanted[0].name}" if len(wanted) == 1 else "Open traces"
        shelf = _LaterShelf(self, self._jobs)

        def work(reporter: JobReporter) -> None:
            open_all(wanted, have, reporter, shelf, self._readers)

        self._jobs.run(title, work, owner=self)

    def reads(self, trace: OpenTrace) -> bool:
        """Whether only a part of that trace is there and the rest is being read."""
        return id(trace) in self._sights

    def replace_trace(self, old: OpenTrace, traces: Sequence[OpenTrace]) -> None:
        """Put what a trace's file holds by now in the place of an open trace.

        ``trace_replaced`` tells at once, ``traces_changed`` a little later when the trace only
        grew: a log that is being written grows many times a second.
        """
        if all(trace is not old for trace in self.traces):
            return
        path = old.path
        at = next(n for n, trace in enumerate(self.traces) if trace.path == path)
        others = tuple(trace for trace in self.traces if trace.path != path)
        self.traces = (*others[:at], *traces, *others[at:])
        self._sights.pop(id(old), None)
        self.trace_replaced.emit(old, tuple(traces))
        self._grown.start()

    def close_traces(self) -> None:
        """Close all traces and give their files back."""
        open_before, self.traces = self.traces, ()
        self._sights.clear()
        self.trace_problems = ()
        self.traces_changed.emit()
        for trace in open_before:
            trace.close()

    def trace(self, path: str, trajectory_id: str) -> OpenTrace | None:
        """Return an open trace; with an empty id the first of that file."""
        for trace in self.traces:
            if str(trace.path) == path and trajectory_id in ("", trace.trajectory.id):
                return trace
        return None

    def add_traces(self, traces: Sequence[OpenTrace], problems: Sequence[TraceProblem]) -> None:
        """Take traces that were opened, and files that could not be."""
        self.traces += tuple(traces)
        self.trace_problems += tuple(problems)
        self.traces_changed.emit()

    def add_sight(self, trace: OpenTrace) -> None:
        """Take a part of a trace whose rest is being read."""
        self._sights[id(trace)] = trace
        self.add_traces((trace,), ())

    def complete_sight(
        self, sight: OpenTrace, traces: Sequence[OpenTrace], problems: Sequence[TraceProblem]
    ) -> None:
        """Take the whole of a trace; with none the part stays as it is."""
        if self._sights.pop(id(sight), None) is None:
            for trace in traces:
                trace.close()
            return
        self.trace_problems += tuple(problems)
        if traces:
            self.replace_trace(sight, traces)
        else:
            self.trace_replaced.emit(sight, (sight,))
        self._grown.stop()
        self.traces_changed.emit()


class _LaterShelf:
    """Gives what a thread opens to the workspace, in the window's thread."""

    def __init__(self, workspace: Workspace, jobs: JobBoard) -> None:
        self._workspace, self._jobs = workspace, jobs

    def add(self, traces: Sequence[OpenTrace], problems: Sequence[TraceProblem]) -> None:
        self._jobs.post(lambda: self._workspace.add_traces(traces, problems))

    def add_sight(self, trace: OpenTrace) -> None:
        self._jobs.post(lambda: self._workspace.add_sight(trace))

    def complete(
        self, sight: OpenTrace, traces: Sequence[OpenTrace], problems: Sequence[TraceProblem] = ()
    ) -> None:
        self._jobs.post(lambda: self._workspace.complete_sight(sight, traces, problems))


def skill_folder(skill: Skill) -> Path:
    """Return the absolute folder of a skill."""
    return Path(skill.path)


def _read(
    root: Path,
    known: tuple[Library | None, dict[str, tuple[Diagnostic, ...]]],
    cache: LibraryCache,
    reporter: JobReporter,
) -> LibraryRead:
    """Read and check a library; skills that are as they were keep what was said of them."""
    from workbench.skills.check import CLIENTS, check_skill
    from workbench.skills.library import read_library

    begun = time.perf_counter()
    before, said = known
    reporter.progress(None, f"Reading {root}")
    library = read_library(root, cache)
    # The reference validator repeats what the specification's profile says in its own words.
    clients = tuple(name for name, client in CLIENTS.items() if not client.reference)
    if library == before:
        return LibraryRead(before, said, clients, time.perf_counter() - begun)
    earlier = {skill.id: skill for skill in before.skills} if before else {}
    found: dict[str, tuple[Diagnostic, ...]] = {}
    for number, skill in enumerate(library.skills):
        reporter.check_cancelled()
        if earlier.get(skill.id) == skill and skill.id in said:
            found[skill.id] = said[skill.id]
            continue
        reporter.progress(number / len(library.skills), f"Checking {skill.name or skill.id}")
        found[skill.id] = check_skill(skill, clients)
    return LibraryRead(library, found, clients, time.perf_counter() - begun)
