"""Opening traces of any format: what they are, their skeletons, and bodies on demand."""

from __future__ import annotations

import contextlib
import functools
import os
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import Final

from workbench.domain.trajectory import ByteSpan, LateSteps, Step, StepBody, Trajectory
from workbench.traces.collector import no_collection
from workbench.traces.escapes import decode_layers
from workbench.traces.evidence import locate_quote, span_text
from workbench.traces.importer import Importer, Progress, TraceError
from workbench.traces.inner import container_of
from workbench.traces.registry import best_importer, importer_of
from workbench.traces.source import SourceBytes, probe_file

#: Folders that hold no traces and can be huge.
_SKIPPED: Final = frozenset({".git", "node_modules", ".venv", "__pycache__"})


class OpenTrace:
    """A trajectory with the way to its bytes. Bodies are read when asked for."""

    def __init__(
        self,
        trajectory: Trajectory,
        importer: Importer,
        shared: SharedSources,
        *,
        counted: bool = True,
    ) -> None:
        """Make one over open files; one that is not ``counted`` lives as long as the others."""
        self.trajectory = trajectory
        self._importer = importer
        self._shared = shared
        self._sources = [shared.of_path(source.path) for source in trajectory.sources]
        # A container may change (a database in use does) as long as what is inside stays.
        containers = {source.container for source in self._sources}
        self._checked = [one for one in self._sources if str(one.path) not in containers]
        self._counted = counted
        if counted:
            shared.take()

    @property
    def path(self) -> Path:
        """The file whose trace this is."""
        return Path(self.trajectory.sources[0].path)

    @property
    def importer(self) -> Importer:
        """Who reads its bodies."""
        return self._importer

    @property
    def files(self) -> tuple[SourceBytes, ...]:
        """The open files it is made of."""
        return tuple(self._sources)

    @functools.cached_property
    def children(self) -> tuple[OpenTrace, ...]:
        """The subagents' trajectories; they can be used until this one is closed."""
        return tuple(
            OpenTrace(child, self._importer, self._shared, counted=False)
            for child in self.trajectory.children
        )

    def make_steps(self) -> None:
        """Make steps that are made late, for who has a thread now and a window to serve then."""
        steps = self.trajectory.steps
        if isinstance(steps, LateSteps):
            steps.whole()

    def body(self, index: int) -> StepBody:
        """Read the full text of a step.

        Raises:
            TraceError: the file is not what it was, or there is no such step.
        """
        step = self._step(index)
        return self._importer.body(
            step,
            [self._record(span) for span in step.raw],
            {call.id: [self._record(span) for span in call.result] for call in step.tool_calls},
        )

    def raw(self, span: ByteSpan) -> bytes:
        """Return the bytes of a span as they stand in the file, nothing decoded.

        Raises:
            TraceError: the span lies outside, or the file is not what it was.
        """
        if not 0 <= span.source < len(self._sources):
            raise TraceError(f"{self.path} has no source {span.source}. Open the trace again.")
        source = self._sources[span.source]
        if source in self._checked:
            source.check()
        return source.read(span.offset, span.length)

    def text(self, span: ByteSpan) -> str:
        """Return the text of a span, its JSON string layers taken off."""
        return span_text(self.raw(span), span)

    def locate(self, index: int, quote: str) -> ByteSpan | None:
        """Find a quote in a step: in its own records, then in the results of its calls.

        Returns:
            The exact bytes whose decoding is the quote, None when the step does not say it.
        """
        step = self._step(index)
        spans = [*step.raw, *(span for call in step.tool_calls for span in call.result)]
        return locate_quote(((span, self.raw(span)) for span in dict.fromkeys(spans)), quote)

    def changed(self) -> bool:
        """Whether a file of the trace changed on disk since it was opened."""
        return any(source.changed() for source in self._sources)

    def close(self) -> None:
        """Give the files back, when no other trace of them is open; subagents are closed too."""
        if self._counted:
            self._counted = False
            self._shared.give()

    def __enter__(self) -> OpenTrace:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        problem: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _step(self, index: int) -> Step:
        if not 0 <= index < len(self.trajectory.steps):
            raise TraceError(
                f"{self.path} has no step {index}: it has {len(self.trajectory.steps)} steps."
            )
        return self.trajectory.steps[index]

    def _record(self, span: ByteSpan) -> bytes:
        return decode_layers(self.raw(span), span.layers)


class SharedSources:
    """The open files of one path, closed with the last trace that uses them."""

    def __init__(self, sources: Sequence[SourceBytes]) -> None:
        self.sources = tuple(sources)
        self._users = 0

    def of_path(self, path: str) -> SourceBytes:
        """Return the source of that path."""
        return next(source for source in self.sources if str(source.path) == path)

    def take(self) -> None:
        """Count one more user."""
        self._users += 1
        if self._users == 1:
            for source in self.sources:
                source.hold()

    def give(self) -> None:
        """Count one user less; the last one closes the files."""
        self._users -= 1
        if self._users == 0:
            for source in self.sources:
                source.let_go()


def detect(path: Path) -> str | None:
    """Return the id of the file's format, None when no importer knows it.

    Raises:
        TraceError: the file cannot be read.
    """
    importer = best_importer(probe_file(path))
    return importer.id if importer else None


def open_traces(path: Path, progress: Progress | None = None) -> tuple[OpenTrace, ...]:
    """Open all trajectories of a file, subagents as children of their parents.

    Raises:
        TraceError: the file cannot be read, or holds no trace that is known.
    """
    importer = importer_for(path)
    sources = _open_sources(path, importer)
    shared = SharedSources(sources)
    try:
        with no_collection():
            found = tuple(importer.skeleton(sources, progress))
        if not found:
            raise TraceError(f"{path} looks like {importer.id}, but holds no step that is whole.")
        return tuple(OpenTrace(one, _importer_of(one, importer), shared) for one in found)
    except BaseException:
        for source in sources:
            source.close()
        raise


def open_source(path: str) -> SourceBytes:
    """Open a source by the path a trajectory names it with: a file, or ``<file>!<inner name>``.

    Raises:
        TraceError: it is not there or cannot be read.
    """
    outer = container_of(path)
    if str(outer) == path:
        return SourceBytes(outer)
    with SourceBytes(outer) as container:
        for inner in importer_for(outer).inside(container):
            if str(inner.path) == path:
                inner.read(0, 0)
                return inner
    raise TraceError(f"{outer} holds no {path[len(str(outer)) + 1 :]} any more. Open it again.")


def trace_files(
    path: Path,
    on_problem: Callable[[str], None] = lambda text: None,
    *,
    also: Callable[[Path], bool] | None = None,
) -> list[Path]:
    """Return the traces at a path: the file itself, or those of a folder, sorted.

    Links are not followed. Files that belong to a trace (subagents) are left out, and a ``.zst``
    beside its plain file: the plain one wins. What cannot be read is left out as well and
    ``on_problem`` is told of it, in words. ``also`` is asked for files of a folder that no format
    knows: those it claims count as traces.
    """
    if not path.is_dir():
        return [path] if detect(path) else []
    found: dict[Path, str] = {}
    for file in _files_below(path, on_problem):
        if file.suffix == ".zst" and file.with_suffix("").is_file():
            continue
        try:
            format_id = detect(file)
        except TraceError as problem:
            on_problem(str(problem))
            continue
        if format_id:
            found[file] = format_id
        elif also is not None and also(file):
            found[file] = ""
    belonging = {
        companion
        for file, format_id in found.items()
        if format_id
        for companion in importer_of(format_id).companions(file)
    }
    return [file for file in found if file not in belonging]


def _files_below(folder: Path, on_problem: Callable[[str], None]) -> Iterator[Path]:
    """Yield the regular files of a folder and those below it, in order, links left out."""
    waiting: list[tuple[Path, bool]] = [(folder, True)]
    while waiting:
        place, is_folder = waiting.pop()
        if not is_folder:
            yield place
            continue
        inside: list[tuple[Path, bool]] = []
        try:
            with os.scandir(place) as entries:
                for entry in entries:
                    if entry.is_dir(follow_symlinks=False):
                        if entry.name not in _SKIPPED:
                            inside.append((place / entry.name, True))
                    elif entry.is_file(follow_symlinks=False):
                        inside.append((place / entry.name, False))
        except OSError as problem:
            on_problem(f"{place} cannot be read: {problem.strerror}. Check its permissions.")
        waiting += sorted(inside, reverse=True)


def importer_for(path: Path) -> Importer:
    """Return the format of a file.

    Raises:
        TraceError: it cannot be read, is empty, or is of no format that is known.
    """
    probe = probe_file(path)
    if not probe.head.strip():
        raise TraceError(f"{path} is empty: there is no trace in it.")
    importer = best_importer(probe)
    if importer is None:
        raise TraceError(
            f"{path} is no trace of a known format. Give a session log of an agent "
            "(see `skill-workbench trace --help`)."
        )
    return importer


def _importer_of(trajectory: Trajectory, opened: Importer) -> Importer:
    """Return who reads the bodies: a benchmark's folder holds traces of other formats."""
    if trajectory.format == opened.id:
        return opened
    return importer_of(trajectory.format)


def _open_sources(path: Path, importer: Importer) -> list[SourceBytes]:
    sources = [SourceBytes(path)]
    try:
        for companion in importer.companions(path):
            with contextlib.suppress(TraceError):
                sources.append(SourceBytes(companion))
        sources += importer.inside(sources[0])
    except BaseException:
        for source in sources:
            source.close()
        raise
    return sources
