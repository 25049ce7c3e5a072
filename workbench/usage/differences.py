"""How far two groups are apart: intervals of differences and tests without assumptions of shape."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from math import comb, exp, fsum, log, sqrt
from statistics import NormalDist

from msgspec import Struct

from workbench.usage.proportions import WHOLE, Share, log_comb, quantile

#: Above so many values in both groups the exact distribution of ranks takes too long.
EXACT = 160
#: Of a larger group the shift looks at so many values, evenly spaced in their order.
_MOST = 200


class Difference(Struct, frozen=True):
    """First minus second, with its 95 % interval; None where so few values allow none."""

    value: float
    low: float | None
    high: float | None


def share_difference(first: Share, second: Share) -> Difference | None:
    """Return the difference of two shares with Newcombe's hybrid score interval.

    Method 10 of Newcombe (1998), made of the two Wilson intervals. None where a side is empty.
    """
    if first.low is None or first.high is None or second.low is None or second.high is None:
        return None
    p, q = first.hits / first.of, second.hits / second.of
    low = p - q - sqrt((p - first.low) ** 2 + (second.high - q) ** 2)
    high = p - q + sqrt((first.high - p) ** 2 + (q - second.low) ** 2)
    return Difference(p - q, max(-1.0, low), min(1.0, high))


def shift(
    first: Sequence[float], second: Sequence[float], confidence: float = 0.95
) -> Difference | None:
    """Return by how much values of the first group are greater (Hodges and Lehmann 1963).

    The median of all pairwise differences; its interval are the differences that the rank-sum
    test would not reject, in normal approximation. None where a side is empty.
    """
    size, other = len(first), len(second)
    if not size or not other:
        return None
    some, others = _thinned(first), _thinned(second)
    apart = sorted(one - two for one in some for two in others)
    if log(2) - log_comb(size + other, size) > log(1 - confidence):
        return Difference(quantile(apart, 0.5), None, None)
    z = NormalDist().inv_cdf(0.5 + confidence / 2)
    outside = max(0.0, 0.5 - z * sqrt((size + other + 1) / (12 * size * other)))
    cut = int(outside * len(apart))
    return Difference(quantile(apart, 0.5), apart[cut], apart[len(apart) - 1 - cut])


def rank_sum_p(first: Sequence[float], second: Sequence[float]) -> tuple[float | None, str]:
    """Return the two-sided p of the rank-sum test (Wilcoxon 1945), and how it was found.

    "permutation": exact, over all ways to deal the values (with their ties) to two groups of these
    sizes. "normal": its approximation with the correction for ties, beyond ``EXACT`` values.
    None where a side is empty.
    """
    if not first or not second:
        return None, ""
    ranks, ties = _doubled_ranks([*first, *second])
    total, size, other = len(ranks), len(first), len(second)
    seen = sum(ranks[:size])
    # Doubled ranks sum to size * (total + 1) in the middle.
    middle = size * (total + 1)
    if total <= EXACT:
        return _exact_p(ranks, size, abs(seen - middle)), "permutation"
    variance = 4 * size * other / 12 * (total + 1 - ties / (total * (total - 1)))
    if variance <= 0:
        return 1.0, "normal"
    z = max(0.0, abs(seen - middle) - 1) / sqrt(variance)
    return min(1.0, 2 * (1 - NormalDist().cdf(z))), "normal"


def sign_test_p(higher: int, lower: int) -> float:
    """Return the two-sided exact p that as many go up as go down (binomial, one half)."""
    flips = higher + lower
    if flips > WHOLE:
        ways = (log_comb(flips, k) - flips * log(2) for k in range(max(higher, lower), flips + 1))
        return min(1.0, 2 * fsum(map(exp, ways)))
    tail = sum(comb(flips, k) for k in range(max(higher, lower), flips + 1))
    return min(1.0, 2 * tail / (1 << flips))


def _thinned(values: Sequence[float]) -> Sequence[float]:
    if len(values) <= _MOST:
        return values
    known = sorted(values)
    return [quantile(known, (at + 0.5) / _MOST) for at in range(_MOST)]


def _doubled_ranks(values: Sequence[float]) -> tuple[list[int], int]:
    """Return twice the midrank of each value, and the sum of t^3 - t over the ties."""
    order = sorted(range(len(values)), key=values.__getitem__)
    ranks = [0] * len(values)
    at = ties = 0
    for _, group in groupby(order, key=values.__getitem__):
        places = list(group)
        for place in places:
            ranks[place] = 2 * at + len(places) + 1
        at += len(places)
        ties += len(places) ** 3 - len(places)
    return ranks, ties


def _exact_p(ranks: Sequence[int], size: int, distance: int) -> float:
    """Count the subsets of ``size`` ranks whose sum is as far from the middle.

    ``ways[k]`` is the polynomial of sums of k ranks, its coefficients packed into one integer.
    """
    bits = comb(len(ranks), size).bit_length() + 1
    ways = [1, *([0] * size)]
    for rank in ranks:
        for k in range(size, 0, -1):
            ways[k] += ways[k - 1] << (bits * rank)
    middle = size * (len(ranks) + 1)
    packed, mask, far = ways[size], (1 << bits) - 1, 0
    data = packed.to_bytes((packed.bit_length() + 7) // 8 + 1, "little")
    for at in range(packed.bit_length() // bits + 1):
        if abs(at - middle) < distance:
            continue
        start = at * bits
        piece = int.from_bytes(data[start // 8 : (start + bits) // 8 + 1], "little")
        far += (piece >> (start % 8)) & mask
    return min(1.0, far / comb(len(ranks), size))
