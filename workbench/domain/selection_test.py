"""What tasks said of an exact selection of hunks."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

from workbench.domain.proposal import Gate


class SelectionTest(Struct, frozen=True):
    """One test by the host: the gate of the files that ``content_hash`` names, and of no others.

    ``scope`` "hunk" is a hunk taken alone (``hunk``, with what it cannot stand without),
    "selection" what a reviewer had accepted; ``hunks`` are all that were in it, by the ids they
    have with a person's edits. ``by`` asked for it at ``time`` (ISO 8601). ``task_set`` and
    ``tasks_hash`` say which tasks, ``library`` is the hash of the library they ran beside. ``runs``
    were made anew, ``kept`` came from earlier ones and cost nothing; ``usd`` is None where no run
    names a price.
    ``infra`` runs failed for reasons that say nothing of a skill; ``problems`` has them in words.
    """

    proposal: str
    content_hash: str
    gate: Gate
    time: str
    by: str
    scope: Literal["selection", "hunk"] = "selection"
    hunk: str = ""
    hunks: tuple[str, ...] = ()
    task_set: str = ""
    tasks_hash: str = ""
    library: str = ""
    runs: int = 0
    kept: int = 0
    usd: float | None = None
    seconds: float = 0.0
    infra: int = 0
    problems: tuple[str, ...] = ()
