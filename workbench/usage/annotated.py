"""Annotations brought together with the traces they are about, and given away as label sets."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from typing import Any, Literal

import msgspec
from msgspec import Struct

from workbench.domain.annotation import Annotation, StepAnchor
from workbench.domain.trajectory import Outcome, Trajectory
from workbench.traces.importer import TraceError
from workbench.traces.open import OpenTrace

State = Literal["found", "changed", "broken"]


class Placed(Struct, frozen=True):
    """An annotation and where it belongs now.

    "changed": the step is there and says something else; "broken": the step or its trace is gone.
    A broken one keeps its words and leads nowhere. ``reason`` says why, for people.
    """

    annotation: Annotation
    state: State
    step: int | None = None
    reason: str = ""


def anchor_of(trace: OpenTrace, index: int | None = None) -> StepAnchor:
    """Return the anchor of a step, or of the trace as a whole.

    Raises:
        TraceError: the file is not what it was.
    """
    one = trace.trajectory
    if index is None:
        return StepAnchor(one.id, path=str(trace.path))
    step = one.steps[index]
    return StepAnchor(one.id, step.uid, content_hash(trace, index), str(trace.path), index)


def content_hash(trace: OpenTrace, index: int) -> str:
    """Return the SHA-256 of a step's own records.

    Results of its calls do not count: they may arrive after the step was annotated.

    Raises:
        TraceError: the file is not what it was.
    """
    made = hashlib.sha256()
    for span in trace.trajectory.steps[index].raw:
        made.update(trace.raw(span))
        made.update(b"\0")
    return made.hexdigest()


def placed(annotations: Iterable[Annotation], trace: OpenTrace | None) -> tuple[Placed, ...]:
    """Find each annotation in a trace; None where its file is gone or cannot be read.

    A step is known by its uid; where that is gone, by its content (a copied or converted file).
    """
    if trace is None:
        return tuple(
            Placed(one, "broken", reason=f"The trace is gone: {one.anchor.path}.")
            for one in annotations
        )
    by_uid = {step.uid: step.index for step in trace.trajectory.steps}
    hashes: dict[str, int] = {}
    found: list[Placed] = []
    for one in annotations:
        uid = one.anchor.uid
        if not uid:
            found.append(Placed(one, "found"))
            continue
        try:
            index = by_uid.get(uid)
            if index is not None and content_hash(trace, index) == one.anchor.content:
                found.append(Placed(one, "found", index))
                continue
            if not hashes:
                hashes = {
                    content_hash(trace, step.index): step.index for step in trace.trajectory.steps
                }
        except TraceError as problem:
            found.append(Placed(one, "broken", reason=str(problem)))
            continue
        moved = hashes.get(one.anchor.content)
        if moved is not None:
            found.append(Placed(one, "found", moved))
        elif index is not None:
            found.append(Placed(one, "changed", index, "The step says something else by now."))
        else:
            found.append(Placed(one, "broken", reason=f"The trace has no step {uid} any more."))
    return tuple(found)


def judged_outcome(trajectory: Trajectory, annotations: Iterable[Annotation]) -> Outcome:
    """Return how a run ended: as a person says, else as the trace does. The last word counts."""
    said = [
        one
        for one in annotations
        if one.outcome is not None and one.anchor.trajectory == trajectory.id
    ]
    if not said:
        return trajectory.outcome
    last = max(said, key=lambda one: one.changed)
    status = last.outcome or "unknown"
    return Outcome(status=status, reason=f"said by {last.author or 'a person'}")


def label_set(
    found: Iterable[Placed], texts: Mapping[str, str] | None = None
) -> tuple[dict[str, Any], ...]:
    """Return annotations as records of a label set, for evolution and evaluation.

    Broken ones are left out: what they say cannot be checked. Those of changed steps are left out
    as well.

    Args:
        found: placed annotations.
        texts: what each annotated step says, by annotation id; left out where it is not given.
    """
    records: list[dict[str, Any]] = []
    for one in found:
        if one.state != "found":
            continue
        said = one.annotation
        record: dict[str, Any] = {
            "id": said.id,
            "trace": said.anchor.path,
            "trajectory": said.anchor.trajectory,
            "step": one.step,
            "uid": said.anchor.uid,
            "content": said.anchor.content,
            "label": said.label,
            "verdict": said.verdict,
            "severity": said.severity,
            "outcome": said.outcome,
            "note": said.note,
            "author": said.author,
            "changed": said.changed,
            "skill": msgspec.to_builtins(said.skill) if said.skill is not None else None,
        }
        if texts is not None and said.id in texts:
            record["text"] = texts[said.id]
        records.append(record)
    return tuple(records)
