"""Prose rules: which concepts stand together, in which role and polarity."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from pattern_scanner.markdown import Document
from pattern_scanner.model import Passage, Role, Sighting
from pattern_scanner.polarity import mentioned, negated
from pattern_scanner.rulebook import Frame, Rule, lexicon, rules_of
from workbench.plugin.api import Level

_STEPS: tuple[Level, ...] = ("info", "low", "medium", "high", "critical")
#: The rule that counts for text a reader does not see, and for no other.
HIDDEN_ONLY = "addresses-agent-in-hidden-text"


@dataclass(frozen=True, slots=True)
class _Sentences:
    """All passages of a document, with the concepts of each."""

    passages: list[Passage]
    seen: list[_Seen]
    #: The skill teaches security.
    subject: bool


@dataclass(frozen=True, slots=True)
class _Seen:
    """Concepts of one passage: ``plain`` are ordered, ``any`` is there in whatever polarity."""

    plain: frozenset[str]
    any: frozenset[str]
    about: bool


def prose_sightings(document: Document, *, security_subject: bool) -> Iterator[Sighting]:
    """Yield what the prose of a document orders."""
    passages = document.passages
    seen = [_concepts(passage) for passage in passages]
    sentences = _Sentences(passages, seen, security_subject)
    for index, passage in enumerate(passages):
        if not seen[index].plain or passage.medium == "heading":
            continue
        for rule in rules_of("prose"):
            if rule.frame is not None and (passage.hidden or rule.id != HIDDEN_ONLY):
                sighting = _apply(rule, rule.frame, index, sentences)
                if sighting is not None:
                    yield sighting


def _concepts(passage: Passage) -> _Seen:
    text = passage.text
    known = lexicon()
    plain: set[str] = set()
    seen: set[str] = set()
    about = False
    for name, pattern in known.concepts.items():
        match = pattern.search(text)
        if match is None:
            continue
        seen.add(name)
        if name in _OBJECTS:
            plain.add(name)
            continue
        tries = 0
        while match is not None and tries < 4:
            talked = name in _CORE and mentioned(text, match.start(), match.end())
            about = about or talked
            off = negated(text, match.start(), match.end(), own=name in known.self_negated)
            if not off and (not talked or passage.hidden):
                plain.add(name)
                break
            match = pattern.search(text, match.end())
            tries += 1
    return _Seen(frozenset(plain), frozenset(seen), about)


#: Things, not acts: a negation before them says nothing.
_OBJECTS = frozenset(
    {"secret", "context", "content", "destination", "remote_place", "auth_use", "control_file",
     "foreign_content", "authority", "lasting", "power",
     "agent_address", "risky_act", "echo_back", "honesty", "sent_to"}
)  # fmt: skip
#: Acts whose mere mention is common in honest texts about security.
_CORE = frozenset(
    {"override", "weak_override", "conceal", "send", "obey", "harvest", "solicit", "deceive",
     "tamper",
     "disable_protection", "trigger_word", "evade", "self_spread", "promote", "write",
     "no_approval", "no_choice", "self_elevate", "cling", "self_update"}
)  # fmt: skip


def _apply(
    rule: Rule,
    frame: Frame,
    index: int,
    sentences: _Sentences,
) -> Sighting | None:
    here, passage = sentences.seen[index], sentences.passages[index]
    if not all(_holds(need, here.plain) for need in frame.same):
        return None
    if any(_holds(name, here.any) for name in frame.none):
        return None
    close = _close(index, sentences, frame.within)
    if frame.near and not all(_holds(need, close) for need in frame.near):
        return None
    if any(_holds(name, close) for name in frame.near_none):
        return None
    role = passage.role
    if here.about and passage.hidden:
        role = min(role, Role.CAUTION)
    if role == Role.WARNING:
        return None
    if passage.medium == "table" or (sentences.subject and role < Role.INSTRUCTION):
        role = Role.CAUTION if role == Role.INSTRUCTION else Role.WARNING
        if role == Role.WARNING:
            return None
    severity = rule.severity
    wide = _close(index, sentences, max(2, frame.within))
    raised = any(_holds(name, wide) for name in frame.boost)
    if raised or (passage.hidden and rule.id != HIDDEN_ONLY) or passage.tricks:
        severity = _STEPS[min(4, _STEPS.index(severity) + 1)]
    confident = "high" if (raised or passage.hidden) and role == Role.INSTRUCTION else None
    return _sighting(rule.id, passage, severity, confident, role)


def _holds(need: str, plain: frozenset[str]) -> bool:
    """Evaluate ``a+b|c``: alternatives of conjunctions."""
    return any(all(part in plain for part in either.split("+")) for either in need.split("|"))


def _close(index: int, sentences: _Sentences, within: int) -> frozenset[str]:
    passages, seen = sentences.passages, sentences.seen
    found: set[str] = set()
    for other in range(max(0, index - within), min(len(passages), index + within + 1)):
        near = passages[other]
        if other == index or (
            near.section == passages[index].section
            and near.role != Role.WARNING
            and near.medium != "heading"
            and abs(near.line - passages[index].line) <= 8
        ):
            found |= seen[other].plain
    return frozenset(found)


def _sighting(
    rule: str,
    passage: Passage,
    severity: Level | None,
    confidence: str | None,
    role: Role | None = None,
) -> Sighting:
    return Sighting(
        rule,
        passage.path,
        passage.line,
        passage.end_line,
        passage.raw,
        severity=severity,
        confidence="high" if confidence == "high" else None,
        role=passage.role if role is None else role,
        decoded=passage.decoded or (passage.text if passage.tricks else None),
    )
