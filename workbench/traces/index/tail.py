"""An open trace whose file goes on: what was added, at the cost of what was added."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final, Literal

from msgspec import Struct
from msgspec.structs import replace

from workbench.domain.trajectory import Loss, LossEntry, Metrics, Step, Trajectory
from workbench.traces.importer import TraceError
from workbench.traces.index.following import Following
from workbench.traces.index.parts import (
    APPENDABLE,
    Part,
    Position,
    next_part,
    read_part,
    settled_position,
)
from workbench.traces.index.sight import MOST, open_from
from workbench.traces.index.walk import Seen, seen, stamp
from workbench.traces.inner import container_of
from workbench.traces.open import OpenTrace, SharedSources, open_traces
from workbench.traces.registry import best_importer
from workbench.traces.source import PROBE_BYTES, PROBE_LINES, SourceBytes, probe_file

_PART: Final = 32 << 20
#: A file that has to be read as a whole is left alone for so many times what that took.
_REST: Final = 10
_QUICK_SECONDS: Final = 0.05


class TailChange(Struct, frozen=True):
    """What became of the trace.

    "grown": ``traces`` holds the trace anew, its steps before ``first`` are as they were.
    "replaced": it is another file, nothing of the old one counts. "gone": there is no file, or
    none that can be read, ``problem`` says why. ``read_bytes`` is what it cost.
    """

    outcome: Literal["unchanged", "grown", "replaced", "gone"]
    traces: tuple[OpenTrace, ...] = ()
    first: int = 0
    read_bytes: int = 0
    problem: str = ""


class LiveTail:
    """Follows the file of an open trace, from what the trace has on.

    Logs of lines cost what was added to them; those whose later records can reach back
    (``index.following``) are read once more when they first grow. Other files are read again when
    they change, and less often the longer that takes. The trace is never changed: ``refresh`` gives
    new ones, which are the caller's to close.
    """

    def __init__(self, trace: OpenTrace, *, alone: bool = True) -> None:
        """Follow a trace; ``alone`` says that its file holds no other."""
        self.trace = trace
        self.path = container_of(str(trace.path))
        self._seen = _as_opened(trace, self.path)
        self._stamp = ""
        self._rest_until = 0.0
        #: Whether lines to come may still show that the log is of another format.
        self._unsure = trace.files[0].length < PROBE_BYTES
        self._begin(alone=alone)

    def _begin(self, *, alone: bool) -> None:
        """Choose how the trace is followed."""
        self._position: Position | None = None
        self._base = _Sums()
        self._following: Following | None = None
        trace, one = self.trace, self.trace.trajectory
        self._in_parts = (
            alone
            and trace.importer.id in APPENDABLE
            and len(trace.files) == 1
            and not trace.files[0].compressed
            and not one.children
            and not any("copied" in step.flags for step in one.steps)
        )
        if not self._in_parts:
            self._stamp = stamp(self._files())
            own = {str(file.path) for file in trace.files} == set(map(str, self._files()))
            if own and not one.skipped:
                self._following = Following(trace.importer, self.path, trace.files)

    def refresh(self) -> TailChange:
        """Return what became of the trace since the last call."""
        now = seen(str(self.path))
        if now is None:
            return TailChange("gone", problem=f"{self.path} is not there any more.")
        stamped = "" if self._in_parts else stamp(self._files())
        if (now, stamped) == (self._seen, self._stamp) or time.monotonic() < self._rest_until:
            return TailChange("unchanged")
        try:
            made = self._otherwise(now)
            made = made or (self._grown() if self._in_parts else self._followed(now))
            made = made or self._anew(now)
        except (TraceError, OSError) as problem:
            return TailChange("gone", problem=str(problem))
        self._seen, self._stamp = now, stamped
        return made

    def _files(self) -> list[Path]:
        return [self.path, *self.trace.importer.companions(self.path)]

    def _otherwise(self, now: Seen) -> TailChange | None:
        """Read a log whose later lines show that it is of another format than the first ones."""
        if not self._unsure:
            return None
        probe = probe_file(self.path)
        self._unsure = probe.whole and len(probe.lines) < PROBE_LINES
        importer = best_importer(probe)
        if importer is None or not importer.by_line or importer.id == self.trace.importer.id:
            return None
        made = self._anew(now)
        self._begin(alone=len(made.traces) == 1)
        return made

    def _followed(self, now: Seen) -> TailChange | None:
        """Read on with what the format keeps of the file; None when it keeps nothing."""
        if self._following is None or now.size > MOST:
            return None
        found = self._following.read_on()
        if found is None or not found.trajectories:
            self._following = None if found is None else self._following
            return None
        if found.continued and not found.read_bytes:
            for source in found.sources:
                if source not in self.trace.files:
                    source.close()
            return TailChange("unchanged")
        importer, shared = self.trace.importer, SharedSources(found.sources)
        traces = tuple(OpenTrace(one, importer, shared) for one in found.trajectories)
        before = self.trace.trajectory
        self.trace = next((one for one in traces if one.trajectory.id == before.id), traces[0])
        first = _first_other(before.steps, self.trace.trajectory.steps)
        if not found.continued:
            return TailChange("replaced", traces, 0, found.read_bytes)
        return TailChange("grown", traces, first, found.read_bytes)

    def _grown(self) -> TailChange | None:
        """Read on where the trace ends; None when that cannot be done."""
        source = SourceBytes(self.path)
        made: TailChange | None = None
        try:
            if source.continues(self.trace.files[0]):
                made = self._continued(source)
        finally:
            if made is None or not made.traces:
                source.close()
        return made

    def _continued(self, source: SourceBytes) -> TailChange | None:
        importer, one = self.trace.importer, self.trace.trajectory
        if self._position is None:
            end = self.trace.files[0].length
            self._position = settled_position(importer, one, source.data)
            known = read_part(importer, source, self._position, end - self._position.offset)
            if known is None:
                return None
            whole_then = _without_torn_end(one, self._position.offset, end)
            self._base = _sums(whole_then).less(_sums_of(known))
        steps, events, read = list(one.steps), list(one.skill_events), 0
        while True:
            part = next_part(importer, source, self._position, _PART)
            if part is None:
                return None
            read += part.end - part.start.offset
            del steps[part.start.steps :]
            steps += part.steps
            events = [event for event in events if event.step < part.start.steps]
            events += part.events
            whole = self._base.plus(_sums_of(part))
            if part.after.offset > part.start.offset:
                rest = read_part(importer, source, part.after, part.end - part.after.offset)
                if rest is None and part.end > part.after.offset:
                    return None
                self._base = whole.less(_sums_of(rest)) if rest is not None else whole
            self._position = part.after
            if part.end == part.start.offset or part.end >= source.data.rfind(b"\n") + 1:
                break
        first = _first_other(one.steps, steps)
        if first == len(one.steps) == len(steps):
            return TailChange("unchanged", read_bytes=read)
        made = _continuation(one, part, whole)
        made = replace(
            made, sources=(source.info(),), steps=tuple(steps), skill_events=tuple(events)
        )
        self.trace = OpenTrace(made, importer, SharedSources([source]))
        return TailChange("grown", (self.trace,), first, read)

    def _anew(self, now: Seen) -> TailChange:
        begun = time.monotonic()
        before = self.trace.trajectory
        if before.converted_from and len(before.sources) > 1:
            raise TraceError(f"{self.path} changed since a plugin read it. Open it again.")
        if before.skipped or now.size > MOST:
            end = open_from(self.path, before.skipped) if before.skipped < now.size else None
            traces: tuple[OpenTrace, ...] = (end,) if end is not None else ()
        else:
            traces = open_traces(self.path)
        if not traces:
            raise TraceError(f"{self.path} was replaced by another file. Open it again.")
        took = time.monotonic() - begun
        self._rest_until = time.monotonic() + _REST * took if took > _QUICK_SECONDS else 0.0
        self._position = None
        self.trace = next((one for one in traces if one.trajectory.id == before.id), traces[0])
        after = self.trace.trajectory
        uids = [step.uid for step in before.steps]
        same = before.id == after.id and uids == [step.uid for step in after.steps[: len(uids)]]
        first = _first_other(before.steps, after.steps)
        same = same and (first > 0 or not uids)
        return TailChange("grown" if same else "replaced", traces, first if same else 0, now.size)


class _Sums(Struct, frozen=True):
    """What can be added up over the parts of a log."""

    messages: int = 0
    tool_calls: int = 0
    errors: int = 0
    totals: Metrics = Metrics()
    loss: Loss = Loss()

    def plus(self, other: _Sums, sign: int = 1) -> _Sums:
        """Return both together."""
        totals: dict[str, Any] = {
            name: _add(getattr(self.totals, name), getattr(other.totals, name), sign)
            for name in Metrics.__struct_fields__
        }
        return _Sums(
            self.messages + sign * other.messages,
            self.tool_calls + sign * other.tool_calls,
            self.errors + sign * other.errors,
            Metrics(**totals),
            _loss(self.loss, other.loss, sign),
        )

    def less(self, other: _Sums) -> _Sums:
        """Return what is left without the other, which is a part of it."""
        return self.plus(other, -1)


def _sums(one: Trajectory) -> _Sums:
    return _Sums(one.messages, one.tool_calls, one.errors, one.totals, one.loss)


def _sums_of(part: Part) -> _Sums:
    """Return what a part holds, damaged lines at their places in the file."""
    found, start = _sums(part.trajectory), part.start
    if start.offset <= start.head:
        return found
    shift = start.offset - start.head
    unparsed = tuple(
        replace(span, offset=span.offset + shift) if span.offset >= start.head else span
        for span in found.loss.unparsed
    )
    return replace(found, loss=replace(found.loss, unparsed=unparsed))


def _without_torn_end(one: Trajectory, settled: int, end: int) -> Trajectory:
    """Return the trajectory without a last line that was torn: it will be whole, or is by now."""
    loss = one.loss
    torn = [
        span
        for span in loss.unparsed
        if settled <= span.offset and span.offset + span.length >= end
    ]
    if not torn:
        return one
    kept = tuple(span for span in loss.unparsed if span not in torn)
    return replace(one, loss=replace(loss, lines=loss.lines - len(torn), unparsed=kept))


def _add(one: float | None, other: float | None, sign: int) -> float | None:
    if other is None:
        return one
    return max(0, (one or 0) + sign * other)


def _loss(one: Loss, other: Loss, sign: int) -> Loss:
    unparsed = (
        (*one.unparsed, *other.unparsed)
        if sign > 0
        else tuple(span for span in one.unparsed if span not in other.unparsed)
    )
    return Loss(
        lines=one.lines + sign * other.lines,
        mapped=one.mapped + sign * other.mapped,
        attached=one.attached + sign * other.attached,
        duplicate=one.duplicate + sign * other.duplicate,
        ignored=_entries(one.ignored, other.ignored, sign),
        unparsed=unparsed,
        lost_fields=_entries(one.lost_fields, other.lost_fields, sign),
    )


def _entries(
    one: tuple[LossEntry, ...], other: tuple[LossEntry, ...], sign: int
) -> tuple[LossEntry, ...]:
    counts = {entry.kind: entry.count for entry in one}
    for entry in other:
        counts[entry.kind] = counts.get(entry.kind, 0) + sign * entry.count
    return tuple(LossEntry(kind, count) for kind, count in counts.items() if count > 0)


def _continuation(one: Trajectory, part: Part, sums: _Sums) -> Trajectory:
    """Return the trajectory with what the last part and the sums say of all of it."""
    last = part.trajectory
    decided = last.outcome.status != "unknown" or bool(last.outcome.reason)
    retitled = bool(last.title) and (not one.title or last.title_weight > one.title_weight)
    return replace(
        one,
        totals=sums.totals,
        loss=sums.loss,
        messages=sums.messages,
        tool_calls=sums.tool_calls,
        errors=sums.errors,
        format_version=last.format_version or one.format_version,
        model=one.model or last.model,
        started=one.started or last.started,
        ended=max((t for t in (one.ended, last.ended) if t), default=None),
        outcome=last.outcome if decided else one.outcome,
        title=last.title if retitled else one.title,
        title_weight=last.title_weight if retitled else one.title_weight,
    )


def _first_other(before: Sequence[Step], after: Sequence[Step]) -> int:
    """Return the first step that is not as it was; looks from the end, most are the same ones."""
    most = min(len(before), len(after))
    at = most
    while at and before[at - 1] is not after[at - 1]:
        at -= 1
    while at < most and before[at] == after[at]:
        at += 1
    return at


def _as_opened(trace: OpenTrace, path: Path) -> Seen:
    info = next(
        (file.info() for file in trace.files if str(file.path) == str(path)),
        trace.files[0].info(),
    )
    return Seen(str(path), info.size, info.mtime_ns, info.inode)
