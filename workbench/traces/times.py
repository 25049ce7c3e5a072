"""Times as the formats write them, made ISO 8601 in UTC."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from workbench.traces.json_values import number


def iso_seconds(value: Any) -> str | None:
    """Return seconds since 1970 as ISO time, None for anything else."""
    seconds = number(value)
    if seconds is None or seconds <= 0:
        return None
    try:
        return datetime.fromtimestamp(seconds, UTC).isoformat().replace("+00:00", "Z")
    except (OverflowError, OSError, ValueError):
        return None


def iso_milliseconds(value: Any) -> str | None:
    """Return milliseconds since 1970 as ISO time, None for anything else."""
    milliseconds = number(value)
    return None if milliseconds is None else iso_seconds(milliseconds / 1000)


def iso_time(value: Any) -> str | None:
    """Return a recorded time: a text as it is, a number as seconds or milliseconds by its size."""
    if isinstance(value, str):
        return value or None
    recorded = number(value)
    if recorded is None:
        return None
    return iso_milliseconds(recorded) if recorded > 1e11 else iso_seconds(recorded)


def moment_of(time: str | None) -> datetime | None:
    """Return an ISO time, in UTC where it names no zone; None when there is none or it is odd."""
    try:
        found = datetime.fromisoformat(time or "")
    except ValueError:
        return None
    return found if found.tzinfo is not None else found.replace(tzinfo=UTC)


def seconds_between(start: str | None, end: str | None) -> float | None:
    """Return the seconds between two ISO times, None when one is missing or odd, or they run
    backwards."""
    begun, ended = moment_of(start), moment_of(end)
    if begun is None or ended is None:
        return None
    seconds = (ended - begun).total_seconds()
    return seconds if seconds >= 0 else None


def duration_words(seconds: float) -> str:
    """Return how long something took: 320 ms, 4.2 s, 3 min 10 s, 2 h 5 min, 3 d 4 h."""
    if seconds < 1:
        return f"{seconds * 1000:.0f} ms"
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {rest} s" if rest else f"{minutes} min"
    hours, minutes = divmod(minutes, 60)
    if hours < 48:
        return f"{hours} h {minutes} min" if minutes else f"{hours} h"
    return f"{hours // 24} d {hours % 24} h"
