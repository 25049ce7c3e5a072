"""Per-skill and per-version counts over sessions, always with what they are counted of."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from pathlib import PurePosixPath

from msgspec import Struct

from workbench.domain.skill import Library, Skill
from workbench.domain.trajectory import Trajectory
from workbench.usage.differences import Difference, share_difference
from workbench.usage.proportions import Share, Spread, share, spread
from workbench.usage.sessions import SessionFacts, SessionReader, SkillInSession, Use
from workbench.usage.versions import SkillVersion, SkillVersions

#: An outcome that says whether the task was done.
_DECIDED = ("pass", "fail", "partial", "timeout")


class Outcomes(Struct, frozen=True):
    """How some sessions ended. ``corrected`` is a heuristic over the prompts that follow."""

    sessions: int
    passed: Share
    reward: Spread
    tests: Spread
    interrupted: Share
    corrected: Share


class Cohort(Struct, frozen=True):
    """What one body of a skill did; ``version`` is None where only its digest is known.

    ``sessions`` had it in force (those of unknown version are in none), ``known`` of them by the
    text in the trace, the others by the time. ``listed`` is None where none of them records it.
    """

    digest: str
    version: SkillVersion | None
    sessions: int
    known: int
    listed: int | None
    of_listings: int
    loaded: int
    loads: int
    failed: int
    errors_after: int
    calls_after: int
    tokens: int | None
    carried: Spread
    outcomes: Outcomes
    uses: tuple[Use, ...]


class SkillUsage(Struct, frozen=True):
    """What sessions say of one skill.

    ``listed`` is None where no session records listings: unknown, not zero. ``of_listings`` is the
    number of those that do. ``errors_after`` of ``calls_after`` tool calls failed in the ten steps
    after a load. ``resources_opened`` are paths that were read or run, ``never_opened`` files of
    the skill that were not, though it was loaded. ``scripts`` are (path, how it ended, how often).
    ``positions`` are the steps of the first loads; cost and seconds last until the next prompt or
    skill. ``models`` are (model, sessions that loaded it, sessions).
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
    library: str = ""
    failures: tuple[tuple[str, int], ...] = ()
    positions: Spread = Spread(0, 0, None, None, None)
    tokens: Spread = Spread(0, 0, None, None, None)
    carried: Spread = Spread(0, 0, None, None, None)
    cost_usd: Spread = Spread(0, 0, None, None, None)
    cost_estimated: int = 0
    seconds: Spread = Spread(0, 0, None, None, None)
    corrected_next: Share = Share(0, 0, None, None, few=True)
    never_opened: tuple[str, ...] = ()
    scripts: tuple[tuple[str, str, int], ...] = ()
    dropped: int = 0
    edited: int = 0
    with_skill: Outcomes | None = None
    without_skill: Outcomes | None = None
    passed_difference: Difference | None = None
    models: tuple[tuple[str, int, int], ...] = ()
    cohorts: tuple[Cohort, ...] = ()
    unknown_version: int = 0
    history_problem: str = ""


class UsageReport(Struct, frozen=True):
    """All skills of some libraries over sessions; ``unresolved`` are names they do not have."""

    skills: tuple[SkillUsage, ...]
    sessions: int
    calls: int
    errors: int
    unresolved: tuple[str, ...]
    facts: tuple[SessionFacts, ...] = ()

    def listings(self, usage: SkillUsage) -> tuple[Use, ...]:
        """Return where a skill was first listed, session by session."""
        found = []
        for one in self.facts:
            seen = one.skill(usage.library, usage.skill)
            if seen is not None and seen.listed is not None:
                spot = seen.listed
                found.append(
                    Use(
                        trace=one.trace,
                        trajectory=spot.trajectory,
                        step=spot.step,
                        kind="listed",
                        trigger="unknown",
                        confidence="explicit",
                        time=one.started,
                        session=one.title,
                        owner=one.trace,
                    )
                )
        return tuple(found)


VersionsOf = Callable[[Skill], SkillVersions]


def usage_of(library: Library, trajectories: Iterable[Trajectory]) -> UsageReport:
    """Count skill events of trajectories and their children, without looking for versions."""
    reader = SessionReader((library,))
    return report_of((library,), [reader.read(one) for one in trajectories])


def report_of(
    libraries: Sequence[Library],
    facts: Sequence[SessionFacts],
    versions_of: VersionsOf | None = None,
) -> UsageReport:
    """Count what sessions say of each skill of the libraries.

    Args:
        libraries: those the facts were read against.
        facts: one value for each session.
        versions_of: the versions of a skill, for its cohorts; None makes none.
    """
    seen: dict[tuple[str, str], list[tuple[SessionFacts, SkillInSession]]] = {}
    unresolved: set[str] = set()
    for one in facts:
        unresolved.update(one.unresolved)
        for skill in one.skills:
            seen.setdefault((skill.library, skill.skill), []).append((one, skill))
    skills = tuple(
        _usage(skill, seen.get((skill.root, skill.id), []), facts, versions_of)
        for library in libraries
        for skill in library.skills
    )
    return UsageReport(
        skills,
        len(facts),
        sum(one.calls for one in facts),
        sum(one.errors for one in facts),
        tuple(sorted(unresolved)),
        tuple(facts),
    )


def _usage(
    skill: Skill,
    seen: Sequence[tuple[SessionFacts, SkillInSession]],
    facts: Sequence[SessionFacts],
    versions_of: VersionsOf | None,
) -> SkillUsage:
    of_listings = sum(one.records_listing for one in facts)
    uses = tuple(use for _, here in seen for use in here.uses)
    loads = [use for use in uses if use.kind == "loaded"]
    figures = [use.figures for use in loads if use.figures is not None]
    failures = [use for use in uses if use.kind == "load_failed"]
    opened = {use.path for use in uses if use.kind in ("resource_read", "script_run") and use.path}
    has = {_key(one) for one, here in seen if here.loads}
    with_skill = _outcomes([one for one in facts if _key(one) in has])
    without = _outcomes([one for one in facts if _key(one) not in has])
    # Git is asked for skills that were used alone: a library may have hundreds.
    cohorts, unknown, problem = _cohorts(skill, facts, versions_of if uses else None)
    corrected = [one.corrected for one in figures if one.corrected is not None]
    return SkillUsage(
        skill=skill.id,
        name=skill.name,
        sessions=len(facts),
        listed=sum(here.listed is not None for _, here in seen) if of_listings else None,
        of_listings=of_listings,
        loaded=len(has),
        loads=len(loads),
        failed=len(failures),
        triggers=tuple(sorted(Counter(use.trigger for use in loads).items())),
        errors_after=sum(one.errors for one in figures),
        calls_after=sum(one.calls for one in figures),
        resources_opened=tuple(sorted(opened)),
        uses=uses,
        library=skill.root,
        failures=tuple(Counter(use.detail for use in failures).most_common()),
        positions=spread([float(here.loads[0].step) for _, here in seen if here.loads]),
        tokens=spread([_number(one.tokens) for one in figures]),
        carried=spread([_number(one.carried) for one in figures]),
        cost_usd=spread([one.cost_usd for one in figures]),
        cost_estimated=sum(one.estimated and one.cost_usd is not None for one in figures),
        seconds=spread([one.seconds for one in figures]),
        corrected_next=share(sum(corrected), len(corrected)),
        never_opened=_never_opened(skill, opened) if loads else (),
        scripts=_scripts(uses),
        dropped=sum(use.kind == "dropped" for use in uses),
        edited=sum(use.kind == "edited" for use in uses),
        with_skill=with_skill,
        without_skill=without,
        passed_difference=_apart(with_skill, without),
        models=_models(facts, has),
        cohorts=cohorts,
        unknown_version=unknown,
        history_problem=problem,
    )


def _key(one: SessionFacts) -> tuple[str, str]:
    return one.trace, one.trajectory


def _number(value: int | None) -> float | None:
    return None if value is None else float(value)


def _outcomes(facts: Sequence[SessionFacts]) -> Outcomes:
    decided = [one for one in facts if one.outcome.status in _DECIDED]
    prompted = [one for one in facts if one.corrected is not None]
    return Outcomes(
        sessions=len(facts),
        passed=share(sum(one.outcome.status == "pass" for one in decided), len(decided)),
        reward=spread([one.outcome.reward for one in facts]),
        tests=spread([_tests(one) for one in facts]),
        interrupted=share(sum(one.interrupted for one in facts), len(facts)),
        corrected=share(sum(bool(one.corrected) for one in prompted), len(prompted)),
    )


def _tests(one: SessionFacts) -> float | None:
    """Return the share of a session's tests that pass."""
    passed, total = one.outcome.tests_passed, one.outcome.tests_total
    return None if passed is None or not total else passed / total


def _apart(first: Outcomes, second: Outcomes) -> Difference | None:
    """Return how far the shares of passes are apart; None where either is too few for a rate."""
    if first.passed.few or second.passed.few:
        return None
    return share_difference(first.passed, second.passed)


def _models(
    facts: Sequence[SessionFacts], has: set[tuple[str, str]]
) -> tuple[tuple[str, int, int], ...]:
    total = Counter(one.model or "" for one in facts)
    loaded = Counter(one.model or "" for one in facts if _key(one) in has)
    return tuple((model, loaded[model], count) for model, count in total.most_common())


def _never_opened(skill: Skill, opened: Iterable[str]) -> tuple[str, ...]:
    paths = [f"/{path}".replace("\\", "/") for path in opened]
    return tuple(
        file.path
        for file in skill.files
        if file.path != skill.skill_md and not any(one.endswith(f"/{file.path}") for one in paths)
    )


def _scripts(uses: Iterable[Use]) -> tuple[tuple[str, str, int], ...]:
    ran = Counter(
        (_below_skill(use.path or ""), use.detail) for use in uses if use.kind == "script_run"
    )
    return tuple((path, how, count) for (path, how), count in sorted(ran.items()))


def _below_skill(path: str) -> str:
    """Return the part of a script's path below its skill."""
    parts = PurePosixPath(path.replace("\\", "/")).parts
    at = parts.index("scripts") if "scripts" in parts else 0
    return "/".join(parts[at:])


class _Group:
    def __init__(self) -> None:
        self.sessions: list[SessionFacts] = []
        self.known = 0
        self.listed = 0
        self.loaded: list[SessionFacts] = []
        self.uses: list[Use] = []


def _cohorts(
    skill: Skill, facts: Sequence[SessionFacts], versions_of: VersionsOf | None
) -> tuple[tuple[Cohort, ...], int, str]:
    """Return the cohorts, newest first, how many sessions are in none, and what hindered.

    A session belongs to the version its loads had; one that loaded several counts in each. One
    that loaded none belongs to the version that its time tells.
    """
    if versions_of is None:
        return (), 0, ""
    versions = versions_of(skill)
    groups: dict[str, _Group] = {}
    unknown = 0
    for one in facts:
        here = one.skill(skill.root, skill.id)
        uses = here.uses if here is not None else ()
        digests = dict.fromkeys(use.version for use in uses if use.version)
        if not digests:
            told = versions.at(one.started)
            digests = dict.fromkeys([told.digest] if told.digest else [])
        unknown += not digests
        for digest in digests:
            group = groups.setdefault(digest, _Group())
            group.sessions.append(one)
            mine = [use for use in uses if use.version == digest]
            group.uses += mine
            group.known += any(use.how in ("body", "lines", "unrecorded") for use in mine)
            group.listed += here is not None and here.listed is not None
            if any(use.kind == "loaded" for use in mine):
                group.loaded.append(one)
    order = {one.digest: number for number, one in reversed(list(enumerate(versions.versions)))}
    found = [
        _cohort(digest, versions.find(digest), groups[digest])
        for digest in sorted(groups, key=lambda digest: order.get(digest, -1))
    ]
    return tuple(found), unknown, versions.problem


def _first(values: Iterable[int | None]) -> int | None:
    return next((value for value in values if value is not None), None)


def _cohort(digest: str, version: SkillVersion | None, group: _Group) -> Cohort:
    loads = [use.figures for use in group.uses if use.figures is not None]
    of_listings = sum(one.records_listing for one in group.sessions)
    return Cohort(
        digest=digest,
        version=version,
        sessions=len(group.sessions),
        known=group.known,
        listed=group.listed if of_listings else None,
        of_listings=of_listings,
        loaded=len(group.loaded),
        loads=len(loads),
        failed=sum(use.kind == "load_failed" for use in group.uses),
        errors_after=sum(one.errors for one in loads),
        calls_after=sum(one.calls for one in loads),
        tokens=version.tokens if version is not None else _first(one.tokens for one in loads),
        carried=spread([_number(one.carried) for one in loads]),
        outcomes=_outcomes(group.loaded),
        uses=tuple(group.uses),
    )
