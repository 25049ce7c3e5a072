"""One run of a task as bytes: packed here, carried out on a worker of the cluster."""

from __future__ import annotations

from pathlib import Path

import msgspec
from msgspec import Struct

from workbench.domain.job import Budget
from workbench.domain.task import Task
from workbench.evaluation.runner import Capabilities, RunLimits, RunOutcome, RunPlace, infra
from workbench.evaluation.runners.command import CommandRunner, CommandTemplate
from workbench.evaluation.runners.loop import LoopRunner, loop_capabilities
from workbench.evaluation.sandbox import NO_SANDBOX, Sandbox, available_sandbox
from workbench.evaluation.verify import Verifier
from workbench.llm.profiles import EndpointProfile
from workbench.llm.service import ModelService
from workbench.plugin.cluster import packed, unpacked

_WORK, _SKILLS = "work", "skills"


class RunnerSpec(Struct, frozen=True):
    """How a worker builds the runner. ``endpoint`` is the model of the built-in loop.

    A worker takes the key from its own environment; it is never sent.
    """

    template: CommandTemplate | None = None
    endpoint: EndpointProfile | None = None
    allow_unsandboxed: bool = False


class PackedTask(Struct, frozen=True):
    """What is sent."""

    spec: RunnerSpec
    task: Task
    limits: RunLimits
    seed: int
    variant: str
    present: tuple[str, ...]
    has_skills: bool
    archive: bytes


class TaskAnswer(Struct, frozen=True):
    """What comes back: the outcome, and the trace with its file ending."""

    outcome: RunOutcome
    trace: bytes = b""
    suffix: str = ""


def pack_task(spec: RunnerSpec, task: Task, place: RunPlace, limits: RunLimits, seed: int) -> bytes:
    """Return a run with the folders it needs."""
    folders = [(_WORK, place.work)]
    if place.skills is not None:
        folders.append((_SKILLS, place.skills))
    return msgspec.msgpack.encode(
        PackedTask(
            spec,
            task,
            limits,
            seed,
            place.variant,
            place.present,
            place.skills is not None,
            packed(folders),
        )
    )


def run_task(payload: bytes, folder: Path) -> bytes:
    """Carry out a packed run in a folder; return its packed answer."""
    sent = msgspec.msgpack.decode(payload, type=PackedTask)
    unpacked(sent.archive, folder)
    for name in (_WORK, _SKILLS):
        (folder / name).mkdir(exist_ok=True)
    place = RunPlace(
        folder / _WORK,
        folder / "trace.jsonl",
        folder / _SKILLS if sent.has_skills else None,
        sent.variant,
        sent.present,
    )
    outcome = _outcome(sent, place)
    trace = Path(outcome.trace) if outcome.trace else None
    if trace is None or not trace.is_file():
        return msgspec.msgpack.encode(TaskAnswer(outcome))
    return msgspec.msgpack.encode(TaskAnswer(outcome, trace.read_bytes(), trace.suffix))


def _outcome(sent: PackedTask, place: RunPlace) -> RunOutcome:
    sandbox = available_sandbox()
    if sandbox is None:
        if not sent.spec.allow_unsandboxed:
            return infra(NO_SANDBOX)
        sandbox = Sandbox("none")
    verifier = Verifier(sandbox)
    if sent.spec.template is not None:
        command = CommandRunner(sent.spec.template, sandbox, verifier)
        return command.run(sent.task, place, sent.limits, sent.seed, _never)
    if sent.spec.endpoint is None:
        return infra("no endpoint was sent for the built-in loop")
    models = ModelService({"target": sent.spec.endpoint}, Budget(tokens=sent.limits.tokens))
    try:
        loop = LoopRunner(models.complete, sent.spec.endpoint.model, sandbox, verifier)
        return loop.run(sent.task, place, sent.limits, sent.seed, _never)
    finally:
        models.close()


def capabilities_of(spec: RunnerSpec) -> Capabilities:
    """Return what the runner on a worker is: the same as here, so that results are shared."""
    if spec.template is not None:
        return CommandRunner(spec.template, Sandbox("none"), Verifier(None)).capabilities
    model = spec.endpoint.model if spec.endpoint is not None else ""
    return loop_capabilities(model)


def _never() -> bool:
    """The child of a task is killed from outside; nothing asks it to stop."""
    return False
