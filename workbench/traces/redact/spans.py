"""Places in raw bytes, and what borders them: the text may lie in JSON strings of any depth."""

from __future__ import annotations

import re
from typing import Final

from msgspec import Struct

#: What stands in the copy; nothing that holds it is taken for a secret again.
MARK: Final = b"REDACTED_"

_JOINED: Final = re.compile(rb"[A-Za-z0-9_.-]")
#: An escape or a terminal colour ends in a letter and is no part of the word after it.
_ESCAPE_BEFORE: Final = re.compile(rb"(?:\\[nrtbf]|\\u[0-9a-fA-F]{4}|\[[0-9;]{0,12}[mK])\Z")


_BACKSLASH: Final = 0x5C
_U: Final = 0x75
_ESCAPES: Final = b"nrtbfu"


class Found(Struct, frozen=True):
    """Bytes ``start`` to ``end`` to be replaced.

    ``quote`` is written around the replacement: a bare number in JSON becomes a text.
    """

    kind: str
    start: int
    end: int
    quote: bytes = b""


def begins(data: bytes, at: int) -> bool:
    """Whether a word can begin at ``at``: neither goes on what stands before, nor in an escape."""
    if at == 0:
        return True
    if data[at - 1] == _BACKSLASH:
        return data[at] not in _ESCAPES  # whether it is one depends on the depth: leave it whole
    if not _JOINED.match(data, at - 1):
        return True
    return _ESCAPE_BEFORE.search(data[max(0, at - 16) : at]) is not None


def whole_letters(data: bytes, start: int, end: int, floor: int = 0) -> tuple[int, int]:
    r"""Return a range that cuts no escape (``\nann`` begins at ``a``) and no UTF-8 letter."""
    if start > floor and data[start - 1] == _BACKSLASH and data[start] in _ESCAPES:
        start += 5 if data[start] == _U else 1
    while start > floor and data[start] & 0xC0 == 0x80:
        start -= 1
    while end < len(data) and data[end] & 0xC0 == 0x80:
        end += 1
    return start, end
