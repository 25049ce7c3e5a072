"""Annotations as rows of a list, and what narrows them down. No Qt."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import PurePath

from workbench.domain.annotation import Annotation
from workbench.gui.traces.annotation_words import badges_of
from workbench.gui.widgets.two_line_row import TwoLines
from workbench.usage.annotated import Placed
from workbench.usage.label_sets import LabelFilter

#: States to choose from: title, the states that are listed.
STATES: tuple[tuple[str, frozenset[str]], ...] = (
    ("Any state", frozenset()),
    ("Broken", frozenset({"changed", "broken"})),
    ("Found", frozenset({"found"})),
)


def listed(
    annotations: Iterable[Annotation],
    wanted: LabelFilter,
    states: frozenset[str],
    places: Mapping[str, Placed],
) -> list[Annotation]:
    """Return what passes, the newest first; what was not looked for yet counts as found."""

    def state(one: Annotation) -> str:
        found = places.get(one.id)
        return "found" if found is None else found.state

    found = [one for one in annotations if wanted.passes(one)]
    found = [one for one in found if not states or state(one) in states]
    return sorted(found, key=lambda one: (one.changed, one.id), reverse=True)


def row_of(one: Annotation, place: Placed | None) -> TwoLines:
    """Return the row of an annotation."""
    broken = place is not None and place.state != "found"
    note = " ".join(one.note.split())
    title = one.label or note or (one.outcome and "Outcome") or one.verdict or "Link to a skill"
    detail = note if one.label else ""
    if broken and place is not None:
        detail = " – ".join(filter(None, (place.reason, detail)))
    elif not detail:
        detail = one.quote or one.anchor.says
    badges = badges_of(one)
    if broken:
        badges = (("broken", "warning"), *badges)
    return TwoLines(
        title=title,
        detail=detail,
        aside=_where(one, place),
        badges=badges,
        icon="warning" if broken else "check-circle" if one.outcome else "tag",
        token="warning" if broken else "data_8",
        tip=one.note,
    )


def _where(one: Annotation, place: Placed | None) -> str:
    anchor = one.anchor
    step = place.step if place is not None and place.step is not None else anchor.step
    name = PurePath(anchor.path).name or anchor.trajectory
    skill = f"{one.skill.skill}:{one.skill.line}  ·  " if one.skill is not None else ""
    return f"{skill}{name}" + ("" if step is None else f"  ·  step {step}")


def counts(annotations: Iterable[Annotation], field: str) -> list[tuple[str, int]]:
    """Return the values of a field in use (label, skill) with their counts, by name."""
    found: dict[str, int] = {}
    for one in annotations:
        value = one.label if field == "label" else one.skill.skill if one.skill else ""
        if value:
            found[value] = found.get(value, 0) + 1
    return sorted(found.items())
