"""What sessions can be divided by, and the comparison of the two groups. No Qt.

Sessions are those that are open, or those of the index; the figures of both are the same values.
"""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Literal

from workbench.domain.annotation import Annotation
from workbench.domain.skill import Library
from workbench.domain.trajectory import Trajectory
from workbench.traces.importer import TraceError
from workbench.traces.index.query import Query
from workbench.traces.index.trace_index import TraceIndex
from workbench.traces.open import OpenTrace
from workbench.traces.prices import PriceTable
from workbench.traces.resumes import copies_marked
from workbench.traces.rollup import family
from workbench.usage.annotated import belongs
from workbench.usage.cohorts import CohortComparison, Member, member_of, split_members
from workbench.usage.indexed_members import indexed_sessions
from workbench.usage.outcomes import AttachedOutcomes, with_attached
from workbench.usage.sessions import SessionReader
from workbench.usage.versions import SkillVersions, VersionShelf

Kind = Literal["skill", "version", "date", "model", "label", "hand"]
#: What tells a session from others: the file of its trace, and the id within it.
Key = tuple[str, str]

KINDS: tuple[tuple[Kind, str, str], ...] = (
    ("skill", "With and without a skill", "None of these sessions loads a skill."),
    (
        "version",
        "Before and after an edit of a skill",
        "No skill of the open library was loaded in two versions.",
    ),
    ("date", "Before and after a day", "The sessions are of one day, or record no time."),
    ("model", "By model", "The sessions name fewer than two models."),
    ("label", "With and without a label", "None of these sessions has a label."),
    ("hand", "Chosen by hand", ""),
)


@dataclass(frozen=True, slots=True)
class Choice:
    """A value to divide by, with what it is called and the groups it makes."""

    value: str
    title: str


@dataclass(frozen=True, slots=True)
class Edits:
    """Versions of a skill that were in force: of each session, and oldest first with a title."""

    of_session: dict[Key, str]
    ordered: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Gathered:
    """What is known of the sessions, to choose a division from.

    ``as_of`` is the day of the prices of estimated costs. ``unread`` sessions loaded a skill of the
    library, and which version of it is told by their texts alone (``read_edits``).
    """

    members: tuple[Member, ...]
    as_of: str = ""
    loaded: dict[Key, frozenset[str]] = field(default_factory=dict)
    labels: dict[str, frozenset[Key]] = field(default_factory=dict)
    edits: dict[str, Edits] = field(default_factory=dict)
    unread: tuple[Key, ...] = ()

    @cached_property
    def _skills(self) -> Counter[str]:
        return Counter(name for names in self.loaded.values() for name in names)

    @cached_property
    def models(self) -> tuple[tuple[str, int], ...]:
        """The models, if there are several, with how many sessions each."""
        models = Counter(one.model for one in self.members if one.model)
        return tuple(models.most_common()) if len(models) > 1 else ()

    @cached_property
    def _days(self) -> list[str]:
        return sorted({one.started[:10] for one in self.members if one.started})

    def choices(self, kind: Kind) -> list[Choice]:
        """Return what there is to choose for a kind of division."""
        if kind == "skill":
            return [
                Choice(name, f"{name} ({n:,} of {len(self.members):,})")
                for name, n in self._skills.most_common()
            ]
        if kind == "model":
            return [Choice(name, f"{name} ({n:,})") for name, n in self.models]
        if kind == "date":
            return [Choice(day, f"from {day}") for day in self._days[1:]]
        if kind == "label":
            return [Choice(name, f"{name} ({len(keys)})") for name, keys in self.labels.items()]
        if kind == "version":
            return [
                Choice(f"{skill}\n{digest}", f"{skill}: {title}")
                for skill, edits in self.edits.items()
                for digest, title in edits.ordered[1:]
            ]
        return []


def key_of(one: Member) -> Key:
    """Return what tells a session from others."""
    return one.path, one.id


def gathered(
    traces: Sequence[OpenTrace],
    library: Library | None,
    annotations: Sequence[Annotation],
    attached: AttachedOutcomes,
    prices_file: Path | None = None,
) -> Gathered:
    """Look at all open sessions once; run it beside the window."""
    prices = PriceTable.load(prices_file)
    sessions = [
        with_attached(one, attached)
        for one in copies_marked([trace.trajectory for trace in traces])
    ]
    members = tuple(member_of(one, prices) for one in sessions)
    known = [
        (key_of(member), one.session, one.steps[0].uid if one.steps else None)
        for member, one in zip(members, sessions, strict=True)
    ]
    loaded = {
        key_of(member): frozenset(names)
        for member, one in zip(members, sessions, strict=True)
        if (names := _loaded(one))
    }
    return Gathered(
        members,
        prices.as_of,
        loaded,
        _labels(known, annotations),
        {} if library is None else _edits(traces, library),
    )


def gathered_from_index(
    index: TraceIndex,
    wanted: Query,
    library: Library | None,
    annotations: Sequence[Annotation],
    attached: AttachedOutcomes,
    *,
    as_of: str = "",
) -> Gathered:
    """Look at the sessions of the index that are asked for; no trace is read."""
    sessions = indexed_sessions(index, wanted, attached)
    keys = [key_of(one.member) for one in sessions]
    own = {skill.id for skill in library.skills} if library is not None else set()
    known = [(key, one.session, None) for key, one in zip(keys, sessions, strict=True)]
    return Gathered(
        tuple(one.member for one in sessions),
        as_of,
        {key: one.loaded for key, one in zip(keys, sessions, strict=True) if one.loaded},
        _labels(known, annotations),
        unread=tuple(
            key for key, one in zip(keys, sessions, strict=True) if not own.isdisjoint(one.loaded)
        ),
    )


def read_edits(
    known: Gathered,
    library: Library,
    opening: Callable[[Path], Sequence[OpenTrace]],
    told: Callable[[float, str], None],
) -> Gathered:
    """Read the sessions that loaded a skill of the library, for the versions they had.

    ``told(part, words)`` is called before each file; what it raises ends the reading. A file that
    cannot be read leaves its sessions out.
    """
    wanted = set(known.unread)
    paths = list(dict.fromkeys(path for path, _ in known.unread))
    edits = _EditReader(library)
    for number, path in enumerate(paths):
        told(number / len(paths), f"Reading {Path(path).name}")
        with contextlib.ExitStack() as stack, contextlib.suppress(TraceError, OSError):
            for trace in opening(Path(path)):
                stack.callback(trace.close)
                if (path, trace.trajectory.id) in wanted:
                    edits.read(trace)
    return replace(known, edits=edits.found(), unread=())


def compared(
    found: Gathered, kind: Kind, value: str, first: frozenset[Key], second: frozenset[Key]
) -> CohortComparison:
    """Compare the two groups of a division; ``first`` and ``second`` are those chosen by hand."""
    belongs_to, names = _division(found, kind, value, first, second)
    return split_members(found.members, belongs_to, *names, found.as_of)


def _division(
    found: Gathered, kind: Kind, value: str, first: frozenset[Key], second: frozenset[Key]
) -> tuple[Callable[[Member], bool | None], tuple[str, str]]:
    """Return who belongs to the first group (None: to neither), and what both are called."""
    if kind == "skill":
        having = {key for key, names in found.loaded.items() if value in names}
        return lambda one: key_of(one) in having, (f"with {value}", f"without {value}")
    if kind == "model":
        others = [name for name, _ in found.models if name != value]
        rest = others[0] if len(others) == 1 else "other models"
        return lambda one: one.model == value if one.model else None, (value, rest)
    if kind == "date":

        def before(one: Member) -> bool | None:
            return one.started[:10] < value if one.started else None

        return before, (f"before {value}", f"from {value}")
    if kind == "label":
        keys = found.labels.get(value, frozenset())
        return lambda one: key_of(one) in keys, (f"labelled {value}", f"not {value}")
    if kind == "version":
        skill, _, digest = value.partition("\n")
        edits = found.edits[skill]
        order = [one for one, _ in edits.ordered]
        older = order[: order.index(digest)]

        def had(one: Member) -> bool | None:
            version = edits.of_session.get(key_of(one), "")
            return version in older if version else None

        return had, (f"{skill} before the edit", f"{skill} from the edit")

    def chosen(one: Member) -> bool | None:
        key = key_of(one)
        return True if key in first else False if key in second else None

    return chosen, ("first set", "second set")


def _loaded(one: Trajectory) -> set[str]:
    return {
        event.skill.rsplit(":", 1)[-1]
        for part in family(one)
        for event in part.skill_events
        if event.kind == "loaded"
    }


def _labels(
    sessions: Iterable[tuple[Key, str | None, str | None]], annotations: Sequence[Annotation]
) -> dict[str, frozenset[Key]]:
    """Return the sessions of each label; they are given by key, session id and first step."""
    by_id: dict[str, list[Annotation]] = {}
    for one in annotations:
        if one.label and not one.deleted:
            by_id.setdefault(one.anchor.trajectory, []).append(one)
    found: dict[str, set[Key]] = {}
    for (path, identity), session, start in sessions:
        for said in by_id.get(identity, ()):
            if belongs(said.anchor, identity, session, path, start):
                found.setdefault(said.label, set()).add((path, identity))
    return {label: frozenset(keys) for label, keys in sorted(found.items())}


def _edits(traces: Sequence[OpenTrace], library: Library) -> dict[str, Edits]:
    reader = _EditReader(library)
    for trace in traces:
        if _loaded(trace.trajectory):
            reader.read(trace)
    return reader.found()


class _EditReader:
    """Finds, of each skill that was loaded in two versions or more, which session had which."""

    def __init__(self, library: Library) -> None:
        self._shelf = VersionShelf()
        self._reader = SessionReader([library], self._shelf)
        self._names = {skill.id: skill for skill in library.skills}
        self._had: dict[str, dict[Key, str]] = {}

    def read(self, trace: OpenTrace) -> None:
        """Look at a session."""
        for one in self._reader.read(trace).skills:
            last = one.loads[-1].version if one.loads else ""
            if last:
                key = str(trace.path), trace.trajectory.id
                self._had.setdefault(one.skill, {})[key] = last

    def found(self) -> dict[str, Edits]:
        """Return what was found so far."""
        return {
            skill: Edits(sessions, ordered)
            for skill, sessions in self._had.items()
            if len(ordered := self._versions(skill, set(sessions.values()))) > 1
        }

    def _versions(self, skill: str, seen: set[str]) -> tuple[tuple[str, str], ...]:
        return _ordered(self._shelf.of(self._names[skill]), seen)


def _ordered(versions: SkillVersions, seen: set[str]) -> tuple[tuple[str, str], ...]:
    """Return the versions that were in force, oldest first, each as it first came."""
    made: dict[str, str] = {}
    for one in reversed(versions.versions):
        if one.digest in seen and one.digest not in made:
            where = one.commit[:8] or "on disk"
            made[one.digest] = f"{one.subject[:60]} · {where} · {one.time[:10]}"
    return tuple(made.items())
