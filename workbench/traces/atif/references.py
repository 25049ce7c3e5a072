"""Trajectories an ATIF file refers to: subagents by ``trajectory_path``, the continuation by
``continued_trajectory_ref``.

Only files in the folder of the file that names them, or below it, are read, and no links: a path
that leads out of it stays a reference.
"""

from __future__ import annotations

import functools
import re
from pathlib import Path, PurePosixPath
from typing import Final

from workbench.traces.escapes import Decoded, text_of

_REFERENCE: Final = re.compile(
    rb'"(?:trajectory_path|continued_trajectory_ref)"\s*:\s*"((?:[^"\\]|\\.){1,4096})"'
)
_MARK: Final = b'"ATIF-v'
_HEAD: Final = 64 << 10
_MAX_FILES: Final = 500
#: A file that is larger is not searched: what it refers to is opened by itself.
_LARGEST: Final = 64 << 20


def referred_files(path: Path) -> list[Path]:
    """Return the files of the run that ``path`` names, and those they name, each once."""
    found: dict[Path, None] = {}
    waiting = [path]
    while waiting and len(found) < _MAX_FILES:
        for name in _names(waiting.pop(0)):
            other = _inside(path.parent, name)
            if other is not None and other != path and other not in found:
                found[other] = None
                waiting.append(other)
    return list(found)


def _names(path: Path) -> tuple[str, ...]:
    try:
        found = path.stat()
        if found.st_size > _LARGEST:
            return ()
        return _names_at(str(path), found.st_size, found.st_mtime_ns)
    except OSError:
        return ()


@functools.lru_cache(maxsize=4096)
def _names_at(path: str, size: int, mtime_ns: int) -> tuple[str, ...]:
    """Return the references of a file; size and time are part of the key, so a change is seen."""
    del size, mtime_ns
    data = Path(path).read_bytes()
    return tuple(text_of(Decoded(raw).data) for raw in dict.fromkeys(_REFERENCE.findall(data)))


def _inside(folder: Path, name: str) -> Path | None:
    """Return the file a name leads to, when it is one of the run's folder."""
    parts = PurePosixPath(name).parts
    if not parts or ".." in parts or PurePosixPath(name).is_absolute() or "\0" in name:
        return None
    path = folder
    for part in parts:
        path = path / part
        if path.is_symlink():
            return None
    try:
        if not path.is_file():
            return None
        with path.open("rb") as stream:
            return path if _MARK in stream.read(_HEAD) else None
    except OSError:
        return None
