"""Results of runs that were made once, by everything they depend on; SQLite in the user's cache.

Key: what the agent could read (variant), task, model, runner with its version, and the number of
the run (evolution reference, section 3.7, November 2026). Infrastructure failures are not kept.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

import msgspec
from msgspec import Struct

from workbench.evaluation.runner import Capabilities, RunLimits, RunOutcome
from workbench.kept_values import KeptValues


class RunKey(Struct, frozen=True):
    """What a result depends on. ``task`` is the task's hash, ``variant`` that of the library."""

    variant: str
    task: str
    runner: Capabilities
    limits: RunLimits
    run: int

    @property
    def text(self) -> str:
        """The key as it is kept."""
        return hashlib.sha256(msgspec.json.encode(self)).hexdigest()


class EvaluationCache:
    """One file for all evaluations; one that cannot be opened keeps nothing."""

    def __init__(self, path: Path) -> None:
        self._kept = KeptValues(path)

    @property
    def problem(self) -> str:
        """Why results are not kept, "" while they are."""
        return self._kept.problem

    def get(self, key: RunKey) -> RunOutcome | None:
        """Return a kept result; one whose trace is gone is given without it."""
        kept = self._kept.get(key.text)
        try:
            found = None if kept is None else msgspec.json.decode(kept, type=RunOutcome)
        except msgspec.MsgspecError:
            return None
        if found is not None and found.trace and not Path(found.trace).is_file():
            return msgspec.structs.replace(found, trace="")
        return found

    def put(self, key: RunKey, outcome: RunOutcome) -> None:
        """Keep a result, unless it says nothing."""
        if outcome.status != "infra":
            self._kept.put(key.text, msgspec.json.encode(outcome))

    def forget(self, key: RunKey) -> None:
        """Drop a result that turned out to say nothing."""
        self._kept.forget(key.text)

    def close(self) -> None:
        """Give the file back."""
        self._kept.close()
