"""What the usage table shows of each skill. No Qt."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from workbench.domain.skill import Library
from workbench.domain.trajectory import Trajectory
from workbench.usage.report import SkillUsage, UsageReport, usage_of
from workbench.usage.worklists import Worklist, worklists

#: Worklists by title, with the sentence that says what they hold.
LISTS = (
    ("All skills", "Every skill of the library."),
    ("Used", "Skills that did something in the open traces."),
    ("Listed, never chosen", "Skills that were offered in traces and never loaded."),
    ("Slash only", "Skills that only people load: the model never picks them."),
    (
        "Loaded, then error",
        "Skills after whose load more tool calls failed than calls fail on average.",
    ),
)


@dataclass(frozen=True, slots=True)
class Usage:
    """The report with its worklists."""

    report: UsageReport
    lists: tuple[Worklist, ...]

    def skills(self, number: int) -> list[SkillUsage]:
        """Return the skills of a worklist, the most used first."""
        wanted: dict[int, Sequence[str]] = {
            number: [entry.skill for entry in one.entries]
            for number, one in enumerate(self.lists, start=2)
        }
        found = [
            one
            for one in self.report.skills
            if (number == 0 or (one.uses if number == 1 else one.skill in wanted[number]))
        ]
        return sorted(found, key=lambda one: (-len(one.uses), -(one.listed or 0), one.name))


def usage_now(library: Library, trajectories: Sequence[Trajectory]) -> Usage:
    """Count what skills did; run it off the event loop."""
    report = usage_of(library, trajectories)
    return Usage(report, worklists(report))


def cells(one: SkillUsage) -> tuple[str, ...]:
    """Return the texts of a row: counts, each with what it is counted of."""
    listed = "not recorded" if one.listed is None else f"{one.listed} of {one.of_listings}"
    triggers = ", ".join(f"{name} {number}" for name, number in one.triggers)
    after = f"{one.errors_after} of {one.calls_after}" if one.calls_after else "–"
    return (
        one.name or one.skill,
        listed,
        f"{one.loaded} of {one.sessions}",
        str(one.loads) if one.loads else "–",
        triggers or "–",
        after,
    )


HEADINGS = ("Skill", "Listed in", "Loaded in", "Loads", "Started by", "Errors after")
TIPS = (
    "",
    "Traces that offer the skill to the model, of those that record what is offered",
    "Traces that load the skill, of all open traces",
    "How often it was loaded",
    "Who started it",
    "Tool calls that failed, of all calls in the ten steps after a load",
)
