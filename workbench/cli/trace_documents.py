"""Traces as JSON documents; the shapes are those of the design's section on the command line."""

from __future__ import annotations

from typing import Any

import msgspec

from workbench.domain.trajectory import Loss, Metrics, StepBody, ToolBody, Trajectory
from workbench.traces.open import OpenTrace
from workbench.traces.prices import PriceTable, cost_of
from workbench.traces.resumes import copied_steps
from workbench.traces.rollup import family
from workbench.traces.times import seconds_between


def shown(trace: OpenTrace) -> dict[str, Any]:
    """Return a trace with all its texts, subagents included."""
    trajectory = trace.trajectory
    return {
        "path": str(trace.path),
        **_headed(trajectory),
        "steps": [_step(trace, index) for index in range(len(trajectory.steps))],
        "totals": {
            "steps": len(trajectory.steps),
            "messages": trajectory.messages,
            "tool_calls": trajectory.tool_calls,
            "errors": trajectory.errors,
            "duration_s": duration_s(trajectory),
            **_metrics(trajectory.totals),
        },
        "outcome": _outcome(trajectory),
        "skills": skill_events(trajectory),
        "loss": _loss(trajectory.loss),
        "subagents": [shown(child) for child in trace.children],
    }


def counted(trajectory: Trajectory, prices: PriceTable) -> dict[str, Any]:
    """Return the figures of a trace; its subagents' are apart and summed in ``with_subagents``.

    ``cost_usd`` is what the trace reports; ``cost`` is that or an estimate, and says which.

    Steps that were replayed from another file are in ``copied_steps`` and in no other figure.
    """
    everyone = list(family(trajectory))
    totals = trajectory.totals
    return {
        "path": trajectory.sources[0].path,
        **_headed(trajectory),
        "steps": len(trajectory.steps) - copied_steps(trajectory),
        "copied_steps": copied_steps(trajectory),
        "messages": trajectory.messages,
        "tool_calls": trajectory.tool_calls,
        "errors": trajectory.errors,
        "tokens": {
            "input": totals.input,
            "output": totals.output,
            "cached": totals.cached,
            "cache_write": totals.cache_write,
            "reasoning": totals.reasoning,
        },
        "cost_usd": totals.cost_usd,
        "cost": msgspec.to_builtins(cost_of(trajectory, prices)),
        "duration_s": duration_s(trajectory),
        "outcome": trajectory.outcome.status,
        "outcome_detail": _outcome(trajectory),
        "skills": skill_events(trajectory),
        "loss": _loss(trajectory.loss),
        "with_subagents": {
            "traces": len(everyone),
            "steps": sum(len(one.steps) - copied_steps(one) for one in everyone),
            "tool_calls": sum(one.tool_calls for one in everyone),
            "errors": sum(one.errors for one in everyone),
            "tokens": {
                "input": _sum(one.totals.input for one in everyone),
                "output": _sum(one.totals.output for one in everyone),
                "cached": _sum(one.totals.cached for one in everyone),
            },
            "cost": [msgspec.to_builtins(cost_of(one, prices)) for one in everyone],
        },
    }


def skill_events(trajectory: Trajectory) -> list[dict[str, Any]]:
    """Return what happened to skills, subagents' events after the session's own."""
    return [
        {
            "name": event.skill,
            "event": event.kind,
            "trigger": event.trigger,
            "step": event.step,
            "confidence": event.confidence,
            "path": event.path,
            "detail": event.detail,
            "trace": one.id,
            "evidence": {
                "path": one.sources[event.evidence.source].path,
                **msgspec.to_builtins(event.evidence),
            },
        }
        for one in family(trajectory)
        for event in one.skill_events
    ]


def duration_s(trajectory: Trajectory) -> float | None:
    """Return the seconds between the first and the last record, None when times are absent."""
    return seconds_between(trajectory.started, trajectory.ended)


def _headed(trajectory: Trajectory) -> dict[str, Any]:
    return {
        "id": trajectory.id,
        "format": trajectory.format,
        "format_version": trajectory.format_version,
        "agent": trajectory.agent,
        "model": trajectory.model,
        "session": trajectory.session,
        "title": trajectory.title,
        "cwd": trajectory.cwd,
        "started": trajectory.started,
        "ended": trajectory.ended,
        "complete": trajectory.complete,
    }


def _step(trace: OpenTrace, index: int) -> dict[str, Any]:
    step = trace.trajectory.steps[index]
    body: StepBody = trace.body(index)
    seconds = [call.duration_s for call in step.tool_calls]
    return {
        "index": step.index,
        "uid": step.uid,
        "parent_uid": step.parent_uid,
        "kind": step.kind,
        "label": step.label,
        "turn": step.turn,
        "time": step.time,
        "model": step.model,
        "flags": list(step.flags),
        "text": body.text,
        "reasoning": body.reasoning,
        "tool_calls": [
            {**_call(call), "duration_s": passed, "subagent": seen.sub}
            for call, passed, seen in zip(body.tool_calls, seconds, step.tool_calls, strict=False)
        ],
        "media": list(body.media),
        "metrics": _metrics(step.metrics) if step.metrics is not None else None,
        "raw": [
            {
                "path": trace.trajectory.sources[span.source].path,
                **msgspec.to_builtins(span),
            }
            for span in step.raw
        ],
    }


def _call(call: ToolBody) -> dict[str, Any]:
    return {
        "id": call.id,
        "name": call.name,
        "arguments": _arguments(call.arguments),
        "status": call.status,
        "exit_code": call.exit_code,
        "observation": call.observation,
        "media": list(call.media),
    }


def _arguments(text: str) -> Any:
    """Return arguments as the JSON object they are; other text as it is."""
    try:
        value = msgspec.json.decode(text.encode())
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        return text
    return value if isinstance(value, dict) else text


def _metrics(metrics: Metrics) -> dict[str, Any]:
    return dict(msgspec.to_builtins(metrics))


def _outcome(trajectory: Trajectory) -> dict[str, Any]:
    return dict(msgspec.to_builtins(trajectory.outcome))


def _loss(loss: Loss) -> dict[str, Any]:
    return {
        "lines": loss.lines,
        "mapped": loss.mapped,
        "attached": loss.attached,
        "duplicate": loss.duplicate,
        "ignored": sum(entry.count for entry in loss.ignored),
        "unparsed": len(loss.unparsed),
        "ignored_kinds": {entry.kind: entry.count for entry in loss.ignored},
        "lost_fields": {entry.kind: entry.count for entry in loss.lost_fields},
        "unparsed_at": [span.offset for span in loss.unparsed],
    }


def _sum(values: Any) -> int | None:
    known = [value for value in values if value is not None]
    return sum(known) if known else None
