"""The library as an engine saw it: the copy in the run folder and the hashes of the originals."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from msgspec import Struct

from workbench.domain.proposal import BaseFile
from workbench.files import FileProblem, confined, sha256

#: A larger bundled file is not copied; an engine that needs it is told.
MAX_COPIED = 64 << 20

#: Where the system has them: fail on a link, do not wait for a pipe's writer.
_NO_LINK = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)


class LibrarySnapshot(Struct, frozen=True):
    """What proposals of one job are based on.

    ``root`` is the absolute path of the library, ``copy`` that of its copy, ``skills`` the ids of
    the skills in it, ``files`` every copied file by its path relative to the root (posix).
    ``links`` are paths that were links and are not in the copy. ``locks`` are what may not change,
    by the id of the skill.
    """

    root: str
    copy: str
    skills: tuple[str, ...]
    files: dict[str, BaseFile]
    links: tuple[str, ...] = ()
    locks: dict[str, tuple[str, ...]] = {}

    def base(self, path: str) -> BaseFile:
        """Return the file as it was; without a hash when there was none."""
        return self.files.get(path, BaseFile(path, None))

    def read(self, path: str) -> bytes | None:
        """Return the bytes of a file as they were copied, None when there was none.

        The engine can write to its copy, so the copy counts only while it has the hash the host
        took; else the library's own file does, while that has it.

        Raises:
            FileProblem: neither has.
        """
        base = self.files.get(path)
        if base is None:
            return None
        for folder in (self.copy, self.root):
            data = _regular(folder, path)
            if data is not None and sha256(data) == base.sha256:
                return data
        raise FileProblem(
            f"{path} is no longer what it was when the run began, neither in the library nor in "
            "the engine's copy. Run the engine again."
        )

    def altered(self) -> tuple[str, ...]:
        """Return the files that are others in the copy now, or gone: the engine wrote there."""
        return tuple(path for path in self.files if not self._is_as_it_was(self.copy, path))

    def changed_since(self) -> tuple[str, ...]:
        """Return the files that are others in the library now, or gone."""
        return tuple(path for path in self.files if not self._is_as_it_was(self.root, path))

    def _is_as_it_was(self, folder: str, path: str) -> bool:
        data = _regular(folder, path)
        return data is not None and sha256(data) == self.files[path].sha256

    def skill_of(self, path: str) -> str | None:
        """Return the id of the skill a path lies in (the innermost), None for none."""
        inside = [skill for skill in self.skills if skill == "." or path.startswith(f"{skill}/")]
        return max(inside, key=lambda skill: 0 if skill == "." else len(skill), default=None)


def _regular(folder: str, path: str) -> bytes | None:
    """Read a regular file without following a link or waiting for a pipe; None for anything else.

    What a hostile engine put there is read up to the size a copied file can have, and no further.
    """
    try:
        descriptor = os.open(confined(Path(folder), path), os.O_RDONLY | _NO_LINK)
        with os.fdopen(descriptor, "rb") as stream:
            if not stat.S_ISREG(os.fstat(stream.fileno()).st_mode):
                return None
            return stream.read(MAX_COPIED + 1)
    except (OSError, FileProblem):
        return None
