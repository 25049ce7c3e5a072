"""Names of files that every system can store, and that stay in their folder."""

from __future__ import annotations

import unicodedata
from typing import Final

LONGEST_NAME: Final = 240
DEEPEST: Final = 32

_FORBIDDEN: Final = frozenset('<>:"|?*')
_STORES: Final = frozenset((".git", ".hg", ".svn"))
_DEVICES: Final = frozenset(
    ("con", "prn", "aux", "nul", *(f"{name}{n}" for name in ("com", "lpt") for n in range(1, 10)))
)
#: Control characters, line and paragraph separators, halves of characters.
_UNSEEN: Final = frozenset(("Cc", "Cs", "Zl", "Zp"))
#: They turn the order of letters on screen, so that a name shows as another.
_TURNING: Final = frozenset("\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def name_problem(name: str) -> str | None:
    """Return what is wrong with a member's name (posix; a folder ends with /), None when nothing.

    Rules: those of Windows (Naming Files, Paths, and Namespaces, Microsoft, 2024-08), which are
    the strictest, and no way out of the folder.
    """
    # One slash at the end says folder; a second one is an empty part.
    stem = name.removesuffix("/")
    parts = stem.split("/")
    if not stem or name.startswith("/") or name[1:2] == ":":
        return "has an absolute or empty name"
    if "\\" in name:
        return "has a backslash in its name, which divides folders on Windows"
    if any(part in ("", ".", "..") for part in parts):
        return "leaves its folder by its name ('..', '.' or an empty part)"
    if any(_unstorable(character) for character in name):
        return "has a character in its name that not every system can store"
    if any(part.casefold() in _STORES for part in parts):
        return "lies in a repository's own store, which could run programs"
    if any(part.endswith((".", " ")) or _is_device(part) for part in parts):
        return "has a name that Windows cannot store"
    if len(parts) > DEEPEST or any(len(part.encode()) > LONGEST_NAME for part in parts):
        return "has a name that is too long or too deep"
    return None


def same_file(path: str) -> str:
    """Return what two names share that are one file where case and composition do not count."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", path).casefold())


def _unstorable(character: str) -> bool:
    return (
        character in _FORBIDDEN
        or character in _TURNING
        or unicodedata.category(character) in _UNSEEN
    )


def _is_device(part: str) -> bool:
    return part.partition(".")[0].casefold() in _DEVICES
