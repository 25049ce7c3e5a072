"""What one session says of skills: a small value that outlives the opened trace."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from workbench.domain.skill import Library, Skill
from workbench.domain.trajectory import Outcome, SkillEvent, Trajectory
from workbench.traces.open import OpenTrace
from workbench.traces.prices import PriceTable
from workbench.traces.resumes import COPIED, CopiesSeen
from workbench.usage.delivered import delivered
from workbench.usage.hand_rolled import HandRolled, Practice, hand_rolled
from workbench.usage.loads import LoadFigures, corrects, is_prompt, load_figures
from workbench.usage.resolve import LibrariesResolver, Meant
from workbench.usage.versions import How, InForce, VersionShelf

#: Prompts whose beginnings are kept, for what should have triggered a skill.
_MOST_PROMPTS: Final = 200


class Use(Struct, frozen=True):
    """One event of a skill, with the way back to its step.

    ``trace`` is the file of its trajectory, ``owner`` that of the session. ``version`` names the
    body that was in force, ``how`` tells how that is known and ``note`` more of it. ``figures``
    are there for a load.
    """

    trace: str
    trajectory: str
    step: int
    kind: str
    trigger: str
    confidence: str
    name: str = ""
    path: str | None = None
    detail: str = ""
    time: str | None = None
    session: str = ""
    version: str = ""
    how: How = "unknown"
    note: str = ""
    owner: str = ""
    figures: LoadFigures | None = None


class Spot(Struct, frozen=True):
    """A step of a trajectory of the session."""

    trajectory: str
    step: int


class SkillInSession(Struct, frozen=True):
    """What happened to one skill: where it was first listed, and its other events."""

    library: str
    skill: str
    listed: Spot | None
    uses: tuple[Use, ...]

    @property
    def loads(self) -> tuple[Use, ...]:
        """The loads."""
        return tuple(use for use in self.uses if use.kind == "loaded")


class SessionFacts(Struct, frozen=True):
    """A session with its subagents; None is "not recorded".

    ``corrected`` tells whether a later prompt reads like a correction (a heuristic), None where
    there is one prompt alone. ``unresolved`` are names of skills no library has.
    """

    trace: str
    trajectory: str
    title: str
    format: str
    model: str | None
    started: str | None
    calls: int
    errors: int
    records_listing: bool
    outcome: Outcome
    interrupted: bool
    corrected: bool | None
    prompts: tuple[tuple[int, str], ...]
    skills: tuple[SkillInSession, ...]
    unresolved: tuple[str, ...]
    hand_rolled: tuple[HandRolled, ...] = ()

    def skill(self, library: str, skill: str) -> SkillInSession | None:
        """Return what happened to a skill."""
        same = (one for one in self.skills if (one.library, one.skill) == (library, skill))
        return next(same, None)


class SessionReader:
    """Reads sessions against libraries; make it once for many sessions."""

    def __init__(
        self,
        libraries: Sequence[Library],
        shelf: VersionShelf | None = None,
        prices: PriceTable | None = None,
    ) -> None:
        """Without a ``shelf`` no versions are looked for."""
        self.libraries = tuple(libraries)
        self._resolver = LibrariesResolver(libraries)
        self._shelf = shelf
        self._prices = prices
        self._copies = CopiesSeen()
        self._practice = Practice(skill for library in libraries for skill in library.skills)

    def read(
        self, session: Trajectory | OpenTrace, trajectory: Trajectory | None = None
    ) -> SessionFacts:
        """Return the facts of a session.

        An opened trace tells more than its trajectory: the texts that were loaded and the files
        that were written. ``trajectory`` stands for its own where a person said how it ended.
        Steps that an earlier session had, and this one repeats, count for nothing.
        """
        trace = session if isinstance(session, OpenTrace) else None
        one = trajectory or (session.trajectory if isinstance(session, OpenTrace) else session)
        one = self._copies.marked(one)
        found: dict[tuple[str, str], SkillInSession] = {}
        unresolved: dict[str, None] = {}
        records_listing = False
        parts = list(_parts(one, trace))
        for part, opened in parts:
            for event in part.skill_events:
                if event.step < len(part.steps) and COPIED in part.steps[event.step].flags:
                    continue
                records_listing = records_listing or event.kind == "listed"
                meant = self._resolver.resolve(event, part.cwd or one.cwd)
                if meant is None:
                    unresolved[event.skill] = None
                    continue
                key = (meant.library.root, meant.skill.id)
                known = found.get(key) or SkillInSession(*key, None, ())
                if event.kind != "listed":
                    use = self._use(meant, event, part, opened, one)
                    known = replace(known, uses=(*known.uses, use))
                elif known.listed is None:
                    known = replace(known, listed=Spot(part.id, event.step))
                found[key] = known
        prompts = [(step.index, step.preview) for step in one.steps if is_prompt(step)]
        facts = SessionFacts(
            trace=one.sources[0].path if one.sources else "",
            trajectory=one.id,
            title=one.title,
            format=one.format,
            model=one.model or next((step.model for step in one.steps if step.model), None),
            started=one.started,
            calls=sum(part.tool_calls for part, _ in parts),
            errors=sum(part.errors for part, _ in parts),
            records_listing=records_listing,
            outcome=one.outcome,
            interrupted=any("interrupted" in step.flags for step in one.steps),
            corrected=any(corrects(text) for _, text in prompts[1:]) if prompts[1:] else None,
            prompts=tuple(prompts[:_MOST_PROMPTS]),
            skills=tuple(replace(one, uses=_as_loaded(one.uses)) for one in found.values()),
            unresolved=tuple(unresolved),
        )
        return replace(facts, hand_rolled=self._hand_rolled(facts, parts))

    def _use(
        self,
        meant: Meant,
        event: SkillEvent,
        part: Trajectory,
        opened: OpenTrace | None,
        session: Trajectory,
    ) -> Use:
        known = 0 <= event.step < len(part.steps)
        time = (part.steps[event.step].time if known else None) or session.started
        force, figures = InForce("unknown"), None
        if self._shelf is not None:
            versions = self._shelf.of(meant.skill)
            brings = opened is not None and event.kind in ("loaded", "reattached")
            texts = delivered(opened, event) if brings and opened is not None else ()
            force = versions.in_force(texts, time)
        if event.kind == "loaded":
            tokens = force.version.tokens if force.version is not None else force.tokens
            figures = load_figures(part, event, tokens, self._prices)
        return Use(
            trace=part.sources[0].path if part.sources else "",
            trajectory=part.id,
            step=event.step,
            kind=event.kind,
            trigger=event.trigger,
            confidence=event.confidence,
            name=event.skill,
            path=event.path,
            detail=event.detail,
            time=time,
            session=session.title,
            version=force.digest,
            how=force.how,
            note=force.note,
            owner=session.sources[0].path if session.sources else "",
            figures=figures,
        )

    def _hand_rolled(
        self, facts: SessionFacts, parts: Sequence[tuple[Trajectory, OpenTrace | None]]
    ) -> tuple[HandRolled, ...]:
        """Return the skills whose work the session did without loading them."""
        loaded = {(one.library, one.skill) for one in facts.skills if one.loads}
        listed = {(one.library, one.skill) for one in facts.skills if one.listed is not None}

        def could(skill: Skill) -> bool:
            key = (skill.root, skill.id)
            if key in loaded or (facts.records_listing and key not in listed):
                return False
            if self._shelf is None or facts.started is None:
                return True
            # A skill that came later could not be chosen.
            versions = self._shelf.of(skill)
            return versions.problem != "" or versions.at(facts.started).how != "unknown"

        return tuple(
            one
            for part, opened in parts
            for one in hand_rolled(self._practice, part, opened, could)
        )


def _as_loaded(uses: tuple[Use, ...]) -> tuple[Use, ...]:
    """Let uses whose version is known by the time alone have that of the session's loads."""
    sure = [use for use in uses if use.how in ("body", "lines", "unrecorded")]
    if not sure:
        return uses
    made, last = [], sure[0]
    for use in uses:
        if use in sure:
            last = use
            made.append(use)
        else:
            note = "As it was loaded in this session."
            made.append(replace(use, version=last.version, how=last.how, note=note))
    return tuple(made)


def _parts(
    one: Trajectory, trace: OpenTrace | None
) -> Iterator[tuple[Trajectory, OpenTrace | None]]:
    yield one, trace
    children = trace.children if trace is not None else (None,) * len(one.children)
    for child, opened in zip(one.children, children, strict=True):
        yield from _parts(child, opened)
