"""Skills that get in each other's way: one name, one trigger, like descriptions, the same text.

What is said of a pair depends on the two skills alone, never on the rest of the library, so that it
need not be worked out again when a third one changes. Agents choose by name and description; of two
that fit the same request they take either (authoring reference, sections 11 and 12: overlapping
descriptions pick the wrong skill; November 2026).
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final, Literal

from msgspec import Struct

from workbench.domain.skill import Skill

OverlapKind = Literal["name", "trigger", "description", "text"]

#: Share of the words of both descriptions that both have (Jaccard). Among 289 published skills four
#: pairs reach it, such as testing patterns of two languages; none reaches a half.
LIKE_DESCRIPTION: Final = 0.4
#: Share of the shorter one's lines that both have; the evidence miner's limit for copies.
LIKE_TEXT: Final = 0.6

_MIN_WORDS: Final = 5
_MIN_LINES: Final = 3
_MIN_LINE: Final = 20
_MIN_TRIGGER: Final = 3
_WORD: Final = re.compile(r"[^\W_]+(?:[-'’][^\W_]+)*")
_QUOTED: Final = re.compile(r"[\"“”„]([^\"“”„\n]{3,60})[\"“”„]")
#: Words that descriptions share whatever they are about.
_COMMON_WORDS: Final = """
a about after all also an and any are as at be been before both but by can do does for
from has have help helps how if in include includes including into is it its like make
may more need needs not of on one or other our out over should skill skills so some such
than that the their them then there these they this those to trigger triggers up us use
used user users uses using want wants was we what when whenever where which while who
will with without you your
"""
_COMMON: Final = frozenset(_COMMON_WORDS.split())


class Overlap(Struct, frozen=True):
    """Two skills that overlap; ``skill`` and ``other`` are ids.

    ``share`` is how much both have, 0 to 1; ``what`` says it in words. ``path`` and ``line`` are
    the place in the first, ``other_path`` and ``other_line`` in the second; paths are relative to
    the library.
    """

    kind: OverlapKind
    skill: str
    other: str
    share: float
    what: str
    path: str
    line: int
    other_path: str
    other_line: int


class OverlapProfile(Struct, frozen=True):
    """What of a skill is compared: words of the description, quoted triggers, lines of the body."""

    skill: str
    name: str
    path: str
    name_line: int
    description_line: int
    body_line: int
    words: frozenset[str]
    triggers: dict[str, str]
    lines: dict[str, int]


def overlap_profile(skill: Skill) -> OverlapProfile:
    """Return what is compared of a skill; nothing is read."""
    front_matter = skill.front_matter
    places = {
        key: entry.line if (entry := front_matter.get(key)) is not None else 1
        for key in ("name", "description")
        if front_matter is not None
    }
    first = skill.source[: skill.body.start].count(b"\n") + 1
    lines: dict[str, int] = {}
    for number, line in enumerate(skill.body_text.split("\n"), first):
        plain = " ".join(line.split())
        if len(plain) >= _MIN_LINE:
            lines.setdefault(plain, number)
    return OverlapProfile(
        skill=skill.id,
        name=skill.name.casefold(),
        path=skill.library_path(skill.skill_md),
        name_line=places.get("name", 1),
        description_line=places.get("description", 1),
        body_line=first,
        words=_words(skill.description),
        triggers={
            " ".join(_WORD.findall(one.casefold())): one
            for one in _QUOTED.findall(skill.description)
            if len(one.strip()) >= _MIN_TRIGGER
        },
        lines=lines,
    )


def _words(text: str) -> frozenset[str]:
    words = (word.casefold() for word in _WORD.findall(text))
    return frozenset(_singular(word) for word in words if word not in _COMMON and len(word) > 1)


def _singular(word: str) -> str:
    return word[:-1] if len(word) > 3 and word.endswith("s") and not word.endswith("ss") else word


def overlaps_of(one: OverlapProfile, others: Iterable[OverlapProfile]) -> tuple[Overlap, ...]:
    """Return where a skill overlaps with others; itself is passed over."""
    found: list[Overlap] = []
    for other in others:
        if other.skill != one.skill:
            found += _pair(one, other)
    return tuple(found)


def _pair(one: OverlapProfile, other: OverlapProfile) -> Iterable[Overlap]:
    def overlap(kind: OverlapKind, share: float, what: str, lines: tuple[int, int]) -> Overlap:
        return Overlap(
            kind, one.skill, other.skill, share, what, one.path, lines[0], other.path, lines[1]
        )

    if one.name == other.name:
        words = f"Both are named {one.name}: clients load one of them, or both under one name."
        yield overlap("name", 1.0, words, (one.name_line, other.name_line))
    described = (one.description_line, other.description_line)
    shared = sorted(one.triggers.keys() & other.triggers.keys() - {""})
    if shared:
        quoted = ", ".join(f"“{one.triggers[key]}”" for key in shared[:3])
        yield overlap("trigger", 1.0, f"Both ask to be used for {quoted}.", described)
    if min(len(one.words), len(other.words)) >= _MIN_WORDS:
        common = len(one.words & other.words)
        share = common / (len(one.words) + len(other.words) - common)
        if share >= LIKE_DESCRIPTION:
            words = f"{share:.0%} of the words of their descriptions are in both."
            yield overlap("description", share, words, described)
    least = min(len(one.lines), len(other.lines))
    if least >= _MIN_LINES:
        both = one.lines.keys() & other.lines.keys()
        share = len(both) / least
        if share >= LIKE_TEXT:
            first = min(both, key=lambda line: one.lines[line])
            words = f"{len(both)} lines, {share:.0%} of the shorter text, stand in both."
            yield overlap("text", share, words, (one.lines[first], other.lines[first]))
