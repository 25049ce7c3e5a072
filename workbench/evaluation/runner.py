"""The contract of runners: one task, one library or none, one result.

``run(task, skills or none, limits, seed, place) -> outcome`` (evolution reference, section 3.7,
November 2026). A runner never raises for what an agent or a verifier does; what stops it from
running at all is status *infra*, which is never counted against a skill.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from msgspec import Struct

from workbench.domain.task import CriterionResult, ResultStatus, Task


class RunLimits(Struct, frozen=True):
    """What one run may use up. ``network`` opens the sandbox to the network."""

    steps: int = 30
    seconds: float = 600.0
    tokens: int | None = None
    network: bool = False
    memory_bytes: int = 4 << 30
    file_bytes: int = 256 << 20
    output_bytes: int = 1 << 20


class RunPlace(Struct, frozen=True):
    """Where a run takes place. ``work`` is the agent's folder, with the task's inputs in it.

    ``skills`` is the folder of the library, None for a run without skills; ``variant`` is the hash
    of what lies there and ``present`` the ids of its skills. ``trace`` is where the runner writes
    what the agent did, as JSON lines.
    """

    work: Path
    trace: Path
    skills: Path | None
    variant: str
    present: tuple[str, ...] = ()


class RunOutcome(Struct, frozen=True):
    """What came of one run; also what the cache keeps.

    ``reward`` is in 0..1, None where there is none. ``loaded`` are the skills the agent read, None
    where the runner cannot tell. ``trace`` is the file of the run's trace, "" for none.
    """

    status: ResultStatus
    reward: float | None = None
    criteria: tuple[CriterionResult, ...] = ()
    detail: str = ""
    answer: str = ""
    trace: str = ""
    loaded: tuple[str, ...] | None = None
    input_tokens: int | None = None
    output_tokens: int | None = None
    usd: float | None = None
    seconds: float = 0.0


class Capabilities(Struct, frozen=True):
    """What a runner is. ``version`` is part of the cache's key: a change makes results anew.

    ``executes`` says whether commands of tasks or agents run on this machine.
    """

    id: str
    version: str
    model: str = ""
    executes: bool = True
    needs_network: bool = False
    deterministic: bool = False


class Runner(Protocol):
    """Runs tasks; used by several threads at once."""

    @property
    def capabilities(self) -> Capabilities:
        """What it is."""
        ...

    def run(
        self,
        task: Task,
        place: RunPlace,
        limits: RunLimits,
        seed: int,
        cancelled: Callable[[], bool],
    ) -> RunOutcome:
        """Run one task once."""
        ...


class RunnerRefused(Exception):  # noqa: N818 - a problem for a person, in words
    """Tasks cannot be run; the message says what is missing and what to do."""


def infra(detail: str) -> RunOutcome:
    """Return the outcome of a run that says nothing about skills."""
    return RunOutcome("infra", detail=detail)
