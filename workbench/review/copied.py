"""New text that stands word for word somewhere else: in another skill, or in a trace.

Public traces quote proprietary skills, and engines copy their examples (GEPA issue 261; evolution
reference, section 8.3, November 2026). What is found is a reason to look at the licence, not a
verdict: common phrases are short of the limit, commands and quotes may be over it.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from msgspec import Struct

#: So many words in a row are more than chance in prose (plagiarism detection commonly takes 8-12).
LEAST_WORDS: Final = 12
#: Of one source so many passages are told; the longest first.
_MOST: Final = 3
_WORD: Final = re.compile(r"[\w'’]+")
_SHOWN: Final = 160


class TextSource(Struct, frozen=True):
    """Something new text may have been taken from. ``licence`` is "" where none is named."""

    name: str
    kind: str
    text: str
    licence: str = ""


class Copied(Struct, frozen=True):
    """A passage of the new text of ``path`` that the source has too."""

    path: str
    source: str
    kind: str
    licence: str
    words: int
    passage: str


def copied_passages(
    path: str,
    added: str,
    sources: Iterable[TextSource],
    *,
    least: int = LEAST_WORDS,
) -> tuple[Copied, ...]:
    """Return passages of the added text that a source has word for word, the longest first.

    Words are compared without case and punctuation; a line's end does not end a passage.
    """
    words = _words(added)
    if len(words) < least:
        return ()
    places = _grams([word for word, _, _ in words], least)
    found = [
        Copied(path, source.name, source.kind, source.licence, end - start, passage)
        for source in sources
        for start, end in _longest(_shared(places, words, source.text, least))
        if (passage := _passage(added, words, start, end))
    ]
    return tuple(sorted(found, key=lambda one: (-one.words, one.source)))


def _words(text: str) -> list[tuple[str, int, int]]:
    return [(one[0].lower(), one.start(), one.end()) for one in _WORD.finditer(text)]


def _grams(words: Sequence[str], size: int) -> dict[tuple[str, ...], list[int]]:
    found: dict[tuple[str, ...], list[int]] = defaultdict(list)
    for at in range(len(words) - size + 1):
        found[tuple(words[at : at + size])].append(at)
    return found


def _shared(
    places: dict[tuple[str, ...], list[int]],
    words: Sequence[tuple[str, int, int]],
    source: str,
    least: int,
) -> Iterator[tuple[int, int]]:
    """Yield ranges of words of the added text that the source has in a row."""
    other = [one[0].lower() for one in _WORD.finditer(source)]
    plain = [word for word, _, _ in words]
    at = 0
    while at <= len(other) - least:
        starts = places.get(tuple(other[at : at + least]))
        if not starts:
            at += 1
            continue
        longest = 0
        for start in starts:
            end, there = start + least, at + least
            while end < len(plain) and there < len(other) and plain[end] == other[there]:
                end, there = end + 1, there + 1
            longest = max(longest, end - start)
            yield start, end
        at += longest - least + 1


def _longest(ranges: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    """Return the longest ranges that do not overlap."""
    chosen: list[tuple[int, int]] = []
    for start, end in sorted(set(ranges), key=lambda one: (one[0] - one[1], one)):
        if all(end <= first or start >= last for first, last in chosen):
            chosen.append((start, end))
        if len(chosen) == _MOST:
            break
    return chosen


def _passage(text: str, words: Sequence[tuple[str, int, int]], start: int, end: int) -> str:
    passage = " ".join(text[words[start][1] : words[end - 1][2]].split())
    return passage if len(passage) <= _SHOWN else f"{passage[: _SHOWN - 1]}…"
