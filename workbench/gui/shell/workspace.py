"""What is open: a library with its diagnostics, and traces. Files are read in threads."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from workbench.gui.shell.jobs import JobBoard, JobReporter

if TYPE_CHECKING:
    from workbench.domain.diagnostic import Diagnostic
    from workbench.domain.skill import Library, Skill
    from workbench.skills.library import LibraryCache
    from workbench.traces.open import OpenTrace

#: A batch of opened traces is shown after this long, so that a big folder fills in as it is read.
_BATCH_SECONDS = 0.25


@dataclass(frozen=True, slots=True)
class TraceProblem:
    """A file that could not be opened as a trace, with the reason in words."""

    path: Path
    message: str


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

    def __init__(self, jobs: JobBoard, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._jobs = jobs
        self._reading = 0
        self.library: Library | None = None
        self.diagnostics: dict[str, tuple[Diagnostic, ...]] = {}
        self._cache: LibraryCache | None = None
        self.clients: tuple[str, ...] = ()
        self.traces: tuple[OpenTrace, ...] = ()
        self.trace_problems: tuple[TraceProblem, ...] = ()

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
        """Open trace files, and all below folders; ``traces_changed`` tells of each batch."""
        wanted = tuple(paths)
        have = {str(trace.path) for trace in self.traces}
        title = f"Open traces of {wanted[0].name}" if len(wanted) == 1 else "Open traces"

        def work(reporter: JobReporter) -> None:
            _open_all(wanted, have, reporter, self._add_later)

        self._jobs.run(title, work, owner=self)

    def close_traces(self) -> None:
        """Close all traces and give their files back."""
        open_before, self.traces = self.traces, ()
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

    def _add_later(self, traces: Sequence[OpenTrace], problems: Sequence[TraceProblem]) -> None:
        self._jobs.post(lambda: self._add(traces, problems))

    def _add(self, traces: Sequence[OpenTrace], problems: Sequence[TraceProblem]) -> None:
        self.traces += tuple(traces)
        self.trace_problems += tuple(problems)
        self.traces_changed.emit()


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


def _open_all(
    wanted: Sequence[Path],
    have: set[str],
    reporter: JobReporter,
    deliver: Callable[[Sequence[OpenTrace], Sequence[TraceProblem]], None],
) -> None:
    from workbench.traces.importer import TraceError
    from workbench.traces.open import open_traces, trace_files

    files: list[Path] = []
    problems: list[TraceProblem] = []
    for path in wanted:
        reporter.progress(None, f"Looking for traces in {path}")
        try:
            found = trace_files(path)
        except (TraceError, OSError) as problem:
            problems.append(TraceProblem(path, str(problem)))
            continue
        if not found:
            problems.append(TraceProblem(path, f"{path} holds no trace of a known format."))
        files += [file for file in found if str(file) not in have and file not in files]
    batch: list[OpenTrace] = []
    shown = time.monotonic()
    for number, file in enumerate(files):
        if reporter.cancelled:
            break
        reporter.progress(number / len(files), f"Opening {file.name}")
        try:
            batch += open_traces(file)
        except (TraceError, OSError) as problem:
            problems.append(TraceProblem(file, str(problem)))
        if time.monotonic() - shown > _BATCH_SECONDS:
            deliver(tuple(batch), tuple(problems))
            batch, problems, shown = [], [], time.monotonic()
    deliver(tuple(batch), tuple(problems))
    reporter.check_cancelled()
