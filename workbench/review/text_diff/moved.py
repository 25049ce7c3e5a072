"""Text that a proposal moves: what goes in one place and comes in another, edited or not."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from msgspec import Struct

from workbench.review.text_diff.word_diff import likeness

#: A block holds at least so many letters and digits, as ``git diff --color-moved=blocks`` asks
#: (git-diff(1), "zebra": blocks below 20 alphanumeric characters are no moves).
LEAST: Final = 20
#: A line on its own that was edited on its way is longer, and this much alike.
LEAST_EDITED, ALIKE = 40, 0.7
#: Lines that may have come or gone inside a moved block, one after the other.
_GAP = 2
#: A text that stands in more places than this starts no block.
_COMMON = 8
#: Edited lines are looked for by runs of so many words.
_SHINGLE = 4

#: So much of a line is looked at to know it again.
_LONGEST = 10_000

_INK = re.compile(r"[^\W_]")
_WORDS = re.compile(r"\w+")


class Side(Struct, frozen=True):
    """The lines of one hunk that go, or those that come."""

    hunk: int
    lines: tuple[str, ...]


class Pair(Struct, frozen=True):
    """Line ``old`` of the lines that go is line ``new`` of those that come, counted from 0."""

    old: int
    new: int


class Move(Struct, frozen=True):
    """A block that goes in one hunk and comes in another. The pairs are in order."""

    old_hunk: int
    new_hunk: int
    pairs: tuple[Pair, ...]


class _Places:
    """All lines of one side of all hunks in a row, so that a block is a run of numbers."""

    def __init__(self, sides: Sequence[Side], *, indentation: bool) -> None:
        self.hunks: list[int] = []
        self.offsets: list[int] = []
        self.texts: list[str] = []
        for side in sides:
            for offset, line in enumerate(side.lines):
                self.hunks.append(side.hunk)
                self.offsets.append(offset)
                self.texts.append(line.rstrip() if indentation else " ".join(line.split()))
        self.ink = [_ink(text) for text in self.texts]
        self.taken = bytearray(len(self.texts))

    def holds(self, at: int, hunk: int) -> bool:
        return 0 <= at < len(self.texts) and self.hunks[at] == hunk and not self.taken[at]


def moved(
    gone: Sequence[Side], come: Sequence[Side], *, indentation: bool = False
) -> tuple[Move, ...]:
    """Return the blocks that moved from one hunk to another, in the order in which they come.

    No line is in two blocks. A block may have been edited: within it, lines that are alike are
    paired and single lines may be new or missing; a long line may also have moved by itself. With
    ``indentation`` blanks in front of a line count. The time is about linear in the lines.
    """
    if len({side.hunk for side in (*gone, *come)}) < 2:
        return ()
    old, new = (_Places(sides, indentation=indentation) for sides in (gone, come))
    moves = [*_blocks(old, new), *_edited_lines(old, new)]
    order = {side.hunk: at for at, side in enumerate(come)}
    return tuple(sorted(moves, key=lambda one: (order[one.new_hunk], one.pairs[0].new)))


def _blocks(old: _Places, new: _Places) -> list[Move]:
    starts: dict[str, list[int]] = {}
    for at, text in enumerate(old.texts):
        if old.ink[at]:
            starts.setdefault(text, []).append(at)
    moves: list[Move] = []
    for at, text in enumerate(new.texts):
        places = starts.get(text, ())
        if new.taken[at] or not 0 < len(places) <= _COMMON:
            continue
        best: list[tuple[int, int]] = []
        most = 0
        for place in places:
            if old.taken[place] or old.hunks[place] == new.hunks[at]:
                continue
            pairs = _Growth(old, new, place, at).pairs()
            weight = sum(new.ink[j] for _, j in pairs)
            if weight > most:
                best, most = pairs, weight
        if most >= LEAST:
            moves.append(_taken(old, new, best))
    return moves


class _Growth:
    """Makes a block of a pair of equal lines: line ``i`` of what goes, ``j`` of what comes."""

    def __init__(self, old: _Places, new: _Places, i: int, j: int) -> None:
        self._old, self._new = old, new
        self._i, self._j = i, j
        self._gone, self._come = old.hunks[i], new.hunks[j]

    def pairs(self) -> list[tuple[int, int]]:
        """Return the pairs of the block."""
        ink = self._new.ink
        back: list[tuple[int, int]] = []
        i, j = self._i - 1, self._j - 1
        while self._equal(i, j):
            back.append((i, j))
            i, j = i - 1, j - 1
        while back and not ink[back[-1][1]]:
            back.pop()
        pairs = [*reversed(back), (self._i, self._j)]
        while True:
            i, j = pairs[-1][0] + 1, pairs[-1][1] + 1
            following = (i, j) if self._equal(i, j) else self._bridge(i, j)
            if following is None:
                break
            pairs.append(following)
        while not ink[pairs[-1][1]]:
            pairs.pop()
        return pairs

    def _holds(self, i: int, j: int) -> bool:
        return self._old.holds(i, self._gone) and self._new.holds(j, self._come)

    def _equal(self, i: int, j: int) -> bool:
        return self._holds(i, j) and self._old.texts[i] == self._new.texts[j]

    def _bridge(self, i: int, j: int) -> tuple[int, int] | None:
        """Return the pair with which the block goes on behind lines that were edited."""
        if self._holds(i, j) and _edited(self._old.texts[i], self._new.texts[j]):
            return i, j
        for skip in range(1, 2 * _GAP + 1):
            for over in range(max(0, skip - _GAP), min(skip, _GAP) + 1):
                one, other = i + over, j + skip - over
                if self._equal(one, other) and self._new.ink[other]:
                    return one, other
        return None


def _edited(old: str, new: str) -> bool:
    return min(len(old), len(new)) >= LEAST and likeness(old, new) >= ALIKE


def _edited_lines(old: _Places, new: _Places) -> list[Move]:
    """Pair long lines that moved alone and were edited: those that share a rare run of words."""
    index: dict[int, list[int]] = {}
    own: set[tuple[int, int]] = set()
    for at, text in enumerate(old.texts):
        if not old.taken[at] and old.ink[at] >= LEAST_EDITED:
            for run in _shingles(text):
                index.setdefault(run, []).append(at)
                own.add((old.hunks[at], run))
    moves: list[Move] = []
    for at, text in enumerate(new.texts):
        if new.taken[at] or new.ink[at] < LEAST_EDITED:
            continue
        votes: dict[int, int] = {}
        for run in _shingles(text):
            if (new.hunks[at], run) in own:  # it was edited where it stands
                votes.clear()
                break
            places = index.get(run, ())
            for place in places if len(places) <= _COMMON else ():
                votes[place] = votes.get(place, 0) + 1
        for place in sorted(votes, key=lambda one: (-votes[one], one))[:2]:
            if not old.taken[place] and likeness(old.texts[place], text) >= ALIKE:
                moves.append(_taken(old, new, [(place, at)]))
                break
    return moves


def _shingles(text: str) -> set[int]:
    """Return the runs of words as numbers: as tuples the collector would walk over all of them."""
    words = _WORDS.findall(text[:_LONGEST])
    return {hash(tuple(words[at : at + _SHINGLE])) for at in range(len(words) - _SHINGLE + 1)}


def _taken(old: _Places, new: _Places, pairs: Sequence[tuple[int, int]]) -> Move:
    for i, j in pairs:
        old.taken[i] = new.taken[j] = 1
    return Move(
        old.hunks[pairs[0][0]],
        new.hunks[pairs[0][1]],
        tuple(Pair(old.offsets[i], new.offsets[j]) for i, j in pairs),
    )


def _ink(text: str) -> int:
    """Return how many letters and digits there are, of a long line in its beginning."""
    return len(_INK.findall(text[:_LONGEST]))
