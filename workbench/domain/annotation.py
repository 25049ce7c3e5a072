"""What a person says of a trace or of one of its steps."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

from workbench.domain.trajectory import OutcomeStatus

Verdict = Literal["", "good", "bad"]
AnnotationSeverity = Literal["", "low", "medium", "high", "critical"]


class StepAnchor(Struct, frozen=True):
    """What an annotation is about, wherever the file lies.

    ``uid`` is the stable id of the step, "" for the trace as a whole; ``content`` the SHA-256 of
    the step's records, "" for a whole trace. ``path`` is where the trace was, as a hint.
    """

    trajectory: str
    uid: str = ""
    content: str = ""
    path: str = ""
    step: int | None = None


class SkillLine(Struct, frozen=True):
    """A line of a skill: its id, the file below it, the line from 1, and the text it had."""

    skill: str
    path: str
    line: int
    text: str = ""


class Annotation(Struct, frozen=True):
    """A label, a note, a judgement; any of them may be empty.

    ``outcome`` is how a run ended, as a person sees it; it belongs to a whole trace. ``created``
    and ``changed`` are ISO 8601 in UTC.
    """

    id: str
    anchor: StepAnchor
    created: str
    changed: str
    author: str = ""
    label: str = ""
    note: str = ""
    verdict: Verdict = ""
    severity: AnnotationSeverity = ""
    outcome: OutcomeStatus | None = None
    skill: SkillLine | None = None
    deleted: bool = False
