"""A trajectory as our own JSON lines: for other programs, for plugins, and to be read back.

``formats.skill_workbench`` reads it; the values of the lines are in ``domain.trace_lines``, their
schemas in ``resources/schemas``. Nothing the model holds is left out; only a lone surrogate, which
no UTF-8 can carry, becomes U+FFFD.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path, PurePath
from typing import Final

import msgspec

from workbench.domain.trace_lines import (
    TraceCall,
    TraceHeader,
    TraceLoss,
    TraceOrigin,
    TraceSkillEvent,
    TraceStep,
    TraceUnparsed,
)
from workbench.domain.trajectory import (
    ByteSpan,
    LossEntry,
    Score,
    SkillEvent,
    Step,
    ToolBody,
    ToolCall,
    Trajectory,
)
from workbench.traces.export_file import ExportStopped, Stopped, Told, never, new_file, untold
from workbench.traces.importer import TraceError
from workbench.traces.open import OpenTrace

#: A quote that shows a skill event is cut there; a listing of skills can fill a screen.
_QUOTED: Final = 2000
#: So many records that nobody understood are quoted; the others are places alone.
_QUOTED_RECORDS: Final = 200
_encode: Final = msgspec.json.Encoder().encode

#: Makes a text shorter, and says whether it did.
Shorten = Callable[[str], tuple[str, bool]]


def export_jsonl(
    trace: OpenTrace, out: Path, *, progress: Told = untold, stopped: Stopped = never
) -> bool:
    """Write a trajectory and its subagents' to a file, replacing one of that name.

    Args:
        trace: open; it stays open.
        out: the file.
        progress: told how much is done, 0..1.
        stopped: asked between steps; when true nothing is written.

    Returns:
        False when it was stopped.

    Raises:
        TraceError: the trace changed on disk, or the file cannot be written.
    """
    try:
        with new_file(out) as file:
            for line in json_lines(trace, progress=progress, stopped=stopped):
                file.write(line)
    except ExportStopped:
        return False
    return True


def json_lines(
    trace: OpenTrace, *, progress: Told = untold, stopped: Stopped = never
) -> Iterator[bytes]:
    """Yield the lines of a trajectory, then those of its subagents.

    Raises:
        TraceError: the trace changed on disk.
        ExportStopped: ``stopped`` said so.
    """
    count, done = _steps(trace.trajectory), 0
    for depth, one in _family(trace, 0):
        yield _encode(header_of(one, one.trajectory.id, depth=depth)) + b"\n"
        for step in step_lines(one):
            if stopped():
                raise ExportStopped
            yield _encode(step) + b"\n"
            done += 1
            progress(done / count)


def _family(trace: OpenTrace, depth: int) -> Iterator[tuple[int, OpenTrace]]:
    yield depth, trace
    for child in trace.children:
        yield from _family(child, depth + 1)


def _steps(trajectory: Trajectory) -> int:
    return len(trajectory.steps) + sum(_steps(child) for child in trajectory.children)


def header_of(trace: OpenTrace, trace_id: str, *, depth: int = 0) -> TraceHeader:
    """Return the first line of a trajectory. Of its files only names: a path names its user."""
    trajectory = trace.trajectory
    outcome = trajectory.outcome
    listed = dict.fromkeys(e.skill for e in trajectory.skill_events if e.kind == "listed")
    loaded = dict.fromkeys(e.skill for e in trajectory.skill_events if e.kind == "loaded")
    return TraceHeader(
        id=clean(trace_id),
        format=trajectory.converted_from or trajectory.format,
        agent=_clean(trajectory.agent),
        model=_clean(trajectory.model),
        # Only a run log names the task; the title of a session is what a person typed.
        task=_clean(trajectory.title) or None if trajectory.format == "run-log" else None,
        title=clean(trajectory.title),
        outcome=outcome.status,
        reward=outcome.reward,
        skills_listed=tuple(clean(name) for name in listed),
        skills_loaded=tuple(clean(name) for name in loaded),
        steps=len(trajectory.steps),
        depth=depth,
        format_version=_clean(trajectory.format_version),
        session=_clean(trajectory.session),
        parent=_clean(trajectory.parent),
        cwd=_clean(trajectory.cwd),
        started=_clean(trajectory.started),
        ended=_clean(trajectory.ended),
        complete=trajectory.complete,
        title_weight=trajectory.title_weight,
        messages=trajectory.messages,
        tool_calls=trajectory.tool_calls,
        errors=trajectory.errors,
        totals=trajectory.totals,
        outcome_reason=clean(outcome.reason),
        tests_passed=outcome.tests_passed,
        tests_total=outcome.tests_total,
        scores=tuple(Score(clean(one.name), one.value, clean(one.text)) for one in outcome.scores),
        skipped=trajectory.skipped,
        loss=_loss(trace),
        sources=tuple(
            TraceOrigin(clean(PurePath(one.path).name), one.size, one.mtime_ns, one.sha256)
            for one in trajectory.sources
        ),
    )


def step_lines(trace: OpenTrace, shorten: Shorten | None = None) -> Iterator[TraceStep]:
    """Yield the steps of a trajectory with their texts.

    ``shorten`` is asked for each text and each argument; without it nothing is cut.

    Raises:
        TraceError: the trace changed on disk.
    """
    shorten = shorten or _whole
    events: dict[int, list[SkillEvent]] = {}
    for event in trace.trajectory.skill_events:
        events.setdefault(event.step, []).append(event)
    before: str | None = None
    for step in trace.trajectory.steps:
        body = trace.body(step.index)
        text, cut = shorten(clean(body.text))
        reasoning, cut_reasoning = shorten(clean(body.reasoning))
        bodies = {call.id: call for call in body.tool_calls}
        yield TraceStep(
            index=step.index,
            uid=clean(step.uid),
            kind=step.kind,
            text=text,
            turn=step.turn,
            time=_clean(step.time),
            calls=tuple(_call(call, bodies.get(call.id), shorten) for call in step.tool_calls),
            flags=_flags(step, cut=cut or cut_reasoning),
            reasoning=reasoning,
            preview=clean(step.preview),
            label=clean(step.label),
            model=_clean(step.model),
            parent=None if step.parent_uid == before else clean(step.parent_uid or ""),
            metrics=step.metrics,
            media=tuple(clean(one) for one in body.media),
            notes=tuple(clean(one) for one in body.notes),
            skill_events=tuple(_event(trace, one) for one in events.get(step.index, ())),
            raw=step.raw,
        )
        before = step.uid


def clean(text: str) -> str:
    """Replace lone surrogates, which UTF-8 cannot hold, by U+FFFD."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return text


def _clean(text: str | None) -> str | None:
    return None if text is None else clean(text)


def _whole(text: str) -> tuple[str, bool]:
    return text, False


def _call(call: ToolCall, body: ToolBody | None, shorten: Shorten) -> TraceCall:
    observation: str | None = None
    cut = False
    if body is not None and body.observation is not None:
        observation, cut = shorten(clean(body.observation))
    arguments, cut_arguments = _arguments(clean(body.arguments) if body else "", shorten)
    return TraceCall(
        id=clean(call.id),
        name=clean(call.name),
        argument=clean(call.argument),
        arguments=arguments,
        status=call.status,
        exit_code=call.exit_code if body is None or body.exit_code is None else body.exit_code,
        observation=observation,
        truncated=cut or cut_arguments,
        duration_s=call.duration_s,
        sub=_clean(call.sub),
        files=tuple(clean(one) for one in call.files),
        media=tuple(clean(one) for one in body.media) if body else (),
        result=call.result,
    )


def _arguments(text: str, shorten: Shorten) -> tuple[str, bool]:
    """Shorten the strings in JSON arguments, so that what is left is still JSON."""
    short, cut = shorten(text)
    if not cut:
        return text, False
    try:
        value = msgspec.json.decode(text)
    except (msgspec.DecodeError, RecursionError):
        return short, True
    return _encode(_shortened_strings(value, shorten)).decode(), True


def _shortened_strings(value: object, shorten: Shorten) -> object:
    if isinstance(value, str):
        return shorten(value)[0]
    if isinstance(value, list):
        return [_shortened_strings(one, shorten) for one in value]
    if isinstance(value, dict):
        return {key: _shortened_strings(one, shorten) for key, one in value.items()}
    return value


def _flags(step: Step, *, cut: bool) -> tuple[str, ...]:
    flags = tuple(clean(flag) for flag in step.flags)
    return (*flags, "truncated") if cut and "truncated" not in flags else flags


def _event(trace: OpenTrace, event: SkillEvent) -> TraceSkillEvent:
    return TraceSkillEvent(
        skill=clean(event.skill),
        kind=event.kind,
        trigger=event.trigger,
        confidence=event.confidence,
        path=_clean(event.path),
        detail=clean(event.detail),
        quote=_quoted(trace, event.evidence),
        raw=event.evidence,
    )


def _quoted(trace: OpenTrace, span: ByteSpan) -> str:
    """Return the text at a place, cut; nothing when it is not there any more."""
    begin = ByteSpan(span.source, span.offset, min(span.length, _QUOTED * 8), span.layers)
    try:
        return clean(trace.text(begin))[:_QUOTED]
    except TraceError:
        return ""


def _loss(trace: OpenTrace) -> TraceLoss:
    loss = trace.trajectory.loss
    return TraceLoss(
        lines=loss.lines,
        mapped=loss.mapped,
        attached=loss.attached,
        duplicate=loss.duplicate,
        ignored=_entries(loss.ignored),
        unparsed=tuple(
            TraceUnparsed(
                span.source,
                span.offset,
                span.length,
                _quoted(trace, span) if number < _QUOTED_RECORDS else "",
            )
            for number, span in enumerate(loss.unparsed)
        ),
        lost_fields=_entries(loss.lost_fields),
    )


def _entries(entries: tuple[LossEntry, ...]) -> tuple[LossEntry, ...]:
    return tuple(LossEntry(clean(entry.kind), entry.count) for entry in entries)
