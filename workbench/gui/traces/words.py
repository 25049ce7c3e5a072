"""How the viewer words steps, times and figures. No Qt."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from workbench.domain.trajectory import Metrics, SkillEvent, Step
from workbench.gui.traces.step_marks import Mark, StepMarks, is_edit

#: What a skill event is called in a list.
SKILL_WORDS = {
    "listed": "listed",
    "requested": "asked for",
    "loaded": "loaded",
    "load_failed": "not loaded",
    "resource_read": "file read",
    "script_run": "script run",
    "reattached": "attached again",
    "dropped": "dropped",
    "edited": "edited",
}
_OUTCOMES = {
    "pass": "passed",
    "fail": "failed",
    "timeout": "timed out",
    "infra": "broken run",
    "unknown": "",
}
_KIND_WORDS = {
    "user": "Prompt",
    "agent": "Answer",
    "system": "System",
    "context": "Context",
    "event": "Event",
}


@dataclass(frozen=True, slots=True)
class StepRow:
    """One step as the list shows it: two lines, a sign and short words at the right."""

    index: int
    icon: str
    tone: str
    title: str
    text: str
    time: str
    tokens: str
    prompt: bool
    failed: bool
    skill: str
    words: str
    said: str = ""


def step_row(index: StepMarks, number: int) -> StepRow:
    """Return the row of a step."""
    step = index.steps[number]
    mark = Mark(index.marks[number])
    icon, tone = sign_of(step, mark)
    events = index.skills.get(number, ())
    title = step_title(step)
    text = step.preview if step.kind != "agent" or not step.tool_calls else calls_text(step)
    time = clock(index.seconds[number]) if index.timed and step.time else ""
    failed = bool(mark & Mark.ERROR)
    skill = skill_text(events)
    said = index.said.get(number, "")
    return StepRow(
        index=number,
        icon=icon,
        tone=tone,
        title=title,
        text=text or "(empty)",
        time=time,
        tokens=step_tokens(step.metrics),
        prompt=step.kind == "user",
        failed=failed,
        skill=skill,
        words=", ".join(
            filter(
                None,
                (
                    f"Step {number}",
                    title,
                    "failed" if failed else "",
                    skill,
                    f"annotated {said}" if said else "",
                    text,
                    time,
                ),
            )
        ),
        said=said,
    )


def sign_of(step: Step, mark: Mark) -> tuple[str, str]:
    """Return icon and colour token of a step."""
    if step.kind == "user":
        return "user", "accent"
    if mark & Mark.COMPACTION:
        return "columns", "warning"
    if mark & Mark.ERROR:
        return "error", "error"
    if step.kind == "agent" and not step.tool_calls:
        return "message", "text"
    if mark & Mark.SUBAGENT:
        return "branch", "data_1"
    if step.tool_calls:
        name = step.tool_calls[0].name
        if is_edit(name):
            return "edit", "data_2"
        return ("terminal" if _is_shell(name) else "tool"), "text_muted"
    return ("info" if step.kind == "context" else "dot"), "text_muted"


def _is_shell(tool: str) -> bool:
    name = tool.casefold()
    return name in ("run", "sh") or any(
        word in name for word in ("bash", "shell", "exec", "command", "terminal")
    )


def step_title(step: Step) -> str:
    """Return the name of a step: its tools, its label, or its kind."""
    if step.kind == "agent" and step.tool_calls:
        names = [call.name for call in step.tool_calls]
        shown = list(dict.fromkeys(names))
        title = ", ".join(shown[:3])
        if len(names) > 1 and len(shown) == 1:
            return f"{title} ×{len(names)}"
        return f"{title} and {len(shown) - 3} more" if len(shown) > 3 else title
    if step.label:
        return step.label.replace("_", " ").capitalize()
    return _KIND_WORDS[step.kind]


def calls_text(step: Step) -> str:
    """Return the main arguments of a step's calls on one line."""
    return "  ·  ".join(call.argument for call in step.tool_calls if call.argument) or step.preview


def skill_text(events: Sequence[SkillEvent]) -> str:
    """Return skill events in few words: "csv-cleanup loaded"."""
    # That it was asked for says less than what came of it.
    ordered = sorted(events, key=lambda one: one.kind == "requested")
    told = list(dict.fromkeys(f"{one.skill} {SKILL_WORDS[one.kind]}" for one in ordered))
    return told[0] + (f" +{len(told) - 1}" if len(told) > 1 else "") if told else ""


def step_tokens(metrics: Metrics | None) -> str:
    """Return input and output tokens of a step, "" where nothing is recorded."""
    if metrics is None or (metrics.input is None and metrics.output is None):
        return ""
    return f"{count(metrics.input)} → {count(metrics.output)}"


def count(figure: int | None) -> str:
    """Return a figure in at most five characters; "–" where it is not recorded."""
    if figure is None:
        return "–"
    if figure < 10_000:
        return f"{figure:,}"
    if figure < 1_000_000:
        return f"{figure / 1000:.0f}k" if figure >= 100_000 else f"{figure / 1000:.1f}k"
    return f"{figure / 1_000_000:.1f}M"


def clock(seconds: float) -> str:
    """Return a time since the beginning: 0:07, 12:31, 3:04:05."""
    whole = int(seconds)
    hours, rest = divmod(whole, 3600)
    if hours:
        return f"{hours}:{rest // 60:02}:{rest % 60:02}"
    return f"{rest // 60}:{rest % 60:02}"


def day(time: str | None) -> str:
    """Return an ISO time as "2026-10-12 15:20", "" for what is none."""
    if not time or not time[:4].isdigit():
        return ""
    return f"{time[:10]} {time[11:16]}".strip() if time[10:11] in ("T", " ") else time[:16]


def outcome_words(status: str) -> str:
    """Return how a run ended, "" where that is not recorded."""
    return _OUTCOMES.get(status, status)
