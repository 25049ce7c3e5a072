"""What followed the load of a skill in its trace: tokens carried, cost, time, errors."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final, Literal

from msgspec import Struct

from workbench.domain.trajectory import SkillEvent, Step, Trajectory
from workbench.traces.prices import PriceTable
from workbench.traces.times import seconds_between

#: Tool errors in so many steps after a load are set against the base rate.
AFTER_LOAD: Final = 10

Until = Literal["prompt", "skill", "end"]

#: A prompt that begins like this corrects what was done: a heuristic, and labelled as one.
_CORRECTS: Final = re.compile(
    r"\W{0,3}(?:no\b|nope\b|not (?:what|that|quite)|wrong\b|incorrect\b|that(?:'s| is| was) (?:not|"
    r"wrong|incorrect)|this (?:is|was) (?:not|wrong)|you (?:forgot|missed|didn'?t|did not|should"
    r"(?:n'?t| not)? have|broke|ignored)|undo\b|revert\b|roll ?back\b|stop\b|wait\b|don'?t\b|"
    r"do not\b|i (?:said|meant|asked|told you)|again:|why did you|it (?:still )?(?:doesn'?t|does "
    r"not|fails)|still (?:not|fail|broken|wrong)|fix (?:it|this|that)\b|actually,)",
    re.IGNORECASE,
)


class LoadFigures(Struct, frozen=True):
    """What followed a load; None is "not recorded".

    ``position`` is the step of the load of ``steps``. ``tokens`` are those of the body,
    ``carried`` that times the ``later_calls`` of the model until a compaction. ``cost_usd``
    (``estimated`` when priced by a table) and ``seconds`` last until the next prompt or the next
    skill. ``errors`` of ``calls`` tool calls failed in the ten steps after. ``corrected`` tells
    whether the next prompt reads like a correction, a heuristic; None where none follows.
    """

    position: int
    steps: int
    tokens: int | None
    later_calls: int
    carried: int | None
    cost_usd: float | None
    estimated: bool
    seconds: float | None
    until: Until
    calls: int
    errors: int
    corrected: bool | None


def is_prompt(step: Step) -> bool:
    """Whether a person typed the step."""
    typed = not {"injected", "copied", "compact_summary"} & set(step.flags)
    return step.kind == "user" and typed


def corrects(prompt: str) -> bool:
    """Whether a prompt reads like a correction: a heuristic over its first words."""
    return _CORRECTS.match(prompt) is not None


def is_compaction(step: Step) -> bool:
    """Whether the context was cut here, as each format names it."""
    label = step.label.lower()
    named = "compact" in label or "condens" in label
    return step.kind == "context" and (named or "compaction" in step.flags)


def load_figures(
    part: Trajectory, event: SkillEvent, tokens: int | None, prices: PriceTable | None = None
) -> LoadFigures:
    """Return what followed a load; ``tokens`` are those of the body, where they are known."""
    steps = part.steps
    end, until = _end(part, event)
    within = steps[event.step + 1 : end]
    cost, estimated = _cost(within, part.model, prices)
    last = end if until != "end" else len(steps) - 1
    begun = steps[event.step].time if event.step < len(steps) else None
    ended = steps[last].time if 0 <= last < len(steps) else None
    soon = [call for step in steps[event.step + 1 :][:AFTER_LOAD] for call in step.tool_calls]
    later = 0
    for step in steps[event.step + 1 :]:
        if is_compaction(step):
            break
        later += step.kind == "agent" and "copied" not in step.flags
    following = next((step for step in steps[event.step + 1 :] if is_prompt(step)), None)
    return LoadFigures(
        position=event.step,
        steps=len(steps),
        tokens=tokens,
        later_calls=later,
        carried=None if tokens is None else tokens * later,
        cost_usd=cost,
        estimated=estimated,
        seconds=seconds_between(begun, ended),
        until=until,
        calls=len(soon),
        errors=sum(call.status == "error" for call in soon),
        corrected=None if following is None else corrects(following.preview),
    )


def _end(part: Trajectory, event: SkillEvent) -> tuple[int, Until]:
    """Return where the use of a skill ends: before the next prompt, or another skill's load."""
    other = min(
        (
            one.step
            for one in part.skill_events
            if one.kind == "loaded" and one.step > event.step and one.skill != event.skill
        ),
        default=len(part.steps),
    )
    for step in part.steps[event.step + 1 : other]:
        if is_prompt(step):
            return step.index, "prompt"
    return other, "skill" if other < len(part.steps) else "end"


def _cost(
    steps: Sequence[Step], model: str | None, prices: PriceTable | None
) -> tuple[float | None, bool]:
    told = [
        step.metrics.cost_usd
        for step in steps
        if step.metrics is not None and step.metrics.cost_usd is not None
    ]
    if told:
        return sum(told), False
    if prices is None:
        return None, False
    return prices.steps_usd(steps, model).usd, True
