"""Lines as they are shown: hidden characters made visible, and the words that changed. No Qt."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from difflib import SequenceMatcher

#: Characters ``start`` to ``end`` of a shown line.
Span = tuple[int, int]

_TAB = 4
#: Controls, formats, separators of lines, surrogates, private use.
_HIDDEN = ("Cc", "Cf", "Zl", "Zp", "Cs", "Co")
_WORD = re.compile(r"\w+|\s+|.", re.DOTALL)
#: Lines that share less than this are other lines, not changed ones.
_ALIKE = 0.4
#: Above these, words are not compared: it would take longer than a person looks.
_LONGEST, _MOST_LINES = 2000, 400


def visible(line: str) -> str:
    """Return a line as it can be shown: no line end, and every hidden character spelled out.

    Characters that draw nothing or turn the direction of text (categories Cc, Cf, Zl, Zp) could
    hide what a line really says (CVE-2021-42574); they become ``[U+202E]``.
    """
    text = line.rstrip("\r\n")
    if text.isascii() and text.isprintable():
        return text
    shown: list[str] = []
    for sign in text:
        if sign == "\t":
            shown.append(" " * (_TAB - sum(map(len, shown)) % _TAB))
        elif unicodedata.category(sign) in _HIDDEN:
            shown.append(f"[U+{ord(sign):04X}]")
        else:
            shown.append(sign)
    return "".join(shown)


def hidden_characters(text: str) -> tuple[str, ...]:
    """Return the characters of a text that draw nothing, each once, as ``U+202E``."""
    found = {
        f"U+{ord(sign):04X}"
        for sign in text
        if sign not in "\t\r\n" and unicodedata.category(sign) in _HIDDEN
    }
    return tuple(sorted(found))


def line_end(line: str) -> str:
    """Return the name of a line's end: LF, CRLF, CR or none."""
    if line.endswith("\r\n"):
        return "CRLF"
    return {"\n": "LF", "\r": "CR"}.get(line[-1:], "none")


def changed_words(
    old: Sequence[str], new: Sequence[str]
) -> tuple[dict[int, tuple[Span, ...]], dict[int, tuple[Span, ...]]]:
    """Return for shown lines which characters changed: of the old lines, and of the new ones.

    Lines are paired in order; lines that have little in common have no entry.
    """
    before: dict[int, tuple[Span, ...]] = {}
    after: dict[int, tuple[Span, ...]] = {}
    if not old or not new or len(old) + len(new) > _MOST_LINES:
        return before, after
    for i, j in _pairs(old, new):
        found = _spans(old[i], new[j])
        if found is not None:
            before[i], after[j] = found
    return before, after


def _pairs(old: Sequence[str], new: Sequence[str]) -> list[tuple[int, int]]:
    if len(old) == len(new):
        return [(index, index) for index in range(len(old))]
    pairs: list[tuple[int, int]] = []
    start = 0
    for i, line in enumerate(old):
        best, best_ratio = -1, _ALIKE
        for j in range(start, min(len(new), start + 12)):
            if max(len(line), len(new[j])) > _LONGEST:
                continue
            matcher = SequenceMatcher(None, line, new[j], autojunk=False)
            if matcher.real_quick_ratio() > best_ratio and matcher.quick_ratio() > best_ratio:
                ratio = matcher.ratio()
                if ratio > best_ratio:
                    best, best_ratio = j, ratio
        if best >= 0:
            pairs.append((i, best))
            start = best + 1
    return pairs


def _spans(old: str, new: str) -> tuple[tuple[Span, ...], tuple[Span, ...]] | None:
    if max(len(old), len(new)) > _LONGEST:
        return None
    left, right = _WORD.findall(old), _WORD.findall(new)
    matcher = SequenceMatcher(None, left, right, autojunk=False)
    if matcher.ratio() < _ALIKE:
        return None
    gone: list[Span] = []
    came: list[Span] = []
    at_left = _starts(left)
    at_right = _starts(right)
    for tag, i1, i2, j1, j2 in matcher.get_opcodes():
        if tag == "equal":
            continue
        if i2 > i1:
            gone.append((at_left[i1], at_left[i2]))
        if j2 > j1:
            came.append((at_right[j1], at_right[j2]))
    return tuple(gone), tuple(came)


def _starts(words: Sequence[str]) -> list[int]:
    starts = [0]
    for word in words:
        starts.append(starts[-1] + len(word))
    return starts
