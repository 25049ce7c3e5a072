"""Detector 3: how much of a skill's code the runs really used, line by line. It only reports."""

from __future__ import annotations

import re
from collections.abc import Iterator

from evidence_miner.commands import MAX_QUOTE
from evidence_miner.placement import Placement, Related
from evidence_miner.quotes import Quotes
from evidence_miner.skill_texts import SkillText
from evidence_miner.terms import Rarity, code_terms, coverage, used_terms
from workbench.plugin.api import ProposalDraft

#: Below it, 88 % of lines from elsewhere were caught on public data, with 16 % false flags: so a
#: line is named, never deleted.
LINE_THRESHOLD = 0.25
_FENCE = re.compile(r"(`{3,}|~{3,})([^`]*)$")
_MIN_TERMS = 6
_MIN_LINE_TERMS = 2
_MAX_LINES = 60
_MAX_QUOTES = 5


def grounding_drafts(placement: Placement) -> Iterator[ProposalDraft]:
    """Yield a report for each skill that was at work in the traces."""
    for related in placement.related:
        if len(placement.terms[related.skill.id]) >= _MIN_TERMS:
            yield _report(placement, related)


def unused_lines(
    skill: SkillText, used: frozenset[str], rarity: Rarity
) -> list[tuple[int, str, float]]:
    """Return the lines of SKILL.md with code that no run used: number from 1, text, coverage."""
    found: list[tuple[int, str, float]] = []
    for number, text, fenced in fenced_lines(skill.main_text):
        terms = used_terms([text]) if fenced else code_terms(text)
        if len(terms) < _MIN_LINE_TERMS:
            continue
        score = coverage(terms, used, rarity)
        if score < LINE_THRESHOLD:
            found.append((number, text, score))
    return found


def fenced_lines(text: str) -> Iterator[tuple[int, str, bool]]:
    """Yield number from 1, text and whether it is code of each line that is no fence itself.

    A fence is closed by as many of its own signs alone (CommonMark 4.5): others are content.
    """
    fence = ""
    for number, line in enumerate(text.split("\n"), 1):
        stripped = line.strip()
        mark = _FENCE.match(stripped)
        if mark and not fence:
            fence = mark[1]
        elif mark and not mark[2].strip() and mark[1].startswith(fence):
            fence = ""
        else:
            yield number, stripped, bool(fence)


def _report(placement: Placement, related: Related) -> ProposalDraft:
    skill = related.skill
    used = placement.used_by(related.sessions)
    flagged = unused_lines(skill, used, placement.rarity)
    runs = "one run" if len(related.sessions) == 1 else f"{len(related.sessions)} runs"
    how = "loaded it" if related.loaded else "used its commands and names most"
    lines = [f"{runs.capitalize()} {how}."]
    if flagged:
        lines.append(f"Lines of {skill.main} whose code no run used:")
        lines += [f"line {number}: {_short(text)}" for number, text, _ in flagged[:_MAX_LINES]]
        if len(flagged) > _MAX_LINES:
            lines.append(f"and {len(flagged) - _MAX_LINES} more lines")
    lines.append("A line that was not used may still be right: it is named, not changed.")
    quotes = Quotes()
    _quote_rarest(placement, related, used, quotes)
    return ProposalDraft(
        kind="diagnose",
        title=f"{skill.name}: {related.coverage:.0%} of its code was used in {runs}",
        rationale="\n".join(lines),
        evidence=quotes.evidence,
        skills=(skill.id,),
        root_cause="unknown",
    )


def _quote_rarest(
    placement: Placement, related: Related, used: frozenset[str], quotes: Quotes
) -> None:
    """Quote the calls that show the rarest of the words that were used."""
    shared = placement.terms[related.skill.id] & used
    rarest = sorted(shared, key=lambda word: (-placement.rarity.weight(word), -len(word), word))
    for word in rarest[: _MAX_QUOTES * 3]:
        if len(quotes.evidence) >= _MAX_QUOTES:
            return
        _quote_first(related, word, quotes)


def _quote_first(related: Related, word: str, quotes: Quotes) -> None:
    for session in related.sessions:
        for step, text in session.arguments:
            for line in text.split("\n"):
                at = line.casefold().find(word)
                if at >= 0:
                    start = max(0, at - MAX_QUOTE // 2)
                    quotes.add(session.id, step, line[start : start + MAX_QUOTE].strip(), "success")
                    return


def _short(text: str) -> str:
    return text if len(text) <= 120 else text[:119] + "…"
