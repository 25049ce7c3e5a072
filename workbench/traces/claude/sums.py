"""What the steps of a session or subagent come to, those that are made and those that wait."""

from __future__ import annotations

from collections import Counter

from workbench.domain.trajectory import Metrics
from workbench.traces.claude.build import Builder
from workbench.traces.claude.drafts import TokenSum


def first_and_last(builder: Builder, last: str | None) -> tuple[str | None, str | None]:
    """Return the first and the last time that is one, also of results.

    Args:
        builder: has all records; what waits in it is dated.
        last: the time of the last record.
    """
    waiting = builder.waiting
    times = [draft.time for draft in builder.steps if draft.time]
    times += [call.answered for call in builder.asked if call.answered]
    if waiting is not None and waiting.last:
        times += (waiting.first, waiting.last)
    if last:
        times.append(last)
    if not times:
        return None, None
    first, latest = min(times), max(times)
    if not "0" <= first[0] <= latest[0] <= "9":
        times = [time for time in times if time[0].isdigit()]
        return min(times, default=None), max(times, default=None)
    return first, latest


def tokens_of(builder: Builder) -> Metrics:
    """Add the tokens of the steps; what none of them has stays "not recorded"."""
    waiting = builder.waiting
    tokens = waiting.tokens if waiting is not None else TokenSum()
    for step in builder.steps:
        if step.usage is not None:
            tokens.add(step.usage)
    return tokens.made()


def model_of(builder: Builder) -> str | None:
    """Return the model of most steps."""
    named = [step.model for step in builder.steps if step.model is not None]
    waiting = builder.waiting
    if waiting is not None and not named:
        return waiting.model
    models = Counter(named)
    if waiting is not None and waiting.model is not None:
        models[waiting.model] += len(waiting.steps)
    return models.most_common(1)[0][0] if models else None


def calls_and_errors(builder: Builder) -> tuple[int, int]:
    """Return how many calls there are, and how many errors, of calls and of the API."""
    calls = builder.asked
    errors = builder.errors + [call.status for call in calls].count("error")
    waiting = builder.waiting
    if waiting is None:
        return len(calls), errors
    return len(calls) + len(waiting.calls), errors + waiting.errors
