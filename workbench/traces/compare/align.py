"""Which steps of two runs belong together.

Anchors (prompts, skill loads) are matched first; between two anchors the longest common
subsequence of keys (Hunt and Szymanski's problem, solved bit-parallel by rapidfuzz after Hyyrö
2004), then of keys without arguments in what is left. A stretch of more than ``CAP`` steps is
first cut at keys that occur once in both (patience diff); what has none stays unmatched.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Hashable, Mapping, Sequence
from typing import Final

from rapidfuzz.distance import LCSseq

from workbench.traces.compare.keys import StepKey, coarse_key

#: The longest stretch that is compared step with step; its table takes CAP * CAP / 8 bytes.
CAP: Final = 5000

Pair = tuple[int, int]
Block = tuple[int, int, int, int]


class Alignment:
    """Pairs of matching places, both rising. ``capped`` says that a stretch was too long."""

    def __init__(self, pairs: Sequence[Pair], left: int, right: int, *, capped: bool) -> None:
        self.pairs = tuple(pairs)
        self.capped = capped
        self._left, self._right = left, right

    def rows(self) -> list[tuple[int | None, int | None]]:
        """Return every place of both sides once, in order; what has no partner stands alone."""
        rows: list[tuple[int | None, int | None]] = []
        at = other = 0
        for i, j in (*self.pairs, (self._left, self._right)):
            rows += [(one, None) for one in range(at, i)]
            rows += [(None, one) for one in range(other, j)]
            if (i, j) != (self._left, self._right):
                rows.append((i, j))
            at, other = i + 1, j + 1
        return rows


def align(
    left: Sequence[StepKey],
    right: Sequence[StepKey],
    left_anchors: Mapping[int, str],
    right_anchors: Mapping[int, str],
) -> Alignment:
    """Match two runs by their keys; which of them is left changes nothing in what is matched."""
    turned = (list(right), sorted(right_anchors.items())) < (
        list(left),
        sorted(left_anchors.items()),
    )
    if turned:
        left, right, left_anchors, right_anchors = right, left, right_anchors, left_anchors
    matcher = _Matcher()
    fixed = _anchored(matcher, left_anchors, right_anchors)
    whole = (0, len(left), 0, len(right))
    exact = [*fixed]
    for block in _between(fixed, whole):
        exact += matcher.block(left, right, block)
    exact.sort()
    coarse_left = [coarse_key(key) for key in left]
    coarse_right = [coarse_key(key) for key in right]
    pairs = [*exact]
    for block in _between(exact, whole):
        pairs += matcher.block(coarse_left, coarse_right, block)
    pairs.sort()
    if turned:
        pairs = [(j, i) for i, j in pairs]
        left, right = right, left
    return Alignment(pairs, len(left), len(right), capped=matcher.capped)


def _anchored(matcher: _Matcher, left: Mapping[int, str], right: Mapping[int, str]) -> list[Pair]:
    places, others = sorted(left), sorted(right)
    found = matcher.block(
        [left[place] for place in places],
        [right[place] for place in others],
        (0, len(places), 0, len(others)),
    )
    return [(places[i], others[j]) for i, j in sorted(found)]


def _between(pairs: Sequence[Pair], whole: Block) -> list[Block]:
    """Return the stretches between matched places that have steps on both sides."""
    blocks: list[Block] = []
    at, other = whole[0], whole[2]
    for i, j in (*pairs, (whole[1], whole[3])):
        if i > at and j > other:
            blocks.append((at, i, other, j))
        at, other = i + 1, j + 1
    return blocks


class _Matcher:
    """Common subsequences of stretches; remembers whether one was too long."""

    def __init__(self) -> None:
        self.capped = False
        self._numbers: dict[Hashable, int] = {}

    def block(
        self, left: Sequence[Hashable], right: Sequence[Hashable], block: Block
    ) -> list[Pair]:
        """Return the matching places of a stretch, in no order."""
        numbers = self._numbers
        a = [numbers.setdefault(key, len(numbers)) for key in left[block[0] : block[1]]]
        b = [numbers.setdefault(key, len(numbers)) for key in right[block[2] : block[3]]]
        found: list[Pair] = []
        waiting = [(0, len(a), 0, len(b))]
        while waiting:
            a1, a2, b1, b2 = _trimmed(a, b, waiting.pop(), found)
            if a1 == a2 or b1 == b2:
                continue
            if max(a2 - a1, b2 - b1) <= CAP:
                found += _common(a, b, (a1, a2, b1, b2))
                continue
            sure = _patience(a, b, (a1, a2, b1, b2))
            if not sure:
                self.capped = True
                continue
            found += sure
            waiting += _between(sure, (a1, a2, b1, b2))
        return [(i + block[0], j + block[2]) for i, j in found]


def _trimmed(a: Sequence[int], b: Sequence[int], block: Block, found: list[Pair]) -> Block:
    """Match the equal beginning and end of a stretch; return what lies between."""
    a1, a2, b1, b2 = block
    while a1 < a2 and b1 < b2 and a[a1] == b[b1]:
        found.append((a1, b1))
        a1, b1 = a1 + 1, b1 + 1
    while a1 < a2 and b1 < b2 and a[a2 - 1] == b[b2 - 1]:
        a2, b2 = a2 - 1, b2 - 1
        found.append((a2, b2))
    return a1, a2, b1, b2


def _common(a: Sequence[int], b: Sequence[int], block: Block) -> list[Pair]:
    a1, a2, b1, b2 = block
    return [
        (a1 + code.src_start + step, b1 + code.dest_start + step)
        for code in LCSseq.opcodes(a[a1:a2], b[b1:b2])
        if code.tag == "equal"
        for step in range(code.src_end - code.src_start)
    ]


def _patience(a: Sequence[int], b: Sequence[int], block: Block) -> list[Pair]:
    """Match keys that occur once on each side, by the longest run that rises on both."""
    a1, a2, b1, b2 = block
    once_a, once_b = Counter(a[a1:a2]), Counter(b[b1:b2])
    place = {key: j for j, key in enumerate(b[b1:b2], b1) if once_b[key] == 1}
    pairs = [
        (i, place[key]) for i, key in enumerate(a[a1:a2], a1) if once_a[key] == 1 and key in place
    ]
    ends: list[int] = []
    last: list[int] = []
    before: list[int] = []
    for number, (_, j) in enumerate(pairs):
        at = bisect_left(ends, j)
        before.append(last[at - 1] if at else -1)
        ends[at : at + 1] = [j]
        last[at : at + 1] = [number]
    found: list[Pair] = []
    at = last[-1] if last else -1
    while at >= 0:
        found.append(pairs[at])
        at = before[at]
    return found[::-1]
