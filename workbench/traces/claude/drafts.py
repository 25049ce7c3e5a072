"""Steps and calls of a session while they can still change; light, there are many of them."""

from __future__ import annotations

from msgspec import Struct

from workbench.domain.trajectory import (
    ByteSpan,
    CallStatus,
    Metrics,
    Step,
    StepKind,
    ToolCall,
)
from workbench.traces.claude.lines import Usage


class CallDraft(Struct, gc=False):
    """A tool call. ``native`` is its id as recorded, ``id`` is unique in the trajectory."""

    id: str
    native: str
    name: str
    argument: str
    path: str | None = None
    status: CallStatus = "missing"
    exit_code: int | None = None
    seconds: float | None = None
    asked: str | None = None
    answered: str | None = None
    result: tuple[ByteSpan, ...] = ()
    sub: str | None = None

    def made(self) -> ToolCall:
        """Return the finished value."""
        return ToolCall(
            self.id,
            self.name,
            self.argument,
            self.status,
            self.exit_code,
            self.seconds,
            self.result,
            self.sub,
            (self.path,) if self.path else (),
        )


class StepDraft(Struct, gc=False):
    """A step. ``said`` tells that the preview is its final one."""

    index: int
    uid: str
    kind: StepKind
    raw: tuple[ByteSpan, ...]
    turn: int
    time: str | None
    parent: str | None = None
    preview: str = ""
    said: bool = False
    model: str | None = None
    calls: list[CallDraft] | None = None
    usage: Usage | None = None
    flags: tuple[str, ...] = ()
    label: str = ""

    def flag(self, *names: str) -> None:
        """Mark the step, once with each name."""
        self.flags += tuple(name for name in names if name not in self.flags)

    def made(self) -> Step:
        """Return the finished value."""
        calls = self.calls
        return Step(
            self.index,
            self.uid,
            self.kind,
            self.preview,
            self.raw,
            self.turn,
            self.time,
            self.model,
            self.parent,
            tuple([call.made() for call in calls]) if calls is not None else (),
            metrics_of(self.usage) if self.usage is not None else None,
            self.flags,
            self.label,
        )


def metrics_of(usage: Usage | None) -> Metrics | None:
    """Return the tokens with the cached ones counted as input, None when none were recorded."""
    if usage is None:
        return None
    fresh, read, written = (
        usage.input_tokens,
        usage.cache_read_input_tokens,
        usage.cache_creation_input_tokens,
    )
    total = (fresh or 0) + (read or 0) + (written or 0)
    if not total and not usage.output_tokens:
        return None  # a proxy that does not count writes zeros
    recorded = fresh is not None or read is not None or written is not None
    return Metrics(total if recorded else None, usage.output_tokens, read, written)


def greater(one: Usage | None, other: Usage | None) -> Usage | None:
    """Return the greater usage: the records of one message repeat it while it grows."""
    if one is None or other is None:
        return one or other
    if (other.output_tokens or 0) > (one.output_tokens or 0):
        return other
    return one
