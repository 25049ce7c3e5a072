"""Opening traces of any format: those the program knows, and those a plugin in use can read."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from workbench.plugin.trace_readers import ReadingProblem, TraceReaders
from workbench.traces.converted import open_converted
from workbench.traces.importer import Progress, TraceError
from workbench.traces.open import OpenTrace, detect, open_traces, trace_files


class TraceDoor:
    """Finds and opens traces; a plugin is asked only for files that no built-in format knows."""

    def __init__(self, readers: TraceReaders) -> None:
        self._readers = readers

    def files(
        self, path: Path, on_problem: Callable[[str], None] = lambda text: None
    ) -> list[Path]:
        """Return the traces at a path, as ``traces.open.trace_files``.

        Raises:
            TraceError: the path is a file that cannot be read.
        """
        if not path.is_dir():
            found = trace_files(path, on_problem)
            return found or ([path] if self.claimed(path) else [])
        return trace_files(path, on_problem, also=self.claimed if self._readers else None)

    def claimed(self, path: Path) -> bool:
        """Whether a plugin in use reads files that look like this one."""
        return self._readers.reader_of(path) is not None

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
        if not self.claimed(path) or detect(path) is not None:
            return open_traces(path, progress)
        try:
            lines = self._readers.read(path, progress or (lambda done: None), stopped)
        except ReadingProblem as problem:
            raise TraceError(f"{path}: {problem}") from problem
        return open_converted(path, lines)
