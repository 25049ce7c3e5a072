"""Traces as the miner needs them: the commands in order, what was said, how it ended."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property

from evidence_miner.commands import command_of, strings_of
from evidence_miner.signatures import ErrorLine, error_line, is_infra
from evidence_miner.terms import used_terms
from evidence_miner.test_results import SeenTest, results_in
from workbench.plugin.api import Context, Request, TraceCall, TraceHeader, TraceInput, TraceStep

#: Of what a call returned, for finding error lines; they stand at the beginning or the end.
_MAX_OUTPUT = 60_000
#: From this reward on a run counts as passed.
PASS_SCORE = 0.5
_MAX_REQUEST = 4000
_USES = ("loaded", "resource_read", "script_run")
_API_ERROR = re.compile(
    r"\bAPI Error\b|\"type\": ?\"(?:overloaded|rate_limit|api|authentication)_error\"|"
    r"stream disconnected|exceeded retry limit|unexpected status \d{3}",
)


@dataclass(frozen=True)
class Action:
    """A shell command with its outcome. ``order`` counts the commands of its trace.

    ``raw`` is the string of the call that the command was taken from: quotes must be in it.
    """

    trace: str
    step: int
    order: int
    command: str
    raw: str
    failed: bool
    succeeded: bool
    error: ErrorLine | None
    output: str


@dataclass(frozen=True)
class Turn:
    """Something a person or the agent said."""

    step: int
    kind: str
    text: str


@dataclass(frozen=True)
class SkillUse:
    """A skill was read or run in a step; ``quote`` may be of that step, "" when it is not known."""

    step: int
    skill: str
    quote: str


@dataclass
class Session:
    """One trace. ``task`` groups attempts at the same thing.

    ``verified`` are single tests as the verifier's record after the run has them, ``checked`` those
    of test runs of the agent's own.
    """

    header: TraceHeader
    task: str
    actions: list[Action] = field(default_factory=list)
    turns: list[Turn] = field(default_factory=list)
    failed_calls: list[tuple[int, str, str]] = field(default_factory=list)
    arguments: list[tuple[int, str]] = field(default_factory=list)
    infra_quote: tuple[int, str] | None = None
    skill_uses: list[SkillUse] = field(default_factory=list)
    verified: dict[str, SeenTest] = field(default_factory=dict)
    checked: dict[str, SeenTest] = field(default_factory=dict)

    @property
    def id(self) -> str:
        """The id evidence refers to."""
        return self.header.id

    @cached_property
    def used(self) -> frozenset[str]:
        """The words the run used in its calls."""
        return used_terms(text for _, text in self.arguments)

    @property
    def order(self) -> tuple[object, ...]:
        """What sorts attempts at one task: when they began, else the numbers in their ids."""
        parts = re.split(r"(\d+)", self.id)
        return (self.header.started or "", [int(p) if p.isdigit() else p for p in parts])

    @property
    def tests(self) -> dict[str, SeenTest]:
        """The tests by name: the verifier's word where there is one."""
        return self.verified or self.checked

    @property
    def failed(self) -> bool | None:
        """How it ended; None where nobody said, or the machine was to blame."""
        outcome, reward = self.header.outcome, self.header.reward
        if outcome == "partial" or (outcome == "unknown" and reward is not None):
            return None if reward is None else reward < PASS_SCORE
        return {"pass": False, "fail": True, "timeout": True}.get(outcome)

    @property
    def request(self) -> Turn | None:
        """The first thing a person said."""
        return next((turn for turn in self.turns if turn.kind == "user"), None)

    @property
    def attempt_at(self) -> str:
        """What attempts at the same thing have in common: the task, else the very same request."""
        request = self.request
        if self.header.task or request is None:
            return self.task
        return " ".join(request.text.split())[:_MAX_REQUEST] or self.task

    @property
    def infra_only(self) -> bool:
        """Whether the run ended by the machine, the network or the model's service alone."""
        if self.header.outcome == "infra":
            return True
        told = self.infra_quote is not None
        return (
            told
            and not any(action.succeeded for action in self.actions)
            and not any(
                action.failed and action.error and not action.error.infra for action in self.actions
            )
        )


def read_sessions(request: Request, context: Context) -> list[Session]:
    """Read all traces, sorted by id: the order they are given in must not matter."""
    sessions: list[Session] = []
    traces = sorted(request.traces, key=lambda trace: trace.id)
    for number, trace in enumerate(traces):
        context.check_cancelled()
        sessions.append(_read(trace, context))
        context.progress(0.6 * (number + 1) / len(traces), f"Read {trace.id}")
    return sessions


def _read(trace: TraceInput, context: Context) -> Session:
    header, steps = context.read_trace(trace)
    session = Session(header, header.task or trace.id.partition("#")[0])
    for step in steps:
        context.check_cancelled()
        _add(session, step)
    return session


def _add(session: Session, step: TraceStep) -> None:
    if step.text.strip() and "injected" not in step.flags:
        session.turns.append(Turn(step.index, step.kind, step.text))
    if session.infra_quote is None and step.kind in ("agent", "event", "system"):
        session.infra_quote = _infra_quote(step)
    if step.kind in ("event", "system"):
        _note_tests(session.verified, step.index, step.text)
    for event in step.skill_events:
        if event.kind in _USES:
            session.skill_uses.append(SkillUse(step.index, event.skill, event.quote))
    for call in step.calls:
        _note_tests(session.checked, step.index, call.observation or "")
        given = strings_of(call.argument, call.arguments)
        session.arguments += [(step.index, text) for text in given]
        if call.status == "error" and call.observation:
            session.failed_calls += [(step.index, text, call.observation) for text in given]
        action = _action(session, step, call)
        if action is not None:
            session.actions.append(action)


def _note_tests(found: dict[str, SeenTest], step: int, text: str) -> None:
    """Keep the last result of each test; of one step, a failure counts before a pass."""
    for test in results_in(text, step):
        before = found.get(test.name)
        if before is None or before.passed or before.step != step:
            found[test.name] = test


def _action(session: Session, step: TraceStep, call: TraceCall) -> Action | None:
    command = command_of(call.name, call.argument, call.arguments)
    if not command:
        return None
    output = call.observation or ""
    strings = strings_of(call.argument, call.arguments)
    failed = call.status == "error" or (call.status == "ok" and call.exit_code not in (None, 0))
    if len(output) > _MAX_OUTPUT:
        output = output[: _MAX_OUTPUT // 2] + "\n" + output[-_MAX_OUTPUT // 2 :]
    return Action(
        trace=session.id,
        step=step.index,
        order=len(session.actions),
        command=command,
        raw=next((text for text in strings if command in text), max(strings, key=len, default="")),
        failed=failed,
        succeeded=call.status == "ok" and call.exit_code in (None, 0),
        error=error_line(output) if failed else None,
        output=output,
    )


def _infra_quote(step: TraceStep) -> tuple[int, str] | None:
    """Return the line in which the agent's own service failed."""
    if step.kind == "agent" and len(step.text) > 2000:
        return None
    for line in step.text.split("\n"):
        if _API_ERROR.search(line) or (step.kind == "event" and is_infra(line)):
            return step.index, line.strip()[:200]
    return None


def succeeded_after(session: Session, action: Action, window: int) -> Iterator[Action]:
    """Yield the commands that worked among the next ``window`` ones."""
    for later in session.actions[action.order + 1 : action.order + 1 + window]:
        if later.succeeded:
            yield later
