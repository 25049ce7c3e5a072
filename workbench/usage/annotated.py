"""Annotations brought together with the traces they are about."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from functools import cached_property
from pathlib import Path
from typing import Literal

from msgspec import Struct

from workbench.domain.annotation import Annotation, StepAnchor
from workbench.traces.importer import TraceError
from workbench.traces.open import OpenTrace

State = Literal["found", "changed", "broken"]


class Placed(Struct, frozen=True):
    """An annotation and where it belongs now.

    "changed": the step is there and says something else; "broken": the step or its trace is gone.
    Only a found one has a ``step``: the others keep their words and lead nowhere. ``candidate``
    is the step that a person may attach it to again. ``reason`` says why, for people.
    """

    annotation: Annotation
    state: State
    step: int | None = None
    reason: str = ""
    candidate: int | None = None


def anchor_of(trace: OpenTrace, index: int | None = None, file: Path | None = None) -> StepAnchor:
    """Return the anchor of a step, or of the trace as a whole.

    ``file`` is the file that was opened, where it is not the trace's own: a subagent's trace is
    reached through the session that started it.

    Raises:
        TraceError: the file is not what it was.
    """
    one = trace.trajectory
    whole = StepAnchor(
        one.id,
        path=_text(str((file or trace.path).absolute())),
        session=one.session or "",
        start=one.steps[0].uid if one.steps else "",
        says=_text(one.title),
    )
    if index is None:
        return whole
    step = one.steps[index]
    return StepAnchor(
        whole.trajectory,
        step.uid,
        content_hash(trace, index),
        whole.path,
        index,
        whole.session,
        whole.start,
        _text(step.preview or ", ".join(call.name for call in step.tool_calls)),
    )


def belongs(
    anchor: StepAnchor, trajectory: str, session: str | None, path: str, start: str | None = None
) -> bool:
    """Whether an anchor is of that trace.

    The ids have to be equal, which is not enough: many formats give every file the same id. So
    the file must be the same, or the session must have an id of its own; where the file of the
    annotation is gone, one that begins with the same step (``start``) is taken for it.
    """
    if anchor.trajectory != trajectory:
        return False
    if not anchor.path or _same_file(anchor.path, path):
        return True
    if anchor.session and session:
        return anchor.session == session
    return bool(start) and anchor.start == start and not Path(anchor.path).exists()


def about(
    annotations: Iterable[Annotation], trace: OpenTrace, file: Path | None = None
) -> tuple[Annotation, ...]:
    """Return the annotations of a trace and its steps, in the order given; ``file`` as above."""
    one = trace.trajectory
    start = one.steps[0].uid if one.steps else None
    return tuple(
        said
        for said in annotations
        if belongs(said.anchor, one.id, one.session, str(file or trace.path), start)
    )


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
    """Find each annotation in its trace; None where its file is gone or cannot be read.

    A step is known by its uid; where that is gone, by its content (a copied or converted file).
    What fits several steps equally well is broken rather than put at the wrong one.
    """
    if trace is None:
        return tuple(
            Placed(one, "broken", reason=f"The trace is gone: {one.anchor.path}.")
            for one in annotations
        )
    steps = _Steps(trace)
    found: list[Placed] = []
    for one in annotations:
        try:
            found.append(steps.place(one))
        except TraceError as problem:
            found.append(Placed(one, "broken", reason=str(problem)))
    return tuple(found)


class _Steps:
    """The steps of a trace by uid and by content, each once one is asked for."""

    def __init__(self, trace: OpenTrace) -> None:
        self._trace = trace
        self._by_content: dict[str, list[int]] | None = None

    @cached_property
    def _by_uid(self) -> dict[str, list[int]]:
        """The steps by uid; most traces have no annotation that would ask."""
        found: dict[str, list[int]] = {}
        for step in self._trace.trajectory.steps:
            found.setdefault(step.uid, []).append(step.index)
        return found

    def place(self, one: Annotation) -> Placed:
        anchor = one.anchor
        if not anchor.uid:
            return Placed(one, "found")
        named = self._by_uid.get(anchor.uid, [])
        same = [index for index in named if content_hash(self._trace, index) == anchor.content]
        if not same:
            same = self._of_content(anchor.content)
        step = _one_of(same, anchor.step)
        if step is not None:
            return Placed(one, "found", step)
        if same:
            return Placed(one, "broken", reason=f"{len(same)} steps say the same by now.")
        if named:
            return Placed(
                one,
                "changed",
                reason="The step says something else by now.",
                candidate=_one_of(named, anchor.step),
            )
        return Placed(one, "broken", reason=f"The trace has no step {anchor.uid} any more.")

    def _of_content(self, content: str) -> list[int]:
        if self._by_content is None:
            made: dict[str, list[int]] = {}
            for index in range(len(self._trace.trajectory.steps)):
                made.setdefault(content_hash(self._trace, index), []).append(index)
            self._by_content = made
        return self._by_content.get(content, []) if content else []


def _one_of(steps: Sequence[int], hint: int | None) -> int | None:
    """Return the only step, or among several the one where it was before."""
    if len(steps) == 1:
        return steps[0]
    return hint if hint in steps else None


def _same_file(one: str, other: str) -> bool:
    return one == other or Path(one).absolute() == Path(other).absolute()


def _text(text: str) -> str:
    """Replace lone surrogates, which JSON lines cannot hold, by U+FFFD."""
    return text.encode("utf-8", "replace").decode() if not text.isascii() else text
