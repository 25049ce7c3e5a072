"""The table of two groups, row by row in words. No Qt."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from workbench.domain.text import counted
from workbench.usage.cohort_words import MEASURES, amount, interval_text, signed
from workbench.usage.cohorts import CohortComparison, Measure, Member
from workbench.usage.differences import Difference
from workbench.usage.pairs import PairedMeasure
from workbench.usage.proportions import Share, Spread

HEADINGS = ("", "First", "Second", "First minus second (95% interval)", "p")


@dataclass(frozen=True, slots=True)
class GroupRow:
    """A heading, a figure of tasks that both groups have, or a figure of all sessions."""

    kind: Literal["heading", "paired", "measure"]
    cells: tuple[str, str, str, str, str]
    measure: str = ""
    tip: str = ""


@dataclass(frozen=True, slots=True)
class SessionRow:
    """A session behind a figure."""

    group: int
    member: Member
    value: str


def group_rows(found: CohortComparison) -> list[GroupRow]:
    """Return the rows: the same tasks first, where there are any."""
    rows: list[GroupRow] = []
    if found.tasks is not None:
        tasks = len(found.tasks.tasks)
        title = f"Same first prompt: {counted(tasks, 'task')}"
        rows.append(GroupRow("heading", (title, "more in first", "more in second", "equal", "")))
        rows += [_paired(one) for one in found.tasks.measures if one.unknown < tasks]
    counts = [counted(one.sessions, "session") for one in (found.first, found.second)]
    rows.append(GroupRow("heading", ("All sessions", counts[0], counts[1], "", "")))
    rows += [_measure(one) for one in found.measures]
    return rows


def sessions_behind(found: CohortComparison, row: GroupRow, column: int) -> list[SessionRow]:
    """Return the sessions a figure counts: of one group in its column, else of both."""
    groups = {1: (0,), 2: (1,)}.get(column, (0, 1)) if row.kind != "paired" else (0, 1)
    tasks = set()
    if row.kind == "paired" and found.tasks is not None:
        tasks = {one.task for one in found.tasks.tasks}
    made = []
    for group in groups:
        cohort = (found.first, found.second)[group]
        for member in cohort.members:
            if row.kind == "paired" and member.task not in tasks:
                continue
            made.append(SessionRow(group, member, value_text(member, row.measure)))
    return made


def value_text(member: Member, measure: str) -> str:
    """Return what a session contributes to a figure."""
    if not measure:
        return ""
    value = member.values[measure]
    if value is None:
        return "not recorded"
    if measure == "passed":
        return "passed" if value else "not passed"
    if measure == "with_errors":
        return "with errors" if value else "without"
    return amount(value, measure)


def caveats(found: CohortComparison) -> list[str]:
    """Return what has to be kept in mind."""
    return [found.caution, *(one.words for one in found.confounders), *found.warnings]


def _paired(one: PairedMeasure) -> GroupRow:
    unknown = f", {one.unknown} not recorded" if one.unknown else ""
    cells = (
        MEASURES[one.name].capitalize(),
        counted(one.higher, "task"),
        counted(one.lower, "task"),
        f"{one.equal}{unknown}",
        f"{one.p:.3g}",
    )
    return GroupRow("paired", cells, one.name, "Exact sign test over tasks, two-sided")


def _measure(one: Measure) -> GroupRow:
    first, second = _values(one)
    apart = "–"
    if one.difference is not None:
        apart = _apart(one)
    p = "–" if one.p is None else f"{one.p:.3g}"
    return GroupRow(
        "measure",
        (MEASURES[one.name].capitalize(), first, second, apart, p),
        one.name,
        f"{one.test}, two-sided" if one.test else "",
    )


def _apart(one: Measure) -> str:
    assert one.difference is not None
    if one.shares is not None:
        if one.few:
            return "counts only"
        points = signed(round(one.difference.value * 100))
        return f"{points} points{_interval(one.difference, 100)}"
    apart = one.difference
    return f"{signed(apart.value, one.name)}{_interval(apart, 1, one.name)}"


def _interval(one: Difference, by: int, measure: str = "") -> str:
    """Return the bounds; the heading says that they are of the 95% interval."""
    if one.low is None or one.high is None:
        return interval_text(one)
    low, high = (value if by == 1 else round(value * by) for value in (one.low, one.high))
    return f" ({signed(low, measure)} to {signed(high, measure)})"


def _values(one: Measure) -> Iterator[str]:
    if one.shares is not None:
        return iter(_share(share) for share in one.shares)
    assert one.spreads is not None
    return iter(_spread(spread, one.name) for spread in one.spreads)


def _share(one: Share) -> str:
    if one.low is None or one.high is None:
        return "not recorded"
    if one.few:
        return f"{one.hits} of {one.of}"
    return f"{one.hits} of {one.of} = {one.hits / one.of:.0%} ({one.low:.0%}–{one.high:.0%})"


def _spread(one: Spread, measure: str) -> str:
    if one.median is None:
        return "not recorded"
    known = "" if one.n == one.of else f", {one.n} of {one.of}"
    middle, low, high = (amount(value, measure) for value in (one.median, one.low, one.high))
    return f"{middle} ({low}–{high}{known})"
