"""Files below a folder, with what tells whether they changed."""

from __future__ import annotations

import os
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

from msgspec import Struct

from workbench.traces.source import Buffer

#: Folders that hold no traces and can be huge.
_SKIPPED: Final = frozenset({".git", "node_modules", ".venv", "__pycache__"})
_MARK: Final = 4096


class Seen(Struct, frozen=True):
    """A file as it lies on the disk."""

    path: str
    size: int
    mtime_ns: int
    inode: int


def files_below(folder: str, stopped: Callable[[], bool]) -> Iterator[Seen]:
    """Yield all regular files; links are not followed, what cannot be read is left out."""
    waiting = [folder]
    while waiting and not stopped():
        try:
            with os.scandir(waiting.pop()) as entries:
                for entry in entries:
                    if entry.is_symlink():
                        continue
                    if entry.is_dir(follow_symlinks=False):
                        if entry.name not in _SKIPPED:
                            waiting.append(entry.path)
                    elif entry.is_file(follow_symlinks=False):
                        status = entry.stat(follow_symlinks=False)
                        yield Seen(entry.path, status.st_size, status.st_mtime_ns, status.st_ino)
        except OSError:
            continue


def seen(path: str) -> Seen | None:
    """Look at one file; None when it is not there."""
    try:
        status = os.stat(path, follow_symlinks=False)  # noqa: PTH116 - one call for all fields
    except (OSError, ValueError):
        return None
    return Seen(path, status.st_size, status.st_mtime_ns, status.st_ino)


def stamp(paths: list[Path]) -> str:
    """Return what changes when one of the files does; a database's log belongs to it."""
    parts: list[str] = []
    for path in paths:
        for name in (str(path), f"{path}-wal"):
            found = seen(name)
            if found is not None:
                parts.append(f"{name}:{found.size}:{found.mtime_ns}:{found.inode}")
    return "|".join(parts)


def mark(data: Buffer, offset: int) -> str:
    """Return a checksum of the first bytes and of those before ``offset``: a rewrite shows here."""
    head = zlib.crc32(bytes(data[: min(_MARK, offset)]))
    return f"{offset}:{head:08x}:{zlib.crc32(bytes(data[max(0, offset - _MARK) : offset])):08x}"


def still(data: Buffer, wanted: str) -> bool:
    """Whether a file still begins with the bytes a mark was made of."""
    offset = int(wanted.split(":", 1)[0] or 0) if wanted else 0
    return not wanted or (offset <= len(data) and mark(data, offset) == wanted)
