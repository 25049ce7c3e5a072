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
    the step's records, "" for a whole trace. ``path`` is where the trace was, ``session`` the
    session's own id and ``start`` the uid of the trace's first step: many formats have no id of
    their own, so that all their files hold a trace "session" or "run". ``says`` is what stood
    there, on one line: all that is left to show when the trace is gone.
    """

    trajectory: str
    uid: str = ""
    content: str = ""
    path: str = ""
    step: int | None = None
    session: str = ""
    start: str = ""
    says: str = ""


class SkillLine(Struct, frozen=True):
    """A line of a skill: its id, the file below it, the line from 1, and the text it had."""

    skill: str
    path: str
    line: int
    text: str = ""


class Annotation(Struct, frozen=True):
    """A label, a note, a judgement; any of them may be empty.

    ``outcome`` is how a run ended, as a person sees it, and ``score`` how well (1 is best); both
    belong to a whole trace. ``quote`` are the words of the step that are meant. ``created`` and
    ``changed`` are ISO 8601 in UTC.
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
    quote: str = ""
    score: float | None = None
    deleted: bool = False
