"""How the skills of a request were used in its traces, and where they say they are from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from msgspec import Struct
from msgspec.structs import replace

from workbench.domain.job import SkillInput
from workbench.domain.skill import Library, Skill
from workbench.traces.open import OpenTrace

_USES = frozenset({"loaded", "resource_read", "script_run"})
_FAILED = frozenset({"fail", "timeout"})
_FROM_FRONT_MATTER = ("license", "compatibility")
_FROM_METADATA = ("author", "version", "source", "homepage", "origin")
_LONGEST = 300


class SkillUses(Struct, frozen=True):
    """Counts over the given traces, as in ``SkillInput``."""

    uses: int = 0
    loads: int = 0
    failures: int = 0


def with_uses(
    inputs: Sequence[SkillInput],
    library: Library,
    traces: Sequence[OpenTrace],
    outcomes: Mapping[int, str],
    locks: Mapping[str, tuple[str, ...]],
) -> tuple[SkillInput, ...]:
    """Return the skills with counts, provenance and locks.

    Args:
        inputs: as copied.
        library: where they are from.
        traces: those of the request, each counted once, subagents' too.
        outcomes: what a person said of how a trace ended, by ``id`` of the open trace.
        locks: what may not change, by the id of the skill.
    """
    counted = _counted(library, traces, outcomes)
    found: list[SkillInput] = []
    for one in inputs:
        uses = counted.get(one.id, SkillUses())
        skill = library.skill(one.id)
        found.append(
            replace(
                one,
                uses=uses.uses,
                loads=uses.loads,
                failures=uses.failures,
                provenance=provenance_of(skill) if skill is not None else {},
                locks=locks.get(one.id, ()),
            )
        )
    return tuple(found)


def _counted(
    library: Library, traces: Sequence[OpenTrace], outcomes: Mapping[int, str]
) -> dict[str, SkillUses]:
    by_name: dict[str, list[str]] = {}
    for skill in library.skills:
        for name in {skill.name, skill.id.rpartition("/")[2]}:
            by_name.setdefault(name, []).append(skill.id)
    found: dict[str, SkillUses] = {}
    for trace in traces:
        outcome = outcomes.get(id(trace), trace.trajectory.outcome.status)
        loads: dict[str, int] = {}
        for event in trace.trajectory.skill_events:
            # Recorded with the prefix of a client's plugin: "plugin:skill".
            named = by_name.get(event.skill) or by_name.get(event.skill.rpartition(":")[2]) or []
            if event.kind in _USES and len(named) == 1:
                loads[named[0]] = loads.get(named[0], 0) + (event.kind == "loaded")
        for skill_id, count in loads.items():
            before = found.get(skill_id, SkillUses())
            found[skill_id] = SkillUses(
                before.uses + 1, before.loads + count, before.failures + (outcome in _FAILED)
            )
    return found


def provenance_of(skill: Skill) -> dict[str, str]:
    """Return what the front matter says of where a skill is from; texts alone, cut when long."""
    if skill.front_matter is None:
        return {}
    values: dict[str, object] = {}
    for key in _FROM_FRONT_MATTER:
        entry = skill.front_matter.get(key)
        values[key] = entry.value if entry is not None else None
    entry = skill.front_matter.get("metadata")
    metadata = entry.value if entry is not None and isinstance(entry.value, dict) else {}
    values |= {key: metadata.get(key) for key in _FROM_METADATA}
    return {
        key: str(value).encode("utf-8", "replace").decode()[:_LONGEST]
        for key, value in values.items()
        if isinstance(value, str | int | float) and str(value).strip()
    }
