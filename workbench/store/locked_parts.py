"""What of a library's skills no engine may change: ``.workbench/locks.toml`` of the library.

It lies with the library and not with the user, so that it holds whoever runs an engine, and is
reviewed in git like everything there. A part is ``*`` (the whole skill), ``SKILL.md`` (a file),
``SKILL.md#Safety`` (a section with its subsections) or ``SKILL.md:3-9`` (lines, counted from 1)::

    [[lock]]
    skill = "pdf-forms"
    part = "SKILL.md#Safety"
    reason = "agreed with the legal department"
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable
from pathlib import Path

import msgspec
import tomlkit
from msgspec import Struct

from workbench.files import write_atomic

LOCKS_FILE = ".workbench/locks.toml"
_LINES = re.compile(r".+:(?P<first>\d+)-(?P<last>\d+)\Z")


class LockedPart(Struct, frozen=True, forbid_unknown_fields=True):
    """One lock. ``skill`` is the skill's id; ``part`` as above."""

    skill: str
    part: str = "*"
    reason: str = ""
    by: str = ""


class _File(Struct, frozen=True, forbid_unknown_fields=True):
    lock: tuple[LockedPart, ...] = ()
    version: int = 1


class LocksProblem(Exception):  # noqa: N818 - a problem for a person, in words
    """The locks cannot be read or written. The message says what, where and what to do."""


def locked_parts(library: Path) -> tuple[LockedPart, ...]:
    """Read the locks of a library; without a file there are none.

    Raises:
        LocksProblem: the file cannot be understood: nothing may run as if there were no locks.
    """
    path = library / LOCKS_FILE
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
        found = msgspec.convert(table, _File).lock
    except FileNotFoundError:
        return ()
    except OSError as problem:
        raise LocksProblem(f"Cannot read {path}: {problem.strerror}.") from problem
    except (
        tomllib.TOMLDecodeError,
        UnicodeDecodeError,
        msgspec.ValidationError,
        RecursionError,
    ) as problem:
        raise LocksProblem(
            f"{path} is no file of locks: {problem}. Mend that entry; nothing runs until then, so "
            "that nothing locked is changed."
        ) from problem
    for lock in found:
        if problem_of := part_problem(lock.part):
            raise LocksProblem(f"{path}: the lock of '{lock.skill}' {problem_of}")
    return found


def locks_by_skill(library: Path) -> dict[str, tuple[str, ...]]:
    """Return the locked parts of each skill by its id.

    Raises:
        LocksProblem: as ``locked_parts``.
    """
    found: dict[str, tuple[str, ...]] = {}
    for lock in locked_parts(library):
        found[lock.skill] = (*found.get(lock.skill, ()), lock.part)
    return found


def part_problem(part: str) -> str:
    """Say what is wrong with the name of a part; empty when nothing is."""
    named = _LINES.match(part)
    if not part.strip() or part.startswith(("#", ":", "/")) or part.endswith("#"):
        return f"names no part: '{part}'. Write *, SKILL.md, SKILL.md#Heading or SKILL.md:3-9."
    if named and not 1 <= int(named["first"]) <= int(named["last"]):
        return f"names no lines: '{part}'. The first comes before the last, counted from 1."
    return ""


def set_locked(library: Path, lock: LockedPart) -> None:
    """Add a lock, or give the one of the same part another reason.

    Raises:
        LocksProblem: the part is none, or the file cannot be read.
        FileProblem: it cannot be written.
    """
    if wrong := part_problem(lock.part):
        raise LocksProblem(f"The lock {wrong}")
    kept = [one for one in locked_parts(library) if not _is_same(one, lock)]
    _write(library, [*kept, lock])


def unlock(library: Path, skill: str, part: str) -> bool:
    """Take a lock away; False when there was none.

    Raises:
        LocksProblem, FileProblem: as ``set_locked``.
    """
    before = locked_parts(library)
    kept = [one for one in before if not _is_same(one, LockedPart(skill, part))]
    if len(kept) == len(before):
        return False
    _write(library, kept)
    return True


def _is_same(one: LockedPart, other: LockedPart) -> bool:
    return (one.skill, one.part) == (other.skill, other.part)


def _write(library: Path, locks: Iterable[LockedPart]) -> None:
    document = tomlkit.document()
    document.add("version", tomlkit.item(1))
    entries = tomlkit.aot()
    for lock in sorted(locks, key=lambda one: (one.skill, one.part)):
        table = tomlkit.table()
        for key, value in msgspec.to_builtins(lock).items():
            if value:
                table.add(key, value)
        entries.append(table)
    document.add("lock", entries)
    path = library / LOCKS_FILE
    try:
        path.parent.mkdir(exist_ok=True)
    except OSError as problem:
        raise LocksProblem(f"Cannot make {path.parent}: {problem.strerror}.") from problem
    write_atomic(path, tomlkit.dumps(document).encode())
