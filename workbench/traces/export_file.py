"""A file that is written piece by piece and gets its name when it is whole."""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO

from workbench.traces.importer import TraceError

#: Told how much is done, 0..1.
Told = Callable[[float], None]
#: Asked between two steps; when it says yes, nothing is kept.
Stopped = Callable[[], bool]


class ExportStopped(Exception):  # noqa: N818 - somebody asked for it, it is no error
    """The export was stopped; no file is left of it."""


def untold(done: float) -> None:
    """Tell nobody."""
    del done


def never() -> bool:
    """Never stop."""
    return False


@contextlib.contextmanager
def new_file(out: Path, *, replace: bool = True) -> Iterator[IO[bytes]]:
    """Give a file to write; memory stays small, and a half of it never has the name.

    Args:
        out: where it will be; missing folders are made.
        replace: whether a file of that name gives way.

    Raises:
        TraceError: it cannot be written, or exists and must stay.
    """
    name = ""
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(prefix=f".{out.name[:100]}.", suffix=".tmp", dir=out.parent)
        with os.fdopen(handle, "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        if replace:
            Path(name).replace(out)
        else:
            os.link(name, out)
    except OSError as problem:
        if isinstance(problem, FileExistsError) and out.exists():
            raise TraceError(
                f"{out} exists and is not overwritten. Give another name."
            ) from problem
        raise TraceError(
            f"Cannot write {out}: {problem.strerror}. Free some room, or choose another place."
        ) from problem
    finally:
        if name:
            Path(name).unlink(missing_ok=True)
