"""What the sessions asked for are made of: each group of choices with counts.

A group counts what its other choices would show as well: its own choice is left aside.
"""

from __future__ import annotations

import math
from typing import Final, Literal

from msgspec import Struct
from msgspec.structs import replace

from workbench.traces.index.query import Facet, Query, condition_of, count, sessions
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
    ranges: tuple[tuple[Dimension, list[tuple[str, Query]]], ...] = (
        (
            "errors",
            [(word, replace(wanted, errors=word == "yes")) for word in ("yes", "no")],
        ),
        ("cost", [(one.words, with_cost(wanted, one)) for one in COSTS]),
        ("steps", [(one.words, with_steps(wanted, one)) for one in STEPS]),
        ("date", [(one.words, with_days(wanted, one)) for one in days]),
    )
    for dimension, asked in ranges:
        counted = (Facet(words, count(index, one)) for words, one in asked)
        groups.append(FacetGroup(dimension, tuple(one for one in counted if one.count)))
    return tuple(groups)


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
