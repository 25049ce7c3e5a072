"""What became of one file when the index looked at it."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

from workbench.domain.trajectory import Step

Outcome = Literal["unchanged", "new", "grown", "replaced", "gone", "no_trace", "failed"]


class Refreshed(Struct, frozen=True):
    """What became of one file. ``steps`` are those that were not there before, with the numbers
    they have in the file; ``read_bytes`` is what was read. ``pending`` bytes wait to be read.
    """

    path: str
    outcome: Outcome
    steps: tuple[Step, ...] = ()
    read_bytes: int = 0
    pending: int = 0
    problem: str = ""
