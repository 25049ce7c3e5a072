"""Detector 9: a person corrects the agent. A card with both turns; no text is invented."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path

from evidence_miner.placement import Placement
from evidence_miner.quotes import Quotes
from evidence_miner.sessions import Session, Turn
from workbench.plugin.api import ProposalDraft

_MAX_CARDS = 20
_MAX_QUOTE = 240


@cache
def phrases() -> tuple[str, ...]:
    """Return the phrases of ``correction_phrases.txt``."""
    text = (Path(__file__).parent / "correction_phrases.txt").read_text(encoding="utf-8")
    lines = (line.strip() for line in text.splitlines())
    return tuple(line.casefold() for line in lines if line and not line.startswith("#"))


def is_correction(text: str) -> bool:
    """Whether a person's turn begins like a correction."""
    start = text.lstrip().casefold().replace("’", "'")
    return any(_begins(start, phrase) for phrase in phrases())


def correction_drafts(placement: Placement, sessions: Sequence[Session]) -> Iterator[ProposalDraft]:
    """Yield a question card for each correction, the first twenty of them."""
    skills = {
        session.id: related.skill
        for related in reversed(placement.related)
        for session in related.sessions
    }
    given = 0
    for session in sessions:
        for before, turn in _answered(session):
            if given >= _MAX_CARDS:
                return
            given += 1
            quotes = Quotes()
            quotes.add(session.id, before.step, _line(before.text), "other")
            quotes.add(session.id, turn.step, _line(turn.text), "failure")
            skill = skills.get(session.id)
            yield ProposalDraft(
                kind="diagnose",
                title=f"Was the skill to blame? {_line(turn.text)[:100]}",
                rationale="A person corrected the agent here. Should a skill have told it? "
                "Both turns are quoted; nothing was made of them.",
                evidence=quotes.evidence,
                skills=(skill.id,) if skill else (),
                root_cause="unknown",
            )


def _answered(session: Session) -> Iterator[tuple[Turn, Turn]]:
    """Yield each correction with the agent's turn before it."""
    for before, turn in zip(session.turns, session.turns[1:], strict=False):
        if before.kind == "agent" and turn.kind == "user" and is_correction(turn.text):
            yield before, turn


def _begins(text: str, phrase: str) -> bool:
    if not text.startswith(phrase):
        return False
    rest = text[len(phrase) : len(phrase) + 1]
    return not rest.isalpha() or not phrase[-1].isascii()


def _line(text: str) -> str:
    lines = [line.strip() for line in text.split("\n") if line.strip()]
    return lines[0][:_MAX_QUOTE].strip() if lines else ""
