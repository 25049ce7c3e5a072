"""One program at a time."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path
from types import TracebackType

from workbench.files import FileProblem

with contextlib.suppress(ImportError):  # absent on Windows
    import fcntl


class locked:  # noqa: N801 - used as a statement: "with locked(path):"
    """Hold a lock file; the system lets go of it when the program ends, however it ends."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._handle: int | None = None

    def __enter__(self) -> locked:
        """Take the lock.

        Raises:
            FileProblem: another program holds it, or it cannot be made.
        """
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            handle = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        except OSError as problem:
            raise FileProblem(f"Cannot write {self._path}: {problem.strerror}.") from problem
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except NameError:
            pass
        except OSError as problem:
            os.close(handle)
            raise FileProblem(
                f"Another Skill Workbench is applying or reverting just now ({self._path}). "
                "Wait until it is through, then try again."
            ) from problem
        self._handle = handle
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        problem: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Let go of the lock."""
        if self._handle is not None:
            os.close(self._handle)
            self._handle = None
