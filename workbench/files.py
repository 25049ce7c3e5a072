"""Reading and writing files so that no byte is lost.

Shared by ``skills`` (the user's folders) and ``store`` (what we keep), which do not know each
other.
"""

from __future__ import annotations

import errno
import hashlib
import os
import stat
import tempfile
import unicodedata
from pathlib import Path, PurePosixPath
from typing import Final


class FileProblem(Exception):  # noqa: N818 - a problem for a person, in words
    """A file could not be read or written. The message says what, where and what to do."""


class ChangedOutside(FileProblem):
    """The file is not what the caller read; ``found`` is its SHA-256, None when it is gone."""

    def __init__(self, path: Path, found: str | None) -> None:
        self.path = path
        self.found = found
        what = "was deleted" if found is None else "was changed"
        super().__init__(
            f"{path} {what} by another program since it was read. Nothing was written: compare the "
            "two versions, then reload it or save over it."
        )


_PROGRAM_FOLDERS: Final = frozenset({".git", "git~1", ".hg", ".svn", ".workbench"})


class _Unchecked:
    """Marker: write whatever the file is now."""


UNCHECKED: Final = _Unchecked()


def sha256(data: bytes) -> str:
    """Return the SHA-256 in hex."""
    return hashlib.sha256(data).hexdigest()


def sha256_file(path: Path) -> str | None:
    """Return the SHA-256 of a regular file in hex, None when there is none.

    Raises:
        FileProblem: it is there and cannot be read.
    """
    try:
        with path.open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()
    except FileNotFoundError:
        return None
    except OSError as problem:
        raise FileProblem(f"Cannot read {path}: {problem.strerror}.") from problem


def is_program_folder(name: str) -> bool:
    """Say whether a folder of that name belongs to version control or to this program.

    A file there may run with the next command. Spellings that some system takes for the same name
    count: other case, trailing dots and spaces, the short name of Windows, invisible characters
    (CVE-2014-9390).
    """
    seen = "".join(sign for sign in name if unicodedata.category(sign) != "Cf")
    return seen.casefold().rstrip(". ") in _PROGRAM_FOLDERS


def is_utf8_name(path: str) -> bool:
    """Say whether a path can be written in JSON; other bytes of it reach us as lone surrogates."""
    try:
        path.encode()
    except UnicodeEncodeError:
        return False
    return True


def confined(root: Path, relative: str) -> Path:
    """Return the absolute path of ``relative`` (posix) inside ``root``.

    No part may be a link, so that nothing outside is ever reached.

    Raises:
        FileProblem: the path is absolute, has ``..`` or a backslash, passes through a link, or
            cannot be looked at.
    """
    pure = PurePosixPath(relative)
    if pure.is_absolute() or ".." in pure.parts or "\\" in relative or "\0" in relative:
        raise FileProblem(f"The path '{relative}' leaves the folder {root}; it was not touched.")
    path = root
    for part in pure.parts:
        path = path / part
        try:
            is_link = path.is_symlink()
        except OSError as problem:
            shown = relative if len(relative) <= 200 else f"{relative[:199]}…"
            raise FileProblem(f"Cannot look at {shown} in {root}: {problem.strerror}.") from problem
        if is_link:
            raise FileProblem(f"{path} is a link; links are never followed. Replace it by a file.")
    return path


def write_atomic(
    path: Path,
    data: bytes,
    *,
    expected: str | _Unchecked | None = UNCHECKED,
    mode: int | None = None,
) -> str:
    """Write the whole file or nothing; return its SHA-256.

    Args:
        path: the file; its folder is created when missing.
        data: the new content.
        expected: the SHA-256 that the file must still have (None: it must not exist).
        mode: permission bits; by default those of the file there is, else 0o644.

    Raises:
        ChangedOutside: the file is not ``expected``.
        FileProblem: the disk is full, the folder is read-only ...; the old file is untouched.
    """
    if not isinstance(expected, _Unchecked):
        found = sha256_file(path)
        if found != expected:
            raise ChangedOutside(path, found)
    temporary: str | None = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if mode is None:
            mode = stat.S_IMODE(path.stat().st_mode) if path.exists() else 0o644
        handle, temporary = tempfile.mkstemp(
            prefix=f".{path.name}.", suffix=".tmp", dir=path.parent
        )
        with os.fdopen(handle, "wb") as stream:
            stream.write(data)
            stream.flush()
            os.fsync(stream.fileno())
        Path(temporary).chmod(mode)
        Path(temporary).replace(path)
        temporary = None
        sync_folder(path.parent)
    except OSError as problem:
        raise FileProblem(_write_failed(path, problem)) from problem
    finally:
        if temporary is not None:
            Path(temporary).unlink(missing_ok=True)
    return sha256(data)


def sync_folder(folder: Path) -> None:
    """Make a rename last; not every file system lets a folder be opened.

    Of a folder that is gone, the nearest one above is taken.
    """
    while not folder.is_dir():
        folder = folder.parent
    try:
        handle = os.open(folder, os.O_RDONLY)
    except OSError:
        return
    try:
        os.fsync(handle)
    except OSError:
        return
    finally:
        os.close(handle)


def _write_failed(path: Path, problem: OSError) -> str:
    reasons = {
        errno.ENOSPC: "the disk is full. Free some room and save again",
        errno.EDQUOT: "your disk quota is used up. Free some room and save again",
        errno.EROFS: "the file system is read-only. Save to another folder",
        errno.EACCES: "you may not write there. Change its permissions or save elsewhere",
        errno.EPERM: "the system does not permit it. Change its permissions or save elsewhere",
        errno.ENAMETOOLONG: "the name is too long. Choose a shorter one",
    }
    reason = reasons.get(problem.errno or 0, f"{problem.strerror or problem}")
    return f"Cannot save {path}: {reason}. The file on disk is unchanged."
