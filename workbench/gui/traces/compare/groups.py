"""What sessions can be divided by, and the comparison of the two groups. No Qt."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from workbench.domain.annotation import Annotation
from workbench.domain.skill import Library
from workbench.domain.trajectory import Trajectory
from workbench.traces.open import OpenTrace
from workbench.traces.prices import PriceTable
from workbench.traces.resumes import copies_marked
from workbench.traces.rollup import family
from workbench.usage.annotated import belongs
from workbench.usage.cohorts import (
    CohortComparison,
    by_choice,
    by_model,
    by_skill,
    by_version,
    split,
)
from workbench.usage.outcomes import AttachedOutcomes, with_attached
from workbench.usage.sessions import SessionReader
from workbench.usage.versions import SkillVersions, VersionShelf

Kind = Literal["skill", "version", "date", "model", "label", "hand"]
#: What tells a session from others: the file of its trace, and the id within it.
Key = tuple[str, str]

KINDS: tuple[tuple[Kind, str, str], ...] = (
    ("skill", "With and without a skill", "No open trace loads a skill."),
    (
        "version",
        "Before and after an edit of a skill",
        "No skill of the open library was loaded in two versions.",
    ),
    ("date", "Before and after a day", "The open traces are of one day, or record no time."),
    ("model", "By model", "The open traces name fewer than two models."),
    ("label", "With and without a label", "No open trace has a label."),
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


@dataclass(frozen=True, slots=True)
class Gathered:
    """What is known of the sessions, to choose a division from."""

    sessions: tuple[Trajectory, ...]
    prices: PriceTable
    skills: tuple[tuple[str, int], ...] = ()
    models: tuple[tuple[str, int], ...] = ()
    days: tuple[str, ...] = ()
    labels: dict[str, frozenset[Key]] = field(default_factory=dict)
    edits: dict[str, Edits] = field(default_factory=dict)

    def choices(self, kind: Kind) -> list[Choice]:
        """Return what there is to choose for a kind of division."""
        if kind == "skill":
            return [
                Choice(name, f"{name} ({n} of {len(self.sessions)})") for name, n in self.skills
            ]
        if kind == "model":
            return [Choice(name, f"{name} ({n})") for name, n in self.models]
        if kind == "date":
            return [Choice(day, f"from {day}") for day in self.days[1:]]
        if kind == "label":
            return [Choice(name, f"{name} ({len(keys)})") for name, keys in self.labels.items()]
        if kind == "version":
            return [
                Choice(f"{skill}\n{digest}", f"{skill}: {title}")
                for skill, edits in self.edits.items()
                for digest, title in edits.ordered[1:]
            ]
        return []


def key_of(one: Trajectory) -> Key:
    """Return what tells a session from others."""
    return one.sources[0].path if one.sources else "", one.id


def gathered(
    traces: Sequence[OpenTrace],
    library: Library | None,
    annotations: Sequence[Annotation],
    attached: AttachedOutcomes,
    prices_file: Path | None = None,
) -> Gathered:
    """Look at all sessions once; run it beside the window."""
    sessions = tuple(
        with_attached(one, attached)
        for one in copies_marked([trace.trajectory for trace in traces])
    )
    skills: Counter[str] = Counter()
    for one in sessions:
        skills.update(_loaded(one))
    models = Counter(one.model for one in sessions if one.model)
    days = sorted({one.started[:10] for one in sessions if one.started})
    return Gathered(
        sessions,
        PriceTable.load(prices_file),
        tuple(skills.most_common()),
        tuple(models.most_common()) if len(models) > 1 else (),
        tuple(days),
        _labels(sessions, annotations),
        {} if library is None else _edits(traces, library),
    )


def compared(
    found: Gathered, kind: Kind, value: str, first: frozenset[Key], second: frozenset[Key]
) -> CohortComparison:
    """Compare the two groups of a division; ``first`` and ``second`` are those chosen by hand."""
    prices = found.prices
    if kind == "skill":
        return by_skill(found.sessions, value, prices=prices)
    if kind == "model":
        others = [name for name, _ in found.models if name != value]
        return by_model(found.sessions, value, others[0] if len(others) == 1 else "", prices=prices)
    if kind == "date":

        def before(one: Trajectory) -> bool | None:
            return one.started[:10] < value if one.started else None

        return split(found.sessions, before, f"before {value}", f"from {value}", prices=prices)
    if kind == "label":
        keys = found.labels.get(value, frozenset())
        names = (f"labelled {value}", f"not {value}")
        return by_choice(found.sessions, keys, None, names, prices=prices)
    if kind == "version":
        skill, _, digest = value.partition("\n")
        edits = found.edits[skill]
        order = [one for one, _ in edits.ordered]
        names = (f"{skill} before the edit", f"{skill} from the edit")
        before_it = order[: order.index(digest)]
        return by_version(found.sessions, edits.of_session, before_it, names, prices=prices)
    return by_choice(found.sessions, first, second, prices=prices)


def _loaded(one: Trajectory) -> set[str]:
    return {
        event.skill.rsplit(":", 1)[-1]
        for part in family(one)
        for event in part.skill_events
        if event.kind == "loaded"
    }


def _labels(
    sessions: Iterable[Trajectory], annotations: Sequence[Annotation]
) -> dict[str, frozenset[Key]]:
    by_id: dict[str, list[Annotation]] = {}
    for one in annotations:
        if one.label and not one.deleted:
            by_id.setdefault(one.anchor.trajectory, []).append(one)
    found: dict[str, set[Key]] = {}
    for session in sessions:
        path, identity = key_of(session)
        start = session.steps[0].uid if session.steps else None
        for said in by_id.get(identity, ()):
            if belongs(said.anchor, identity, session.session, path, start):
                found.setdefault(said.label, set()).add((path, identity))
    return {label: frozenset(keys) for label, keys in sorted(found.items())}


def _edits(traces: Sequence[OpenTrace], library: Library) -> dict[str, Edits]:
    """Return, of each skill that was loaded in two versions or more, which session had which."""
    shelf = VersionShelf()
    reader = SessionReader([library], shelf)
    names = {skill.id: skill for skill in library.skills}
    had: dict[str, dict[Key, str]] = {}
    for trace in traces:
        if not _loaded(trace.trajectory):
            continue
        for one in reader.read(trace).skills:
            last = one.loads[-1].version if one.loads else ""
            if last:
                had.setdefault(one.skill, {})[key_of(trace.trajectory)] = last
    return {
        skill: Edits(sessions, ordered)
        for skill, sessions in had.items()
        if len(ordered := _ordered(shelf.of(names[skill]), set(sessions.values()))) > 1
    }


def _ordered(versions: SkillVersions, seen: set[str]) -> tuple[tuple[str, str], ...]:
    """Return the versions that were in force, oldest first, each as it first came."""
    made: dict[str, str] = {}
    for one in reversed(versions.versions):
        if one.digest in seen and one.digest not in made:
            where = one.commit[:8] or "on disk"
            made[one.digest] = f"{one.subject[:60]} · {where} · {one.time[:10]}"
    return tuple(made.items())
