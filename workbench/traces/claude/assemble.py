"""A session and its subagents as one tree of trajectories."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from msgspec import Struct

from workbench.domain.trajectory import Metrics, Outcome, OutcomeStatus, TraceSource, Trajectory
from workbench.traces.claude.build import Builder
from workbench.traces.claude.order import split_sidechains
from workbench.traces.claude.reading import Reading
from workbench.traces.claude.records import Facts
from workbench.traces.draft import CallDraft, summed
from workbench.traces.json_values import mapping, one_line, string

_MAX_META = 64 << 10


class _Part(Struct):
    """One trajectory to be: the session or a subagent, with what links it to its call."""

    id: str
    builder: Builder
    facts: Facts
    source: TraceSource
    agent: str | None = None
    call: str | None = None
    title: str = ""
    children: list[_Part] = []


def trajectories(format_id: str, readings: Sequence[Reading]) -> tuple[Trajectory, ...]:
    """Return the session of the first reading with all subagents below the calls they serve."""
    main_reading = readings[0]
    main_records, sidechains = split_sidechains(main_reading.records)
    main = _part(main_reading, "")
    main.id = main.facts.session or main_reading.source.path.stem or "session"
    main.builder.loss = main_reading.loss
    main.builder.build(main_records, main.facts.cwd or "")
    main.builder.serve(main_reading.progress)
    parts: list[_Part] = []
    for agent, records in sidechains.items():
        part = _part(main_reading, agent, agent=agent)
        part.builder.build(records, main.facts.cwd or "")
        parts.append(part)
    for reading in readings[1:]:
        part = _companion(reading)
        part.builder.build(reading.records, part.facts.cwd or main.facts.cwd or "")
        part.builder.serve(reading.progress)
        parts.append(part)
    _link(main, parts)
    if not main.builder.steps and not main.children:
        return ()
    return (_made(format_id, main, None),)


def _part(reading: Reading, part_id: str, agent: str | None = None) -> _Part:
    return _Part(
        id=part_id,
        builder=Builder(reading.source.data),
        facts=reading.facts,
        source=reading.source.info(),
        agent=agent,
        children=[],
    )


def _companion(reading: Reading) -> _Part:
    """Return the part of a subagent's own file, with what its ``.meta.json`` tells."""
    path = reading.source.path
    agent = path.stem.removeprefix("agent-")
    recorded = next((record.agent for record in reading.records if record.agent), None)
    part = _part(reading, path.stem, agent=recorded or agent)
    part.builder.loss = reading.loss
    meta = _meta(path)
    part.call = string(meta.get("toolUseId"))
    kind, words = string(meta.get("agentType")), string(meta.get("description"))
    part.title = one_line(": ".join(word for word in (kind, words) if word))
    return part


def _meta(path: Path) -> dict[str, object]:
    beside = path.with_name(f"{path.stem}.meta.json")
    try:
        if beside.is_symlink() or beside.stat().st_size > _MAX_META:
            return {}
        return mapping(json.loads(beside.read_bytes()))
    except (OSError, ValueError, RecursionError):
        return {}


def _link(main: _Part, parts: list[_Part]) -> None:
    """Hang each subagent below the part whose call asked for it, the rest below the session.

    A call is known by the agent id in its result, by the meta file, by a progress record, or by
    the prompt that the subagent was given.
    """
    everyone = [main, *parts]
    above: dict[int, _Part] = {}
    used: set[int] = set()
    names: set[str] = {main.id}
    for part in parts:
        while part.id in names:
            part.id += "+"
        names.add(part.id)
    for part in parts:
        parent, call = _caller(part, everyone, used)
        if parent is None or _below(parent, part, above):
            parent = main
        elif call is not None:
            used.add(id(call))
            call.sub = part.id
        above[id(part)] = parent
        parent.children.append(part)


def _caller(
    part: _Part, everyone: list[_Part], used: set[int]
) -> tuple[_Part | None, CallDraft | None]:
    for other in everyone:
        if other is part:
            continue
        builder = other.builder
        call = (
            builder.agents.get(part.agent or "")
            or builder.calls.get(part.call or "")
            or builder.calls.get(part.agent or "")
        )
        if call is not None:
            return other, call
    for other in everyone:
        prompt = part.builder.first_prompt
        call = other.builder.prompts.get(prompt) if prompt is not None else None
        if other is not part and call is not None and id(call) not in used:
            return other, call
    return None, None


def _below(parent: _Part, part: _Part, above: dict[int, _Part]) -> bool:
    """Whether ``parent`` itself hangs below ``part``: damaged links must not make a ring."""
    at: _Part | None = parent
    while at is not None:
        if at is part:
            return True
        at = above.get(id(at))
    return False


def _made(format_id: str, part: _Part, parent: _Part | None) -> Trajectory:
    builder, facts = part.builder, part.facts
    steps = tuple(
        step.made(above) for step, above in zip(builder.steps, builder.parent_uids(), strict=True)
    )
    own = parent is None or part.source.path != parent.source.path
    times = [step.time for step in steps if step.time and step.time[:1].isdigit()]
    return Trajectory(
        id=part.id,
        format=format_id,
        format_version=facts.version,
        agent="claude-code",
        model=_model(builder),
        sources=(part.source,),
        steps=steps,
        totals=_totals(part, parent),
        loss=builder.loss.made(),
        session=facts.session,
        title=part.title or (_title(facts, builder) if parent is None else builder.opened),
        cwd=facts.cwd,
        started=facts.first_time if own else min(times, default=None),
        ended=facts.last_time if own else max(times, default=None),
        messages=builder.messages,
        tool_calls=sum(len(step.tool_calls) for step in steps),
        errors=builder.errors
        + sum(call.status == "error" for step in steps for call in step.tool_calls),
        outcome=_outcome(facts) if parent is None else Outcome(),
        skill_events=tuple(builder.skills.events),
        children=tuple(_made(format_id, child, part) for child in part.children),
        parent=parent.id if parent is not None else None,
    )


def _totals(part: _Part, parent: _Part | None) -> Metrics:
    """Sum the messages; a stream's one result knows better, its messages carry early counts."""
    steps = summed(step.metrics for step in part.builder.steps)
    facts = part.facts
    if parent is not None or not facts.results:
        return steps
    best = facts.usage if facts.results == 1 and facts.usage is not None else steps
    return Metrics(
        input=best.input,
        output=best.output,
        cached=best.cached,
        cache_write=best.cache_write,
        cost_usd=facts.cost,
    )


def _model(builder: Builder) -> str | None:
    if builder.models:
        return builder.models.most_common(1)[0][0]
    return next((step.model for step in builder.steps if step.model), None)


def _title(facts: Facts, builder: Builder) -> str:
    for kind in ("custom", "ai", "summary"):
        if facts.titles.get(kind):
            return facts.titles[kind]
    return builder.opened


def _outcome(facts: Facts) -> Outcome:
    """Return how the run ended as a stream's result says; "success" is no verdict on the task."""
    if not facts.results:
        return Outcome()
    status: OutcomeStatus = "fail" if facts.failed else "unknown"
    return Outcome(status=status, reason=facts.reason)
