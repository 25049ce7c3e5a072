"""Detector 7: a skill that was offered, was not read, and would have been the one to read.

The description is all a model sees before it reads a skill. What the user said and the description
does not is added to it, when the skill's own text has the word too.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from evidence_miner.counters import quote_use
from evidence_miner.descriptions import with_sentence
from evidence_miner.placement import is_among, is_loaded
from evidence_miner.quotes import Quotes
from evidence_miner.sessions import Session, Turn
from evidence_miner.skill_texts import SkillText, front_and_rest
from workbench.plugin.api import Change, PastDecision, ProposalDraft

#: Words of a request that must stand in the description for a strong match, and how far ahead of
#: the next skill it must be.
_MIN_MATCH, _MIN_LEAD = 3, 1.5
_MAX_WORDS = 6
_MAX_REQUEST = 8000
_MAX_QUOTES = 4
_WORD = re.compile(r"[^\W\d_][\w-]{2,}")
_REFUSED = frozenset({"rejected", "reverted", "partly_accepted"})


@dataclass(frozen=True)
class Miss:
    """A run that failed without the skill. ``later`` is an attempt that read it and passed."""

    session: Session
    request: Turn
    later: Session | None


def trigger_drafts(
    skills: Sequence[SkillText], sessions: Sequence[Session], history: Sequence[PastDecision]
) -> Iterator[ProposalDraft]:
    """Yield a better description for each skill that was missed, where words are missing."""
    described = {skill.id: stems(f"{skill.name} {skill.description}") for skill in skills}
    for skill in skills:
        misses = [
            miss for session in sessions if (miss := _miss(skill, session, sessions, described))
        ]
        if misses and not _was_refused(skill, history):
            draft = _draft(skill, misses, described[skill.id])
            if draft is not None:
                yield draft


def _miss(
    skill: SkillText,
    session: Session,
    sessions: Sequence[Session],
    described: dict[str, dict[str, str]],
) -> Miss | None:
    request = session.request
    if not session.failed or request is None or is_loaded(skill, session):
        return None
    later = next(
        (
            one
            for one in sessions
            if one.attempt_at == session.attempt_at
            and one.order > session.order
            and one.failed is False
            and is_loaded(skill, one)
        ),
        None,
    )
    offered = is_among(skill, session.header.skills_listed)
    if later is not None and (offered or not session.header.skills_listed):
        return Miss(session, request, later)
    if offered and not session.header.skills_loaded and _matches(skill, request, described):
        return Miss(session, request, None)
    return None


def _matches(skill: SkillText, request: Turn, described: dict[str, dict[str, str]]) -> bool:
    """Whether the request speaks of this skill, and of no other one nearly as much."""
    asked = stems(request.text[:_MAX_REQUEST]).keys()
    counts = {name: len(asked & words.keys()) for name, words in described.items()}
    best = counts.pop(skill.id)
    return best >= _MIN_MATCH and best >= _MIN_LEAD * max(counts.values(), default=0)


def missing_words(skill: SkillText, misses: Sequence[Miss], told: Iterable[str]) -> list[str]:
    """Return what users said and the skill's text says, but not its description; best first."""
    _, body = front_and_rest(skill.main_text)
    own = stems(body)
    known = frozenset(told)
    counts: dict[str, int] = {}
    for miss in misses:
        for stem in stems(miss.request.text[:_MAX_REQUEST]):
            if stem in own and stem not in known:
                counts[stem] = counts.get(stem, 0) + 1
    said = {
        stem: word
        for miss in reversed(misses)
        for stem, word in stems(miss.request.text[:_MAX_REQUEST]).items()
    }
    ordered = sorted(counts, key=lambda stem: (-counts[stem], -len(stem), stem))
    return [said[stem] for stem in ordered[:_MAX_WORDS]]


def _draft(skill: SkillText, misses: Sequence[Miss], told: dict[str, str]) -> ProposalDraft | None:
    words = missing_words(skill, misses, told)
    text = None
    while words and text is None:
        text = with_sentence(skill, f"Also for: {', '.join(words)}.")
        words = words if text is not None else words[:-1]
    if text is None:
        return None
    quotes = Quotes()
    ids: list[str] = []
    for miss in misses[:_MAX_QUOTES]:
        ids += quotes.add(miss.session.id, miss.request.step, _line(miss.request, words), "failure")
        if miss.later is not None:
            ids += quote_use(skill, miss.later, quotes, "success")
    change = Change(
        id="description",
        path=skill.library_path(skill.main),
        op="edit",
        new_text=text,
        rationale=_why(skill, misses, words),
        evidence=tuple(dict.fromkeys(ids)),
        generality="general" if len({miss.session.task for miss in misses}) > 1 else "task",
    )
    return ProposalDraft(
        kind="describe",
        title=f"{skill.name}: say in the description what users ask for",
        rationale=_why(skill, misses, words),
        changes=(change,),
        evidence=quotes.evidence,
        skills=(skill.id,),
        root_cause="skill",
        generality=change.generality,
    )


def _why(skill: SkillText, misses: Sequence[Miss], words: Sequence[str]) -> str:
    runs = "A run" if len(misses) == 1 else f"{len(misses)} runs"
    later = sum(miss.later is not None for miss in misses)
    passed = f", {later} of them passed later with it" if later else ""
    return (
        f"{runs} failed without reading {skill.name}, which was there{passed}. Users said "
        f"{', '.join(words)}: the skill is about that, and its description does not say so."
    )


def stems(text: str) -> dict[str, str]:
    """Return the telling words of a text by their stems, in order."""
    found: dict[str, str] = {}
    for word in _WORD.findall(text):
        plain = word.casefold().strip("-")
        if len(plain) > 3 and plain not in _function_words():
            found.setdefault(_stem(plain), plain)
    return found


def _stem(word: str) -> str:
    """Take the commonest endings of English off; other languages' words stay whole."""
    for ending in ("ings", "ing", "ies", "ed", "es", "s", "e"):
        if word.endswith(ending) and len(word) - len(ending) >= 4:
            return word[: -len(ending)]
    return word


@cache
def _function_words() -> frozenset[str]:
    text = (Path(__file__).parent / "function_words.txt").read_text(encoding="utf-8")
    return frozenset(word for line in text.splitlines() if line[:1] != "#" for word in line.split())


def _line(request: Turn, words: Sequence[str]) -> str:
    """Return the line of the request with the most of the words."""
    lines = [line.strip() for line in request.text.split("\n") if line.strip()]
    wanted = {word.casefold() for word in words}
    best = max(lines, key=lambda line: len(wanted & set(stems(line).values())), default="")
    return best[:240].strip()


def _was_refused(skill: SkillText, history: Sequence[PastDecision]) -> bool:
    path = skill.library_path(skill.main)
    return any(
        past.status in _REFUSED and path in past.paths and "Also for: " in "\n".join(past.new_lines)
        for past in history
    )
