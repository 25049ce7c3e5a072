"""Open traces as the JSON lines a plugin reads: one header, then a line a step."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path, PurePath

import msgspec

from workbench.domain.job import TraceCall, TraceHeader, TraceStep
from workbench.domain.trajectory import Step, ToolBody, ToolCall, Trajectory
from workbench.files import sha256
from workbench.traces.open import OpenTrace

#: Longer texts are cut in the middle; errors stand at the beginning or the end.
KEPT_HEAD = 20_000
KEPT_TAIL = 20_000
_encoder = msgspec.json.Encoder()


def with_children(traces: Sequence[OpenTrace]) -> tuple[OpenTrace, ...]:
    """Return the traces and all their subagents'; the children are to be closed by the caller."""
    found: list[OpenTrace] = []
    pending = list(traces)
    while pending:
        trace = pending.pop(0)
        found.append(trace)
        pending += trace.children
    return tuple(found)


def trace_ids(traces: Sequence[OpenTrace]) -> list[str]:
    """Return an id for each trace: its file's name and its own id, the same in any order.

    Folders are put before the name as far as needed to tell files apart.
    """
    paths = sorted({str(trace.path) for trace in traces})
    names = _shortest_names(paths)
    ids = [f"{names[str(trace.path)]}#{trace.trajectory.id}" for trace in traces]
    twins = {one for one, count in Counter(ids).items() if count > 1}
    if not twins:
        return ids
    # Two trajectories of one id in one file: their first step tells them apart.
    return [
        f"{one}~{sha256(_encoder.encode(trace.trajectory.steps[:1]))[:6]}" if one in twins else one
        for one, trace in zip(ids, traces, strict=True)
    ]


def write_trace(
    trace: OpenTrace, trace_id: str, path: Path, cancelled: Callable[[], bool] = lambda: False
) -> None:
    """Write one trace.

    Raises:
        TraceError: the trace cannot be read any more.
        OSError: the file cannot be written.
    """
    with path.open("wb") as stream:
        stream.write(_encoder.encode(header_of(trace.trajectory, trace_id)) + b"\n")
        for step in step_lines(trace):
            if cancelled():
                return
            stream.write(_encoder.encode(step) + b"\n")


def header_of(trajectory: Trajectory, trace_id: str) -> TraceHeader:
    """Return the first line of a trace."""
    listed = dict.fromkeys(e.skill for e in trajectory.skill_events if e.kind == "listed")
    loaded = dict.fromkeys(e.skill for e in trajectory.skill_events if e.kind == "loaded")
    return TraceHeader(
        id=trace_id,
        format=trajectory.format,
        agent=_clean(trajectory.agent),
        model=_clean(trajectory.model),
        # Only a run log names the task; the title of a session is what a person typed.
        task=_clean(trajectory.title) or None if trajectory.format == "run-log" else None,
        title=_clean(trajectory.title) or "",
        outcome=trajectory.outcome.status,
        reward=trajectory.outcome.reward,
        skills_listed=tuple(_text(name) for name in listed),
        skills_loaded=tuple(_text(name) for name in loaded),
        steps=len(trajectory.steps),
    )


def step_lines(trace: OpenTrace) -> Iterator[TraceStep]:
    """Yield the steps of a trace with their texts, long ones cut."""
    for step in trace.trajectory.steps:
        body = trace.body(step.index)
        text, cut = shortened(_text(body.text))
        bodies = {call.id: call for call in body.tool_calls}
        yield TraceStep(
            index=step.index,
            uid=_text(step.uid),
            kind=step.kind,
            text=text,
            turn=step.turn,
            time=step.time,
            calls=tuple(_call(call, bodies.get(call.id)) for call in step.tool_calls),
            flags=_flags(step, cut),
        )


def shortened(text: str) -> tuple[str, bool]:
    """Cut the middle out of a long text; the line that says so is no part of the original."""
    if len(text) <= KEPT_HEAD + KEPT_TAIL:
        return text, False
    left_out = len(text) - KEPT_HEAD - KEPT_TAIL
    middle = f"\n[... {left_out} characters left out ...]\n"
    return text[:KEPT_HEAD] + middle + text[-KEPT_TAIL:], True


def _call(call: ToolCall, body: ToolBody | None) -> TraceCall:
    observation: str | None = None
    cut = False
    if body is not None and body.observation is not None:
        observation, cut = shortened(_text(body.observation))
    arguments, cut_arguments = _arguments(_text(body.arguments) if body is not None else "")
    return TraceCall(
        id=_text(call.id),
        name=_text(call.name),
        argument=_text(call.argument),
        arguments=arguments,
        status=call.status,
        exit_code=call.exit_code if body is None or body.exit_code is None else body.exit_code,
        observation=observation,
        truncated=cut or cut_arguments,
    )


def _arguments(text: str) -> tuple[str, bool]:
    """Shorten the strings in JSON arguments, so that what is left is still JSON."""
    if len(text) <= KEPT_HEAD + KEPT_TAIL:
        return text, False
    try:
        value = msgspec.json.decode(text)
    except (msgspec.DecodeError, RecursionError):
        return shortened(text)
    return _encoder.encode(_shortened_strings(value)).decode(), True


def _shortened_strings(value: object) -> object:
    if isinstance(value, str):
        return shortened(value)[0]
    if isinstance(value, list):
        return [_shortened_strings(one) for one in value]
    if isinstance(value, dict):
        return {key: _shortened_strings(one) for key, one in value.items()}
    return value


def _flags(step: Step, cut: bool) -> tuple[str, ...]:
    return (*step.flags, "truncated") if cut and "truncated" not in step.flags else step.flags


def _shortest_names(paths: Sequence[str]) -> dict[str, str]:
    """Return for each path the shortest end that no other one has."""
    names: dict[str, str] = {}
    pending = {path: PurePath(path).parts for path in paths}
    count = 1
    while pending:
        ends = {path: parts[-count:] for path, parts in pending.items()}
        seen = Counter(PurePath(path).parts[-count:] for path in paths)
        for path, end in ends.items():
            if seen[end] == 1 or count >= len(pending[path]):
                names[path] = "/".join(end).replace("//", "/")
        pending = {path: parts for path, parts in pending.items() if path not in names}
        count += 1
    return names


def _clean(text: str | None) -> str | None:
    return None if text is None else _text(text)


def _text(text: str) -> str:
    """Replace lone surrogates, which JSON for plugins cannot hold, by U+FFFD."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return text
