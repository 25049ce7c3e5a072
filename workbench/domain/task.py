"""Tasks, their results and the paired table every gate reads."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

ResultStatus = Literal["pass", "fail", "partial", "timeout", "infra", "unknown"]
Split = Literal["train", "val", "test"]
GateLevel = Literal["rejected", "promising", "supported", "not_evaluated"]
CriterionMethod = Literal["command", "file", "contains", "equals", "judge", "custom"]


class Criterion(Struct, frozen=True):
    """One thing a result is checked for. ``argument`` is the command, path or text to look for.

    Only criteria that are ``visible`` are told to engines and agents, and of those never the
    ``argument``.
    """

    id: str
    text: str = ""
    method: CriterionMethod = "custom"
    argument: str = ""
    weight: float = 1.0
    visible: bool = True


class CriterionResult(Struct, frozen=True):
    """How one criterion came out; ``infra`` when it could not be checked at all."""

    id: str
    passed: bool | None = None
    score: float | None = None
    detail: str = ""
    infra: bool = False


class Task(Struct, frozen=True):
    """Something an agent is asked to do. ``split`` "test" never leaves the host.

    ``inputs`` are files or folders that are copied into the run's folder, relative to the task
    set's own folder. ``verifier`` is a command of the host's, run in the sandbox after the agent.
    """

    id: str
    prompt: str
    family: str = ""
    split: Split = "train"
    inputs: tuple[str, ...] = ()
    criteria: tuple[Criterion, ...] = ()
    verifier: tuple[str, ...] = ()
    timeout_s: float | None = None


class TaskResult(Struct, frozen=True):
    """One run of one task. ``reward`` is in 0..1."""

    task: str
    status: ResultStatus
    reward: float
    run: int = 0
    cost: float | None = None
    criteria: tuple[CriterionResult, ...] = ()


class PairedRow(Struct, frozen=True):
    """One task with its scored runs on both sides; infrastructure failures are already left out."""

    task: str
    before: tuple[float, ...]
    after: tuple[float, ...]
    family: str = ""
    split: str = ""
    cost_before: float | None = None
    cost_after: float | None = None
    uses: int | None = None
    failures: int | None = None


class PairedTable(Struct, frozen=True):
    """The evidence a gate decides on; sizes are in bytes of SKILL.md text."""

    rows: tuple[PairedRow, ...]
    infra: int = 0
    size_before: int | None = None
    size_after: int | None = None
    hunks: int | None = None


class GateResult(Struct, frozen=True):
    """What the host computed. ``flake_rate`` is None with one run a side."""

    rule: str
    level: GateLevel
    repairs: int
    regressions: int
    n: int
    p_one_sided: float | None
    p_two_sided: float | None
    flake_rate: float | None
    reasons: tuple[str, ...] = ()
