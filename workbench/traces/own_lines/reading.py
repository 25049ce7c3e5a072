"""One trajectory of our JSON lines while it is read."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any, Final, cast, get_args

import msgspec

from workbench.domain.trace_lines import (
    TraceCall,
    TraceHeader,
    TraceLoss,
    TraceSkillEvent,
    TraceStep,
)
from workbench.domain.trajectory import (
    ByteSpan,
    CallStatus,
    Confidence,
    Loss,
    LossEntry,
    Outcome,
    OutcomeStatus,
    SkillEvent,
    SkillEventKind,
    SkillTrigger,
    Step,
    StepKind,
    ToolCall,
    Trajectory,
)
from workbench.traces.draft import COPIED, LossDraft, record_uid
from workbench.traces.escapes import text_of
from workbench.traces.json_nodes import Node
from workbench.traces.json_values import one_line
from workbench.traces.metric_sums import MetricSums
from workbench.traces.source import SourceBytes

_KINDS: Final = frozenset(get_args(StepKind))
_STATUSES: Final = frozenset(get_args(CallStatus))
_OUTCOMES: Final = frozenset(get_args(OutcomeStatus))
_SKILL_KINDS: Final = frozenset(get_args(SkillEventKind))
_TRIGGERS: Final = frozenset(get_args(SkillTrigger))
_CONFIDENCES: Final = frozenset(get_args(Confidence))
#: In a string of JSON no quote stands without a backslash: this is a key.
_OBSERVED: Final = re.compile(
    rb'(?<!\\)"observation"\s*:\s*(?P<value>null|"(?:[^"\\]++|\\.)*+")', re.DOTALL
)
_step: Final = msgspec.json.Decoder(TraceStep)


class Reader:
    """Takes the lines after a header and makes the trajectory."""

    def __init__(
        self,
        format_id: str,
        header: TraceHeader | None,
        line: bytes,
        span: ByteSpan,
        sources: Sequence[SourceBytes],
    ) -> None:
        """Begin one.

        Args:
            format_id: the importer's.
            header: None when a file begins without one.
            line: its bytes.
            span: where they are.
            sources: the last one is ours, those before it are the originals.
        """
        self._format = format_id
        self._header = header or _nameless()
        self._head = (line, span)
        self._lengths = [source.length for source in sources[:-1]]
        self._steps: list[Step] = []
        self._events: list[SkillEvent] = []
        self._uids: set[str] = set()
        self._call_ids: set[str] = set()
        self._own = LossDraft()
        self._torn = False
        #: Of the steps that are no copies: how many, their calls, and those that failed.
        self._counted = self._asked = self._failed = 0
        self._sums = MetricSums()

    @property
    def depth(self) -> int:
        """How deep below a trajectory of its own."""
        return max(0, self._header.depth)

    def line(self, line: bytes, span: ByteSpan) -> None:
        """Take the line of a step; any other is shown as it is, and counted."""
        self._torn = False
        try:
            told = _step.decode(line)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            self._odd(line, span)
            return
        if told.kind not in _KINDS:
            self._odd(line, span, one_line(f"kind {told.kind}", 80))
            return
        self._own.mapped += 1
        node = Node.of(line)
        index = len(self._steps)
        self._steps.append(
            Step(
                index=index,
                uid=_free(self._uids, told.uid or record_uid(line)),
                kind=cast("StepKind", told.kind),
                preview=_preview(told),
                raw=(*self._places(told.raw), span),
                turn=told.turn,
                time=told.time,
                model=told.model,
                parent_uid=self._parent(told.parent),
                tool_calls=tuple(self._calls(told.calls, node, span)),
                metrics=told.metrics,
                flags=told.flags,
                label=told.label,
            )
        )
        self._events += self._skill_events(told.skill_events, node, span, index)
        self._count(self._steps[-1])

    def _count(self, step: Step) -> None:
        copied = COPIED in step.flags
        self._sums.put(step.index, None if copied else step.metrics)
        if not copied:
            self._counted += 1
            self._asked += len(step.tool_calls)
            self._failed += sum(call.status == "error" for call in step.tool_calls)

    def made(self, sources: Sequence[SourceBytes]) -> Trajectory:
        """Return the trajectory as it is by now, without its children."""
        header, steps = self._header, self._steps
        counts = header.messages is not None
        begun = next((step.time for step in steps if step.time), None)
        ended = next((step.time for step in reversed(steps) if step.time), None)
        asked = next((step.preview for step in steps if step.kind == "user"), "")
        return Trajectory(
            id=header.id,
            format=self._format,
            format_version=header.format_version,
            agent=header.agent,
            model=header.model,
            sources=tuple(source.info() for source in sources),
            steps=tuple(steps),
            totals=header.totals or self._sums.totals(),
            loss=self._loss(),
            session=header.session,
            title=header.title or ("" if counts else asked),
            cwd=header.cwd,
            started=header.started or (None if counts else begun),
            ended=header.ended or (None if counts else ended),
            messages=_known(header.messages, self._counted),
            tool_calls=_known(header.tool_calls, self._asked),
            errors=_known(header.errors, self._failed),
            outcome=_outcome(header),
            skill_events=tuple(self._events),
            parent=header.parent,
            title_weight=header.title_weight,
            skipped=header.skipped,
            complete=header.complete and not self._torn and sources[-1].whole,
            converted_from=header.format or None,
        )

    def _odd(self, line: bytes, span: ByteSpan, kind: str = "") -> None:
        """Keep a line that is no step of ours: as an event when it is JSON, else in the ledger."""
        try:
            msgspec.json.decode(line, type=msgspec.Raw)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            self._own.unparsed.append(span)
            self._torn = True
            return
        self._own.left_out(kind or "a line of another shape")
        self._steps.append(
            Step(
                index=len(self._steps),
                uid=_free(self._uids, record_uid(line)),
                kind="event",
                preview=one_line(text_of(line[:2000])),
                raw=(span,),
                turn=self._steps[-1].turn if self._steps else 0,
                parent_uid=self._parent(None),
                label=kind or "a line of another shape",
            )
        )
        self._count(self._steps[-1])

    def _parent(self, told: str | None) -> str | None:
        if told is None:
            return self._steps[-1].uid if self._steps else None
        return told or None

    def _places(self, told: Sequence[ByteSpan]) -> Iterator[ByteSpan]:
        """Yield the places that lie in an original that is there."""
        for one in told:
            if (
                0 <= one.source < len(self._lengths)
                and one.offset >= 0
                and one.length > 0
                and one.offset + one.length <= self._lengths[one.source]
                and 0 <= one.layers <= 3
            ):
                yield one

    def _calls(self, told: Sequence[TraceCall], node: Node, span: ByteSpan) -> Iterator[ToolCall]:
        for one, seen in zip(told, _seen(told, node), strict=False):
            result = () if seen is None else (_moved(seen, span),)
            status = one.status if one.status in _STATUSES else ("ok" if result else "missing")
            yield ToolCall(
                id=_free(self._call_ids, one.id or f"call-{len(self._call_ids) + 1}"),
                name=one.name,
                argument=one.argument,
                status=cast("CallStatus", status),
                exit_code=one.exit_code,
                duration_s=one.duration_s,
                result=(*self._places(one.result), *result),
                sub=one.sub,
                files=one.files,
            )

    def _skill_events(
        self, told: Sequence[TraceSkillEvent], node: Node, span: ByteSpan, index: int
    ) -> Iterator[SkillEvent]:
        nodes = node.get("skill_events") if told else None
        for one, at in zip(told, nodes.each() if nodes is not None else (), strict=False):
            if one.kind not in _SKILL_KINDS:
                self._own.lost_fields[one_line(f"skill event {one.kind}", 80)] += 1
                continue
            quote = at.get("quote") if one.quote else None
            place = next(self._places((one.raw,) if one.raw is not None else ()), None)
            yield SkillEvent(
                skill=one.skill,
                kind=cast("SkillEventKind", one.kind),
                trigger=cast("Any", one.trigger if one.trigger in _TRIGGERS else "unknown"),
                step=index,
                evidence=place or _moved(_inside(quote) if quote is not None else at.span(), span),
                confidence=cast(
                    "Any", one.confidence if one.confidence in _CONFIDENCES else "weak"
                ),
                path=one.path,
                detail=one.detail,
            )

    def _loss(self) -> Loss:
        """Return the ledger of the original, with what of our own lines was not understood."""
        own, told = self._own.made(), self._header.loss
        if told is None:
            return own
        return Loss(
            lines=told.lines + own.lines - own.mapped,
            mapped=told.mapped,
            attached=told.attached,
            duplicate=told.duplicate,
            ignored=_joined(told.ignored, own.ignored),
            unparsed=(*self._unparsed(told), *own.unparsed),
            lost_fields=_joined(told.lost_fields, own.lost_fields),
        )

    def _unparsed(self, told: TraceLoss) -> Iterator[ByteSpan]:
        """Yield where each record that nobody understood is, or is quoted in the header."""
        if not told.unparsed:
            return
        line, span = self._head
        nodes = Node.of(line).get("loss", "unparsed")
        for one, at in zip(told.unparsed, nodes.each() if nodes is not None else (), strict=False):
            place = next(self._places((ByteSpan(one.source, one.offset, one.length),)), None)
            quote = at.get("text") if one.text else None
            yield place or _moved(_inside(quote) if quote is not None else at.span(), span)


def _seen(told: Sequence[TraceCall], node: Node) -> list[ByteSpan | None]:
    """Return where in a line the observation of each call is, None where there is none.

    A key that is nowhere else can be searched for, which is many times faster than reading the
    line a second time.
    """
    found = list(_OBSERVED.finditer(node.data)) if told else []
    if len(found) == len(told):
        spans = [
            None if match["value"] == b"null" else ByteSpan(0, match.start("value"), len(match[1]))
            for match in found
        ]
        if all(
            (span is None) == (call.observation is None and not call.media and not call.result)
            for call, span in zip(told, spans, strict=True)
        ):
            return spans
    nodes = node.get("calls")
    return [
        _observation(call, at)
        for call, at in zip(told, nodes.each() if nodes else (), strict=False)
    ]


def _observation(call: TraceCall, node: Node) -> ByteSpan | None:
    """Return what of a call's node its observation is; the call, when only media are told."""
    seen = node.get("observation")
    if seen is None and (call.media or call.result):
        seen = node
    return None if seen is None else seen.span()


def _nameless() -> TraceHeader:
    return TraceHeader("trajectory", "", None, None, None, "", "unknown", None)


def _preview(told: TraceStep) -> str:
    if told.preview is not None:
        return told.preview
    named = next((f"{call.name}: {call.argument}" for call in told.calls), "")
    return one_line(told.text) or one_line(told.reasoning) or one_line(named)


def _outcome(header: TraceHeader) -> Outcome:
    status = header.outcome if header.outcome in _OUTCOMES else "unknown"
    return Outcome(
        status=cast("OutcomeStatus", status),
        reward=header.reward,
        tests_passed=header.tests_passed,
        tests_total=header.tests_total,
        reason=header.outcome_reason,
        scores=header.scores,
    )


def _known(told: int | None, counted: int) -> int:
    return counted if told is None else told


def _inside(node: Node) -> ByteSpan:
    """Return the inside of a string."""
    span = node.span()
    return ByteSpan(span.source, span.offset + 1, max(0, span.length - 2), 1)


def _moved(span: ByteSpan, line: ByteSpan) -> ByteSpan:
    """Return a place in a line as one in the file."""
    return ByteSpan(line.source, line.offset + span.offset, span.length, span.layers)


def _joined(*entries: tuple[LossEntry, ...]) -> tuple[LossEntry, ...]:
    found: dict[str, int] = {}
    for entry in (one for some in entries for one in some):
        found[entry.kind] = found.get(entry.kind, 0) + entry.count
    return tuple(LossEntry(kind, count) for kind, count in found.items())


def _free(taken: set[str], name: str) -> str:
    """Return the name, with a number when it is taken."""
    made, number = name, 1
    while made in taken:
        number += 1
        made = f"{name}#{number}"
    taken.add(made)
    return made
