"""What lies in a skill folder: regular files and links, neither followed nor opened."""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Final

from workbench.domain.skill import FileKind, ReadProblem

MAX_FILES: Final = 20_000
MAX_DEPTH: Final = 32

#: The first one found counts, as in the reference validator.
SKILL_FILES: Final = ("SKILL.md", "skill.md")

#: A repository's own store; its files are no part of a skill.
SKIPPED: Final = frozenset({".git"})

_TOP_FOLDERS: Final[dict[str, FileKind]] = {
    "scripts": "script",
    "references": "reference",
    "reference": "reference",
    "assets": "asset",
}
_SCRIPT_SUFFIXES: Final = frozenset(
    [
        ".py",
        ".pyw",
        ".sh",
        ".bash",
        ".zsh",
        ".fish",
        ".js",
        ".mjs",
        ".cjs",
        ".ts",
        ".rb",
        ".pl",
        ".php",
        ".lua",
        ".ps1",
        ".bat",
        ".cmd",
        ".r",
        ".go",
        ".swift",
        ".awk",
        ".sql",
        ".applescript",
        ".exe",
        ".so",
        ".dll",
        ".dylib",
        ".jar",
        ".wasm",
    ]
)


@dataclass(frozen=True, slots=True)
class FileStat:
    """What tells that a file is the one we read before. Times in nanoseconds."""

    path: str
    is_link: bool
    size: int
    mtime: int
    ctime: int
    inode: int
    device: int
    executable: bool


@dataclass(slots=True)
class Listing:
    """Files of one skill folder, sorted by path; nested skills belong to themselves."""

    files: list[FileStat] = field(default_factory=list)
    nested: list[str] = field(default_factory=list)
    problems: list[ReadProblem] = field(default_factory=list)


def list_folder(folder: Path) -> Listing:
    """List a skill folder. Links to folders are listed as links, special files as problems."""
    listing = Listing()
    waiting: list[tuple[str, int]] = [("", 0)]
    while waiting:
        relative, depth = waiting.pop()
        if len(listing.files) >= MAX_FILES:
            listing.problems.append(
                ReadProblem(".", f"More than {MAX_FILES:,} files: the rest is not read.")
            )
            break
        waiting += ((path, depth + 1) for path in _list_one(folder, relative, depth, listing))
    listing.files.sort(key=lambda file: file.path)
    listing.nested.sort()
    return listing


def _list_one(folder: Path, relative: str, depth: int, listing: Listing) -> list[str]:
    """Add what lies in one folder and return the folders below it that are to be listed."""
    try:
        with os.scandir(f"{folder}{os.sep}{relative}" if relative else folder) as found:
            entries = list(found)
    except OSError as problem:
        listing.problems.append(
            ReadProblem(relative or ".", f"The folder cannot be read: {problem.strerror}.")
        )
        return []
    if relative and skill_file_among(entries):
        listing.nested.append(relative)
        return []
    below: list[str] = []
    for entry in entries:
        path = f"{relative}/{entry.name}" if relative else entry.name
        try:
            status = entry.stat(follow_symlinks=False)
        except OSError as problem:
            listing.problems.append(ReadProblem(path, f"It cannot be read: {problem.strerror}."))
            continue
        if stat.S_ISDIR(status.st_mode):
            if entry.name in SKIPPED:
                continue
            if depth >= MAX_DEPTH:
                listing.problems.append(
                    ReadProblem(path, f"Nested deeper than {MAX_DEPTH} folders: not read.")
                )
                continue
            below.append(path)
        elif stat.S_ISREG(status.st_mode) or stat.S_ISLNK(status.st_mode):
            listing.files.append(_stat_of(path, status))
        else:
            listing.problems.append(
                ReadProblem(path, "It is a device, socket or pipe: not read. Delete it.")
            )
    return below


def _stat_of(path: str, status: os.stat_result) -> FileStat:
    is_link = stat.S_ISLNK(status.st_mode)
    return FileStat(
        path,
        is_link,
        status.st_size,
        status.st_mtime_ns,
        status.st_ctime_ns,
        status.st_ino,
        status.st_dev,
        not is_link and bool(status.st_mode & 0o100),
    )


def skill_file_among(entries: list[os.DirEntry[str]]) -> str | None:
    """Return the name of the regular file that makes a folder a skill, None without one."""
    present = {entry.name: entry for entry in entries if entry.name in SKILL_FILES}
    for name in SKILL_FILES:
        entry = present.get(name)
        if entry is not None and entry.is_file(follow_symlinks=False):
            return name
    return None


def kind_of(file: FileStat) -> FileKind:
    """Return what a file is for, by its top folder, suffix and permission."""
    if file.is_link:
        return "link"
    path = PurePosixPath(file.path)
    if file.path in SKILL_FILES:
        return "skill_md"
    if path.parts[0] in _TOP_FOLDERS and len(path.parts) > 1:
        return _TOP_FOLDERS[path.parts[0]]
    if path.suffix.lower() in _SCRIPT_SUFFIXES or file.executable:
        return "script"
    return "other"
