"""Where a hunk can be cut so that each part is one thing: paragraphs, single lines."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Sequence
from typing import Final, Literal

from workbench.domain.proposal import Hunk
from workbench.review.plan import ReviewProblem
from workbench.review.splits import Cut

Cutting = Literal["paragraphs", "lines"]

#: Lines that share less than this part of their words are not the same line, changed.
_ALIKE: Final = 0.4
#: Above this many pairs, lines are paired by their order alone.
_MANY_PAIRS: Final = 5000


def suggested_cuts(hunk: Hunk, how: Cutting) -> tuple[Cut, ...]:
    """Return where to cut a hunk; none where it is one thing already.

    "paragraphs" cuts after blank lines, and where lines that only differ in white space begin or
    end; "lines" makes a part of each line, one that replaces another together with that one.
    """
    pairs = paired(hunk.base_lines, hunk.new_lines)
    path = _path(pairs, (len(hunk.base_lines), len(hunk.new_lines)))
    if how == "lines":
        return tuple(path[1:-1])
    cuts: list[Cut] = []
    steps = list(itertools.pairwise(path))
    white = [_only_white(hunk, start, end) for start, end in steps]
    says = False  # whether the part so far has more than blank lines
    for at, (start, here) in enumerate(steps[:-1]):
        shown = bool(_shown(hunk, start, here).strip())
        says = says or shown
        following = bool(_shown(hunk, *steps[at + 1]).strip())
        if (not shown and following and says) or white[at] != white[at + 1]:
            cuts.append(here)
            says = False
    return tuple(cuts)


def cut_before(hunk: Hunk, side: Literal["old", "new"], number: int) -> Cut:
    """Return the cut before a line, with the place that belongs to it on the other side.

    Args:
        hunk: what is cut.
        side: "old" counts in the base, "new" in the proposed text.
        number: the line of the file, from 1.

    Raises:
        ReviewProblem: the hunk has no such line, or it begins with it.
    """
    lines, start = (
        (hunk.base_lines, hunk.base_start) if side == "old" else (hunk.new_lines, hunk.new_start)
    )
    at = number - start
    if not 0 <= at < len(lines):
        what = "base" if side == "old" else "proposed text"
        raise ReviewProblem(
            f"Hunk {hunk.id} has no line {number} of the {what}. It has {_range(start, lines)}."
        )
    place = 0 if side == "old" else 1
    path = _path(
        paired(hunk.base_lines, hunk.new_lines), (len(hunk.base_lines), len(hunk.new_lines))
    )
    # The step that takes the line begins where the cut is.
    cut = next(here for here, after in itertools.pairwise(path) if after[place] == at + 1)
    if cut == (0, 0):
        raise ReviewProblem(
            f"Hunk {hunk.id} begins with line {number}; name a later one to cut before."
        )
    return cut


def paired(base: Sequence[str], new: Sequence[str]) -> tuple[tuple[int, int], ...]:
    """Return which new line stands for which base line, in order; a line is in one pair at most."""
    if not base or not new:
        return ()
    pairs: list[tuple[int, int]] = []
    if len(base) * len(new) <= _MANY_PAIRS:
        pairs = _by_words(base, new)
    full: list[tuple[int, int]] = []
    i, j = 0, 0
    for b, n in (*pairs, (len(base), len(new))):
        # Lines that are alike no others stand for each other by their order.
        full += zip(range(i, b), range(j, n), strict=False)
        full += [(b, n)] if b < len(base) else []
        i, j = b + 1, n + 1
    return tuple(full)


def _by_words(base: Sequence[str], new: Sequence[str]) -> list[tuple[int, int]]:
    """Return the pairs in order that share the most words together (dynamic programming)."""
    old_words, new_words = ([Counter(line.split()) for line in side] for side in (base, new))
    best = [[0.0] * (len(new) + 1) for _ in range(len(base) + 1)]
    gains = [[_gain(one, other) for other in new_words] for one in old_words]
    for b in reversed(range(len(base))):
        for n in reversed(range(len(new))):
            gain = gains[b][n]
            with_pair = gain + best[b + 1][n + 1] if gain else 0.0
            best[b][n] = max(with_pair, best[b + 1][n], best[b][n + 1])
    pairs: list[tuple[int, int]] = []
    b, n = 0, 0
    while b < len(base) and n < len(new):
        if gains[b][n] and best[b][n] == gains[b][n] + best[b + 1][n + 1]:
            pairs.append((b, n))
            b, n = b + 1, n + 1
        elif best[b][n] == best[b + 1][n]:
            b += 1
        else:
            n += 1
    return pairs


def _gain(one: Counter[str], other: Counter[str]) -> float:
    total = one.total() + other.total()
    if not total:
        return 0.1
    ratio = 2 * (one & other).total() / total
    return ratio if ratio >= _ALIKE else 0.0


def _path(pairs: Sequence[tuple[int, int]], ends: Cut) -> list[Cut]:
    """Return the places between single lines, from (0, 0) to the end: what goes before what comes.

    A pair is one step on both sides.
    """
    path: list[Cut] = [(0, 0)]
    for b, n in (*pairs, ends):
        i, j = path[-1]
        path += [(at, j) for at in range(i + 1, b + 1)]
        path += [(b, at) for at in range(j + 1, n + 1)]
        if (b, n) != ends:
            path.append((b + 1, n + 1))
    return path


def _shown(hunk: Hunk, start: Cut, end: Cut) -> str:
    """Return the line of a step: the new one where there is one."""
    if end[1] > start[1]:
        return hunk.new_lines[start[1]]
    return hunk.base_lines[start[0]]


def _only_white(hunk: Hunk, start: Cut, end: Cut) -> bool:
    if end[0] == start[0] or end[1] == start[1]:
        return False
    return hunk.base_lines[start[0]].split() == hunk.new_lines[start[1]].split()


def _range(start: int, lines: Sequence[str]) -> str:
    if not lines:
        return "none"
    return f"{start} to {start + len(lines) - 1}"
