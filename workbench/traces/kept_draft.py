"""A draft that is asked again and again what it is: only what changed since is made anew.

A session that is written to has tens of thousands of steps of which two changed. Records that make
earlier ones void go back to a mark: what was taken since is taken back.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Any, Final

from msgspec import Struct

from workbench.domain.trajectory import (
    ByteSpan,
    Metrics,
    Step,
    StepKind,
    TraceSource,
    Trajectory,
)
from workbench.traces.draft import COPIED, CallDraft, StepDraft, TrajectoryDraft
from workbench.traces.metric_sums import MetricSums

_STEP_FIELDS: Final = ("preview", "time", "model", "metrics", "label", "turn")
_CALL_FIELDS: Final = ("status", "exit_code", "duration_s", "sub", "argument", "files")


class DraftMark(Struct, frozen=True):
    """How far a draft was: lengths of what only grows, copies of what is counted."""

    steps: int
    uids: int
    call_ids: int
    saved: int
    turn: int
    errors: int
    messages: int
    loss: tuple[int, int, int, int]
    ignored: dict[str, int]
    lost_fields: dict[str, int]


class _Saved(Struct, frozen=True):
    """A step as it was at a mark, before a later record changed it."""

    step: StepDraft
    fields: tuple[Any, ...]
    raw: tuple[ByteSpan, ...]
    flags: tuple[str, ...]
    calls: tuple[tuple[CallDraft, tuple[Any, ...], tuple[ByteSpan, ...]], ...]


class KeptDraft(TrajectoryDraft):
    """Whoever changes a step or a call that is there already says so before (``touch``)."""

    def __init__(self, format_id: str, trajectory_id: str) -> None:
        super().__init__(format_id, trajectory_id)
        self._changed: set[int] = set()
        self._kept: list[Step] = []
        #: Of each kept step: its calls and how many of them failed, none for a copied one.
        self._counts: list[tuple[int, int]] = []
        self._tool_calls = self._failed = 0
        self._sums = MetricSums()
        self._uid_log: list[str] = []
        self._call_log: list[str] = []
        self._step_of: dict[str, int] = {}
        self._marked = 0
        self._saved: list[_Saved] = []

    def step(self, kind: StepKind, span: ByteSpan, uid: str, **fields: Any) -> StepDraft:
        """Append a step; see ``TrajectoryDraft``."""
        made = super().step(kind, span, uid, **fields)
        self._uid_log += (uid,) if made.uid == uid else (uid, made.uid)
        self._changed.add(made.index)
        return made

    def call(self, step: StepDraft, native: str | None, name: str, **fields: Any) -> CallDraft:
        """Append a tool call to a step."""
        self.touch(step.index)
        made = super().call(step, native, name, **fields)
        recorded = made.native
        self._call_log += (recorded,) if made.id == recorded else (recorded, made.id)
        self._step_of[made.id] = step.index
        return made

    def touch(self, index: int) -> None:
        """Say that the step of that index is about to change."""
        if index < self._marked:
            self._saved.append(_saved(self.steps[index]))
        self._changed.add(index)

    def touch_call(self, call: CallDraft) -> None:
        """Say that a call is about to change."""
        index = self._step_of.get(call.id)
        if index is not None:
            self.touch(index)

    def mark(self) -> DraftMark:
        """Return how far the draft is, for ``back``."""
        loss = self.loss
        self._marked = len(self.steps)
        return DraftMark(
            len(self.steps),
            len(self._uid_log),
            len(self._call_log),
            len(self._saved),
            self.turn,
            self.errors,
            self.messages,
            (loss.mapped, loss.attached, loss.duplicate, len(loss.unparsed)),
            dict(loss.ignored),
            dict(loss.lost_fields),
        )

    def back(self, mark: DraftMark) -> None:
        """Take back what came after a mark; marks after it are void."""
        while len(self._saved) > mark.saved:
            _restore(saved := self._saved.pop())
            self._changed.add(saved.step.index)
        for step in self.steps[mark.steps :]:
            for call in step.calls:
                self._step_of.pop(call.id, None)
        del self.steps[mark.steps :]
        _uncount(self._uids, self._uid_log, mark.uids)
        _uncount(self._call_ids, self._call_log, mark.call_ids)
        self._cut(mark.steps)
        self._changed = {index for index in self._changed if index < mark.steps}
        self._marked = mark.steps
        self.turn, self.errors, self.messages = mark.turn, mark.errors, mark.messages
        loss = self.loss
        loss.mapped, loss.attached, loss.duplicate, unparsed = mark.loss
        del loss.unparsed[unparsed:]
        loss.ignored, loss.lost_fields = Counter(mark.ignored), Counter(mark.lost_fields)

    def totals(self) -> Metrics:
        """Add the metrics of all steps up; a field that none of them has stays None."""
        self._renew()
        return self._sums.totals()

    def made(self, sources: Iterable[TraceSource], totals: Metrics, **fields: Any) -> Trajectory:
        """Return the trajectory as it is by now; steps that did not change are the same values."""
        self._renew()
        return Trajectory(
            id=self.id,
            format=self.format,
            sources=tuple(sources),
            steps=tuple(self._kept),
            totals=totals,
            loss=self.loss.made(),
            messages=self.messages,
            tool_calls=self._tool_calls,
            errors=self.errors + self._failed,
            skill_events=tuple(self.skill_events),
            **fields,
        )

    def _renew(self) -> None:
        steps, kept = self.steps, self._kept
        for index in sorted(self._changed):
            draft = steps[index]
            made = draft.made(steps[index - 1].uid if index else None)
            if index == len(kept):
                kept.append(made)
                self._counts.append((0, 0))
            elif kept[index] == made:
                continue
            kept[index] = made
            copied = COPIED in draft.flags
            calls = 0 if copied else len(draft.calls)
            failed = 0 if copied else sum(call.status == "error" for call in draft.calls)
            self._tally(index, (calls, failed))
            self._sums.put(index, None if copied else made.metrics)
        self._changed.clear()

    def _tally(self, index: int, counts: tuple[int, int]) -> None:
        self._tool_calls += counts[0] - self._counts[index][0]
        self._failed += counts[1] - self._counts[index][1]
        self._counts[index] = counts

    def _cut(self, count: int) -> None:
        for index in range(count, len(self._kept)):
            self._tally(index, (0, 0))
        del self._kept[count:]
        del self._counts[count:]
        self._sums.cut(count)


def _saved(step: StepDraft) -> _Saved:
    return _Saved(
        step,
        tuple(getattr(step, name) for name in _STEP_FIELDS),
        tuple(step.raw),
        tuple(step.flags),
        tuple(
            (call, tuple(getattr(call, name) for name in _CALL_FIELDS), tuple(call.result))
            for call in step.calls
        ),
    )


def _restore(saved: _Saved) -> None:
    step = saved.step
    for name, value in zip(_STEP_FIELDS, saved.fields, strict=True):
        setattr(step, name, value)
    step.raw, step.flags = list(saved.raw), list(saved.flags)
    step.calls = [call for call, _, _ in saved.calls]
    for call, fields, result in saved.calls:
        for name, value in zip(_CALL_FIELDS, fields, strict=True):
            setattr(call, name, value)
        call.result = list(result)


def _uncount(counts: Counter[str], log: list[str], length: int) -> None:
    """Take names out of a count, those first that came last."""
    while len(log) > length:
        name = log.pop()
        counts[name] -= 1
        if not counts[name]:
            del counts[name]
