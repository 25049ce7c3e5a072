"""What the sessions asked for are made of: each group of choices with counts.

A group counts what its other choices would show as well: its own choice is left aside.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, Final, Literal

from msgspec import Struct
from msgspec.structs import replace

from workbench.traces.index.query import COST, Facet, Query, condition_of, sessions
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
    ranges: tuple[tuple[Dimension, Query, str, Sequence[Range | _Bounds]], ...] = (
        ("errors", replace(wanted, errors=None), "sum_errors", errors),
        ("cost", with_cost(wanted, None), COST, COSTS),
        ("steps", with_steps(wanted, None), "sum_steps", STEPS),
        ("date", with_days(wanted, None), "started", times),
    )
    for dimension, asked, figure, bounds in ranges:
        groups.append(FacetGroup(dimension, _counted(index, asked, figure, bounds)))
    return tuple(groups)


class _Bounds(Struct, frozen=True):
    """As ``Range``, of any value that can be compared."""

    words: str
    low: Any
    high: Any


def _counted(
    index: TraceIndex, asked: Query, figure: str, bounds: Sequence[Range | _Bounds]
) -> tuple[Facet, ...]:
    """Count all choices of a group in one look at the sessions; those of none are left out."""
    if not bounds:
        return ()
    condition, values = condition_of(asked)
    sums, given = [], []
    for one in bounds:
        parts = ["figure IS NOT NULL"]
        for sign, limit in ((">=", one.low), ("<", one.high)):
            if limit is not None:
                parts.append(f"figure {sign} ?")
                given.append(limit)
        sums.append(f"sum({' AND '.join(parts)})")
    # LIMIT -1 keeps SQLite from working the figure out again for each of the sums.
    row = index.connection.execute(
        f"SELECT {', '.join(sums)} FROM"
        f" (SELECT {figure} AS figure FROM ({sessions()} WHERE {condition}) LIMIT -1)",
        [*given, *values],
    ).fetchone()
    counted = zip((one.words for one in bounds), row, strict=True)
    return tuple(Facet(words, count) for words, count in counted if count)


def _values(index: TraceIndex, wanted: Query, column: str) -> tuple[Facet, ...]:
    condition, values = condition_of(replace(wanted, **{f"{column}s": ()}))
    rows = index.connection.execute(
        f"SELECT {column} AS value, count(*) AS n FROM ({sessions()} WHERE {condition})"
        f" WHERE {column} IS NOT NULL AND {column} != '' GROUP BY 1 ORDER BY n DESC, value",
        values,
    )
    return tuple(Facet(row["value"], row["n"]) for row in rows)


def _skills(index: TraceIndex, wanted: Query) -> tuple[Facet, ...]:
    condition, values = condition_of(wanted)
    rows = index.connection.execute(
        f"SELECT s.name AS value, count(DISTINCT t.family) AS n"
        f" FROM ({sessions()} WHERE {condition}) AS t"
        " JOIN traces AS part ON part.family = t.family JOIN skills AS s ON s.trace = part.id"
        " WHERE s.kind != 'listed' GROUP BY 1 ORDER BY n DESC, value",
        values,
    )
    return tuple(Facet(row["value"], row["n"]) for row in rows)
