"""Locks of a library at the apply: what was locked after a proposal came in, and a person's edits.

Intake leaves out what an engine changes in a locked part (see ``store.locked_parts``); here it is
held again against the files of now, whoever wrote the text.
"""

from __future__ import annotations

from pathlib import Path, PurePosixPath

from msgspec import Struct

from workbench.plugin.skill_locks import broken_locks, locked_ranges
from workbench.review.compose import Result, ResultFile
from workbench.review.plan import ReadBase, ReviewProblem
from workbench.skills.folder import SKILL_FILES
from workbench.store.locked_parts import LockedPart, LocksProblem, locked_parts


class BrokenLock(Struct, frozen=True):
    """A locked part that a file of the selection would change.

    ``lines`` are those of the part in the base, the first (from 1) and the last.
    """

    path: str
    lock: LockedPart
    lines: tuple[int, int] = (0, 0)

    @property
    def text(self) -> str:
        """What is locked where, by whom and why, in words."""
        by = f" by {self.lock.by}" if self.lock.by else ""
        reason = f": {self.lock.reason}" if self.lock.reason else ""
        part = "as a whole" if self.lock.part == "*" else f"({self.lock.part})"
        return f"{self.path} changes what is locked in {self.lock.skill} {part}{by}{reason}"


def broken_by(library: Path, result: Result, read_base: ReadBase) -> tuple[BrokenLock, ...] | None:
    """Return the locks that a selection breaks; None where nothing is locked at all.

    Raises:
        ReviewProblem: the file of locks cannot be understood.
    """
    try:
        locks = locked_parts(library)
    except LocksProblem as problem:
        raise ReviewProblem(str(problem)) from problem
    if not locks:
        return None
    found: list[BrokenLock] = []
    for file in result.files:
        for lock in locks:
            inside = _inside(library, file.path, lock.skill)
            lines = None if inside is None else _broken_lines(file, inside, lock, read_base)
            if lines is not None:
                found.append(BrokenLock(file.path, lock, lines))
    return tuple(found)


def _inside(library: Path, path: str, skill: str) -> str | None:
    """Return the path within the skill when that is the innermost one the file lies in."""
    if skill == ".":
        inside = PurePosixPath(path)
    elif path.startswith(f"{skill}/"):
        inside = PurePosixPath(path.removeprefix(f"{skill}/"))
    else:
        return None
    home = library if skill == "." else library / skill
    for parent in inside.parents:
        deeper = parent.as_posix() != "."
        if deeper and any((home / parent / name).is_file() for name in SKILL_FILES):
            return None  # it is of a skill within this one
    return inside.as_posix()


def _broken_lines(
    file: ResultFile, inside: str, lock: LockedPart, read_base: ReadBase
) -> tuple[int, int] | None:
    """Return the lines of a part that the new file breaks, None when it keeps them."""
    data = b"" if file.base_sha256 is None else read_base(file.path) or b""
    before = data.decode("utf-8", "surrogateescape")
    after = None if file.data is None else file.data.decode("utf-8", "surrogateescape")
    whole = lock.part in ("*", inside)
    if not whole and not broken_locks((lock.part,), inside, before, after):
        return None
    ranges = locked_ranges((lock.part,), inside, before)
    return (ranges[0][0] + 1, ranges[0][1]) if ranges else (0, 0)
