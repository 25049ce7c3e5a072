"""A version of a library: its files by path, wherever they are kept."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath

SKILL_FILES = ("SKILL.md", "skill.md")
_NO_SKILLS_BELOW = frozenset({"node_modules"})
_LEFTOVERS = frozenset({".DS_Store", "Thumbs.db", "desktop.ini", "__pycache__"})


class SourceProblem(Exception):  # noqa: N818 - a problem for a person, in words
    """The other version cannot be read. The message says what, where and what to do."""


@dataclass(frozen=True)
class VersionFile:
    """A regular file: its git mode ("100644" or "100755"), size in bytes, and how to read it.

    ``read`` raises OSError or SourceProblem. ``object_id`` is git's hash of it, where it is known.
    """

    mode: str
    size: int
    read: Callable[[], bytes]
    object_id: str = ""

    def holds(self, data: bytes) -> bool:
        """Whether git's hash already says that these are its bytes, so that it need not be read."""
        if self.size != len(data) or not self.object_id:
            return False
        algorithm = "sha1" if len(self.object_id) == 40 else "sha256"
        found = hashlib.new(algorithm, b"blob %d\0%b" % (len(data), data), usedforsecurity=False)
        return found.hexdigest() == self.object_id


@dataclass(frozen=True)
class Version:
    """Files by their posix path. ``skipped`` are (path, why) of what is no regular file.

    ``label`` names it for people, ``short`` the same in a title; ``name`` is what a skill at its
    very top is called.
    ``is_checked_in`` says that line ends are those of a repository, not of a checkout.
    """

    label: str
    short: str
    name: str
    files: Mapping[str, VersionFile]
    skipped: tuple[tuple[str, str], ...] = ()
    is_whole: bool = False
    is_checked_in: bool = False

    def skill_folders(self) -> tuple[str, ...]:
        """Return the folders that hold a SKILL.md, "." for the top, sorted."""
        folders = {
            str(PurePosixPath(path).parent)
            for path in self.files
            if PurePosixPath(path).name in SKILL_FILES
            and not _NO_SKILLS_BELOW & set(PurePosixPath(path).parts)
        }
        return tuple(sorted(folders))


def files_by_skill(
    files: Mapping[str, VersionFile], folders: tuple[str, ...]
) -> dict[str, dict[str, VersionFile]]:
    """Give each skill its files, by their path in the skill; the innermost folder owns a file."""
    owned: dict[str, dict[str, VersionFile]] = {folder: {} for folder in folders}
    for path, file in files.items():
        for parent in PurePosixPath(path).parents:
            if str(parent) in owned:
                owned[str(parent)][str(PurePosixPath(path).relative_to(parent))] = file
                break
    return owned


def is_leftover(path: str) -> bool:
    """Whether a file is one that systems and interpreters leave lying about."""
    return bool(_LEFTOVERS & set(PurePosixPath(path).parts)) or path.endswith(".pyc")
