"""A trajectory while it is being read: steps and calls that can still change, and the ledger."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Final

from workbench.domain.trajectory import (
    ByteSpan,
    CallStatus,
    Loss,
    LossEntry,
    Metrics,
    SkillEvent,
    Step,
    StepKind,
    ToolCall,
    TraceSource,
    Trajectory,
)

#: The flag of a step that only repeats another session's history; it counts nowhere.
COPIED: Final = "copied"
_SUMS: Final = ("input", "output", "cached", "cache_write", "reasoning", "cost_usd")


@dataclass(slots=True)
class CallDraft:
    """A tool call; ``native`` is its id as recorded, ``id`` is unique in the trajectory."""

    id: str
    native: str
    name: str
    argument: str = ""
    status: CallStatus = "missing"
    exit_code: int | None = None
    duration_s: float | None = None
    result: list[ByteSpan] = field(default_factory=list)
    sub: str | None = None
    files: tuple[str, ...] = ()

    def made(self) -> ToolCall:
        """Return the finished value."""
        return ToolCall(
            id=self.id,
            name=self.name,
            argument=self.argument,
            status=self.status,
            exit_code=self.exit_code,
            duration_s=self.duration_s,
            result=tuple(self.result),
            sub=self.sub,
            files=self.files,
        )


@dataclass(slots=True)
class StepDraft:
    """A step; its index is its place in the draft."""

    index: int
    uid: str
    kind: StepKind
    preview: str = ""
    raw: list[ByteSpan] = field(default_factory=list)
    turn: int = 0
    time: str | None = None
    model: str | None = None
    calls: list[CallDraft] = field(default_factory=list)
    metrics: Metrics | None = None
    flags: list[str] = field(default_factory=list)
    label: str = ""

    def flag(self, name: str) -> None:
        """Mark the step, once."""
        if name not in self.flags:
            self.flags.append(name)

    def made(self, parent: str | None) -> Step:
        """Return the finished value."""
        return Step(
            index=self.index,
            uid=self.uid,
            kind=self.kind,
            preview=self.preview,
            raw=tuple(self.raw),
            turn=self.turn,
            time=self.time,
            model=self.model,
            parent_uid=parent,
            tool_calls=tuple(call.made() for call in self.calls),
            metrics=self.metrics,
            flags=tuple(self.flags),
            label=self.label,
        )


class LossDraft:
    """The ledger: every record is counted once, as one of mapped, attached, duplicate ...

    ``left_out`` counts records that are shown raw (unknown kinds) or not shown at all.
    """

    def __init__(self) -> None:
        self.mapped = self.attached = self.duplicate = 0
        self.ignored: Counter[str] = Counter()
        self.lost_fields: Counter[str] = Counter()
        self.unparsed: list[ByteSpan] = []

    def left_out(self, kind: str) -> None:
        """Count a record that was not understood or is not shown."""
        self.ignored[kind] += 1

    def made(self) -> Loss:
        """Return the finished value."""
        return Loss(
            lines=self.mapped
            + self.attached
            + self.duplicate
            + self.ignored.total()
            + len(self.unparsed),
            mapped=self.mapped,
            attached=self.attached,
            duplicate=self.duplicate,
            ignored=_entries(self.ignored),
            unparsed=tuple(self.unparsed),
            lost_fields=_entries(self.lost_fields),
        )


class TrajectoryDraft:
    """Steps in order, with unique step and call ids."""

    def __init__(self, format_id: str, trajectory_id: str) -> None:
        self.format = format_id
        self.id = trajectory_id
        self.steps: list[StepDraft] = []
        self.loss = LossDraft()
        self.skill_events: list[SkillEvent] = []
        self.turn = 0
        self.errors = 0
        self.messages = 0
        self._uids: Counter[str] = Counter()
        self._call_ids: Counter[str] = Counter()

    def step(self, kind: StepKind, span: ByteSpan, uid: str, **fields: Any) -> StepDraft:
        """Append a step made of the record at ``span``; ``uid`` gets a number when it is taken."""
        made = StepDraft(
            index=len(self.steps),
            uid=_unique(self._uids, uid),
            kind=kind,
            raw=[span],
            turn=self.turn,
            **fields,
        )
        self.steps.append(made)
        return made

    def unknown(self, kind: str, span: ByteSpan, uid: str, **fields: Any) -> StepDraft:
        """Append an event step for a record that is not understood, and count it as such."""
        self.loss.left_out(kind)
        return self.step("event", span, uid, label=kind, **fields)

    def call(self, step: StepDraft, native: str | None, name: str, **fields: Any) -> CallDraft:
        """Append a tool call to a step."""
        recorded = native or f"{step.uid}:{len(step.calls)}"
        made = CallDraft(id=_unique(self._call_ids, recorded), native=recorded, name=name, **fields)
        step.calls.append(made)
        return made

    def calls(self) -> Iterable[CallDraft]:
        """Yield all calls in order, without those of copied steps."""
        for step in self.steps:
            if COPIED not in step.flags:
                yield from step.calls

    def made(self, sources: Iterable[TraceSource], totals: Metrics, **fields: Any) -> Trajectory:
        """Return the finished trajectory; steps are chained in file order."""
        parents = [None, *(step.uid for step in self.steps)]
        calls = list(self.calls())
        return Trajectory(
            id=self.id,
            format=self.format,
            sources=tuple(sources),
            steps=tuple(
                step.made(parent) for step, parent in zip(self.steps, parents, strict=False)
            ),
            totals=totals,
            loss=self.loss.made(),
            messages=self.messages,
            tool_calls=len(calls),
            errors=self.errors + sum(call.status == "error" for call in calls),
            skill_events=tuple(self.skill_events),
            **fields,
        )


def summed(metrics: Iterable[Metrics | None]) -> Metrics:
    """Add metrics up; a field that none of them has stays None."""
    known = [entry for entry in metrics if entry is not None]
    return Metrics(
        **{
            name: sum(values)
            for name in _SUMS
            if (values := [v for m in known if (v := getattr(m, name)) is not None])
        }
    )


def reported(**counts: int | None) -> Metrics | None:
    """Return metrics, None when nothing or only zeros were recorded.

    A model call without a single input token does not exist: proxies that do not count write 0.
    """
    return Metrics(**counts) if any(counts.values()) else None


def _entries(counts: Counter[str]) -> tuple[LossEntry, ...]:
    if not counts:
        return ()
    return tuple(LossEntry(kind, count) for kind, count in sorted(counts.items()))


def _unique(seen: Counter[str], native: str) -> str:
    """Return the id, with a number from its second use on."""
    seen[native] += 1
    made = native if seen[native] == 1 else f"{native}#{seen[native]}"
    if made != native:
        seen[made] += 1
    return made


def record_uid(record: bytes) -> str:
    """Return a step id for a record that has none of its own."""
    return hashlib.sha256(record).hexdigest()[:16]
