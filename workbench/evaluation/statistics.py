"""Exact statistics of paired pass/fail results."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import combinations
from math import comb

from msgspec import Struct

from workbench.domain.task import PairedRow

#: A task's score is the mean over its runs; from here on it counts as passed.
PASS_MARK = 0.5


class Flips(Struct, frozen=True):
    """How many tasks changed sides: fail to pass, and pass to fail."""

    repairs: int
    regressions: int


def paired(rows: Iterable[PairedRow]) -> tuple[PairedRow, ...]:
    """Return the rows that have a run on both sides; the others show no change."""
    return tuple(row for row in rows if row.before and row.after)


def mean(values: Iterable[float]) -> float:
    """Return the arithmetic mean; 0.0 of nothing."""
    values = list(values)
    return sum(values) / len(values) if values else 0.0


def passes(runs: Iterable[float]) -> bool:
    """Say whether a task passed: mean score of its runs at least one half."""
    return mean(runs) >= PASS_MARK


def flips(rows: Iterable[PairedRow]) -> Flips:
    """Count repairs and regressions."""
    repairs = regressions = 0
    for row in rows:
        before, after = passes(row.before), passes(row.after)
        repairs += after and not before
        regressions += before and not after
    return Flips(repairs, regressions)


def p_one_sided(repairs: int, regressions: int) -> float:
    """Return the exact chance of at least so many repairs if an edit did nothing.

    Binomial(repairs + regressions, 1/2), upper tail: the one-sided exact McNemar test (1947).
    1.0 where nothing flipped.
    """
    n = repairs + regressions
    # Each term from the one before: many thousand flips are exact and quick.
    term = comb(n, repairs)
    total = 0
    for k in range(repairs, n + 1):
        total += term
        term = term * (n - k) // (k + 1)
    return float(total / 2**n)


def p_two_sided(repairs: int, regressions: int) -> float:
    """Return the two-sided exact McNemar p: twice the smaller tail, at most 1."""
    return min(1.0, 2 * p_one_sided(max(repairs, regressions), min(repairs, regressions)))


def flake_rate(rows: Iterable[PairedRow]) -> float | None:
    """Return how often two baseline runs of one task disagree on pass or fail (A/A).

    The mean over tasks of the share of run pairs that disagree; None where no task has two runs.
    """
    shares = []
    for row in rows:
        pairs = list(combinations([run >= PASS_MARK for run in row.before], 2))
        if pairs:
            shares.append(mean(float(a != b) for a, b in pairs))
    return mean(shares) if shares else None
