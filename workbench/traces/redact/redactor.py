"""Finds what must not leave the machine and puts words in its place.

Works on the bytes as they stand in the file: what is replaced never holds a quote, a backslash or
a line end, and what replaces it is plain letters, so records stay records and JSON stays JSON at
every depth.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from typing import Final

from msgspec import Struct

from workbench.traces.redact.personal import addresses_in, homes_in, mails_in, names_in
from workbench.traces.redact.secrets import secrets_in
from workbench.traces.redact.spans import MARK, Found, begins, whole_letters

#: What can be asked for; "secret" stands for every kind of key, token and password.
GROUPS: Final = ("secret", "mail", "home", "private-ip")


_PIECE: Final = re.compile(rb"[^\"'\\\r\n]+")


class Hit(Struct, frozen=True):
    """One replacement: where it was in the source (bytes; line from 1), and what stands there now.

    ``place`` names the part of a container: a member, or table and column; offset and line are then
    those in the member or the value. What it was is not kept.
    """

    kind: str
    offset: int
    length: int
    line: int
    replacement: str
    place: str = ""


class Redactor:
    """Replaces; the same value gets the same words everywhere, so that it can be followed.

    ``also`` are further texts to be replaced, of at least three characters; ``patterns`` regular
    expressions of such (kind "pattern").

    Raises:
        ValueError: a pattern is no regular expression, or fits the empty text.
    """

    def __init__(
        self,
        groups: Collection[str] = GROUPS,
        also: Iterable[str] = (),
        patterns: Iterable[str] = (),
    ) -> None:
        self._groups = frozenset(groups)
        self._also = [text.encode() for text in also]
        self._patterns = [_compiled(pattern) for pattern in patterns]
        self._names: set[bytes] = set()
        self._words: dict[tuple[str, bytes], str] = {}
        self._counts: dict[str, int] = {}

    def learn(self, data: bytes) -> None:
        """Take the names of home folders, which are then found in folder names as well."""
        self._names |= names_in(data)

    def redact(self, data: bytes, offset: int = 0, line: int = 1) -> tuple[bytes, list[Hit]]:
        """Return the bytes with everything replaced, and where.

        Args:
            data: whole lines.
            offset: where they begin in the file.
            line: the number of the first of them.
        """
        found = _apart(self._found(data))
        if not found:
            return data, []
        parts: list[bytes] = []
        hits: list[Hit] = []
        done = counted = 0
        for one in found:
            words = self._replacement(one.kind, data[one.start : one.end])
            parts += [data[done : one.start], one.quote, words.encode(), one.quote]
            line += data.count(b"\n", counted, one.start)
            counted = one.start
            hits.append(Hit(one.kind, offset + one.start, one.end - one.start, line, words))
            done = one.end
        parts.append(data[done:])
        return b"".join(parts), hits

    def _found(self, data: bytes) -> list[Found]:
        found: list[Found] = []
        if "secret" in self._groups:
            found += secrets_in(data)
        if "mail" in self._groups:
            found += mails_in(data)
        if "home" in self._groups:
            found += homes_in(data, self._names)
        if "private-ip" in self._groups:
            found += addresses_in(data)
        for text in self._also:
            found += _literal(data, text)
        for pattern in self._patterns:
            found += _fitting(data, pattern)
        whole = (
            Found(one.kind, *whole_letters(data, one.start, one.end), one.quote) for one in found
        )
        return [one for one in whole if MARK not in data[one.start : one.end]]

    def _replacement(self, kind: str, value: bytes) -> str:
        key = (kind, value)
        words = self._words.get(key)
        if words is None:
            self._counts[kind] = self._counts.get(kind, 0) + 1
            name = kind.upper().replace("-", "_")
            words = self._words[key] = f"{MARK.decode()}{name}_{self._counts[kind]}"
        return words


def _literal(data: bytes, text: bytes) -> Iterable[Found]:
    at = data.find(text)
    while at >= 0:
        if begins(data, at):
            yield Found("text", at, at + len(text))
        at = data.find(text, at + len(text))


def _compiled(pattern: str) -> re.Pattern[bytes]:
    try:
        made = re.compile(pattern.encode())
    except (re.error, RecursionError, OverflowError) as problem:
        raise ValueError(f"'{pattern}' is no regular expression: {problem}.") from problem
    if made.match(b""):
        raise ValueError(f"'{pattern}' fits the empty text. Make it fit at least one character.")
    return made


def _fitting(data: bytes, pattern: re.Pattern[bytes]) -> Iterable[Found]:
    """Yield what fits; a fit over quotes, backslashes or line ends is replaced piece by piece."""
    for match in pattern.finditer(data):
        for piece in _PIECE.finditer(data, *match.span()):
            if any(chr(byte).isalnum() for byte in piece[0]):  # no comma between two strings
                yield Found("pattern", *piece.span())


def _apart(found: list[Found]) -> list[Found]:
    """Return the places in order; what overlaps becomes one, called after the first and longest."""
    made: list[Found] = []
    for one in sorted(found, key=lambda one: (one.start, -one.end)):
        if made and one.start < made[-1].end:
            last = made[-1]
            made[-1] = Found(last.kind, last.start, max(last.end, one.end), last.quote)
        else:
            made.append(one)
    return made
