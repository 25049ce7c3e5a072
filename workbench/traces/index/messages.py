"""What is said between a window and the process that keeps its index; read in no time."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct


class SyncReport(Struct, frozen=True):
    """What a pass over the folders found. ``left`` files still wait (it was stopped)."""

    files: int
    new: int
    changed: int
    gone: int
    failed: int
    left: int
    read_bytes: int


class Asked(Struct, frozen=True):
    """A line for the worker."""

    folders: tuple[str, ...] | None = None
    stop: bool = False


class Told(Struct, frozen=True, omit_defaults=True):
    """A line from the worker.

    "looked": so many files and bytes are new or changed. "progress": this part of the files is
    read. "done": the pass is over, with its report and the folders that are not there.
    "failed": it could not be made. ``prices`` is the day of the prices that estimates are made
    with; ``problem`` what is wrong with the user's own.
    """

    kind: Literal["looked", "progress", "done", "failed"]
    files: int = 0
    bytes: int = 0
    part: float = 0
    report: SyncReport | None = None
    missing: tuple[str, ...] = ()
    prices: str = ""
    problem: str = ""
