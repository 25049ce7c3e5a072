"""Per-skill counts over traces, always with what they are counted of."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from msgspec import Struct

from workbench.domain.skill import Library, Skill
from workbench.domain.trajectory import SkillEvent, Trajectory
from workbench.usage.resolve import SkillResolver

#: Tool errors in so many steps after a load are set against the base rate.
AFTER_LOAD = 10


class Use(Struct, frozen=True):
    """One event of a skill, with the way back to its step."""

    trace: str
    trajectory: str
    step: int
    kind: str
    trigger: str
    confidence: str


class SkillUsage(Struct, frozen=True):
    """What traces say of one skill.

    ``listed`` is None where no trace records listings: unknown, not zero. ``of_listings`` is the
    number of sessions that record them. ``errors_after`` of ``calls_after`` tool calls failed in
    the ten steps after a load. ``resources_opened`` are files that were read or run.
    """

    skill: str
    name: str
    sessions: int
    listed: int | None
    of_listings: int
    loaded: int
    loads: int
    failed: int
    triggers: tuple[tuple[str, int], ...]
    errors_after: int
    calls_after: int
    resources_opened: tuple[str, ...]
    uses: tuple[Use, ...]


class UsageReport(Struct, frozen=True):
    """All skills of a library over some traces; ``unresolved`` are names it does not have."""

    skills: tuple[SkillUsage, ...]
    sessions: int
    calls: int
    errors: int
    unresolved: tuple[str, ...]


class _Count:
    def __init__(self) -> None:
        self.listed = 0
        self.loaded_sessions: set[str] = set()
        self.loads = 0
        self.failed = 0
        self.triggers: dict[str, int] = {}
        self.errors_after = 0
        self.calls_after = 0
        self.resources: set[str] = set()
        self.uses: list[Use] = []


def usage_of(library: Library, trajectories: Iterable[Trajectory]) -> UsageReport:
    """Count skill events of the trajectories and their children, by skill of the library."""
    resolver = SkillResolver(library)
    counts = {skill.id: _Count() for skill in library.skills}
    unresolved: set[str] = set()
    sessions = of_listings = calls = errors = 0
    for trajectory in trajectories:
        sessions += 1
        records_listing = False
        listed_here: set[str] = set()
        for part in _with_children(trajectory):
            calls += part.tool_calls
            errors += part.errors
            for event in part.skill_events:
                records_listing = records_listing or event.kind == "listed"
                skill = resolver.resolve(event)
                if skill is None:
                    unresolved.add(event.skill)
                    continue
                if event.kind == "listed":
                    listed_here.add(skill.id)
                else:
                    _count(counts[skill.id], event, part, trajectory)
        of_listings += records_listing
        for skill_id in listed_here:
            counts[skill_id].listed += 1
    skills = tuple(
        _usage(skill, counts[skill.id], sessions, of_listings) for skill in library.skills
    )
    return UsageReport(skills, sessions, calls, errors, tuple(sorted(unresolved)))


def _with_children(trajectory: Trajectory) -> Iterator[Trajectory]:
    yield trajectory
    for child in trajectory.children:
        yield from _with_children(child)


def _count(count: _Count, event: SkillEvent, part: Trajectory, session: Trajectory) -> None:
    path = part.sources[0].path if part.sources else ""
    count.uses.append(Use(path, part.id, event.step, event.kind, event.trigger, event.confidence))
    if event.kind == "load_failed":
        count.failed += 1
    elif event.kind in ("resource_read", "script_run") and event.path is not None:
        count.resources.add(event.path)
    elif event.kind == "loaded":
        count.loads += 1
        count.loaded_sessions.add(f"{path}#{session.id}")
        count.triggers[event.trigger] = count.triggers.get(event.trigger, 0) + 1
        for step in part.steps[event.step + 1 : event.step + 1 + AFTER_LOAD]:
            for call in step.tool_calls:
                count.calls_after += 1
                count.errors_after += call.status == "error"


def _usage(skill: Skill, count: _Count, sessions: int, of_listings: int) -> SkillUsage:
    return SkillUsage(
        skill=skill.id,
        name=skill.name,
        sessions=sessions,
        listed=count.listed if of_listings else None,
        of_listings=of_listings,
        loaded=len(count.loaded_sessions),
        loads=count.loads,
        failed=count.failed,
        triggers=tuple(sorted(count.triggers.items())),
        errors_after=count.errors_after,
        calls_after=count.calls_after,
        resources_opened=tuple(sorted(count.resources)),
        uses=tuple(count.uses),
    )


class Worklists(Struct, frozen=True):
    """Skills to look at, by id."""

    listed_never_chosen: tuple[str, ...]
    slash_only: tuple[str, ...]
    loaded_then_error: tuple[str, ...]


def worklists(report: UsageReport) -> Worklists:
    """Return the skills that were listed and never loaded, that only people load, or that are
    followed by more errors than calls have on average.
    """
    base = report.errors / report.calls if report.calls else 0.0
    return Worklists(
        tuple(use.skill for use in report.skills if use.listed and not use.loaded),
        tuple(
            use.skill
            for use in report.skills
            if use.loads and {"slash"} == {t for t, _ in use.triggers}
        ),
        tuple(
            use.skill
            for use in report.skills
            if use.calls_after and use.errors_after / use.calls_after > base
        ),
    )
