"""JSON string escapes taken off, with the way back from decoded bytes to the bytes in the file.

Text is handled as UTF-8 bytes; a lone surrogate, which JSON can escape, takes its three bytes as
Python's ``surrogatepass`` writes them. UTF-8 finds its own character borders, so a plain byte
search in decoded text never matches half a character.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator
from typing import Final

_ESCAPE: Final = re.compile(
    rb'\\(?:(["\\/bfnrt])'
    rb"|u([dD][89abAB][0-9a-fA-F]{2})\\u([dD][c-fC-F][0-9a-fA-F]{2})"
    rb"|u([0-9a-fA-F]{4}))"
)
#: The inside of a JSON string; possessive, so that a torn string costs no backtracking.
_STRING: Final = re.compile(rb'"((?:[^"\\]++|\\.)*+)"', re.DOTALL)
_SHORT: Final = {
    b'"': b'"',
    b"\\": b"\\",
    b"/": b"/",
    b"b": b"\b",
    b"f": b"\f",
    b"n": b"\n",
    b"r": b"\r",
    b"t": b"\t",
}


class Decoded:
    """Bytes with one layer of JSON string escapes taken off.

    ``data`` are the decoded bytes. ``raw(offset)`` is where the decoded byte at that offset
    begins in the bytes it was made from; the offset at the end is allowed.
    """

    __slots__ = ("_decoded_at", "_raw_at", "data")

    def __init__(self, encoded: bytes) -> None:
        parts: list[bytes] = []
        # Where each escape's outcome ends in decoded bytes, and where the escape ends in raw ones.
        self._decoded_at = [0]
        self._raw_at = [0]
        position = length = 0
        for match in _ESCAPE.finditer(encoded) if b"\\" in encoded else ():
            start, end = match.span()
            value = _value(match)
            parts.append(encoded[position:start])
            parts.append(value)
            length += start - position
            # The escape's own beginning is a border too: offsets inside its outcome stay there.
            self._decoded_at.append(length)
            self._raw_at.append(start)
            length += len(value)
            self._decoded_at.append(length)
            self._raw_at.append(end)
            position = end
        if position == 0:
            self.data = encoded
            return
        parts.append(encoded[position:])
        self.data = b"".join(parts)

    def raw(self, offset: int) -> int:
        """Return the offset in the undecoded bytes."""
        at = bisect_right(self._decoded_at, offset) - 1
        if at % 2:  # inside an escape: its beginning (a border of characters never falls there)
            return self._raw_at[at]
        return self._raw_at[at] + offset - self._decoded_at[at]

    def is_border(self, raw: int) -> bool:
        """Whether the offset in the undecoded bytes is not in the middle of an escape."""
        at = bisect_right(self._raw_at, raw) - 1
        return at % 2 == 0 or self._raw_at[at] == raw


def decode_layers(encoded: bytes, layers: int) -> bytes:
    """Take ``layers`` JSON string escapings off."""
    for _ in range(layers):
        encoded = Decoded(encoded).data
    return encoded


def text_of(data: bytes) -> str:
    """Return UTF-8 bytes as text; escaped lone surrogates stay, broken bytes become U+FFFD."""
    try:
        return data.decode("utf-8", "surrogatepass")
    except UnicodeDecodeError:
        return data.decode("utf-8", "replace")


def bytes_of(text: str) -> bytes:
    """Return text as the UTF-8 bytes that ``Decoded`` gives for it."""
    return text.encode("utf-8", "surrogatepass")


def string_insides(json_text: bytes) -> Iterator[tuple[int, int]]:
    """Yield the (start, end) of the inside of every JSON string in ``json_text``, keys too."""
    for match in _STRING.finditer(json_text):
        yield match.span(1)


def _value(match: re.Match[bytes]) -> bytes:
    short, high, low, single = match.groups()
    if short is not None:
        return _SHORT[short]
    if high is not None:
        code = 0x10000 + ((int(high, 16) - 0xD800) << 10) + (int(low, 16) - 0xDC00)
        return chr(code).encode()
    return chr(int(single, 16)).encode("utf-8", "surrogatepass")
