"""JSON records of drifting formats: decoded without ever failing, fields read by type."""

from __future__ import annotations

import json
import math
import re
from typing import Any, Final

import msgspec

from workbench.traces.escapes import text_of

_ESCAPE_OR_STRAY: Final = re.compile(rb'\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})|(\\)')
_decoder: Final = msgspec.json.Decoder()


def decode(record: bytes) -> Any:
    """Return the JSON value, or None when it is none (JSON's own null too).

    Logs that went through a scrubber hold ``\\s`` where ``\\n`` stood before a masked word, and
    some writers leave control characters or NaN in: all that is read. A backslash that begins no
    escape stands for itself, as in ``escapes.Decoded``.
    """
    try:
        return _decoder.decode(record)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        pass
    mended = _ESCAPE_OR_STRAY.sub(
        lambda found: rb"\\" if found.group(1) else found.group(), bytes(record)
    )
    try:
        return json.loads(text_of(mended), strict=False)
    except (ValueError, RecursionError):
        return None


def decode_object(record: bytes) -> dict[str, Any] | None:
    """Return the JSON object, None when the record is none."""
    value = decode(record)
    return value if isinstance(value, dict) else None


def mapping(value: Any) -> dict[str, Any]:
    """Return the value when it is an object, else an empty one."""
    return value if isinstance(value, dict) else {}


def items(value: Any) -> list[Any]:
    """Return the value when it is a list, else an empty one."""
    return value if isinstance(value, list) else []


def string(value: Any) -> str | None:
    """Return the value when it is a text that is not empty."""
    return value if isinstance(value, str) and value else None


def integer(value: Any) -> int | None:
    """Return a whole number, also one written as a float; bool is no number."""
    if isinstance(value, bool):
        return None
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return value if isinstance(value, int) else None


def number(value: Any) -> float | None:
    """Return a finite number; bool is no number."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        made = float(value)
    except OverflowError:
        return None
    return made if math.isfinite(made) else None


def compact(value: Any) -> str:
    """Return a value as JSON text; a text is given as it is, null as nothing."""
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def one_line(text: str, limit: int = 200) -> str:
    """Return the beginning of a text on one line."""
    return " ".join(text[: limit * 8].split())[:limit]
