"""A session and its subagents as one tree of trajectories."""

from __future__ import annotations

import functools
import json
import stat
from collections import deque
from collections.abc import Sequence
from pathlib import Path

import msgspec
from msgspec import Struct

from workbench.domain.trajectory import Metrics, Outcome, OutcomeStatus, Trajectory
from workbench.traces.claude.build import Builder
from workbench.traces.claude.drafts import CallDraft
from workbench.traces.claude.facts import Facts
from workbench.traces.claude.late import steps_of
from workbench.traces.claude.reading import Reading
from workbench.traces.claude.sums import calls_and_errors, first_and_last, model_of, tokens_of
from workbench.traces.json_values import mapping, one_line, string

_MAX_META = 64 << 10


class _Part(Struct):
    """One trajectory to be: the session or a subagent, with what links it to its call."""

    id: str
    builder: Builder
    reading: Reading
    agent: str | None = None
    call: str | None = None
    title: str = ""
    children: list[_Part] = []


def trajectories(format_id: str, readings: Sequence[Reading]) -> tuple[Trajectory, ...]:
    """Return the session of the first reading with all subagents below the calls they serve."""
    first = readings[0]
    main = _part(first, first.main, first.facts.session or first.source.path.stem or "session")
    parts: list[_Part] = []
    for reading in readings:
        if reading is not first:
            part = _companion(reading)
            part.call = part.call or first.served.get(part.agent or "")
            parts.append(part)
        for agent, builder in reading.sidechains.items():
            part = _part(reading, builder, agent)
            part.agent = agent
            part.call = reading.served.get(agent)
            parts.append(part)
    _link(main, parts)
    if not main.builder.steps and not main.children:
        return ()
    return (_made(format_id, main, None),)


def _part(reading: Reading, builder: Builder, part_id: str) -> _Part:
    return _Part(id=part_id, builder=builder, reading=reading, children=[])


def _companion(reading: Reading) -> _Part:
    """Return the part of a subagent's own file, with what its ``.meta.json`` tells."""
    path = reading.source.path
    part = _part(reading, reading.main, path.stem)
    part.agent = reading.agent or path.stem.removeprefix("agent-")
    meta = _meta(path)
    part.call = string(meta.get("toolUseId"))
    kind, words = string(meta.get("agentType")), string(meta.get("description"))
    part.title = one_line(": ".join(word for word in (kind, words) if word))
    return part


def _meta(path: Path) -> dict[str, object]:
    beside = path.with_name(f"{path.stem}.meta.json")
    try:
        found = beside.lstat()
        if not stat.S_ISREG(found.st_mode) or found.st_size > _MAX_META:
            return {}
        return mapping(json.loads(beside.read_bytes()))
    except (OSError, ValueError, RecursionError):
        return {}


def _link(main: _Part, parts: list[_Part]) -> None:
    """Hang each subagent below the part whose call asked for it, the rest below the session.

    A call is known by the agent id in its result, by the meta file, by a progress record, or by
    the prompt that the subagent was given.
    """
    seen = _Callers([main, *parts])
    above: dict[int, _Part] = {}
    used: set[int] = set()
    names: set[str] = {main.id}
    for part in parts:
        while part.id in names:
            part.id += "+"
        names.add(part.id)
    for part in parts:
        parent, call = seen.of(part, used) or (main, None)
        if _below(parent, part, above):
            parent = main
        elif call is not None:
            used.add(id(call))
            call.sub = part.id
        above[id(part)] = parent
        parent.children.append(part)


class _Callers:
    """Who made each call, by all that can tell which subagent it was for."""

    def __init__(self, everyone: Sequence[_Part]) -> None:
        self._everyone = everyone
        self._agents: dict[str, tuple[_Part, CallDraft]] = {}
        for part in everyone:
            for agent, call in part.builder.agents.items():
                self._agents.setdefault(agent, (part, call))

    @functools.cached_property
    def _calling(self) -> dict[str, _Part]:
        """Whose the calls are that are named as an agent's; of a session's many few are."""
        named = {name for part in self._everyone for name in (part.call, part.agent) if name}
        found: dict[str, _Part] = {}
        for part in reversed(self._everyone):
            waiting = part.builder.waiting
            for calls in (part.builder.calls, waiting.calls if waiting is not None else {}):
                if not named.isdisjoint(calls):
                    found.update(dict.fromkeys(named.intersection(calls), part))
        return found

    @functools.cached_property
    def _prompts(self) -> dict[int, deque[tuple[_Part, CallDraft]]]:
        found: dict[int, deque[tuple[_Part, CallDraft]]] = {}
        for part in self._everyone:
            for prompt, call in part.builder.prompts:
                found.setdefault(prompt, deque()).append((part, call))
        return found

    def of(self, part: _Part, used: set[int]) -> tuple[_Part, CallDraft] | None:
        """Return the part whose call a subagent serves, and the call; None when nobody's."""
        agent = part.agent or ""
        known = self._agents.get(agent)
        if known is not None and known[0] is not part:
            return known
        for native in (part.call, agent):
            asking = self._calling.get(native) if native else None
            if native is not None and asking is not None and asking is not part:
                asking.reading.catch_up(asking.builder)
                return asking, asking.builder.calls[native]
        prompt = part.builder.first_prompt
        asked = self._prompts.get(prompt) if prompt is not None else None
        while asked and id(asked[0][1]) in used:
            asked.popleft()
        for found in asked or ():
            if found[0] is not part and id(found[1]) not in used:
                return found
        return None


def _below(parent: _Part, part: _Part, above: dict[int, _Part]) -> bool:
    """Whether ``parent`` itself hangs below ``part``: damaged links must not make a ring."""
    at: _Part | None = parent
    while at is not None:
        if at is part:
            return True
        at = above.get(id(at))
    return False


def _made(format_id: str, part: _Part, parent: _Part | None) -> Trajectory:
    builder, reading = part.builder, part.reading
    facts, own = reading.facts, builder is reading.main
    waiting = builder.waiting
    if waiting is not None and not waiting.dated():
        reading.catch_up(builder)
    elif waiting is not None:
        waiting.ended()
    started, ended = first_and_last(builder, reading.last_time if own else None)
    totals = _totals(builder, facts if parent is None else None)
    model, calls, errors = model_of(builder), *calls_and_errors(builder)
    steps = steps_of(builder, reading.source)
    title, weight = _recorded_title(facts) if parent is None else ("", 0)
    return Trajectory(
        id=part.id,
        format=format_id,
        format_version=facts.version,
        agent="claude-code",
        model=model,
        sources=(reading.source.info(),),
        steps=steps,
        totals=totals,
        loss=builder.loss.made(),
        session=facts.session,
        title=part.title or title or builder.opened,
        title_weight=0 if part.title else weight,
        cwd=facts.cwd,
        started=started,
        ended=ended,
        messages=builder.messages,
        tool_calls=calls,
        errors=errors,
        outcome=_outcome(facts) if parent is None else Outcome(),
        skill_events=tuple(builder.skills.ended()),
        children=tuple([_made(format_id, child, part) for child in part.children]),
        parent=parent.id if parent is not None else None,
    )


def _totals(builder: Builder, facts: Facts | None) -> Metrics:
    """Sum the messages; a stream's one result knows better, its messages carry early counts."""
    summed_up = tokens_of(builder)
    if facts is None or not facts.results:
        return summed_up
    best = facts.usage if facts.results == 1 and facts.usage is not None else summed_up
    return msgspec.structs.replace(best, cost_usd=facts.cost)


def _recorded_title(facts: Facts) -> tuple[str, int]:
    """Return the title that records give, and its weight: a person's own stands over all."""
    for weight, kind in ((3, "custom"), (2, "ai"), (1, "summary")):
        if facts.titles.get(kind):
            return facts.titles[kind], weight
    return "", 0


def _outcome(facts: Facts) -> Outcome:
    """Return how the run ended as a stream's result says; "success" is no verdict on the task.

    Limits (``error_max_turns`` and its like) are the agent's failure; an error while it ran, or a
    "success" that is an error (the API refused), is none of its doing.
    """
    if not facts.results:
        return Outcome()
    status: OutcomeStatus = "unknown"
    if facts.failed:
        status = "fail" if facts.reason.startswith("error_max") else "infra"
    reason = "API error" if facts.failed and facts.reason == "success" else facts.reason
    return Outcome(status=status, reason=reason)
