"""Each session in short: what it was about, the moments that matter, and how it was judged."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from workbench.plugin.api import (
    EVIDENCE_SCHEMA,
    Evidence,
    QuoteCheck,
    TraceText,
    as_text,
    cut,
)

_WORDS: dict[str, object] = {"type": "string"}
_SHARE: dict[str, object] = {"type": "number", "minimum": 0, "maximum": 1}
#: What the published judge weighs by how much (SkillClaw, 2026-04).
WEIGHTS = {"task_completion": 0.55, "response_quality": 0.30, "tool_use": 0.10, "efficiency": 0.05}

SUMMARY_SCHEMA: dict[str, object] = {
    "type": "object",
    "properties": {"goal": _WORDS, "course": _WORDS, "moments": EVIDENCE_SCHEMA},
    "required": ["goal", "course"],
}
JUDGE_SCHEMA: dict[str, object] = {
    "type": "object",
    "properties": {**dict.fromkeys(WEIGHTS, _SHARE), "reason": _WORDS},
    "required": list(WEIGHTS),
}


@dataclass(frozen=True)
class Session:
    """A session with what was said of it. ``score`` is the model's, None where it gave none."""

    trace: TraceText
    goal: str = ""
    course: str = ""
    moments: tuple[Evidence, ...] = ()
    score: float | None = None
    reason: str = ""

    @property
    def id(self) -> str:
        """The trace's id."""
        return self.trace.id


def read_session(
    trace: TraceText,
    summary: Mapping[str, object] | None,
    verdict: Mapping[str, object] | None,
    quotes: QuoteCheck,
) -> Session:
    """Return a session of what the model said; without a summary it is the trace in short."""
    if summary is None:
        return Session(trace, course=trace.shown(2000), score=weighted(verdict))
    return Session(
        trace,
        goal=as_text(summary.get("goal")).strip(),
        course=as_text(summary.get("course")).strip(),
        moments=quotes.evidence(summary.get("moments"), [trace.id], "m"),
        score=weighted(verdict),
        reason=as_text((verdict or {}).get("reason")).strip(),
    )


def weighted(verdict: Mapping[str, object] | None) -> float | None:
    """Return the judge's four figures as one, None where one is missing."""
    total = 0.0
    for name, weight in WEIGHTS.items():
        value = (verdict or {}).get(name)
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 1:
            return None
        total += weight * value
    return round(total, 4)


def worst_first(sessions: Sequence[Session], most: int) -> list[Session]:
    """Return the sessions with most to learn from: those that failed, then by score, then by id."""

    def rank(session: Session) -> tuple[bool, float, str]:
        score = session.score if session.score is not None else 0.5
        return not session.trace.has_failed, score, session.id

    return sorted(sessions, key=rank)[:most]


def shown_sessions(sessions: Sequence[Session]) -> str:
    """Return sessions as JSON lines for a model."""
    return "\n".join(
        json.dumps(
            {
                "run": one.id,
                "outcome": one.trace.header.outcome,
                "score": one.score,
                "goal": cut(one.goal, 600),
                "course": cut(one.course, 2400),
                "judge": cut(one.reason, 400),
                "moments": [
                    {"step": e.step_first, "quote": e.quote, "relation": e.relation}
                    for e in one.moments
                ],
            },
            ensure_ascii=False,
        )
        for one in sessions
    )
