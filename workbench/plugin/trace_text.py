"""A normalised trace as text for a model: every step with its number, long texts cut.

Nothing of a trace is kept in memory but its header; steps are read again when they are needed.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Sequence
from typing import Protocol

from workbench.domain.job import Request, TraceInput, TraceLabel
from workbench.domain.trace_lines import TraceCall, TraceHeader, TraceStep

#: The line the host puts where it cut a long text; a quote never goes across it.
LEFT_OUT = re.compile(r"\n?\[\.\.\. \d+ characters left out \.\.\.\]\n?")
_API_ERROR = re.compile(
    r"\bAPI Error\b|\"type\": ?\"(?:overloaded|rate_limit|api|authentication)_error\"|"
    r"stream disconnected|exceeded retry limit|unexpected status \d{3}"
)
#: Of one text of a step so many characters are shown, of skill text put in by the client fewer.
_TEXT = 3000
_INJECTED = 200
_FAILED = frozenset({"fail", "partial", "timeout"})


class ReadsTraces(Protocol):
    """What is asked of a plugin's context."""

    def read_trace(self, trace: TraceInput) -> tuple[TraceHeader, Iterator[TraceStep]]:
        """Open a normalised trace."""
        ...

    def check_cancelled(self) -> None:
        """Raise when the user asked to stop."""
        ...


class TraceText:
    """One trace. ``labels`` are what people said of it."""

    def __init__(
        self, context: ReadsTraces, trace: TraceInput, labels: Sequence[TraceLabel] = ()
    ) -> None:
        self._context = context
        self._trace = trace
        self._labels = tuple(label for label in labels if label.trace == trace.id)
        self.header, steps = context.read_trace(trace)
        self.steps = 0
        self.failing_calls = 0
        self._has_api_error = False
        self._has_worked = False
        for step in steps:
            context.check_cancelled()
            self.steps += 1
            self._note(step)

    @property
    def id(self) -> str:
        """The id evidence refers to."""
        return self._trace.id

    @property
    def has_failed(self) -> bool:
        """Whether a verifier or a person said that the run did not do what it should."""
        bad = any(one.step is None and one.verdict == "bad" for one in self._labels)
        return bad or self.header.outcome in _FAILED

    @property
    def is_infra(self) -> bool:
        """Whether machine, network or service ended the run, so that it says nothing."""
        return self.header.outcome == "infra" or (self._has_api_error and not self._has_worked)

    def each_step(self) -> Iterator[TraceStep]:
        """Read the steps again."""
        _, steps = self._context.read_trace(self._trace)
        for step in steps:
            self._context.check_cancelled()
            yield step

    def shown(self, most: int) -> str:
        """Return the trace in at most about ``most`` characters; its middle steps go first."""
        head = self._head()
        pieces = [(step.index, step_text(step, min(_TEXT, most // 4))) for step in self.each_step()]
        room = max(200, most - len(head))
        if sum(len(text) + 1 for _, text in pieces) <= room:
            return "\n".join([head, *(text for _, text in pieces)])
        first = _fitting(pieces, room // 2)
        last = _fitting(pieces[first:][::-1], room - room // 2)
        middle = pieces[first : len(pieces) - last]
        left_out = f"[steps {middle[0][0]} to {middle[-1][0]} are left out here]" if middle else ""
        kept = [*pieces[:first], (0, left_out), *pieces[len(pieces) - last :]]
        return "\n".join([head, *(text for _, text in kept if text)])

    def _head(self) -> str:
        header = self.header
        lines = [f"run {self.id}: outcome {header.outcome}"]
        if header.reward is not None:
            lines[0] += f", reward {header.reward:g}"
        if header.tests_total:
            lines[0] += f", {header.tests_passed or 0} of {header.tests_total} tests passed"
        if header.task:
            lines.append(f"task: {cut(header.task, 200)}")
        if header.outcome_reason:
            lines.append(f"why: {cut(header.outcome_reason, 600)}")
        for label in self._labels:
            where = "of the run" if label.step is None else f"of step {label.step}"
            said = " ".join(part for part in (label.verdict, label.label, label.note) if part)
            lines.append(f"a person said {where}: {cut(said, 400)}")
        return "\n".join(lines)

    def _note(self, step: TraceStep) -> None:
        if step.kind in ("agent", "event", "system") and len(step.text) < 2000:
            self._has_api_error |= _API_ERROR.search(step.text) is not None
        for call in step.calls:
            failed = call.status == "error" or call.exit_code not in (None, 0)
            self.failing_calls += failed
            self._has_worked |= call.status in ("ok", "error")


def read_trace_texts(
    request: Request, context: ReadsTraces, told: Callable[[float, str], None]
) -> list[TraceText]:
    """Read all traces, sorted by id: the order they are given in must not matter."""
    found: list[TraceText] = []
    traces = sorted(request.traces, key=lambda trace: trace.id)
    for number, trace in enumerate(traces, 1):
        context.check_cancelled()
        found.append(TraceText(context, trace, request.labels))
        told(number / len(traces), f"Read {trace.id}")
    return found


def step_text(step: TraceStep, most: int = _TEXT) -> str:
    """Return one step as text; what it says is verbatim but for cuts, which say so."""
    lines = [f"[step {step.index}] {step.kind}"]
    if step.text.strip():
        room = _INJECTED if "injected" in step.flags or step.kind == "context" else most
        lines[0] += f": {cut(step.text.strip(), room)}"
    if step.reasoning.strip():
        lines.append(f"  thought: {cut(step.reasoning.strip(), most // 2)}")
    for event in step.skill_events:
        if event.kind not in ("listed", "dropped"):
            lines.append(f"  skill {event.skill}: {event.kind}")
    for call in step.calls:
        lines.append(f"  calls {call.name}: {cut(_asked(call), most)}")
        ended = call.status if call.exit_code is None else f"{call.status}, exit {call.exit_code}"
        lines.append(f"  result ({ended}): {cut((call.observation or '').strip(), most)}")
    return "\n".join(lines)


def step_strings(step: TraceStep) -> tuple[str, ...]:
    """Return every text of a step that a quote may be taken from, without what the host cut."""
    whole = [step.text, step.reasoning]
    for call in step.calls:
        whole += [call.observation or "", *_argument_strings(call), call.arguments]
    parts = (part for text in whole if text for part in LEFT_OUT.split(text))
    return tuple(dict.fromkeys(part for part in parts if part.strip()))


def cut(text: str, most: int) -> str:
    """Return a text of at most about ``most`` characters, its middle left out."""
    if len(text) <= most:
        return text
    half = max(20, most // 2)
    return f"{text[:half]}\n[... {len(text) - 2 * half} characters left out ...]\n{text[-half:]}"


def _asked(call: TraceCall) -> str:
    strings = _argument_strings(call)
    return strings[0] if len(strings) == 1 else "\n    ".join(strings) or call.argument


def _argument_strings(call: TraceCall) -> list[str]:
    """Return the texts in a call's arguments, as they were before they became JSON."""
    try:
        value: object = json.loads(call.arguments)
    except (ValueError, RecursionError):
        return [call.arguments or call.argument]
    return list(_strings(value)) or [call.argument]


def _strings(value: object, depth: int = 0) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif depth < 20 and isinstance(value, list | dict):
        for one in value.values() if isinstance(value, dict) else value:
            yield from _strings(one, depth + 1)


def _fitting(pieces: Sequence[tuple[int, str]], room: int) -> int:
    """Return how many of the pieces fit from the first on; one at least."""
    for count, (_, text) in enumerate(pieces):
        room -= len(text) + 1
        if room < 0:
            return max(1, count)
    return len(pieces)
