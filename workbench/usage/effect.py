"""What was measured of a skill since a change of it: sessions before and after, with counts.

Sessions were observed, not assigned, so nothing here proves an effect. Which version a session had
is told by the text in its trace where that is recorded, else by its time, which is weaker.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import Final, Protocol

from msgspec import Struct

from workbench.domain.skill import Skill
from workbench.domain.text import counted
from workbench.traces.times import moment_of
from workbench.usage.cohorts import CohortComparison, Member, split_members
from workbench.usage.proportions import Share, fisher_two_sided, share
from workbench.usage.sessions import SessionFacts, SkillInSession, Use
from workbench.usage.versions import SkillVersions

#: Events that show the skill at work; a listing only offers it.
USES: Final = frozenset(
    ("requested", "loaded", "load_failed", "resource_read", "script_run", "reattached")
)
_TEXT: Final = ("body", "lines")
_DECIDED: Final = ("pass", "fail", "partial", "timeout")


class Edit(Struct, frozen=True):
    """A change of the skill: ``commit`` is "" where it is in no commit, ``time`` is ISO 8601.

    ``counts`` says whether its effect is asked for; the others only divide the time.
    """

    key: str
    title: str
    time: str
    commit: str = ""
    counts: bool = True


class _Change(Protocol):
    """A change as the history of a skill tells it."""

    @property
    def key(self) -> str: ...

    @property
    def kind(self) -> str: ...

    @property
    def title(self) -> str: ...

    @property
    def time(self) -> str: ...

    @property
    def commit(self) -> str: ...


def edits_of(changes: Iterable[_Change]) -> tuple[Edit, ...]:
    """Return the changes that divide the time, in their order; those of proposals count."""
    return tuple(
        Edit(one.key, one.title, one.time, one.commit, counts=one.kind == "applied")
        for one in changes
        if one.time
    )


class EffectSide(Struct, frozen=True):
    """Sessions on one side of a change.

    ``by_text`` of them are placed by the text in the trace, the others by their time. ``listed`` is
    None where no session records what is offered: unknown, not zero. ``failed`` counts loads that
    failed, ``uses`` are all uses with the way to their steps.
    """

    name: str
    sessions: int
    by_text: int
    listed: Share | None
    loaded: Share
    used: Share
    failed: int
    uses: tuple[Use, ...] = ()


class Effect(Struct, frozen=True):
    """Before and after a change. ``p_loaded`` is Fisher's exact two-sided p of the loaded shares.

    ``compared`` are the sessions that loaded the skill: what its text does can show in these alone.
    ``unplaced`` sessions are in neither group: neither text nor time says which version they had.
    ``notes`` say what else the figures depend on.
    """

    edit: Edit
    before: EffectSide
    after: EffectSide
    p_loaded: float | None
    compared: CohortComparison
    unplaced: int
    notes: tuple[str, ...] = ()


class _Placed(Struct, frozen=True):
    """A session, after how many of the edits it ran (None: unknown), and how that is known."""

    facts: SessionFacts
    here: SkillInSession | None
    position: int | None
    by_text: bool


def effects(
    skill: Skill,
    edits: Sequence[Edit],
    facts: Sequence[SessionFacts],
    versions: SkillVersions,
    *,
    born: bool = False,
    adjacent: bool = False,
) -> tuple[Effect, ...]:
    """Return what was measured of each change that ``counts``, newest first.

    Args:
        skill: as it is now.
        edits: all changes of the skill, newest first.
        facts: the sessions, read against the library of the skill.
        versions: its versions.
        born: whether the oldest edit made the skill: sessions before it could not have it.
        adjacent: count only up to the next change on both sides, instead of all sessions.
    """
    order = list(reversed(edits))
    digests = _digests(order, versions)
    placed = [_place(one, skill, order, digests) for one in facts]
    found = [
        _effect(number, order, placed, born=born, adjacent=adjacent)
        for number, edit in enumerate(order)
        if edit.counts
    ]
    return tuple(reversed(found))


def _digests(order: Sequence[Edit], versions: SkillVersions) -> list[str]:
    """Return the body in force after each number of edits; "" is not known."""
    of_commit = {one.commit: one.digest for one in versions.versions if one.commit}
    found = [""]
    for edit in order:
        found.append(of_commit.get(edit.commit, found[-1]))
    return found


def _place(
    facts: SessionFacts, skill: Skill, order: Sequence[Edit], digests: Sequence[str]
) -> _Placed:
    here = facts.skill(skill.root, skill.id)
    begun = moment_of(facts.started)
    moments = [moment_of(edit.time) for edit in order]
    timed = None
    if begun is not None:
        timed = sum(moment is not None and moment <= begun for moment in moments)
    uses = here.uses if here is not None else ()
    if any(use.how == "unrecorded" for use in uses):
        return _Placed(facts, here, None, by_text=False)
    told = next((use.version for use in uses if use.how in _TEXT and use.version), "")
    allowed = [number for number, digest in enumerate(digests) if told and digest == told]
    if allowed:
        if timed is None:
            sure = allowed[0] if len(allowed) == 1 else None
            return _Placed(facts, here, sure, by_text=sure is not None)
        near = min(allowed, key=lambda number: abs(number - timed))
        return _Placed(facts, here, near, by_text=True)
    return _Placed(facts, here, timed, by_text=False)


def _effect(
    number: int, order: Sequence[Edit], placed: Sequence[_Placed], *, born: bool, adjacent: bool
) -> Effect:
    first = 1 if born else 0
    old = range(max(first, number), number + 1) if adjacent else range(first, number + 1)
    new = range(number + 1, number + 2) if adjacent else range(number + 1, len(order) + 1)
    before, after = _among(placed, old), _among(placed, new)
    early = {_key(one) for one in before}
    sides = _side("before", before), _side("since", after)
    compared = split_members(
        [_member(one) for one in (*before, *after) if one.here is not None and one.here.loads],
        lambda member: (member.path, member.id) in early,
        "before",
        "since",
    )
    return Effect(
        edit=order[number],
        before=sides[0],
        after=sides[1],
        p_loaded=fisher_two_sided(sides[0].loaded, sides[1].loaded),
        compared=compared,
        unplaced=sum(one.position is None for one in placed),
        notes=tuple(_notes(number, order, sides, born=born, adjacent=adjacent)),
    )


def _among(placed: Sequence[_Placed], positions: Collection[int]) -> list[_Placed]:
    return [one for one in placed if one.position is not None and one.position in positions]


def _side(name: str, placed: Sequence[_Placed]) -> EffectSide:
    listing = [one for one in placed if one.facts.records_listing]
    offered = sum(one.here is not None and one.here.listed is not None for one in listing)
    uses = tuple(use for one in placed if one.here is not None for use in one.here.uses)
    return EffectSide(
        name=name,
        sessions=len(placed),
        by_text=sum(one.by_text for one in placed),
        listed=share(offered, len(listing)) if listing else None,
        loaded=share(
            sum(one.here is not None and bool(one.here.loads) for one in placed), len(placed)
        ),
        used=share(
            sum(
                one.here is not None and any(use.kind in USES for use in one.here.uses)
                for one in placed
            ),
            len(placed),
        ),
        failed=sum(use.kind == "load_failed" for use in uses),
        uses=uses,
    )


def _key(one: _Placed) -> tuple[str, str]:
    return one.facts.trace, one.facts.trajectory


def _member(one: _Placed) -> Member:
    """Return a session for the comparison; what the facts do not hold is not recorded."""
    facts = one.facts
    status = facts.outcome.status
    decided = status in _DECIDED
    return Member(
        path=facts.trace,
        id=facts.trajectory,
        title=facts.title,
        task=facts.prompts[0][1] if facts.prompts else "",
        agent=facts.format,
        model=facts.model,
        started=facts.started,
        outcome=status,
        values={
            "passed": float(status == "pass") if decided else None,
            "with_errors": float(facts.errors > 0),
            "steps": None,
            "tool_calls": float(facts.calls),
            "errors": float(facts.errors),
            "output_tokens": None,
            "cost_usd": None,
            "duration_s": None,
        },
    )


def _notes(
    number: int,
    order: Sequence[Edit],
    sides: tuple[EffectSide, EffectSide],
    *,
    born: bool,
    adjacent: bool,
) -> list[str]:
    found: list[str] = []
    later = len(order) - number - 1
    if later and not adjacent:
        came = "change came" if later == 1 else "changes came"
        found.append(f"{later:,} other {came} since: what is counted since is theirs as well.")
    if number == 0 and born:
        found.append("This change made the skill: there was nothing to use before it.")
    for side in sides:
        if not side.sessions:
            found.append(f"No session is known from {_when(side.name)} this change.")
        elif side.by_text < side.sessions:
            left = side.sessions - side.by_text
            found.append(
                f"{counted(left, 'session')} {_when(side.name)} it "
                f"{'is' if left == 1 else 'are'} placed by time alone."
            )
    return found


def _when(name: str) -> str:
    return "after" if name == "since" else name
