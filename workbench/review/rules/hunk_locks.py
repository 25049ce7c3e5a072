"""Locks seen from a review: which hunks touch a locked part, and what of a hunk can be locked."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path, PurePosixPath

import tomlkit
from msgspec import Struct

from workbench.domain.proposal import Hunk, HunkVerdict
from workbench.files import FileProblem
from workbench.plugin.skill_locks import lock_on
from workbench.plugin.text_edits import EditProblem, Placed, headings, section_lines
from workbench.review.plan import ReviewProblem
from workbench.review.rules.part_locks import BrokenLock, broken_by
from workbench.review.session import Review
from workbench.skills.folder import SKILL_FILES
from workbench.store.locked_parts import (
    LOCKS_FILE,
    LockedPart,
    LocksProblem,
    locked_parts,
    set_locked,
    unlock,
)


class Lockable(Struct, frozen=True):
    """A part that can be locked; ``title`` says in words what it is."""

    title: str
    skill: str
    part: str


def locks_of_hunks(review: Review) -> dict[str, tuple[BrokenLock, ...]]:
    """Return the locks that each hunk would break by itself; hunks that break none are left out.

    Raises:
        ReviewProblem: the file of locks cannot be understood.
    """
    try:
        if not locked_parts(review.library):
            return {}
    except LocksProblem as problem:
        raise ReviewProblem(str(problem)) from problem
    found: dict[str, tuple[BrokenLock, ...]] = {}
    for hunk in review.hunks:
        result = review.result((HunkVerdict(hunk.id, "accept"),))
        if broken := broken_by(review.library, result, review.read_base):
            found[hunk.id] = broken
    return found


def lockable_parts(review: Review, hunk: Hunk) -> tuple[Lockable, ...]:
    """Return what a hunk lies in and can be locked, the smallest first: section, file, skill.

    A new file can be locked with its skill alone, and a new skill not at all: nothing is there yet
    to be kept.
    """
    home = _skill_of(review.library, hunk.path)
    if home is None:
        return ()
    inside = PurePosixPath(hunk.path).relative_to(home).as_posix()
    found: list[Lockable] = []
    base = review.read_base(hunk.path)
    name = home if home != "." else review.library.name
    if base is not None:
        text = base.decode("utf-8", "replace")
        heading = _heading_at(text, hunk) if hunk.kind == "text" else ""
        if heading:
            found.append(Lockable(f"The section “{heading}”", home, f"{inside}#{heading}"))
        found.append(Lockable(f"The file {inside}", home, inside))
    return (*found, Lockable(f"The whole skill {name}", home, "*"))


def entry_text(lock: LockedPart) -> str:
    """Return the lines that locking a part adds to the file of locks."""
    table = tomlkit.table()
    for key in ("skill", "part", "reason", "by"):
        if value := getattr(lock, key):
            table.add(key, value)
    entries = tomlkit.aot()
    entries.append(table)
    document = tomlkit.document()
    document.add("lock", entries)
    return tomlkit.dumps(document).strip()


def lock_part(library: Path, lock: LockedPart) -> None:
    """Write a lock.

    Raises:
        ReviewProblem: the file of locks cannot be read or written.
    """
    try:
        set_locked(library, lock)
    except (LocksProblem, FileProblem) as problem:
        raise ReviewProblem(str(problem)) from problem


def unlock_parts(library: Path, locks: Sequence[LockedPart]) -> tuple[LockedPart, ...]:
    """Take locks away and return those that were there, to put them back.

    Raises:
        ReviewProblem: the file of locks cannot be read or written.
    """
    try:
        return tuple(lock for lock in locks if unlock(library, lock.skill, lock.part))
    except (LocksProblem, FileProblem) as problem:
        raise ReviewProblem(str(problem)) from problem


def _skill_of(library: Path, path: str) -> str | None:
    """Return the innermost skill that is there and holds a path."""
    for parent in PurePosixPath(path).parents:
        if any((library / parent / name).is_file() for name in SKILL_FILES):
            return parent.as_posix()
    return None


def _heading_at(text: str, hunk: Hunk) -> str:
    """Return the innermost section whose lock would hold the hunk back, "" for none.

    A heading that stands there twice names no section.
    """
    first = hunk.base_start - 1
    placed = Placed(first, first + len(hunk.base_lines), ())
    best = ("", len(text) + 1)
    for title in dict.fromkeys(headings(text)):
        try:
            start, end = section_lines(text, title)
        except EditProblem:
            continue
        if lock_on((f"#{title}",), "", text, placed) and end - start < best[1]:
            best = (title, end - start)
    return best[0]


__all__ = [
    "LOCKS_FILE",
    "Lockable",
    "LockedPart",
    "entry_text",
    "lock_part",
    "lockable_parts",
    "locks_of_hunks",
    "unlock_parts",
]
