"""A comparison of two groups as a report for people."""

from __future__ import annotations

from collections.abc import Iterator

from workbench.domain.text import counted
from workbench.traces.compare.document import Block, Heading, Items, Report, Table
from workbench.usage.cohort_words import (
    MEASURES,
    amount,
    difference_text,
    paired_text,
    share_text,
    spread_text,
)
from workbench.usage.cohorts import CohortComparison, Measure


def cohort_report(found: CohortComparison) -> Report:
    """Return a report: what to keep in mind first, then the figures, then every session."""
    title = f"Sessions compared: {found.first.name}, {found.second.name}"
    return Report(title, tuple(_blocks(found)))


def _blocks(found: CohortComparison) -> Iterator[Block]:
    yield Items((found.caution, *(one.words for one in found.confounders), *found.warnings))
    if found.tasks is not None:
        yield Heading(
            f"The same first prompt in both groups: {counted(len(found.tasks.tasks), 'task')}"
        )
        yield Table(
            ("Figure", "Tasks"),
            tuple((MEASURES[one.name], paired_text(one)) for one in found.tasks.measures),
        )
    yield Heading("All sessions")
    yield Table(
        ("Figure", found.first.name, found.second.name, "First minus second"),
        tuple(_row(one) for one in found.measures),
    )
    for group in (found.first, found.second):
        yield Heading(f"Sessions: {group.name} ({group.sessions})")
        yield Table(
            ("Session", "Model", "Started", "Outcome", *MEASURES.values()),
            tuple(
                (
                    f"{one.title} ({one.path})",
                    one.model or "",
                    one.started or "",
                    one.outcome,
                    *(amount(one.values[name], name) for name in MEASURES),
                )
                for one in group.members
            ),
        )


def _row(one: Measure) -> tuple[str, ...]:
    if one.shares is not None:
        cells = tuple(share_text(share) for share in one.shares)
    else:
        assert one.spreads is not None
        cells = tuple(spread_text(spread, one.name) for spread in one.spreads)
    return (MEASURES[one.name], *cells, difference_text(one))
