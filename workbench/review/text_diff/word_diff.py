"""Which lines of a change belong together, and which of their words changed."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Sequence
from itertools import accumulate

from msgspec import Struct
from rapidfuzz.distance import Indel, LCSseq

#: Characters ``start`` to ``end`` of a line.
Span = tuple[int, int]

#: Scripts that put no blank between words: there a character is what a word is elsewhere.
_UNSPACED = (
    "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
    "\U00020000-\U0003134f"
)
_WORD = re.compile(rf"[{_UNSPACED}]|[^\W{_UNSPACED}]+|\s+|.", re.DOTALL)
_IS_UNSPACED = re.compile(f"[{_UNSPACED}]")
_SKIN = range(0x1F3FB, 0x1F400)
_FLAG = range(0x1F1E6, 0x1F200)
#: Lines that share less than this of their words are other lines, not changed ones.
_ALIKE = 0.4
#: Lines this alike are taken for one another without looking further.
_SURE = 0.75
#: So many characters are compared word by word; of longer lines only what is between equal ends.
_LONGEST = 20_000
#: So many comparisons of two words (rapidfuzz does 64 at a time), and of two lines.
_MOST_WORDS, _MOST_LINES = 16_000_000, 2500
#: In a change of more lines, a line is looked for among so many.
_WINDOW = 12


class _Part(Struct):
    """Words ``i1`` to ``i2`` that became ``j1`` to ``j2``; with ``equal`` they are the same."""

    equal: bool
    i1: int
    i2: int
    j1: int
    j2: int


def words_of(text: str) -> list[str]:
    """Return the words of a text with the blanks and signs between them; joined they are it.

    Combining marks, variation selectors, skin tones and joined emoji stay with what they belong to.
    """
    found = _WORD.findall(text)
    if text.isascii():
        return found
    words: list[str] = []
    marked = False
    for word in found:
        joins = bool(words) and _joins(words[-1], word, after_mark=marked)
        marked = unicodedata.category(word[-1])[0] == "M"
        if joins:
            words[-1] += word
        else:
            words.append(word)
    return words


def changed_words(
    old: Sequence[str], new: Sequence[str]
) -> tuple[dict[int, tuple[Span, ...]], dict[int, tuple[Span, ...]]]:
    """Return which characters changed, of the old lines and of the new ones.

    Lines that have little in common with any other have no entry.
    """
    before: dict[int, tuple[Span, ...]] = {}
    after: dict[int, tuple[Span, ...]] = {}
    for i, j in pairs_of(old, new):
        found = changed_spans(old[i], new[j])
        if found is not None:
            before[i], after[j] = found
    return before, after


def pairs_of(old: Sequence[str], new: Sequence[str]) -> list[tuple[int, int]]:
    """Return which old line became which new one, in order; the pairs do not cross."""
    if not old or not new:
        return []
    left, right = [_kernel(line) for line in old], [_kernel(line) for line in new]
    if len(old) * len(new) <= _MOST_LINES:
        return _best_pairs(left, right)
    pairs: list[tuple[int, int]] = []
    start = 0
    for i, line in enumerate(left):
        best, most = -1, _ALIKE
        for j in range(start, min(len(right), start + _WINDOW)):
            found = _likeness(line, right[j], most)
            if found > most:
                best, most = j, found
                if most >= _SURE:
                    break
        if best >= 0:
            pairs.append((i, best))
            start = best + 1
    return pairs


def likeness(old: str, new: str) -> float:
    """Return what two lines have in common, from 0 to 1, blanks left aside."""
    return _likeness(_kernel(old), _kernel(new), 0.0)


def changed_spans(old: str, new: str) -> tuple[tuple[Span, ...], tuple[Span, ...]] | None:
    """Return the changed characters of both lines, None when they have too little in common.

    What is left equal between two changes but is far shorter than either counts as changed: a
    person reads one changed phrase more easily than its crumbs (semantic cleanup, N. Fraser,
    "Diff Strategies", 2006).
    """
    head, tail = 0, 0
    if max(len(old), len(new)) > _LONGEST:
        head, tail = _equal_ends(old, new)
        middle = max(len(old), len(new)) - head - tail
        if head + tail < _ALIKE * max(len(old), len(new)):
            return None
        if middle > _LONGEST:
            return ((head, len(old) - tail),), ((head, len(new) - tail),)
    left = words_of(old[head : len(old) - tail])
    right = words_of(new[head : len(new) - tail])
    parts = _cleaned(_parts(left, right), left, right)
    if not head + tail and not _alike_enough(parts, left, right):
        return None
    return _spans(parts, left, 0, head), _spans(parts, right, 1, head)


def _joins(before: str, word: str, *, after_mark: bool) -> bool:
    first = word[0]
    if unicodedata.category(first)[0] == "M" or before[-1] == "\u200d" or first == "\u200d":
        return not before.isspace()
    if ord(first) in _SKIN:
        return True
    if ord(first) in _FLAG:
        return len(before) == 1 and ord(before) in _FLAG
    letters = first.isalnum() and before[0].isalnum() and not _IS_UNSPACED.match(first)
    return after_mark and letters and not _IS_UNSPACED.match(before)


def _kernel(line: str) -> tuple[str, list[str]]:
    words = [] if len(line) > _LONGEST else [one for one in words_of(line) if not one.isspace()]
    return line, words


def _likeness(old: tuple[str, list[str]], new: tuple[str, list[str]], least: float) -> float:
    if old[0] == new[0]:
        return 1.0
    if not old[1] or not new[1]:
        if max(len(old[0]), len(new[0])) <= _LONGEST:
            return 0.0
        return sum(_equal_ends(old[0], new[0])) / max(len(old[0]), len(new[0]))
    found = Indel.normalized_similarity(old[1], new[1], score_cutoff=least)
    if found < _ALIKE and len(old[1]) + len(new[1]) <= 8:
        letters = Indel.normalized_similarity(old[0], new[0], score_cutoff=_SURE)
        found = max(found, letters - _SURE + _ALIKE + 0.01 if letters else 0.0)
    return float(found)


def _best_pairs(
    old: Sequence[tuple[str, list[str]]], new: Sequence[tuple[str, list[str]]]
) -> list[tuple[int, int]]:
    """Return the pairs whose likeness is greatest in all (weighted common subsequence)."""
    alike = [[_likeness(one, other, _ALIKE) for other in new] for one in old]
    best = [[0.0] * (len(new) + 1) for _ in range(len(old) + 1)]
    for i in range(len(old) - 1, -1, -1):
        for j in range(len(new) - 1, -1, -1):
            value = alike[i][j]
            taken = best[i + 1][j + 1] + value if value >= _ALIKE else 0.0
            best[i][j] = max(best[i + 1][j], best[i][j + 1], taken)
    pairs: list[tuple[int, int]] = []
    i = j = 0
    while i < len(old) and j < len(new):
        value = alike[i][j]
        if value >= _ALIKE and best[i][j] == best[i + 1][j + 1] + value:
            pairs.append((i, j))
            i, j = i + 1, j + 1
        elif best[i][j] == best[i + 1][j]:
            i += 1
        else:
            j += 1
    return pairs


def _parts(left: Sequence[str], right: Sequence[str]) -> list[_Part]:
    head = 0
    shortest = min(len(left), len(right))
    while head < shortest and left[head] == right[head]:
        head += 1
    tail = 0
    while tail < shortest - head and left[-1 - tail] == right[-1 - tail]:
        tail += 1
    end_left, end_right = len(left) - tail, len(right) - tail
    parts = [_Part(True, 0, head, 0, head)]
    if (end_left - head) * (end_right - head) > _MOST_WORDS:
        parts.append(_Part(False, head, end_left, head, end_right))
    else:
        for one in LCSseq.opcodes(left[head:end_left], right[head:end_right]):
            equal = one.tag == "equal"
            i2, j2 = one.src_end + head, one.dest_end + head
            if parts[-1].equal == equal:
                parts[-1].i2, parts[-1].j2 = i2, j2
            else:
                parts.append(_Part(equal, one.src_start + head, i2, one.dest_start + head, j2))
    parts.append(_Part(True, end_left, len(left), end_right, len(right)))
    return parts


def _cleaned(parts: Sequence[_Part], left: Sequence[str], right: Sequence[str]) -> list[_Part]:
    """Join changes that are parted by less than half of either of them."""
    at_left, at_right = _starts(left), _starts(right)

    def size(part: _Part) -> int:
        return max(at_left[part.i2] - at_left[part.i1], at_right[part.j2] - at_right[part.j1])

    cleaned: list[_Part] = []
    for part in parts:
        cleaned.append(part)
        while (
            len(cleaned) >= 3
            and not cleaned[-1].equal
            and cleaned[-2].equal
            and 2 * size(cleaned[-2]) <= min(size(cleaned[-1]), size(cleaned[-3]))
        ):
            last = cleaned.pop()
            cleaned.pop()
            cleaned[-1].i2, cleaned[-1].j2 = last.i2, last.j2
    return cleaned


def _alike_enough(parts: Sequence[_Part], left: Sequence[str], right: Sequence[str]) -> bool:
    kept = sum(_ink(left[part.i1 : part.i2]) for part in parts if part.equal)
    return 2 * kept >= _ALIKE * (_ink(left) + _ink(right))


def _ink(words: Sequence[str]) -> int:
    return sum(len(word) for word in words if not word.isspace())


def _spans(parts: Sequence[_Part], words: Sequence[str], side: int, head: int) -> tuple[Span, ...]:
    starts = _starts(words)
    spans: list[Span] = []
    for part in parts:
        first, last = (part.j1, part.j2) if side else (part.i1, part.i2)
        if part.equal or first == last:
            continue
        inner = [at for at in range(first, last) if not words[at].isspace()]
        if inner:
            first, last = inner[0], inner[-1] + 1
        spans.append((head + starts[first], head + starts[last]))
    return tuple(spans)


def _starts(words: Sequence[str]) -> list[int]:
    return [0, *accumulate(map(len, words))]


def _equal_ends(old: str, new: str) -> tuple[int, int]:
    """Return how many characters are equal at the beginning and, of the rest, at the end."""
    shortest = min(len(old), len(new))
    head = _longest(shortest, lambda size: old[:size] == new[:size])
    tail = _longest(shortest - head, lambda size: old[len(old) - size :] == new[len(new) - size :])
    return head, tail


def _longest(limit: int, holds: Callable[[int], bool]) -> int:
    """Return the greatest size up to a limit for which something holds, by halving."""
    low, high = 0, limit
    while low < high:
        middle = (low + high + 1) // 2
        if holds(middle):
            low = middle
        else:
            high = middle - 1
    return low
