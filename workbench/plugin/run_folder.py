"""A finished run on disk, read without trusting it: sizes capped, nothing outside, no links.

For importers. Every failure is a ``SourceProblem`` in words, so that an importer can say it and go
on with what it did understand.
"""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import Self

#: The host takes texts up to 1 MiB and binary content up to 16 MiB.
MAX_TEXT_BYTES = 1 << 20
MAX_CONTENT_BYTES = 16 << 20
_MAX_JSON_BYTES = 64 << 20
_MAX_FILES = 100_000
_MAX_DEPTH = 64
_REPOSITORIES = frozenset({".git", ".hg", ".svn"})


class SourceProblem(Exception):  # noqa: N818 - a problem for a person, in words
    """What an importer should read cannot be read. Says what, where and what to do."""


class RunFolder:
    """The regular files of a folder, by posix path relative to it, sorted, with their sizes.

    A source that is a single file is a folder that holds this file alone. ``skipped`` are
    (path, why) of links, pipes and folders that cannot be read.
    """

    def __init__(
        self, root: Path, files: Mapping[str, int], skipped: tuple[tuple[str, str], ...] = ()
    ) -> None:
        self.root = root
        self.name = root.name
        self.files = files
        self.skipped = skipped

    @classmethod
    def open(cls, source: str | None, wanted: str) -> Self:
        """List what ``source`` holds.

        Args:
            source: a folder or a file, as in ``Request.source``.
            wanted: what to name instead, for the message: "a results folder of GRASP".

        Raises:
            SourceProblem: there is no such folder, it cannot be read or has too many files.
        """
        if not source:
            raise SourceProblem(f"Nothing to read. Name {wanted}.")
        try:
            path = Path(source).resolve()
            status = path.stat()
        except (OSError, ValueError) as problem:
            raise SourceProblem(
                f"{source} cannot be read: {_words(problem)}. Name {wanted}."
            ) from (problem)
        if stat.S_ISREG(status.st_mode):
            return cls(path.parent, {path.name: status.st_size})
        if not stat.S_ISDIR(status.st_mode):
            raise SourceProblem(f"{source} is neither a folder nor a file. Name {wanted}.")
        files, skipped = _listing(path, wanted)
        return cls(path, files, skipped)

    def below(self, folder: str) -> dict[str, str]:
        """Return the files of a folder: full path by the path inside it. "" is the top."""
        prefix = f"{folder}/" if folder else ""
        return {path[len(prefix) :]: path for path in self.files if path.startswith(prefix)}

    def folders(self, folder: str = "") -> tuple[str, ...]:
        """Return the names of the folders in a folder that hold a file somewhere."""
        return tuple(sorted({p.split("/")[0] for p in self.below(folder) if "/" in p}))

    def read(self, path: str, limit: int = MAX_CONTENT_BYTES) -> bytes:
        """Read a file that was listed.

        Raises:
            SourceProblem: it is not there, larger than ``limit`` bytes, or cannot be read.
        """
        size = self.files.get(path)
        if size is None:
            raise SourceProblem(f"{path} is not in {self.root}.")
        if size > limit:
            raise SourceProblem(f"{path} has {size:,} bytes; more than {limit:,} are not read.")
        try:
            descriptor = os.open(self.root / path, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0))
            with os.fdopen(descriptor, "rb") as file:
                data = file.read(limit + 1)
        except OSError as problem:
            raise SourceProblem(f"{path} cannot be read: {_words(problem)}.") from problem
        if len(data) > limit:
            raise SourceProblem(f"{path} grew past {limit:,} bytes while it was read.")
        return data

    def read_text(self, path: str) -> str:
        """Read a UTF-8 text; a byte order mark is taken off.

        Raises:
            SourceProblem: as ``read``, or it is no UTF-8 text.
        """
        data = self.read(path, MAX_TEXT_BYTES)
        try:
            return data.decode("utf-8").removeprefix("\ufeff")
        except UnicodeDecodeError as problem:
            raise SourceProblem(f"{path} is not UTF-8 text (byte {problem.start}).") from problem

    def read_json(self, path: str) -> object:
        """Read a JSON document.

        Raises:
            SourceProblem: as ``read``, or it is not valid, such as cut off.
        """
        data = self.read(path, _MAX_JSON_BYTES)
        try:
            value: object = json.loads(data)
        except (ValueError, RecursionError) as problem:
            raise SourceProblem(f"{path} is not valid JSON: {problem}.") from problem
        return value


def _listing(root: Path, wanted: str) -> tuple[dict[str, int], tuple[tuple[str, str], ...]]:
    files: dict[str, int] = {}
    skipped: list[tuple[str, str]] = []
    waiting = [""]
    while waiting:
        relative = waiting.pop()
        try:
            with os.scandir(root / relative) as entries:
                found = list(entries)
        except OSError as problem:
            if not relative:
                raise SourceProblem(f"{root} cannot be read: {_words(problem)}.") from problem
            skipped.append((relative, f"cannot be read: {_words(problem)}"))
            continue
        for entry in found:
            path = f"{relative}/{entry.name}" if relative else entry.name
            why = _take(entry, path, files, waiting)
            if why:
                skipped.append((path, why))
        if len(files) > _MAX_FILES:
            raise SourceProblem(f"{root} has more than {_MAX_FILES:,} files. Name {wanted} alone.")
    return dict(sorted(files.items())), tuple(sorted(skipped))


def _take(entry: os.DirEntry[str], path: str, files: dict[str, int], waiting: list[str]) -> str:
    try:
        entry.name.encode("utf-8")
        status = entry.stat(follow_symlinks=False)
    except UnicodeEncodeError:
        return "has a name that is not UTF-8"
    except OSError as problem:
        return f"cannot be read: {_words(problem)}"
    if stat.S_ISLNK(status.st_mode):
        return "is a link; links are never followed"
    if stat.S_ISREG(status.st_mode):
        files[path] = status.st_size
    elif not stat.S_ISDIR(status.st_mode):
        return "is no regular file"
    elif path.count("/") >= _MAX_DEPTH:
        return "lies too deep"
    elif entry.name not in _REPOSITORIES:
        waiting.append(path)
    return ""


def _words(problem: OSError | ValueError) -> str:
    return (problem.strerror if isinstance(problem, OSError) else None) or str(problem)
