"""What the sessions asked for are made of: each group of choices with counts.

A group counts what its other choices would show as well: its own choice is left aside.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, Final, Literal

from msgspec import Struct
from msgspec.structs import replace

from workbench.traces.index.query import Facet, Query, condition_of, outcome_of_row
from workbench.traces.index.trace_index import TraceIndex

Dimension = Literal["agent", "model", "outcome", "skill", "errors", "cost", "steps", "date"]

_SOME: Final = ("agent", "model", "outcome")


class Range(Struct, frozen=True):
    """A range to choose: at least ``low``, less than ``high``; None is open."""

    words: str
    low: float | None
    high: float | None


COSTS: Final = (
    Range("Under $0.10", None, 0.1),
    Range("$0.10 to $1", 0.1, 1),
    Range("$1 to $10", 1, 10),
    Range("$10 and more", 10, None),
)
STEPS: Final = (
    Range("Under 10 steps", None, 10),
    Range("10 to 49", 10, 50),
    Range("50 to 199", 50, 200),
    Range("200 to 999", 200, 1000),
    Range("1,000 and more", 1000, None),
)


class Days(Struct, frozen=True):
    """A time to choose: from a day (included) to another (excluded), ISO 8601; "" is open."""

    words: str
    since: str
    until: str


class FacetGroup(Struct, frozen=True):
    """The choices of one dimension; those of ``errors`` are "yes" and "no", those of ranges their
    words.
    """

    dimension: Dimension
    choices: tuple[Facet, ...]


def with_cost(wanted: Query, cost: Range | None) -> Query:
    """Return the query for a range of dollars, None for any."""
    low, high = (cost.low, cost.high) if cost is not None else (None, None)
    return replace(
        wanted, min_cost=low, max_cost=None if high is None else math.nextafter(high, -math.inf)
    )


def with_steps(wanted: Query, steps: Range | None) -> Query:
    """Return the query for a range of steps, None for any."""
    low, high = (steps.low, steps.high) if steps is not None else (None, None)
    return replace(
        wanted,
        min_steps=None if low is None else int(low),
        max_steps=None if high is None else int(high) - 1,
    )


def with_days(wanted: Query, days: Days | None) -> Query:
    """Return the query for a time, None for any."""
    return replace(
        wanted, since=days.since if days else "", until=days.until if days is not None else ""
    )


def facet_groups(
    index: TraceIndex, wanted: Query, days: tuple[Days, ...] = ()
) -> tuple[FacetGroup, ...]:
    """Return all groups, in the order of ``Dimension``; ``days`` are the times to choose from."""
    groups = [FacetGroup(one, _values(index, wanted, one)) for one in _SOME]
    groups.append(FacetGroup("skill", _skills(index, wanted)))
    errors = (_Bounds("yes", 1, None), _Bounds("no", None, 1))
    times = tuple(_Bounds(one.words, one.since or None, one.until or None) for one in days)
    ranges = (
        _Ranges("errors", replace(wanted, errors=None), "s.sum_errors", errors),
        _Ranges("cost", with_cost(wanted, None), "s.cost", _bounds(COSTS)),
        _Ranges("steps", with_steps(wanted, None), "s.sum_steps", _bounds(STEPS)),
        _Ranges("date", with_days(wanted, None), "s.started", times),
    )
    return (*groups, *_counted(index, ranges))


class _Bounds(Struct, frozen=True):
    """As ``Range``, of any value that can be compared."""

    words: str
    low: Any
    high: Any


class _Ranges(Struct, frozen=True):
    """A dimension of ranges, the sessions it counts, and the figure that is compared."""

    dimension: Dimension
    asked: Query
    figure: str
    bounds: tuple[_Bounds, ...]


def _bounds(ranges: Sequence[Range]) -> tuple[_Bounds, ...]:
    return tuple(_Bounds(one.words, one.low, one.high) for one in ranges)


def _counted(index: TraceIndex, ranges: Sequence[_Ranges]) -> list[FacetGroup]:
    """Count all ranges of the same sessions in one look at them; those of none are left out."""
    found: dict[Dimension, tuple[Facet, ...]] = {one.dimension: () for one in ranges}
    left = [one for one in ranges if one.bounds]
    while left:
        same = [one for one in left if one.asked == left[0].asked]
        left = [one for one in left if one not in same]
        condition, values = condition_of(same[0].asked)
        sums: list[str] = []
        given: list[Any] = []
        for group in same:
            for one in group.bounds:
                parts = [f"{group.figure} IS NOT NULL"]
                for sign, limit in ((">=", one.low), ("<", one.high)):
                    if limit is not None:
                        parts.append(f"{group.figure} {sign} ?")
                        given.append(limit)
                sums.append(f"coalesce(sum({' AND '.join(parts)}), 0)")
        row = index.connection.execute(
            f"SELECT {', '.join(sums)} FROM sessions AS s WHERE {condition}", [*given, *values]
        ).fetchone()
        counts = iter(row)
        for group in same:
            told = [Facet(one.words, next(counts)) for one in group.bounds]
            found[group.dimension] = tuple(one for one in told if one.count)
    return [FacetGroup(one, choices) for one, choices in found.items()]


def _values(index: TraceIndex, wanted: Query, column: str) -> tuple[Facet, ...]:
    condition, values = condition_of(replace(wanted, **{f"{column}s": ()}))
    named = outcome_of_row(wanted) if column == "outcome" else f"s.{column}"
    rows = index.connection.execute(
        f"SELECT {named} AS value, count(*) AS n FROM sessions AS s WHERE {condition}"
        " GROUP BY value HAVING value IS NOT NULL AND value != '' ORDER BY n DESC, value",
        values,
    )
    return tuple(Facet(row["value"], row["n"]) for row in rows)


def _skills(index: TraceIndex, wanted: Query) -> tuple[Facet, ...]:
    condition, values = condition_of(wanted)
    rows = index.connection.execute(
        "SELECT k.name AS value, count(*) AS n FROM session_skills AS k"
        f" JOIN sessions AS s ON s.trace = k.trace WHERE {condition}"
        " GROUP BY k.name ORDER BY n DESC, value",
        values,
    )
    return tuple(Facet(row["value"], row["n"]) for row in rows)
