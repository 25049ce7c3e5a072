"""Opening traces of any format: those the program knows, and those a plugin in use can read."""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Callable
from pathlib import Path

from workbench.plugin.jobs import JobRunner
from workbench.plugin.registry import Registry
from workbench.plugin.trace_readers import ReadingProblem, TraceReaders
from workbench.store.paths import UserFolders
from workbench.traces.converted import open_converted
from workbench.traces.importer import Progress, TraceError
from workbench.traces.open import OpenTrace, detect, open_traces, trace_files


class TraceDoor:
    """Finds and opens traces; plugins are looked for only when no built-in format knows a file."""

    def __init__(self, readers: Callable[[], TraceReaders]) -> None:
        self._make = readers

    @classmethod
    def of_user(
        cls, folders: UserFolders, runs: Callable[[], Path], stack: contextlib.ExitStack
    ) -> TraceDoor:
        """Return one with the plugins the user has in use.

        ``runs`` gives the folder of their runs once it is needed; ``stack`` ends what was started.
        """

        def readers() -> TraceReaders:
            registry = Registry.of_user(folders.plugins, folders.config / "plugins.json")
            plugins = registry.of_kind("trace_reader")
            return TraceReaders(plugins, runner, folders.cache / "foreign-traces")

        @functools.cache
        def runner() -> JobRunner:
            return stack.enter_context(JobRunner(runs()))

        return cls(readers)

    @property
    def key(self) -> str:
        """What changes when other plugins, or other versions of them, are in use."""
        return self._readers.key

    def reader(self, path: Path) -> str:
        """Return the id of the plugin that reads files that look like this one, "" for none."""
        found = self._readers.reader_of(path)
        return "" if found is None else found.id

    @functools.cached_property
    def _readers(self) -> TraceReaders:
        return self._make()

    def files(
        self, path: Path, on_problem: Callable[[str], None] = lambda text: None
    ) -> list[Path]:
        """Return the traces at a path, as ``traces.open.trace_files``.

        Raises:
            TraceError: the path is a file that cannot be read.
        """
        found = trace_files(path, on_problem, also=self.claimed)
        return found or ([path] if path.is_file() and self.claimed(path) else [])

    def claimed(self, path: Path) -> bool:
        """Whether a plugin in use reads files that look like this one."""
        return self._readers.reader_of(path) is not None

    def foreign(self, path: Path) -> bool:
        """Whether the file is for a plugin: no built-in format knows it, and one claims it.

        Raises:
            TraceError: it cannot be read.
        """
        return detect(path) is None and self.claimed(path)

    def open(
        self,
        path: Path,
        progress: Progress | None = None,
        stopped: Callable[[], bool] = lambda: False,
    ) -> tuple[OpenTrace, ...]:
        """Open all trajectories of a file; blocks while a plugin reads it for the first time.

        Raises:
            TraceError: it cannot be read, or neither the program nor a plugin knows it.
        """
        if not self.foreign(path):
            return open_traces(path, progress)
        return self.open_foreign(path, progress, stopped)

    def open_foreign(
        self,
        path: Path,
        progress: Progress | None = None,
        stopped: Callable[[], bool] = lambda: False,
    ) -> tuple[OpenTrace, ...]:
        """Open a file that a plugin claims.

        Raises:
            TraceError: the plugin could not read it, or was stopped.
        """
        try:
            lines = self._readers.read(path, progress or (lambda done: None), stopped)
        except ReadingProblem as problem:
            raise TraceError(f"{path}: {problem}") from problem
        return open_converted(path, lines)
