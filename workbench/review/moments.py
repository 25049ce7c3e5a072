"""Times of what is said, so that their order is that in which people knew of each other's words.

Two machines' clocks differ. What counts last is found by time, so whoever answers something they
know of signs with a time after it, whatever their own clock says (Lamport, "Time, Clocks, and the
Ordering of Events in a Distributed System", 1978).
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Final

_LEAST: Final = timedelta(microseconds=1)
_AHEAD: Final = timedelta(days=1)


def moment_of(text: str) -> datetime | None:
    """Return an ISO 8601 time with its zone, None where it is none."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment if moment.tzinfo is not None else None


def is_plain(text: str) -> bool:
    """Say whether a time is one that sorts as text: ISO 8601 in UTC, written in the one way.

    Times in other zones sort wrongly beside it.
    """
    moment = moment_of(text)
    if moment is None:
        return False
    forms = {moment.isoformat(timespec=spec) for spec in ("auto", "microseconds", "milliseconds")}
    return moment.utcoffset() == timedelta(0) and text in forms


def is_ahead(text: str, now: str) -> bool:
    """Say whether a time is further ahead of another than clocks of two machines differ."""
    moment, clock = moment_of(text), moment_of(now)
    return moment is not None and clock is not None and moment - clock > _AHEAD


def after(now: str, known: Iterable[str]) -> str:
    """Return ``now``, or a moment after the latest known one where the clock is behind that.

    A time that is none counts for nothing; so does one after which there is no other.
    """
    clock = moment_of(now)
    moments = [one for one in map(moment_of, known) if one is not None]
    if clock is None or not moments or max(moments) < clock:
        return now
    try:
        later = (max(moments) + _LEAST).astimezone(UTC)
    except OverflowError:
        return now
    return later.isoformat(timespec="microseconds")
