"""A trajectory as ATIF 1.7, for other tools; one with sound as ATIF 1.8, which alone has it.

What ATIF has no place for (uids, kinds of context and events, call status, skill events, the loss
ledger) goes into ``extra``, the only place the format leaves open; ``formats.atif`` reads it back.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from pathlib import PurePath
from typing import Any, Final

import msgspec

from workbench.domain.trajectory import (
    Metrics,
    Step,
    StepBody,
    ToolBody,
    ToolCall,
    Trajectory,
)
from workbench.traces.atif_original import Original, completed_step, has_sound
from workbench.traces.draft import COPIED
from workbench.traces.escapes import bytes_of
from workbench.traces.importer import TraceError
from workbench.traces.json_values import decode
from workbench.traces.open import OpenTrace

VERSION: Final = "ATIF-v1.7"
_WITH_SOUND: Final = "ATIF-v1.8"
_INT64: Final = range(-(1 << 63), 1 << 64)
_UNKNOWN: Final = "unknown"


def to_atif(trace: OpenTrace) -> dict[str, Any]:
    """Return the trajectory, its subagents embedded, as the JSON object of ATIF 1.7.

    Raises:
        TraceError: a file of the trace changed, or the trajectory has no step: ATIF needs one.
    """
    return _exported(trace, _unique_ids(trace.trajectory), Original.of(trace))


def _exported(trace: OpenTrace, ids: Mapping[int, str], original: Original) -> dict[str, Any]:
    trajectory = trace.trajectory
    if not trajectory.steps:
        raise TraceError(f"{trace.path}: {trajectory.id} has no step, ATIF cannot express that.")
    children: list[dict[str, Any]] = []
    for child in trace.children:
        with child:
            if child.trajectory.steps:
                children.append(_exported(child, ids, original.child(child.trajectory)))
    embedded = {
        name: ids[id(child)]
        for child in trajectory.children
        if child.steps
        for name in (child.id, child.session)
        if name
    }
    steps = [_step(trace, step, embedded) for step in trajectory.steps]
    sound = any(map(has_sound, steps)) or any(c["schema_version"] != VERSION for c in children)
    made = _filled(
        schema_version=_WITH_SOUND if sound else VERSION,
        session_id=trajectory.session,
        trajectory_id=ids[id(trajectory)],
        agent=_filled(
            name=trajectory.agent or _UNKNOWN,
            version=trajectory.format_version or _UNKNOWN,
            model_name=trajectory.model,
        ),
        steps=steps,
        final_metrics=_final(trajectory),
        subagent_trajectories=children or None,
        extra=_trajectory_extra(trajectory),
    )
    return original.completed(made, _cleaned)


def _unique_ids(trajectory: Trajectory) -> dict[int, str]:
    """Return an id for each trajectory of the tree; ATIF wants them unique in the document."""
    ids: dict[int, str] = {}
    taken: set[str] = set()
    waiting = [trajectory]
    while waiting:
        current = waiting.pop(0)
        name, number = current.id or _UNKNOWN, 1
        while name in taken:
            number += 1
            name = f"{current.id or _UNKNOWN}#{number}"
        taken.add(name)
        ids[id(current)] = _clean(name)
        waiting += current.children
    return ids


def _step(trace: OpenTrace, step: Step, embedded: Mapping[str, str]) -> dict[str, Any]:
    made = _step_of(step, trace.body(step.index), embedded)
    if trace.trajectory.format == "atif":
        results = [trace.raw(span) for call in step.tool_calls for span in call.result]
        completed_step(made, [trace.raw(span) for span in step.raw], results)
        return {name: _cleaned(value) for name, value in made.items()}
    return made


def _step_of(step: Step, body: StepBody, embedded: Mapping[str, str]) -> dict[str, Any]:
    is_agent = step.kind == "agent"
    source = step.kind if step.kind in ("user", "agent") else "system"
    timestamp = step.time if step.time and _is_time(step.time) else None
    return _filled(
        step_id=step.index + 1,
        timestamp=timestamp,
        source=source,
        model_name=step.model if is_agent else None,
        message=_clean(body.text),
        reasoning_content=_clean(body.reasoning) or None if is_agent else None,
        tool_calls=_calls(step, body) if is_agent else None,
        observation=_observation(step, body, embedded) if is_agent else None,
        metrics=_metrics(step.metrics) if is_agent else None,
        is_copied_context=True if COPIED in step.flags else None,
        extra=_filled(
            uid=step.uid,
            kind=None if step.kind == source else step.kind,
            label=step.label or None,
            flags=[flag for flag in step.flags if flag != COPIED] or None,
            time=step.time if timestamp is None else None,
            media=[_clean(entry) for entry in body.media] or None,
            notes=[_clean(entry) for entry in body.notes] or None,
            metrics=None if is_agent else _metrics(step.metrics),
            reasoning=None if is_agent else _clean(body.reasoning) or None,
        ),
    )


def _calls(step: Step, body: StepBody) -> list[dict[str, Any]] | None:
    told = {call.id: call for call in body.tool_calls}
    return [
        _filled(
            tool_call_id=_clean(call.id),
            function_name=_clean(call.name),
            arguments=_arguments(told.get(call.id)),
            extra=_filled(duration_s=call.duration_s, files=list(call.files) or None) or None,
        )
        for call in step.tool_calls
    ] or None


def _arguments(call: ToolBody | None) -> dict[str, Any]:
    """Return the arguments as an object; a command or patch kept as text becomes ``input``."""
    if call is None or not call.arguments:
        return {}
    value = decode(bytes_of(call.arguments))
    return _cleaned(value) if isinstance(value, dict) else {"input": _clean(call.arguments)}


def _observation(step: Step, body: StepBody, embedded: Mapping[str, str]) -> dict[str, Any] | None:
    told = {call.id: call for call in body.tool_calls}
    results = [
        _result(call, told.get(call.id), embedded)
        for call in step.tool_calls
        if call.status != "missing"
    ]
    return {"results": results} if results else None


def _result(call: ToolCall, told: ToolBody | None, embedded: Mapping[str, str]) -> dict[str, Any]:
    child = embedded.get(call.sub or "")
    observation = told.observation if told else None
    return _filled(
        source_call_id=_clean(call.id),
        content=None if observation is None else _clean(observation),
        subagent_trajectory_ref=[{"trajectory_id": child}] if child else None,
        extra=_filled(
            status=call.status,
            exit_code=call.exit_code,
            is_error=True if call.status == "error" else None,
            media=[_clean(entry) for entry in told.media] or None if told else None,
            subagent=call.sub if call.sub and not child else None,
        ),
    )


def _metrics(metrics: Metrics | None) -> dict[str, Any] | None:
    if metrics is None:
        return None
    return (
        _filled(
            prompt_tokens=metrics.input,
            completion_tokens=metrics.output,
            cached_tokens=metrics.cached,
            cost_usd=metrics.cost_usd,
            extra=_filled(
                cache_write_tokens=metrics.cache_write, reasoning_tokens=metrics.reasoning
            )
            or None,
        )
        or None
    )


def _final(trajectory: Trajectory) -> dict[str, Any]:
    totals = trajectory.totals
    return _filled(
        total_prompt_tokens=totals.input,
        total_completion_tokens=totals.output,
        total_cached_tokens=totals.cached,
        total_cost_usd=totals.cost_usd,
        total_steps=len(trajectory.steps),
        extra=_filled(
            cache_write_tokens=totals.cache_write,
            reasoning_tokens=totals.reasoning,
            tool_calls=trajectory.tool_calls,
            errors=trajectory.errors,
        ),
    )


def _trajectory_extra(trajectory: Trajectory) -> dict[str, Any]:
    """Return what ATIF has no field for. Of the source only the name: a path names its user."""
    plain = msgspec.to_builtins
    loss = plain(trajectory.loss)
    loss["unparsed"] = len(trajectory.loss.unparsed)
    events = [plain(event) for event in trajectory.skill_events]
    for event in events:
        del event["evidence"]
        event["step"] += 1
    made: dict[str, Any] = _cleaned(
        _filled(
            exporter="skill-workbench",
            format=trajectory.converted_from or trajectory.format,
            title=trajectory.title or None,
            cwd=trajectory.cwd,
            parent=trajectory.parent,
            source=[PurePath(source.path).name for source in trajectory.sources],
            complete=trajectory.complete,
            outcome=plain(trajectory.outcome),
            skill_events=events or None,
            loss=loss,
        )
    )
    return made


def _is_time(text: str) -> bool:
    try:
        datetime.fromisoformat(text)
    except ValueError:
        return False
    return True


def _filled(**fields: Any) -> dict[str, Any]:
    """Return the fields that have a value: ATIF leaves out what is not known."""
    return {name: value for name, value in fields.items() if value is not None}


def _clean(text: str) -> str:
    """Return the text without lone surrogates, which no JSON document can carry as UTF-8."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _cleaned(value: Any) -> Any:
    if isinstance(value, str):
        return _clean(value)
    if isinstance(value, int) and not isinstance(value, bool) and value not in _INT64:
        return str(value)
    if isinstance(value, dict):
        return {_clean(str(key)): _cleaned(inner) for key, inner in value.items()}
    return [_cleaned(inner) for inner in value] if isinstance(value, list | tuple) else value
