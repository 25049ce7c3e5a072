"""Words that are searched for, as the full text sees them: without case, accents and marks."""

from __future__ import annotations

import re
import unicodedata
from typing import Final

_WORD: Final = re.compile(r"\w+")


def match_words(text: str) -> str:
    """Return an FTS5 phrase of the words of a text, the last one as a beginning; "" for none."""
    words = _words(text)
    return f'"{" ".join(words)}" *' if words else ""


def find_words(said: str, text: str) -> tuple[int, int] | None:
    """Return where a text says the words that are searched for, as the full text sees them."""
    words = [_folded(word) for word in _words(text)]
    if not words:
        return None
    found = re.search(r"[\W_]+".join(map(re.escape, words)), _folded(said))
    return found.span() if found is not None else None


def _folded(text: str) -> str:
    """Return a text of the same length without case and accents, as the full text sees it."""
    if text.isascii():
        return text.lower()
    return "".join((unicodedata.normalize("NFKD", c)[:1] or c).lower()[:1] or c for c in text)


def _words(text: str) -> list[str]:
    return _WORD.findall(text.replace("_", " "))
