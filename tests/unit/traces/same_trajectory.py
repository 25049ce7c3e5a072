"""Whether two trajectories are one and the same, the places of their bytes aside."""

from __future__ import annotations

from typing import Any

import msgspec

from workbench.domain.trajectory import Trajectory
from workbench.traces.export_jsonl import clean
from workbench.traces.open import OpenTrace


def told(trace: OpenTrace) -> dict[str, Any]:
    """Return all that a trace says, with every body, and nothing of where it says it."""
    made = _skeleton(trace.trajectory)
    made["bodies"] = [
        _cleaned(msgspec.to_builtins(trace.body(step.index))) for step in trace.trajectory.steps
    ]
    made["children"] = [told(child) for child in trace.children]
    return made


def _skeleton(trajectory: Trajectory) -> dict[str, Any]:
    made: dict[str, Any] = _cleaned(msgspec.to_builtins(trajectory, enc_hook=list))
    for name in ("sources", "format", "converted_from", "children"):
        del made[name]
    for step in made["steps"]:
        del step["raw"]
        for call in step["tool_calls"]:
            call["result"] = bool(call["result"])
    for event in made["skill_events"]:
        del event["evidence"]
    made["skill_events"] = sorted(made["skill_events"], key=lambda event: event["step"])
    loss = made["loss"]
    loss["unparsed"] = len(loss["unparsed"])
    for name in ("ignored", "lost_fields"):
        loss[name] = {entry["kind"]: entry["count"] for entry in loss[name]}
    return made


def _cleaned(value: Any) -> Any:
    if isinstance(value, str):
        return clean(value)
    if isinstance(value, dict):
        return {name: _cleaned(inner) for name, inner in value.items()}
    return [_cleaned(inner) for inner in value] if isinstance(value, list | tuple) else value
