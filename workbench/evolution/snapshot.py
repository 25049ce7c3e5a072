"""The library as an engine saw it: the copy in the run folder and the hashes of the originals."""

from __future__ import annotations

from pathlib import Path

from msgspec import Struct

from workbench.domain.proposal import BaseFile
from workbench.files import FileProblem, confined


class LibrarySnapshot(Struct, frozen=True):
    """What proposals of one job are based on.

    ``root`` is the absolute path of the library, ``copy`` that of its copy, ``skills`` the ids of
    the skills in it, ``files`` every copied file by its path relative to the root (posix).
    ``links`` are paths that were links and are not in the copy.
    """

    root: str
    copy: str
    skills: tuple[str, ...]
    files: dict[str, BaseFile]
    links: tuple[str, ...] = ()

    def base(self, path: str) -> BaseFile:
        """Return the file as it was; without a hash when there was none."""
        return self.files.get(path, BaseFile(path, None))

    def read(self, path: str) -> bytes | None:
        """Return the bytes of a file as the engine saw it, None when there was none.

        Raises:
            FileProblem: the copy cannot be read.
        """
        if path not in self.files:
            return None
        file = confined(Path(self.copy), path)
        try:
            return file.read_bytes()
        except OSError as problem:
            raise FileProblem(f"Cannot read {file}: {problem.strerror}.") from problem

    def skill_of(self, path: str) -> str | None:
        """Return the id of the skill a path lies in (the innermost), None for none."""
        inside = [skill for skill in self.skills if skill == "." or path.startswith(f"{skill}/")]
        return max(inside, key=lambda skill: 0 if skill == "." else len(skill), default=None)
