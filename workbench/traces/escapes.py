"""JSON string escapes taken off, with the way back from decoded bytes to the bytes in the file.

Text is handled as UTF-8 bytes; a lone surrogate, which JSON can escape, takes its three bytes as
Python's ``surrogatepass`` writes them. UTF-8 finds its own character borders, so a plain byte
search in decoded text never matches half a character.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator
from itertools import accumulate
from typing import Final

import msgspec

_ESCAPE: Final = re.compile(
    rb'\\(?:(["\\/bfnrt])'
    rb"|u([dD][89abAB][0-9a-fA-F]{2})\\u([dD][c-fC-F][0-9a-fA-F]{2})"
    rb"|u([0-9a-fA-F]{4}))"
)
#: The inside of a JSON string; possessive, so that a torn string costs no backtracking.
_STRING: Final = re.compile(rb'"((?:[^"\\]++|\\.)*+)"', re.DOTALL)
_string: Final = msgspec.json.Decoder(str)
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
    begins in the bytes it was made from; the offset at the end is allowed. The way back is only
    made when it is asked for: a table entry for each escape costs far more than the decoding.
    """

    __slots__ = ("_encoded", "_places", "data")

    def __init__(self, encoded: bytes) -> None:
        self._encoded = encoded
        self._places: _Escapes | None = None
        if b"\\" not in encoded:
            self.data = encoded
            return
        try:
            self.data = _string.decode(b'"' + encoded + b'"').encode()
        except (msgspec.DecodeError, UnicodeDecodeError):
            # Torn, with escapes only some writers make, or not UTF-8: nothing may be lost.
            self.data = _ESCAPE.sub(_value, encoded)

    def raw(self, offset: int) -> int:
        """Return the offset in the undecoded bytes."""
        return self._escapes().raw(offset)

    def is_border(self, raw: int) -> bool:
        """Whether the offset in the undecoded bytes is not in the middle of an escape."""
        return self._escapes().is_border(raw)

    def _escapes(self) -> _Escapes:
        if self._places is None:
            self._places = _Escapes(self._encoded)
        return self._places


class _Escapes:
    """The escapes of a string in order: where each begins, as written and as decoded."""

    __slots__ = ("_decoded", "_sizes", "_skipped", "_starts")

    def __init__(self, encoded: bytes) -> None:
        found = [match.span() for match in _ESCAPE.finditer(encoded)]
        self._starts = [start for start, _ in found]
        self._sizes = [
            1 if end - start == 2 else 4 if end - start == 12 else _size(encoded[start + 2 : end])
            for start, end in found
        ]
        #: How many bytes more were written than decoded, up to the end of each escape.
        pairs = zip(found, self._sizes, strict=True)
        self._skipped = list(accumulate(end - start - size for (start, end), size in pairs))
        before = zip(self._starts, [0, *self._skipped], strict=False)
        self._decoded = [start - less for start, less in before]

    def raw(self, offset: int) -> int:
        """Return the offset in the undecoded bytes."""
        at = bisect_right(self._decoded, offset) - 1
        if at < 0:
            return offset
        if offset < self._decoded[at] + self._sizes[at]:
            return self._starts[at]  # its beginning (a border of characters never falls inside)
        return offset + self._skipped[at]

    def is_border(self, raw: int) -> bool:
        """Whether the offset is not in the middle of an escape."""
        at = bisect_right(self._starts, raw) - 1
        if at < 0 or self._starts[at] == raw:
            return True
        less = self._skipped[at] - (self._skipped[at - 1] if at else 0)
        return raw >= self._starts[at] + self._sizes[at] + less


def _size(digits: bytes) -> int:
    """Return how many bytes the character of four hexadecimal digits takes."""
    code = int(digits, 16)
    return 1 if code < 0x80 else 2 if code < 0x800 else 3


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
