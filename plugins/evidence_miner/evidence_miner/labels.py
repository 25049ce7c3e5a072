"""Labelled failures: what people marked as bad, one card for each label and skill."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from evidence_miner.placement import Placement
from evidence_miner.quotes import Quotes
from evidence_miner.sessions import Session
from workbench.plugin.api import ProposalDraft, TraceLabel

_MAX_CARDS = 20
_MAX_QUOTES = 8
_MAX_QUOTE = 240
_SEVERITIES = ("", "low", "medium", "high", "critical")


def label_drafts(
    placement: Placement, sessions: Sequence[Session], labels: Sequence[TraceLabel]
) -> Iterator[ProposalDraft]:
    """Yield a card for each group of steps marked bad, the gravest and the largest first.

    A label goes to the skill it is linked to, else to the one that was at work in its session.
    """
    known = {session.id: session for session in sessions}
    at_work = {
        session.id: related.skill.id
        for related in reversed(placement.related)
        for session in related.sessions
    }
    skills = {skill.id for skill in placement.skills}
    groups: dict[tuple[str, str], list[TraceLabel]] = {}
    for label in labels:
        if label.trace in known and label.verdict == "bad" and label.step is not None:
            linked = label.skill.skill if label.skill is not None else ""
            skill = linked if linked in skills else at_work.get(label.trace, "")
            groups.setdefault((label.label, skill), []).append(label)
    ordered = sorted(groups.items(), key=lambda group: (-_weight(group[1]), group[0]))
    for (name, skill), found in ordered[:_MAX_CARDS]:
        yield _draft(name, skill, found, known)


def _draft(
    name: str, skill: str, found: Sequence[TraceLabel], known: dict[str, Session]
) -> ProposalDraft:
    quotes = Quotes()
    for label in found[:_MAX_QUOTES]:
        quote = label.quote or _words(known[label.trace], label.step or 0)
        quotes.add(label.trace, label.step or 0, quote[:_MAX_QUOTE].strip(), "failure")
    steps = "A step was" if len(found) == 1 else f"{len(found)} steps were"
    notes = dict.fromkeys(" ".join(label.note.split()) for label in found if label.note)
    lines = {
        f"{one.skill.path}:{one.skill.line}"
        for one in found
        if one.skill and one.skill.skill == skill
    }
    said = f" They say: {'; '.join(notes)}." if notes else ""
    linked = f" Linked to {', '.join(sorted(lines))}." if lines else ""
    return ProposalDraft(
        kind="diagnose",
        title=f"{steps} marked bad: {name or next(iter(notes), 'no label')}"[:160],
        rationale=f"A person marked {'it' if len(found) == 1 else 'them'} so.{said}{linked} Should "
        "a skill have told the agent? The steps are quoted; nothing was made of them.",
        evidence=quotes.evidence,
        skills=(skill,) if skill else (),
        root_cause="unknown",
    )


def _weight(found: Sequence[TraceLabel]) -> int:
    return max(
        _SEVERITIES.index(one.severity) if one.severity in _SEVERITIES else 0 for one in found
    ) * 1000 + len(found)


def _words(session: Session, step: int) -> str:
    """Return a line the step says: what was said, else what it was given or what that gave."""
    texts = [turn.text for turn in session.turns if turn.step == step]
    texts += [output for number, _, output in session.failed_calls if number == step]
    texts += [text for number, text in session.arguments if number == step]
    lines = (line.strip() for text in texts for line in text.split("\n"))
    return next((line for line in lines if line), "")
