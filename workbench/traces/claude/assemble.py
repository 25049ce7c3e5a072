"""A session and its subagents as one tree of trajectories."""

from __future__ import annotations

import functools
import json
import stat
from collections import Counter, deque
from collections.abc import Sequence
from pathlib import Path

import msgspec
from msgspec import Struct

from workbench.domain.trajectory import Metrics, Outcome, OutcomeStatus, Trajectory
from workbench.traces.claude.build import Builder
from workbench.traces.claude.drafts import CallDraft, StepDraft, counted, late_steps
from workbench.traces.claude.reading import Facts, Reading
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
    def _calls(self) -> dict[str, CallDraft]:
        found: dict[str, CallDraft] = {}
        for part in reversed(self._everyone):
            found.update(part.builder.calls)
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
            call = self._calls.get(native) if native else None
            if native is not None and call is not None:
                asking = next(p for p in self._everyone if p.builder.calls.get(native) is call)
                if asking is not part:
                    return asking, call
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
    started, ended = _first_and_last(builder, reading.last_time if own else None)
    steps, calls = builder.finish(), builder.asked
    title, weight = _recorded_title(facts) if parent is None else ("", 0)
    return Trajectory(
        id=part.id,
        format=format_id,
        format_version=facts.version,
        agent="claude-code",
        model=_model(steps),
        sources=(reading.source.info(),),
        steps=late_steps(steps, calls),
        totals=_totals(steps, facts if parent is None else None),
        loss=builder.loss.made(),
        session=facts.session,
        title=part.title or title or builder.opened,
        title_weight=0 if part.title else weight,
        cwd=facts.cwd,
        started=started,
        ended=ended,
        messages=builder.messages,
        tool_calls=len(calls),
        errors=builder.errors + [call.status for call in calls].count("error"),
        outcome=_outcome(facts) if parent is None else Outcome(),
        skill_events=tuple(builder.skills.ended()),
        children=tuple([_made(format_id, child, part) for child in part.children]),
        parent=parent.id if parent is not None else None,
    )


def _first_and_last(builder: Builder, last: str | None) -> tuple[str | None, str | None]:
    """Return the first and the last time that is one, also of results."""
    times = [draft.time for draft in builder.steps if draft.time]
    times += [call.answered for call in builder.asked if call.answered]
    if last:
        times.append(last)
    if times and not "0" <= min(times)[0] <= max(times)[0] <= "9":
        times = [time for time in times if time[0].isdigit()]
    return min(times, default=None), max(times, default=None)


def _totals(steps: Sequence[StepDraft], facts: Facts | None) -> Metrics:
    """Sum the messages; a stream's one result knows better, its messages carry early counts."""
    summed_up = _sum(steps)
    if facts is None or not facts.results:
        return summed_up
    best = facts.usage if facts.results == 1 and facts.usage is not None else summed_up
    return msgspec.structs.replace(best, cost_usd=facts.cost)


def _sum(steps: Sequence[StepDraft]) -> Metrics:
    """Add the tokens of the steps; what none of them has stays "not recorded"."""
    used = [step.usage for step in steps if step.usage is not None and counted(step.usage)]
    fresh = _added([one.input_tokens for one in used])
    read = _added([one.cache_read_input_tokens for one in used])
    written = _added([one.cache_creation_input_tokens for one in used])
    output = _added([one.output_tokens for one in used])
    recorded = fresh is not None or read is not None or written is not None
    return Metrics(
        (fresh or 0) + (read or 0) + (written or 0) if recorded else None, output, read, written
    )


def _added(counts: list[int | None]) -> int | None:
    total = sum(filter(None, counts))
    return total if total or any(count is not None for count in counts) else None


def _model(steps: Sequence[StepDraft]) -> str | None:
    """Return the model of most steps."""
    models = Counter([step.model for step in steps if step.model is not None])
    return models.most_common(1)[0][0] if models else None


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
