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


def seconds_between(start: str | None, end: str | None) -> float | None:
    """Return the seconds between two ISO times, None when one is missing or odd."""
    if not start or not end:
        return None
    try:
        begun = datetime.fromisoformat(start.replace("Z", "+00:00"))
        ended = datetime.fromisoformat(end.replace("Z", "+00:00"))
        seconds = (ended - begun).total_seconds()
    except (TypeError, ValueError):
        return None
    return seconds if seconds >= 0 else None
