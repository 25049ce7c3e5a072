"""Another version of a library as a folder on disk. Links are never followed."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from folder_importer.versions import SourceProblem, Version, VersionFile

_REPOSITORIES = frozenset({".git", ".hg", ".svn"})
_MAX_FILES = 100_000


def read_folder(root: Path) -> Version:
    """List a folder; its files are read when asked for.

    Raises:
        SourceProblem: it is no folder, cannot be read, or has too many files.
    """
    if not root.is_dir():
        raise SourceProblem(
            f"{root} is no folder. Name the folder of another version of the library or of a "
            "skill, or 'git:<branch>'."
        )
    files: dict[str, VersionFile] = {}
    skipped: list[tuple[str, str]] = []
    waiting = [""]
    while waiting:
        relative = waiting.pop()
        for entry in _entries(root, relative, skipped):
            path = f"{relative}/{entry.name}" if relative else entry.name
            status = entry.stat(follow_symlinks=False)
            if stat.S_ISDIR(status.st_mode):
                if entry.name not in _REPOSITORIES:
                    waiting.append(path)
            elif stat.S_ISREG(status.st_mode):
                mode = "100755" if status.st_mode & 0o100 else "100644"
                files[path] = VersionFile(mode, status.st_size, Path(entry.path).read_bytes)
            elif stat.S_ISLNK(status.st_mode):
                skipped.append((path, "is a link; links are never followed"))
            else:
                skipped.append((path, "is no regular file"))
        if len(files) > _MAX_FILES:
            raise SourceProblem(
                f"{root} has more than {_MAX_FILES:,} files. Name the folder of the skills alone."
            )
    name = root.resolve().name
    return Version(str(root), f"the folder {name}", name, files, tuple(sorted(skipped)))


def _entries(root: Path, relative: str, skipped: list[tuple[str, str]]) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(root / relative) as entries:
            return list(entries)
    except OSError as problem:
        if not relative:
            raise SourceProblem(
                f"{root} cannot be read: {problem.strerror}. Change its permissions, or copy it."
            ) from problem
        skipped.append((relative, f"cannot be read: {problem.strerror}"))
        return []
