"""Edges "mentions": a skill's prose names another skill.

A name of several words (``changelog-style``) counts wherever it stands. A name that is also a plain
word (``review``) counts only where it is marked as a name: in backticks, as ``/review`` or
``$review``, with a plugin prefix, or beside the word *skill*. Otherwise ordinary prose would link
everything with everything (docs of the graph, November 2026: the commonest false edge).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from workbench.domain.graph import EdgeEvidence, GraphEdge
from workbench.domain.skill import Skill
from workbench.graph.edges.names import SkillNames
from workbench.graph.texts import TextFile

KIND = "mentions"
_WORD = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*[A-Za-z0-9]")
_PATH_BEFORE = re.compile(r"[\w.~-]/$")


def mention_edges(
    skill: Skill, texts: Iterable[TextFile], names: SkillNames
) -> Iterator[GraphEdge]:
    """Yield an edge for every other skill named in the skill's prose; weight counts the lines."""
    known = names.names()
    first: dict[str, EdgeEvidence] = {}
    count: dict[str, int] = {}
    for text in texts:
        if not text.is_prose:
            continue
        for number, line in enumerate(text.lines, 1):
            for target in _named_in(line, skill, names, known):
                count[target.id] = count.get(target.id, 0) + 1
                first.setdefault(target.id, EdgeEvidence(text.path, number, line.strip()[:200]))
    for target_id, evidence in first.items():
        yield GraphEdge(skill.id, target_id, KIND, float(count[target_id]), evidence)


def _named_in(line: str, skill: Skill, names: SkillNames, known: frozenset[str]) -> Iterator[Skill]:
    seen: set[str] = set()
    for match in _WORD.finditer(line):
        word = match.group().lower()
        if word not in known or word in seen or not _is_name(line, match, word):
            continue
        target = names.named(word, skill)
        if target is not None and target.id != skill.id:
            seen.add(word)
            yield target


def _is_name(line: str, match: re.Match[str], word: str) -> bool:
    before, after = line[: match.start()], line[match.end() :]
    if _PATH_BEFORE.search(before) or (after.startswith(("/", ".")) and after[1:2].isalnum()):
        return False  # part of a path: the extractor of links sees to that
    if "-" in word or "_" in word:
        return True
    if before.endswith("`") and after.startswith("`"):
        return True
    if before.endswith(("/", "$")) and (len(before) < 2 or before[-2] in " (`\"'"):
        return True
    if before.endswith(":") and len(before) > 1 and before[-2].isalnum():
        return True  # plugin:skill
    return bool(
        re.match(r"[`*\"']*\s+skill\b", after, re.IGNORECASE)
        or re.search(r"\bskill[:\s]+[`*\"']*$", before, re.IGNORECASE)
    )
