"""Prose rules: which concepts stand together, in which role and polarity."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from pattern_scanner import limits
from pattern_scanner.markdown import Document
from pattern_scanner.model import Passage, Role, Sighting
from pattern_scanner.polarity import mentioned, negated
from pattern_scanner.rulebook import Frame, Rule, lexicon, rules_of
from workbench.plugin.api import Level

_STEPS: tuple[Level, ...] = ("info", "low", "medium", "high", "critical")
_HOST = re.compile(r"(?:https?://|@)((?:[a-z0-9-]{1,40}\.){1,5}[a-z]{2,12})\b")
_BARE_ADDRESS = re.compile(r"https?://(?:\d{1,3}\.){3}\d{1,3}")
#: Categories in which the address decides.
_OUTWARD = frozenset({"exfiltration", "context-leakage", "untrusted-instructions"})
#: Services that skills of all kinds talk to, once or often.
_COMMON = (
    "github.com", "githubusercontent.com", "gitlab.com", "googleapis.com", "google.com",
    "openai.com", "anthropic.com", "slack.com", "microsoft.com", "amazonaws.com", "azure.com",
    "notion.com", "atlassian.net", "npmjs.org", "pypi.org", "readthedocs.io", "w3.org",
)  # fmt: skip
#: The rule that counts for text a reader does not see, and for no other.
HIDDEN_ONLY = "addresses-agent-in-hidden-text"


@dataclass(frozen=True, slots=True)
class _Sentences:
    """All passages of a document, with the concepts of each."""

    passages: list[Passage]
    seen: list[_Seen]
    #: The skill teaches security.
    subject: bool
    #: All folded text, to see whether an address is at home in it.
    whole: str


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
    whole = " ".join(passage.text for passage in passages)[: limits.MAX_FILE_BYTES]
    sentences = _Sentences(passages, seen, security_subject, whole)
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
     "agent_address", "risky_act", "echo_back", "honesty", "standing",
     "secret_store", "into_output", "startup_file", "net_command", "foreign_source", "reroute",
     "sent_to"}
)  # fmt: skip
#: Acts whose mere mention is common in honest texts about security.
_CORE = frozenset(
    {"override", "weak_override", "conceal", "send", "obey", "harvest", "solicit", "deceive",
     "tamper",
     "disable_protection", "trigger_word", "evade", "self_spread", "promote", "write",
     "pronoun_sent", "expose", "wide_loss", "swap_payment", "move_money", "login_key",
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
    sure = raised or bool(passage.hidden) or _outsider(rule, passage, sentences.whole)
    confident = "high" if sure and role == Role.INSTRUCTION else None
    return _sighting(rule.id, passage, severity, confident, role)


def _outsider(rule: Rule, passage: Passage, whole: str) -> bool:
    """Tell whether data goes to an address that the skill speaks of nowhere else.

    An honest skill for a service names it many times; an injected order names its collector once.
    """
    if rule.category not in _OUTWARD:
        return False
    if _BARE_ADDRESS.search(passage.text):
        return True
    hosts = _HOST.findall(passage.text)
    labels = {host.split(".")[-2] for host in hosts if host.count(".")}
    known = any(host.endswith(_COMMON) for host in hosts)
    return (
        bool(labels)
        and not known
        and all(whole.count(label) <= passage.text.count(label) for label in labels)
    )


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
