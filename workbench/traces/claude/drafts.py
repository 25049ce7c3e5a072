"""Steps and calls of a session while they can still change; light, there are many of them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, Final

from msgspec import Raw, Struct

from workbench.domain.trajectory import (
    ByteSpan,
    CallStatus,
    LateSteps,
    Metrics,
    Step,
    StepKind,
    ToolCall,
)
from workbench.traces.claude.lines import HEAD, Usage, raw_head
from workbench.traces.collector import no_collection
from workbench.traces.json_values import one_line

#: A record's place in the file as one number, which takes half the memory of two: its offset, and
#: in the last bits its length (no line is longer than ``source.LONGEST_LINE``).
PLACE_BITS: Final = 32
_LENGTH: Final = (1 << PLACE_BITS) - 1
#: Emptying a dict of so many entries takes a few milliseconds.
_CLEARED_AT_ONCE: Final = 40_000


def span_of(place: int) -> ByteSpan:
    """Return the bytes of a record by its place."""
    return ByteSpan(0, place >> PLACE_BITS, place & _LENGTH)


class CallDraft(Struct, gc=False):
    """A tool call. ``native`` is its id as recorded, ``id`` is unique in the trajectory.

    ``step`` is the index of the step that asks for it; ``place`` that of its first result, -1
    without one; others are in ``more``.
    """

    id: str
    native: str
    name: str
    argument: str
    path: str | None
    step: int
    asked: str | None
    status: CallStatus = "missing"
    exit_code: int | None = None
    seconds: float | None = None
    answered: str | None = None
    place: int = -1
    more: list[int] | None = None
    sub: str | None = None

    def answer_again(self, place: int) -> None:
        """Add another record of the result."""
        self.more = self.more or []
        self.more.append(place)

    def made(self) -> ToolCall:
        """Return the finished value."""
        seconds = self.seconds
        if seconds is None and self.answered is not None:
            seconds = _seconds(self.asked, self.answered)
        return ToolCall(
            self.id,
            self.name,
            self.argument,
            self.status,
            self.exit_code,
            seconds,
            _spans(self.place, self.more) if self.place >= 0 else (),
            self.sub,
            (self.path,) if self.path else (),
        )


class StepDraft(Struct, gc=False):
    """A step, without its calls. ``said`` tells that the preview is its final one.

    Its first record lies at ``place``, others are in ``more``; ``part`` is the number of the
    builder it belongs to, ``asked`` counts its calls. ``head`` is the beginning of what it says, as
    it is written: it becomes the preview when the step is made.
    """

    index: int
    uid: str
    kind: StepKind
    place: int
    turn: int
    time: str | None
    part: int
    label: str = ""
    parent: str | None = None
    preview: str = ""
    said: bool = False
    model: str | None = None
    asked: int = 0
    usage: Usage | None = None
    flags: tuple[str, ...] = ()
    more: list[int] | None = None
    head: bytes = b""

    def says_later(self, text: Raw) -> bool:
        """Keep the beginning of the first text; False when it is perhaps blank."""
        head = bytes(memoryview(text)[: HEAD + 1])
        if not head[1:2].isalnum() or head[:1] != b'"':
            return False
        self.head, self.said = head, True
        return True

    def flag(self, *names: str) -> None:
        """Mark the step, once with each name."""
        self.flags += tuple(name for name in names if name not in self.flags)

    def made(self, calls: Sequence[CallDraft]) -> Step:
        """Return the finished value with its calls."""
        preview = one_line(raw_head(Raw(self.head))) if self.head else self.preview
        if calls and not preview:
            preview = f"{calls[0].name} {calls[0].argument}".strip()[:200]
        return Step(
            self.index,
            self.uid,
            self.kind,
            preview,
            _spans(self.place, self.more),
            self.turn,
            self.time,
            self.model,
            self.parent,
            tuple([call.made() for call in calls]) if calls else (),
            metrics_of(self.usage),
            self.flags,
            self.label,
        )


def late_steps(steps: list[StepDraft], calls: list[CallDraft]) -> LateSteps:
    """Return the steps, which are made of the drafts when one is asked for; takes the lists over.

    Each draft is dropped when its step is there: memory hardly grows, and no other thread waits
    until hundreds of thousands are gone at once.
    """

    return LateSteps(len(steps), lambda: made_steps(steps, calls))


def made_steps(steps: list[StepDraft], calls: list[CallDraft]) -> tuple[Step, ...]:
    """Return the steps of the drafts, and empty the lists."""
    with no_collection():
        asked = calls_by_step(calls)
        calls.clear()
        steps.reverse()
        found: list[Step] = []
        while steps:
            step = steps.pop()
            found.append(step.made(asked.pop(step.index, ())))
        return tuple(found)


def forget(found: dict[str, Any]) -> None:
    """Empty a dict; a large one bit by bit, since no other thread runs while it is cleared."""
    while len(found) > _CLEARED_AT_ONCE:
        found.popitem()
    found.clear()


def calls_by_step(calls: Iterable[CallDraft]) -> dict[int, list[CallDraft]]:
    """Return the calls of each step by its index."""
    found: dict[int, list[CallDraft]] = {}
    for call in calls:
        found.setdefault(call.step, []).append(call)
    return found


def _spans(place: int, more: Sequence[int] | None) -> tuple[ByteSpan, ...]:
    first = span_of(place)
    return (first, *map(span_of, more)) if more else (first,)


def metrics_of(usage: Usage | None) -> Metrics | None:
    """Return the tokens with the cached ones counted as input, None when none were recorded."""
    if usage is None or not counted(usage):
        return None
    fresh, read, written = (
        usage.input_tokens,
        usage.cache_read_input_tokens,
        usage.cache_creation_input_tokens,
    )
    recorded = fresh is not None or read is not None or written is not None
    total = (fresh or 0) + (read or 0) + (written or 0)
    return Metrics(total if recorded else None, usage.output_tokens, read, written)


class TokenSum:
    """Adds tokens up; what no answer has stays "not recorded"."""

    __slots__ = ("fresh", "output", "read", "written")

    def __init__(self) -> None:
        self.fresh: int | None = None
        self.read: int | None = None
        self.written: int | None = None
        self.output: int | None = None

    def add(self, usage: Usage) -> None:
        """Add an answer's tokens, if they were counted at all."""
        fresh, output = usage.input_tokens, usage.output_tokens
        read, written = usage.cache_read_input_tokens, usage.cache_creation_input_tokens
        if not (output or read or fresh or written):
            return
        if fresh is not None:
            self.fresh = fresh + (self.fresh or 0)
        if read is not None:
            self.read = read + (self.read or 0)
        if written is not None:
            self.written = written + (self.written or 0)
        if output is not None:
            self.output = output + (self.output or 0)

    def made(self) -> Metrics:
        """Return the sum, with the cached tokens counted as input."""
        fresh, read, written = self.fresh, self.read, self.written
        whole: int | None = None
        if fresh is not None or read is not None or written is not None:
            whole = (fresh or 0) + (read or 0) + (written or 0)
        return Metrics(whole, self.output, self.read, self.written)


def counted(usage: Usage) -> bool:
    """Whether there is a number in it; a proxy that does not count writes zeros."""
    return bool(
        usage.output_tokens
        or usage.cache_read_input_tokens
        or usage.input_tokens
        or usage.cache_creation_input_tokens
    )


def _seconds(start: str | None, end: str | None) -> float | None:
    """Return the time between two records, which includes waiting for a permission."""
    if start is None or end is None:
        return None
    try:
        passed = (datetime.fromisoformat(end) - datetime.fromisoformat(start)).total_seconds()
    except (ValueError, TypeError):
        return None
    return passed if passed >= 0 else None
