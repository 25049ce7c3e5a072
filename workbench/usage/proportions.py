"""Shares of small numbers: intervals and an exact test. No third-party package is needed."""

from __future__ import annotations

from collections.abc import Sequence
from math import comb, exp, fsum, lgamma, sqrt
from statistics import NormalDist

from msgspec import Struct

#: Below so many sessions a share is no rate: it is shown as "3 of 7" (docs, section 8.4).
ENOUGH = 20
#: Whole numbers of binomials of more take seconds.
WHOLE = 1000


class Share(Struct, frozen=True):
    """``hits`` of ``of``. ``low`` and ``high`` are its 95 % interval, None where ``of`` is 0.

    ``few`` says that there are too few to speak of a rate.
    """

    hits: int
    of: int
    low: float | None
    high: float | None
    few: bool


def share(hits: int, of: int, confidence: float = 0.95) -> Share:
    """Return a share with its Wilson score interval (Wilson 1927), which stays within 0 and 1.

    Raises:
        ValueError: ``hits`` is not within 0 and ``of``.
    """
    if not 0 <= hits <= of:
        raise ValueError(f"{hits} of {of} is no share")
    if not of:
        return Share(0, 0, None, None, few=True)
    z = NormalDist().inv_cdf(0.5 + confidence / 2)
    p = hits / of
    scale = 1 + z * z / of
    middle = (p + z * z / (2 * of)) / scale
    half = z / scale * sqrt(p * (1 - p) / of + z * z / (4 * of * of))
    low = 0.0 if hits == 0 else max(0.0, middle - half)
    high = 1.0 if hits == of else min(1.0, middle + half)
    return Share(hits, of, low, high, few=of < ENOUGH)


def fisher_two_sided(first: Share, second: Share) -> float | None:
    """Return the two-sided p of Fisher's exact test (1922) that two shares are one.

    The sum over all tables with the same margins that are no likelier than the one seen. None
    where a side has no observations. Up to ``WHOLE`` observations in whole numbers, so nothing is
    rounded; of more in logarithms, to seven digits.
    """
    if not first.of or not second.of:
        return None
    hits, total = first.hits + second.hits, first.of + second.of
    tables = range(max(0, hits - second.of), min(first.of, hits) + 1)
    if total <= WHOLE:
        ways = {k: comb(first.of, k) * comb(second.of, hits - k) for k in tables}
        seen = ways[first.hits]
        return sum(way for way in ways.values() if way <= seen) / comb(total, hits)
    logs = {k: log_comb(first.of, k) + log_comb(second.of, hits - k) for k in tables}
    # Tables as likely as the one seen count, also where rounding makes them a little likelier.
    most = logs[first.hits] + 1e-7
    whole = log_comb(total, hits)
    return min(1.0, fsum(exp(way - whole) for way in logs.values() if way <= most))


def log_comb(total: int, chosen: int) -> float:
    """Return the logarithm of the number of ways to choose some of a total."""
    return lgamma(total + 1) - lgamma(chosen + 1) - lgamma(total - chosen + 1)


class Spread(Struct, frozen=True):
    """Quartiles of the values that are recorded: ``of`` sessions were looked at, ``n`` have one."""

    n: int
    of: int
    low: float | None
    median: float | None
    high: float | None


def spread(values: list[float | None]) -> Spread:
    """Return median and quartiles (linear between neighbours) of the values that are known."""
    known = sorted(value for value in values if value is not None)
    if not known:
        return Spread(0, len(values), None, None, None)
    low, median, high = (quantile(known, part) for part in (0.25, 0.5, 0.75))
    return Spread(len(known), len(values), low, median, high)


def quantile(known: Sequence[float], part: float) -> float:
    """Return a quantile of sorted values, linear between neighbours."""
    at = part * (len(known) - 1)
    below = int(at)
    above = min(below + 1, len(known) - 1)
    return known[below] + (known[above] - known[below]) * (at - below)
