"""Events of a run as rows of a table and lines of a log."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from workbench.domain.job import (
    AnyEvent,
    Candidate,
    Diagnosis,
    EvalRequested,
    EvalResult,
    EvidenceFound,
    Finished,
    GateEvent,
    LlmCall,
    LlmRequested,
    Log,
    Progress,
    ProposalEvent,
    Stage,
    Started,
    UnknownEvent,
    Warning_,
)
from workbench.evolution.run import Cost


@dataclass(frozen=True, slots=True)
class EventRow:
    """One row. ``key`` is set where a later event takes the place of an earlier one (a stage)."""

    kind: str
    text: str
    icon: str = "dot"
    token: str = "text_muted"
    key: str = ""


_GOOD_ENDS = ("completed", "no_change")


def event_row(event: AnyEvent) -> EventRow | None:
    """Return an event as a row, None for what only moves the progress bar or fills the log."""
    match event:
        case Progress() | Log():
            return None
        case Started():
            words = " ".join(filter(None, (event.plan, event.cost_estimate)))
            return EventRow("Started", words or "The engine began.", "play", "accent")
        case Stage():
            share = f"{event.done} of {event.total}" if event.total else str(event.done or "")
            done = bool(event.total) and event.done >= event.total
            sign = ("check", "success") if done else ("arrow-right", "accent")
            return EventRow("Stage", f"{event.name}  {share}".strip(), *sign, key=event.name)
        case EvidenceFound():
            text = f"{event.finding}  ({event.trace}, step {event.step})"
            return EventRow("Evidence", text, "search", "info")
        case LlmRequested():
            return None  # its answer is told of
        case LlmCall():
            return EventRow("Model call", _call_words(event), "message", "info")
        case ProposalEvent():
            return EventRow(
                "Proposal", event.draft.title if event.draft else "", "review", "accent"
            )
        case Diagnosis():
            return EventRow("Diagnosis", event.draft.title if event.draft else "", "info", "info")
        case Warning_():
            return EventRow("Warning", event.text, "warning", "warning")
        case Finished():
            good = event.status in _GOOD_ENDS
            sign = ("check-circle", "success") if good else ("error", "error")
            if event.status in ("cancelled", "budget", "lost", "infra_blocked"):
                sign = ("stop", "warning")
            text = f"{event.status.replace('_', ' ')}. {event.summary}".strip()
            return EventRow("Finished", text, *sign)
    return _engine_row(event)


def _engine_row(event: AnyEvent) -> EventRow:
    """What an engine says of its own search: shown as its word, never as a result of ours."""
    match event:
        case Candidate():
            made_of = f" from {', '.join(event.parents)}" if event.parents else ""
            return EventRow("Candidate", f"{event.id}{made_of}  {event.summary}", "branch", "info")
        case GateEvent():
            # Events of the job are numbered; the host's own gate comes after it, unnumbered.
            level = event.level.replace("_", " ")
            if event.seq:
                said = f"engine's word: {event.candidate} {event.rule} {level}"
                return EventRow("Engine's gate", said, "info")
            return EventRow("Gate", f"{event.candidate}: {level}  {event.rule}", "review", "accent")
        case EvalRequested():
            count = len(event.tasks)
            many = "all tasks" if not count else f"{count} task{'' if count == 1 else 's'}"
            return EventRow("Asks for runs", f"{event.candidate}: {many}", "play")
        case EvalResult():
            score = "no score" if event.score is None else f"score {event.score:g}"
            return EventRow("Task run", f"{event.candidate} {event.task}: {event.status}, {score}")
        case UnknownEvent():
            return EventRow(event.tag, event.raw, "hint")
    return EventRow(type(event).__name__, str(event), "hint")


def _call_words(call: LlmCall) -> str:
    cost = f", ${call.usd:.4f}" if call.usd else ""
    cached = ", from the cache" if call.cached else ""
    what = f"{call.label}: " if call.label else ""
    return (
        f"{what}{call.role or 'model'} {call.model}, {call.input_tokens:,} tokens in, "
        f"{call.output_tokens:,} out{cost}{cached}"
    )


def cost_words(events: Iterable[AnyEvent]) -> str:
    """Return what the calls to models took, empty when there were none."""
    calls = [event for event in events if isinstance(event, LlmCall)]
    paid = [call for call in calls if not call.cached]
    return spent_words(
        Cost(
            len(paid),
            sum(call.input_tokens for call in paid),
            sum(call.output_tokens for call in paid),
            sum(call.usd for call in paid),
            len(calls) - len(paid),
        ),
        0,
    )


def spent_words(cost: Cost, runs: int) -> str:
    """Return what a run took, empty when it took nothing."""
    many = "1 model call" if cost.calls == 1 else f"{cost.calls:,} model calls"
    tokens = f"{many}, {cost.input_tokens:,} tokens in, {cost.output_tokens:,} out"
    parts = [
        tokens if cost.calls else "",
        f"${cost.usd:.4f}" if cost.usd else "",
        f"{cost.cached:,} answers from the cache" if cost.cached else "",
        f"{runs:,} task run{'' if runs == 1 else 's'}" if runs else "",
    ]
    said = ", ".join(part for part in parts if part)
    return f"{said}." if said else ""


def log_line(event: AnyEvent) -> str:
    """Return the line of an event in the log, empty for none."""
    match event:
        case Log():
            return event.text if event.level == "info" else f"{event.level}: {event.text}"
        case Progress():
            return f"{event.fraction:4.0%}  {event.text}" if event.text else ""
        case Warning_():
            return f"warning: {event.text}"
        case Finished():
            return f"{event.status}: {event.summary}"
    return ""
