"""Fuzzy matching for the palette and quick open: the letters of the query in their order.

Hits at the beginning of words and hits in a row count more, so "opf" finds "Open folder" before
"Copy of file". No Qt here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TypeVar

Item = TypeVar("Item")

_WORD_START = 12
_IN_A_ROW = 8
_HIT = 1
_GAP = 1


def score(query: str, text: str) -> tuple[int, tuple[int, ...]] | None:
    """Return the score and the places of the hits in ``text``, None when it does not match.

    Spaces in the query are ignored. A whole-word hit of the query beats scattered letters.
    """
    letters = [letter for letter in query.casefold() if not letter.isspace()]
    if not letters:
        return 0, ()
    # Lower letter by letter: casefold may change the length, and places are those of ``text``.
    plain = [letter.lower()[:1] or letter for letter in text]
    best: tuple[int, tuple[int, ...]] | None = None
    for start, letter in enumerate(plain):
        if letter != letters[0]:
            continue
        # Going for word starts may pass over letters that are needed later on.
        found = _greedy(letters, plain, text, start, to_words=True) or _greedy(
            letters, plain, text, start, to_words=False
        )
        if found is None:
            break
        if best is None or found[0] > best[0]:
            best = found
    return best


def _greedy(
    letters: list[str], plain: list[str], text: str, start: int, *, to_words: bool
) -> tuple[int, tuple[int, ...]] | None:
    places = [start]
    total = _HIT + (_WORD_START if _starts_word(text, start) else 0)
    at = start
    for letter in letters[1:]:
        following = _next(letter, plain, text, at + 1, to_words=to_words)
        if following is None:
            return None
        in_a_row = following == at + 1
        total += _HIT + (_IN_A_ROW if in_a_row else -_GAP)
        total += _WORD_START if _starts_word(text, following) else 0
        places.append(following)
        at = following
    return total - len(text) // 20, tuple(places)


def _next(letter: str, plain: list[str], text: str, begin: int, *, to_words: bool) -> int | None:
    """Return the next hit: the first, or one that begins a word unless it follows at once."""
    first: int | None = None
    for place in range(begin, len(plain)):
        if plain[place] != letter:
            continue
        if place == begin or not to_words or _starts_word(text, place):
            return place
        first = place if first is None else first
    return first


def _starts_word(text: str, place: int) -> bool:
    if place == 0:
        return True
    before, here = text[place - 1], text[place]
    return not before.isalnum() or (before.islower() and here.isupper())


def rank(query: str, items: Iterable[Item], text_of: Callable[[Item], str]) -> list[Item]:
    """Return the items that match, best first; equal ones keep their order."""
    found: list[tuple[int, Item]] = []
    for item in items:
        hit = score(query, text_of(item))
        if hit is not None:
            found.append((hit[0], item))
    found.sort(key=lambda pair: -pair[0])
    return [item for _, item in found]
