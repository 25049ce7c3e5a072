"""Values of foreign JSON that may be of any type: each function gives one type, or an empty one."""

from __future__ import annotations

import math


def as_mapping(value: object) -> dict[str, object]:
    """Return a JSON object, else an empty one."""
    return value if isinstance(value, dict) else {}


def as_list(value: object) -> list[object]:
    """Return a JSON array, else an empty one."""
    return value if isinstance(value, list) else []


def as_text(value: object) -> str:
    """Return a text that can be stored as UTF-8, else an empty one."""
    if not isinstance(value, str):
        return ""
    return value.encode("utf-8", "replace").decode("utf-8")


def as_number(value: object) -> float | None:
    """Return a finite number, else None. True and false are no numbers."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        number = float(value)
    except OverflowError:
        return None
    return number if math.isfinite(number) else None


def as_count(value: object) -> int:
    """Return a whole number from 0 on, else 0."""
    number = as_number(value)
    return int(number) if number is not None and number >= 0 else 0
