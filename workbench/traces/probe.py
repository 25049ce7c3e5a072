"""The beginning of a file, for detection, and what is said when a file is no trace."""

from __future__ import annotations

from msgspec import Struct


class TraceError(Exception):
    """A trace cannot be read at all. The message says what, where and what to do."""


class Probe(Struct, frozen=True):
    """The beginning of a file, for detection.

    ``lines`` are up to 20 non-empty first lines; the last one is cut when it exceeds the window.
    ``whole`` says that ``head`` is the whole file. A byte order mark is left out.
    """

    path: str
    head: bytes
    lines: tuple[bytes, ...]
    size: int
    whole: bool
