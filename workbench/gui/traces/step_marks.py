"""What the viewer wants to know of all steps at once, worked out beside the window. No Qt."""

from __future__ import annotations

from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from enum import IntFlag
from itertools import pairwise
from typing import Literal

from workbench.domain.trajectory import SkillEvent, Step, Trajectory

#: Tools that change files, by the name each client gives them, in lower case.
EDIT_TOOLS = frozenset(
    {
        "apply_patch",
        "create",
        "create_file",
        "edit",
        "edit_file",
        "file_change",
        "insert",
        "multiedit",
        "notebookedit",
        "patch",
        "replace",
        "str_replace",
        "str_replace_editor",
        "str_replace_based_edit_tool",
        "write",
        "write_file",
    }
)
_COMPACTIONS = frozenset({"compaction", "compact_boundary"})


class Mark(IntFlag):
    """What a step is, for filters, jumps and the time strip."""

    NONE = 0
    PROMPT = 1
    ANSWER = 2
    TOOL = 4
    ERROR = 8
    SKILL = 16
    CONTEXT = 32
    SUBAGENT = 64
    EDIT = 128
    COMPACTION = 256
    ANNOTATION = 512


Lane = Literal["prompts", "errors", "skills", "edits", "subagents", "compactions", "annotations"]

#: Lanes of the time strip from top to bottom, with what they mark.
LANES: tuple[tuple[Lane, str, Mark], ...] = (
    ("prompts", "Prompts", Mark.PROMPT),
    ("errors", "Errors", Mark.ERROR),
    ("skills", "Skills", Mark.SKILL),
    ("edits", "Edits", Mark.EDIT),
    ("subagents", "Subagents", Mark.SUBAGENT),
    ("compactions", "Compactions", Mark.COMPACTION),
    ("annotations", "Annotations", Mark.ANNOTATION),
)


@dataclass(frozen=True, slots=True)
class StepMarks:
    """Marks and times of every step.

    ``seconds`` counts from the first step that has a time; a step without one takes that of the
    step before, and never goes back. ``timed`` is False where the trace records no times.
    ``skills`` are the skill events by step, listings apart (they say nothing of use); ``said`` is
    what people said of steps, in few words.
    """

    trajectory: Trajectory
    marks: array[int]
    seconds: array[float]
    timed: bool
    skills: dict[int, tuple[SkillEvent, ...]]
    places: dict[Mark, array[int]]
    said: dict[int, str] = field(default_factory=dict)

    @property
    def steps(self) -> Sequence[Step]:
        """The steps themselves."""
        return self.trajectory.steps

    @property
    def duration(self) -> float:
        """Seconds from the first to the last step."""
        return self.seconds[-1] if self.seconds else 0.0

    def next_of(self, mark: Mark, step: int, by: int = 1) -> int | None:
        """Return the next step with a mark after ``step`` (before it with ``by`` -1).

        It goes round at the end; None where no step has the mark.
        """
        places = self.places.get(mark, array("l"))
        if not places:
            return None
        if by > 0:
            at = bisect_right(places, step)
            return places[at % len(places)]
        return places[bisect_left(places, step) - 1]


def marks_of(trajectory: Trajectory) -> StepMarks:
    """Look at every step of a trace once."""
    used = _used(trajectory)
    marks = array("l", (_mark(step, used) for step in trajectory.steps))
    places = {
        # As a number: the operators of a flag are twenty times as slow, and there are many steps.
        mark: array("l", (number for number, found in enumerate(marks) if found & bit))
        for mark, bit in ((lane, int(lane)) for _, _, lane in LANES)
    }
    seconds, timed = _seconds(trajectory.steps)
    return StepMarks(trajectory, marks, seconds, timed, used, places)


def renewed_marks(
    before: StepMarks, trajectory: Trajectory
) -> tuple[StepMarks, dict[str, int] | None]:
    """Look at a trace that was read on, or anew; steps that are as they were are not looked at.

    Returns:
        The marks, and where each step is by its uid; None where all are at their old numbers.
    """
    old, new = before.steps, trajectory.steps
    pairs = enumerate(zip(old, new, strict=False))
    first = next((n for n, (one, other) in pairs if one is not other), min(len(old), len(new)))
    while first < min(len(old), len(new)) and old[first] == new[first]:
        first += 1
    uids = [step.uid for step in old[first:]]
    if uids != [step.uid for step in new[first : len(old)]]:
        return marks_of(trajectory), {step.uid: step.index for step in new}
    used = _used(trajectory)
    marks = before.marks[:first]
    marks.extend(_mark(step, used) for step in new[first:])
    for step in before.said:
        marks[step] |= Mark.ANNOTATION
    places: dict[Mark, array[int]] = {}
    for mark, known in before.places.items():
        places[mark] = known[: bisect_left(known, first)]
        bit = int(mark)
        places[mark].extend(n for n in range(first, len(new)) if marks[n] & bit)
    seconds, timed = _seconds(new[first:], before if first else None, first)
    return StepMarks(trajectory, marks, seconds, timed, used, places, before.said), None


def with_said(index: StepMarks, said: dict[int, str]) -> StepMarks:
    """Return the same steps with other annotations, by step."""
    marks = array("l", index.marks)
    for step in index.said:
        marks[step] &= ~Mark.ANNOTATION
    for step in said:
        marks[step] |= Mark.ANNOTATION
    places = {**index.places, Mark.ANNOTATION: array("l", sorted(said))}
    return replace(index, marks=marks, places=places, said=said)


def _used(trajectory: Trajectory) -> dict[int, tuple[SkillEvent, ...]]:
    used: dict[int, tuple[SkillEvent, ...]] = {}
    for event in trajectory.skill_events:
        if event.kind != "listed":
            used[event.step] = (*used.get(event.step, ()), event)
    return used


def _mark(step: Step, used: dict[int, tuple[SkillEvent, ...]]) -> int:
    if step.kind == "user":
        mark = Mark.PROMPT
    elif step.kind == "agent":
        mark = Mark.TOOL if step.tool_calls else Mark.ANSWER
    else:
        mark = Mark.CONTEXT
        if not _COMPACTIONS.isdisjoint(step.flags) or step.label == "compaction":
            mark |= Mark.COMPACTION
    for call in step.tool_calls:
        mark |= Mark.TOOL
        if call.sub is not None:
            mark |= Mark.SUBAGENT
        if is_edit(call.name):
            mark |= Mark.EDIT
    if failed(step):
        mark |= Mark.ERROR
    if step.index in used:
        mark |= Mark.SKILL
    return int(mark)


def failed(step: Step) -> bool:
    """Whether a step is marked as an error."""
    if any(call.status == "error" for call in step.tool_calls):
        return True
    return "error" in step.flags or "api_error" in step.flags


def is_edit(tool: str) -> bool:
    """Whether a tool of that name changes files."""
    return tool.rsplit(".", 1)[-1].casefold() in EDIT_TOOLS


def _seconds(
    steps: Sequence[Step], before: StepMarks | None = None, kept: int = 0
) -> tuple[array[float], bool]:
    """Return the seconds of all steps: of the first ``kept`` as before, of ``steps`` after them."""
    found = before.seconds[:kept] if before is not None else array("d")
    first: float | None = None
    if before is not None:
        times = (seconds_of(step.time) for step in before.steps[:kept])
        first = next((moment for moment in times if moment is not None), None)
    latest = found[-1] if found else 0.0
    for step in steps:
        moment = seconds_of(step.time)
        if moment is not None:
            first = moment if first is None else first
            latest = max(latest, moment - first)
        found.append(latest)
    return found, first is not None and latest > 0


def seconds_of(time: str | None) -> float | None:
    """Return an ISO 8601 time as seconds of the epoch; without a zone it is taken as UTC."""
    if not time:
        return None
    try:
        moment = datetime.fromisoformat(time)
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=UTC)
        return moment.timestamp()
    except (ValueError, OverflowError):
        return None


@dataclass(frozen=True, slots=True)
class StepFilter:
    """Which steps are listed: any of ``kinds`` (all when empty) and, if given, in ``found``.

    Steps with any mark of ``hidden`` are not, unless their kind is asked for by ``kinds``.
    """

    kinds: Mark = Mark.NONE
    found: frozenset[int] | None = None
    hidden: Mark = Mark.NONE


def listed_steps(index: StepMarks, wanted: StepFilter, folded: frozenset[int]) -> array[int]:
    """Return the steps that pass; of a folded turn its first step alone.

    While a filter is on nothing is folded: what was asked for is shown.
    """
    marks = index.marks
    kinds, found = int(wanted.kinds), wanted.found
    hidden = int(wanted.hidden & ~wanted.kinds)
    steps: Iterable[int] = range(len(marks))
    if kinds or found is not None:
        steps = (one for one in steps if not kinds or marks[one] & kinds)
        steps = steps if found is None else (one for one in steps if one in found)
    elif folded:
        turns = [step.turn for step in index.steps]
        steps = (
            one
            for one in steps
            if turns[one] not in folded or one == 0 or turns[one - 1] != turns[one]
        )
    if hidden:
        steps = (one for one in steps if not marks[one] & hidden)
    return array("l", steps)


def turns_of(index: StepMarks) -> frozenset[int]:
    """Return the numbers of the turns that have more than one step."""
    turns = [step.turn for step in index.steps]
    return frozenset(first for first, second in pairwise(turns) if first == second)
