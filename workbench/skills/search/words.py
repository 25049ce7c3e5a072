"""Words of a text as the index sees them, in any script.

Case and width are folded (NFKC), accents of Latin, Greek and Cyrillic letters dropped. English
endings are stripped lightly. Scripts written without spaces (and Korean) give pairs of
neighbouring characters, as Lucene's CJK analyser does; in documents single characters too, so that
a query of one character finds them.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from typing import Final

#: Letters and digits with the marks that belong to them.
_WORD: Final = re.compile(
    "[\\w\u0591-\u05c7\u0610-\u061a\u064b-\u065f\u0670\u0900-\u0dff\u0e00-\u0fff"
    "\u1000-\u109f\u1780-\u17ff]+"
)
_ASCII_WORD: Final = re.compile("[a-z0-9]+")
_ACCENTS: Final = re.compile("[\u0300-\u036f]+")
#: Han, Kana, Hangul, Thai, Lao, Myanmar, Khmer.
_UNSPACED: Final = re.compile(
    "[\u0e00-\u0eff\u1000-\u109f\u1100-\u11ff\u1780-\u17ff\u3005\u3040-\u30ff\u3130-\u318f"
    "\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\ua960-\ua97f\uac00-\ud7ff\uf900-\ufaff"
    "\U0001aff0-\U0001b16f\U00020000-\U0003ffff]+"
)
#: Of words this long a text holds no more than noise (hashes, base64).
_LONGEST: Final = 64


class Stems(dict[str, str]):
    """Words to their stems, worked out once each."""

    def __missing__(self, word: str) -> str:
        found = self[word] = stem(word)
        return found


def document_words(text: str) -> Iterable[str]:
    """Return the words of a text to index, in order and with repeats."""
    return _words(text, singles=True)


def query_words(text: str) -> list[str]:
    """Return the different words of a query, in order."""
    return list(dict.fromkeys(_words(text, singles=False)))


def _words(text: str, *, singles: bool) -> Iterable[str]:
    if text.isascii():
        return _ASCII_WORD.findall(text.lower())
    words: list[str] = []
    for word in _WORD.findall(text.lower().replace("_", " ")):
        if word.isascii():
            words.append(word)
        else:
            words += _foreign_words(word, singles)
    return words


def _foreign_words(written: str, singles: bool) -> list[str]:
    words: list[str] = []
    for word in _WORD.findall(_folded(written)):
        place = 0
        for run in _UNSPACED.finditer(word):
            if run.start() > place:
                words.append(word[place : run.start()])
            words += _pairs(run.group(), singles)
            place = run.end()
        if place < len(word):
            words.append(word[place:])
    return words


def _folded(text: str) -> str:
    folded = unicodedata.normalize("NFKC", text).casefold()
    plain = _ACCENTS.sub("", unicodedata.normalize("NFD", folded))
    return unicodedata.normalize("NFC", plain)


def _pairs(run: str, singles: bool) -> list[str]:
    if len(run) == 1:
        return [run]
    pairs = [run[place : place + 2] for place in range(len(run) - 1)]
    return [*run, *pairs] if singles else pairs


def stem(word: str) -> str:
    """Return a word without its English ending: plural, -ed, -ing, a final e, a doubled consonant.

    The plural follows Harman's S-stemmer (JASIS 42, 1991). Words of other scripts stay as they are.
    """
    if len(word) > _LONGEST:
        return word[:_LONGEST]
    if len(word) <= 3 or not word.isascii() or not word.isalpha():
        return word
    if word.endswith("ies") and word[-4] not in "ae":
        word = word[:-3] + "y"
    elif word.endswith("s") and word[-2] not in "us":
        word = word[:-1]
    for ending in ("ing", "ed"):
        rest = word[: -len(ending)]
        if word.endswith(ending) and len(rest) >= 3 and any(vowel in rest for vowel in "aeiouy"):
            word = rest
            break
    if len(word) > 3 and word.endswith("e"):
        word = word[:-1]
    if len(word) > 3 and word[-1] == word[-2] and word[-1] not in "aeiou":
        word = word[:-1]
    return word
