"""Which libraries skills are counted of: the open one, and others a person added. No Qt."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from workbench.domain.skill import Library
from workbench.files import write_atomic
from workbench.skills.library import LibraryCache, read_library
from workbench.skills.problems import SkillError


class OtherLibraries:
    """Libraries beside the open one, kept in a file; each is counted or left out for now."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._caches: dict[Path, LibraryCache] = {}
        self._known = _read(file)

    @property
    def known(self) -> tuple[tuple[Path, bool], ...]:
        """Return every library that was added, and whether it is counted."""
        return tuple(self._known.items())

    @property
    def counted(self) -> tuple[Path, ...]:
        """The libraries that are counted."""
        return tuple(path for path, on in self._known.items() if on)

    def set(self, path: Path, *, counted: bool = True) -> None:
        """Add a library, count it again, or leave it out.

        Raises:
            FileProblem: that cannot be written.
        """
        self._write({**self._known, path: counted})

    def forget_left_out(self) -> None:
        """Take those that are left out off the list.

        Raises:
            FileProblem: that cannot be written.
        """
        self._write(dict.fromkeys(self.counted, True))

    def read(
        self, first: Library, paths: Sequence[Path]
    ) -> tuple[tuple[Library, ...], tuple[str, ...]]:
        """Read libraries after the open one. For a thread, one at a time.

        Returns:
            The open one and those that could be read, and in words which could not.
        """
        found, problems = [first], []
        for path in paths:
            try:
                one = read_library(path, self._caches.setdefault(path, LibraryCache()))
            except SkillError as problem:
                problems.append(str(problem))
                continue
            if one.root not in {known.root for known in found}:
                found.append(one)
        return tuple(found), tuple(problems)

    def _write(self, known: dict[Path, bool]) -> None:
        rows = [{"path": str(path), "counted": on} for path, on in known.items()]
        write_atomic(self._file, json.dumps({"libraries": rows}, indent=1).encode())
        self._known = known


def short_names(roots: Sequence[str]) -> dict[str, str]:
    """Return what to call each library: its folder's name, with those above it where it must."""
    found: dict[str, str] = {}
    for root in roots:
        parts, others = Path(root).parts, [Path(other).parts for other in roots if other != root]
        depth = 1
        while depth < len(parts) and any(one[-depth:] == parts[-depth:] for one in others):
            depth += 1
        found[root] = "/".join(parts[-depth:])
    return found


def _read(file: Path) -> dict[Path, bool]:
    """Return what a file keeps; nothing where there is none, or another thing."""
    try:
        told = json.loads(file.read_bytes())["libraries"]
        return {Path(str(one["path"])): bool(one["counted"]) for one in told}
    except (OSError, ValueError, KeyError, TypeError):
        return {}
