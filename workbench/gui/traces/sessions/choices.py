"""What a person chose of the sessions, and the question to the index it makes. No Qt."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Final

from workbench.traces.index.facets import (
    COSTS,
    STEPS,
    Days,
    Dimension,
    FacetGroup,
    with_cost,
    with_days,
    with_steps,
)
from workbench.traces.index.query import Facet, Order, Query

#: All of them at once are listed; the table asks for what it shows.
EVERY: Final = 10_000_000
TITLES: Final[dict[Dimension, str]] = {
    "agent": "Agent",
    "model": "Model",
    "outcome": "Outcome",
    "skill": "Skill used",
    "errors": "Errors",
    "cost": "Cost",
    "steps": "Length",
    "date": "Date",
}
#: Of these one value alone can be chosen.
_ONE: Final = frozenset({"errors", "cost", "steps", "date"})
_WORDS: Final = {
    ("errors", "yes"): "With errors",
    ("errors", "no"): "Without errors",
    ("outcome", "pass"): "Passed",
    ("outcome", "fail"): "Failed",
    ("outcome", "infra"): "Broken run",
    ("outcome", "partial"): "Partial",
    ("outcome", "timeout"): "Timeout",
    ("outcome", "unknown"): "Not recorded",
}


#: A dimension and a value of it.
Choice = tuple[Dimension, str]


@dataclass(frozen=True, slots=True)
class Choices:
    """Values chosen by dimension, words that name a session, and the order."""

    chosen: tuple[Choice, ...] = ()
    named: str = ""
    order: Order = "started"
    descending: bool = True

    def toggled(self, dimension: Dimension, value: str) -> Choices:
        """Return the choices with one more, or less; one of a range stands alone."""
        if (dimension, value) in self.chosen:
            return replace(self, chosen=tuple(c for c in self.chosen if c != (dimension, value)))
        kept = self.chosen
        if dimension in _ONE:
            kept = tuple(one for one in kept if one[0] != dimension)
        return replace(self, chosen=(*kept, (dimension, value)))

    def values(self, dimension: Dimension) -> tuple[str, ...]:
        """Return what is chosen of a dimension."""
        return tuple(value for name, value in self.chosen if name == dimension)

    def query(self, days: tuple[Days, ...]) -> Query:
        """Return the question to the index."""
        errors = self.values("errors")
        wanted = Query(
            named=self.named,
            agents=self.values("agent"),
            models=self.values("model"),
            outcomes=self.values("outcome"),
            skills=self.values("skill"),
            errors=errors[0] == "yes" if errors else None,
            order=self.order,
            descending=self.descending,
            limit=EVERY,
        )
        for one in COSTS:
            wanted = with_cost(wanted, one) if one.words in self.values("cost") else wanted
        for one in STEPS:
            wanted = with_steps(wanted, one) if one.words in self.values("steps") else wanted
        for time in days:
            wanted = with_days(wanted, time) if time.words in self.values("date") else wanted
        return wanted


def words_of(dimension: Dimension, value: str) -> str:
    """Return what a choice is called on the screen."""
    return _WORDS.get((dimension, value), value)


def days_until(today: date) -> tuple[Days, ...]:
    """Return the times to choose from."""

    def back(count: int) -> str:
        return (today - timedelta(days=count)).isoformat()

    return (
        Days("Today", today.isoformat(), ""),
        Days("Last 7 days", back(6), ""),
        Days("Last 30 days", back(29), ""),
        Days("Last 12 months", back(364), ""),
        Days("Older", "", back(364)),
    )


def with_chosen(groups: tuple[FacetGroup, ...], choices: Choices) -> tuple[FacetGroup, ...]:
    """Return the groups with what is chosen in them even where no session has it now."""
    made = []
    for group in groups:
        known = {one.value for one in group.choices}
        lost = [one for one in choices.values(group.dimension) if one not in known]
        more = tuple(Facet(one, 0) for one in lost)
        made.append(FacetGroup(group.dimension, (*group.choices, *more)))
    return tuple(made)
