"""How often each skill of a library is used, counted quickly: open traces by event, all indexed
sessions by the names in the index.
"""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterable, Mapping
from pathlib import Path, PurePosixPath

from msgspec import Struct

from workbench.domain.skill import Library
from workbench.domain.trajectory import Trajectory
from workbench.traces.importer import TraceError
from workbench.traces.index.trace_index import TraceIndex
from workbench.traces.rollup import family
from workbench.usage.resolve import SkillResolver


class SkillCount(Struct, frozen=True):
    """Uses of a skill (a listing is none), its loads, and the sessions with any of them."""

    uses: int = 0
    loads: int = 0
    sessions: int = 0


class Counts(Struct, frozen=True):
    """Counts by skill id; a skill that is not there was not used. ``of`` sessions were counted."""

    of: int = 0
    skills: Mapping[str, SkillCount] = {}


def count_open(library: Library, trajectories: Iterable[Trajectory]) -> Counts:
    """Count the events of trajectories and their subagents."""
    resolver = SkillResolver(library)
    found: dict[str, SkillCount] = {}
    of = 0
    for one in trajectories:
        of += 1
        here: set[str] = set()
        for part in family(one):
            for event in part.skill_events:
                skill = resolver.resolve(event) if event.kind != "listed" else None
                if skill is None:
                    continue
                known = found.get(skill.id, SkillCount())
                found[skill.id] = SkillCount(
                    known.uses + 1,
                    known.loads + (event.kind == "loaded"),
                    known.sessions + (skill.id not in here),
                )
                here.add(skill.id)
    return Counts(of, found)


def count_indexed(library: Library, index: Path) -> Counts:
    """Count the sessions of an index by the names of skills; nothing without an index.

    A name that several skills have counts for none of them: the index has no paths.
    """
    try:
        with contextlib.closing(TraceIndex(index, reading=True)) as opened:
            rows = opened.connection.execute(
                "SELECT lower(s.name) AS name, count(*) AS uses, sum(s.kind = 'loaded') AS loads,"
                " count(DISTINCT t.family) AS sessions FROM skills AS s JOIN traces AS t"
                " ON t.id = s.trace WHERE s.kind != 'listed' GROUP BY 1"
            ).fetchall()
            (of,) = opened.connection.execute(
                "SELECT count(DISTINCT family) FROM traces"
            ).fetchone()
    except (TraceError, sqlite3.Error):
        return Counts()
    names: dict[str, set[str]] = {}
    for skill in library.skills:
        for name in {skill.name.lower(), PurePosixPath(skill.path).name.lower()} - {""}:
            names.setdefault(name, set()).add(skill.id)
    found: dict[str, SkillCount] = {}
    for row in rows:
        ids = names.get(row["name"].rsplit(":", 1)[-1], set())
        if len(ids) == 1:
            (skill_id,) = ids
            known = found.get(skill_id, SkillCount())
            found[skill_id] = SkillCount(
                known.uses + row["uses"],
                known.loads + row["loads"],
                known.sessions + row["sessions"],
            )
    return Counts(of, found)
