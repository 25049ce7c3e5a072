"""A part of a trace as it is read: prompts and answers in full, a tool call on one line. No Qt.

What evidence needs is on the page; results are behind their calls (asked for in
prime-radiant-inc/evener#4: user and final messages in full, a tool call on one line, large results
behind expanders).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

from workbench.domain.text import counted
from workbench.domain.trajectory import Step, StepBody, ToolBody
from workbench.gui.traces.step_marks import Mark, StepMarks
from workbench.gui.traces.viewer.renderers import RENDERERS
from workbench.gui.traces.viewer.renderers.content import Content, Shown, show
from workbench.gui.traces.viewer.step_page import event_text
from workbench.gui.traces.words import clock, step_title
from workbench.traces.importer import TraceError
from workbench.traces.open import OpenTrace
from workbench.traces.times import duration_words

Kind = Literal["prompt", "answer", "note", "call", "skill", "context"]

#: Steps of a page; a turn is not cut when it begins in the page's last quarter.
PAGE = 80
#: A text on the page goes no further; the step shows all of it.
MOST_TEXT = 30_000
_RESULT = 6_000
_LINE = 160
_COMMAND_TAGS = ("<command-name>", "<command-message>")
_COMMAND = re.compile(r"<command-(name|message|args)>(.*?)</command-\1>", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Hidden:
    """What a person does not want to see: steps by their marks, parts of steps by their role."""

    marks: int = 0
    parts: frozenset[str] = frozenset()

    @property
    def results(self) -> bool:
        """Whether the results of tools are hidden."""
        return "observation" in self.parts


@dataclass(frozen=True, slots=True)
class Entry:
    """A text or a line of the page.

    ``id`` names a call ("step:number"), ``failed`` says that it failed, ``sub`` is the trajectory
    it started. ``left_out`` are the characters that are not on the page.
    """

    step: int
    kind: Kind
    title: str
    text: str
    detail: str = ""
    id: str = ""
    failed: bool = False
    sub: str = ""
    left_out: int = 0


NOTHING_HIDDEN = Hidden()


def pages_of(index: StepMarks, size: int = PAGE, hidden: int = 0) -> tuple[range, ...]:
    """Return the steps of each page, turns kept together where that is possible.

    Pages have ``size`` steps without a mark of ``hidden``; those that have one are among them.
    """
    steps, marks = index.steps, index.marks
    shown: Sequence[int] = range(len(steps))
    if hidden:
        shown = [number for number in shown if not marks[number] & hidden]
    starts = [0]
    start = 0
    while start + size < len(shown):
        end = start + size
        start = next(
            (
                one
                for one in range(end, max(start, end - size // 4 - 1), -1)
                if steps[shown[one]].turn != steps[shown[one - 1]].turn
            ),
            end,
        )
        starts.append(shown[start])
    return tuple(range(one, end) for one, end in pairwise([*starts, len(steps)]))


def entries_of(
    trace: OpenTrace, index: StepMarks, steps: range, hidden: Hidden = NOTHING_HIDDEN
) -> tuple[Entry, ...]:
    """Read the entries of some steps, without what is hidden. For a thread."""
    return tuple(
        one
        for step in steps
        if not index.marks[step] & hidden.marks
        for one in _of_step(trace, index, step, hidden)
    )


def result_of(trace: OpenTrace, step: int, number: int) -> tuple[ToolBody, Shown, Shown | None]:
    """Return a call with its arguments and its result as they are shown. For a thread.

    Raises:
        TraceError: the file is not what it was.
    """
    call = trace.body(step).tool_calls[number]
    arguments = show(Content(call.arguments, "arguments", call.name), RENDERERS, most=_RESULT)
    if call.observation is None:
        return call, arguments, None
    content = Content(call.observation, "observation", call.name)
    return call, arguments, show(content, RENDERERS, most=_RESULT)


def _of_step(trace: OpenTrace, index: StepMarks, number: int, hidden: Hidden) -> Iterator[Entry]:
    step = index.steps[number]
    time = clock(index.seconds[number]) if index.timed and step.time else ""
    for event in index.skills.get(number, ()):
        yield Entry(number, "skill", event.skill, event_text(event))
    if step.kind in ("context", "event", "system"):
        yield Entry(number, "context", step_title(step), step.preview, time)
        return
    body = _body(trace, step)
    said = _as_typed(body.text) if body is not None else step.preview
    if said.strip() or not step.tool_calls:
        kind: Kind = "prompt" if step.kind == "user" else "note" if step.tool_calls else "answer"
        title = {"prompt": "Prompt", "note": "", "answer": "Answer"}[kind]
        cut = max(0, len(said) - MOST_TEXT)
        yield Entry(number, kind, title, said[:MOST_TEXT], time, left_out=cut)
    yield from _calls(step, body, hidden, bool(index.marks[number] & Mark.ERROR))


def _as_typed(text: str) -> str:
    """Return a slash command as it was typed, not as Claude Code wraps it; the step has all."""
    if not text.lstrip().startswith(_COMMAND_TAGS):
        return text
    parts = {found.group(1): found.group(2).strip() for found in _COMMAND.finditer(text)}
    if not parts.get("name"):
        return text
    typed = f"/{parts['name'].removeprefix('/')} {parts.get('args', '')}".rstrip()
    rest = _COMMAND.sub("", text).strip()
    return f"{typed}\n\n{rest}" if rest else typed


def _calls(step: Step, body: StepBody | None, hidden: Hidden, failed: bool) -> Iterator[Entry]:
    bodies = {one.id: one for one in body.tool_calls} if body is not None else {}
    for place, call in enumerate(step.tool_calls):
        found = bodies.get(call.id)
        details: list[str] = []
        if call.status not in ("ok", "missing"):
            details.append(call.status)
        if call.exit_code:
            details.append(f"exit {call.exit_code}")
        if call.duration_s is not None:
            details.append(duration_words(call.duration_s))
        result = (found.observation or "") if found is not None else ""
        if result:
            details.append(counted(len(result), "character"))
        wrong = failed and call.status == "error"
        told = _first_line(result) if wrong and not hidden.results else ""
        text = f"{call.argument}\n{told}" if told else call.argument
        detail = "  ·  ".join(details)
        key = f"{step.index}:{place}"
        yield Entry(step.index, "call", call.name, text, detail, key, wrong, call.sub or "")


def _body(trace: OpenTrace, step: Step) -> StepBody | None:
    try:
        return trace.body(step.index)
    except TraceError:
        raise
    except Exception:  # a step that cannot be read in full is told by its preview
        return None


def _first_line(text: str) -> str:
    line = next((line for line in text.splitlines() if line.strip()), "")
    return line.strip()[:_LINE]
