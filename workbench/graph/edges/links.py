"""Edges "links": a path in a skill's prose leads into another skill's folder."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable, Iterator
from urllib.parse import unquote

from workbench.domain.graph import EdgeEvidence, GraphEdge
from workbench.domain.skill import Skill
from workbench.graph.edges.names import SkillNames
from workbench.graph.texts import TextFile

KIND = "links"
_TARGET = re.compile(r"\]\(\s*<?([^)\s>]+)|(?<![\w/])((?:\.\./)+[\w./-]+)|^\s*\[[^\]]+\]:\s*(\S+)")
_SCHEME = re.compile(r"^[A-Za-z][A-Za-z0-9+.-]*:|^#|^//")


def link_edges(skill: Skill, texts: Iterable[TextFile], names: SkillNames) -> Iterator[GraphEdge]:
    """Yield an edge for every other skill whose folder is linked to; weight counts the links."""
    first: dict[str, EdgeEvidence] = {}
    count: dict[str, int] = {}
    for text in texts:
        if not text.is_prose:
            continue
        for number, line in enumerate(text.lines, 1):
            for path in _paths_in(line, skill, text.path):
                target = names.containing(path)
                if target is None or target.id == skill.id:
                    continue
                count[target.id] = count.get(target.id, 0) + 1
                first.setdefault(target.id, EdgeEvidence(text.path, number, line.strip()[:200]))
    for target_id, evidence in first.items():
        yield GraphEdge(skill.id, target_id, KIND, float(count[target_id]), evidence)


def _paths_in(line: str, skill: Skill, file: str) -> Iterator[str]:
    """Yield library paths the line leads to, relative to the file and to the skill's root.

    The specification wants links relative to the skill root; authors write both.
    """
    for match in _TARGET.finditer(line):
        target = unquote(next(group for group in match.groups() if group).split("#")[0])
        if not target or target.startswith("/") or _SCHEME.match(target):
            continue
        seen = set()
        for base in (posixpath.dirname(file), skill.library_path("").rstrip("/")):
            path = posixpath.normpath(posixpath.join(base, target))
            if not path.startswith("..") and path not in seen:
                seen.add(path)
                yield path
