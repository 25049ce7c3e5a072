"""What of a skill may not change: the whole, a file, a section, or lines.

A lock is ``*`` (the whole skill), ``SKILL.md`` (a file), ``SKILL.md#Safety`` (the section of that
heading with its subsections) or ``SKILL.md:3-9`` (those lines, counted from 1).
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Sequence

from workbench.plugin.text_edits import EditProblem, Placed, section_lines

WHOLE = "*"
_LINES = re.compile(r"(?P<file>.+):(?P<first>\d+)-(?P<last>\d+)\Z")


def is_locked(locks: Sequence[str], file: str = "") -> bool:
    """Whether a skill, or one of its files as a whole, may not change."""
    return WHOLE in locks or (bool(file) and file in locks)


def locked_ranges(locks: Sequence[str], file: str, text: str) -> list[tuple[int, int, str]]:
    """Return the locked lines of a file: first, the one after the last, and the lock."""
    lines = text.splitlines(keepends=True)
    found: list[tuple[int, int, str]] = []
    for lock in locks:
        if is_locked((lock,), file):
            found.append((0, len(lines), lock))
        elif lock.startswith(f"{file}#"):
            try:
                found.append((*section_lines(text, lock.removeprefix(f"{file}#")), lock))
            except EditProblem:
                continue  # no such section is there any more
        elif (named := _LINES.match(lock)) and named["file"] == file:
            found.append((int(named["first"]) - 1, int(named["last"]), lock))
    return found


def lock_on(locks: Sequence[str], file: str, text: str, placed: Placed) -> str:
    """Return the lock that an edit of these lines would break; "" when there is none."""
    for first, end, lock in locked_ranges(locks, file, text):
        inserts = placed.start == placed.end
        inside = (
            first < placed.start < end if inserts else placed.start < end and first < placed.end
        )
        if inside or is_locked((lock,), file):
            return lock
    return ""


def broken_locks(locks: Sequence[str], file: str, before: str, after: str | None) -> list[str]:
    """Return the locks that another text of a file would break; None is a deleted file."""
    ranges = locked_ranges(locks, file, before)
    if after is None or not ranges:
        return [lock for _, _, lock in ranges]
    old, new = before.splitlines(), after.splitlines()
    broken: list[str] = []
    matcher = difflib.SequenceMatcher(None, old, new, autojunk=False)
    for tag, first, end, _, _ in matcher.get_opcodes():
        if tag == "equal":
            continue
        placed = Placed(first, end, ())
        broken += [lock for one in ranges if (lock := lock_on([one[2]], file, before, placed))]
    return list(dict.fromkeys(broken))
