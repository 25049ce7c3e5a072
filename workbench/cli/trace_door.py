"""Traces of any format on the command line: plugins in use read what the program does not know."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path

from workbench.cli import console
from workbench.store.paths import UserFolders
from workbench.traces.importer import TraceError
from workbench.traces.open import OpenTrace, open_traces
from workbench.usage.foreign_traces import TraceDoor


def open_any(path: Path) -> tuple[OpenTrace, ...]:
    """Open the traces of a file, with a plugin where no built-in format knows it.

    Raises:
        TraceError: it cannot be read.
    """
    try:
        return open_traces(path)
    except TraceError:
        with trace_door() as door:
            if not path.is_file() or not door.foreign(path):
                raise
            return door.open_foreign(path, lambda done: console.progress(f"Reading {path} ..."))


def files_at(path: Path, on_problem: Callable[[str], None] = lambda text: None) -> list[Path]:
    """Return the traces of a folder, those a plugin claims too.

    Raises:
        TraceError: the path is a file that cannot be read.
    """
    with trace_door() as door:
        return door.files(path, on_problem)


@contextlib.contextmanager
def trace_door() -> Iterator[TraceDoor]:
    """Give a door to traces of any format; what was started for it ends with it."""
    folders = UserFolders.default()
    with contextlib.ExitStack() as stack:
        yield TraceDoor.of_user(folders, lambda: folders.runs, stack)
