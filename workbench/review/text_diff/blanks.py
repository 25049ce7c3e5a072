"""Changes of blanks alone: spaces, tabs, empty lines, the ends of lines."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

_WORDS = {"none": "no line end"}

#: What a hunk changes: other text, blanks only, or nothing but the ends of its lines.
ChangeOf = Literal["text", "blanks", "ends"]


def line_end(line: str) -> str:
    """Return the name of a line's end: LF, CRLF, CR or none."""
    if line.endswith("\r\n"):
        return "CRLF"
    return {"\n": "LF", "\r": "CR"}.get(line[-1:], "none")


def end_in_words(end: str) -> str:
    """Return the name of a line's end as a person reads it."""
    return _WORDS.get(end, end)


def without_blanks(text: str) -> str:
    """Return a text without any blank, as ``git diff --ignore-all-space`` compares it."""
    return "".join(text.split())


def change_of(base: Sequence[str], new: Sequence[str]) -> ChangeOf:
    """Say whether two lists of lines differ in text, in blanks only, or in line ends only."""
    if len(base) == len(new) and all(
        one.rstrip("\r\n") == other.rstrip("\r\n") for one, other in zip(base, new, strict=True)
    ):
        return "ends"
    return "blanks" if _same_ink(base, new) else "text"


def _same_ink(base: Sequence[str], new: Sequence[str]) -> bool:
    """Say whether two texts are equal without blanks; the first difference ends the look."""
    left, right = iter(base), iter(new)
    old = come = ""
    while True:
        while not old and (line := next(left, None)) is not None:
            old = without_blanks(line)
        while not come and (line := next(right, None)) is not None:
            come = without_blanks(line)
        size = min(len(old), len(come))
        if not size or old[:size] != come[:size]:
            return not old and not come
        old, come = old[size:], come[size:]


def ends_of(lines: Sequence[str]) -> tuple[str, ...]:
    """Return which line ends there are, in a fixed order."""
    found = {line_end(line) for line in lines}
    return tuple(end for end in ("LF", "CRLF", "CR", "none") if end in found)


def ends_in_words(lines: Sequence[str]) -> str:
    """Return which line ends there are, such as "LF and CRLF"; "" for no lines."""
    return " and ".join(map(end_in_words, ends_of(lines)))
