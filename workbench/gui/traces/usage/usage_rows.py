"""What the usage table shows of each skill and version, and the uses behind each figure. No Qt."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Final

from workbench.domain.annotation import Annotation
from workbench.domain.skill import Library, Skill
from workbench.domain.text import counted
from workbench.gui.traces.usage.counted_libraries import short_names
from workbench.gui.traces.words import SKILL_WORDS
from workbench.traces.open import OpenTrace, open_traces
from workbench.traces.prices import PriceTable
from workbench.usage.annotated_files import Opening
from workbench.usage.reading import SessionShelf
from workbench.usage.report import Cohort, SkillUsage, UsageReport, report_of
from workbench.usage.sessions import SessionFacts, Use
from workbench.usage.versions import SkillVersions, VersionShelf
from workbench.usage.worklists import Entry, Worklist, worklists

#: What can be chosen before the worklists, with the sentence that says what it holds.
FIRST: Final = (
    ("All skills", "Every skill of the library."),
    ("Used", "Skills that did something in these sessions."),
)
HEADINGS: Final = (
    *("Skill and version", "Listed in", "Loaded in", "Loads"),
    *("Started by", "Errors after", "Carried"),
)
TIPS: Final = (
    "A version is known by its text: an edit begins a new one",
    "Sessions that offer the skill to the model, of those that record what is offered",
    "Sessions that load the skill, of all; of a version, of those that had it",
    "How often it was loaded, and how often that failed",
    "Who started the loads",
    "Tool calls that failed, of all calls in the ten steps after a load",
    "Median tokens a load carries: the body's, times the model calls until a compaction",
)
_HOW: Final = {
    "body": "by its text",
    "lines": "by the lines read",
    "time": "by the time alone",
    "unrecorded": "a text git does not have",
    "unknown": "version unknown",
}


@dataclass(frozen=True, slots=True)
class Row:
    """A skill, or a version of it (then with a cohort); ``entry`` where a worklist is shown."""

    usage: SkillUsage
    cohort: Cohort | None = None
    entry: Entry | None = None
    library: str = ""

    @property
    def name(self) -> str:
        """What the row is called; with its library where several are counted."""
        if self.cohort:
            return version_name(self.cohort)
        place = f"  ·  {self.library}" if self.library else ""
        return f"{self.usage.name or self.usage.skill}{place}"

    @property
    def key(self) -> tuple[str, str]:
        """Which skill it is: its library and its id there."""
        return self.usage.library, self.usage.skill


@dataclass(frozen=True, slots=True)
class Usage:
    """The report with its worklists, what was counted, and the versions of skills seen."""

    report: UsageReport
    lists: tuple[Worklist, ...]
    versions: dict[tuple[str, str], SkillVersions]
    skills: dict[tuple[str, str], Skill]
    annotations: tuple[Annotation, ...] = ()
    unread: int = 0
    libraries: tuple[str, ...] = ()

    def asking(self, least_listings: int) -> Usage:
        """Return the same with another bound for skills that are never chosen."""
        lists = worklists(self.report, least_listings=least_listings, annotations=self.annotations)
        return replace(self, lists=lists)

    def choices(self) -> tuple[tuple[str, str], ...]:
        """Return what can be chosen: title and rule."""
        number = len(self.libraries)
        every = (FIRST[0][0], f"Every skill of the {number} libraries.") if number > 1 else FIRST[0]
        return (every, *FIRST[1:], *((_title(one), one.rule) for one in self.lists))

    def rows(self, number: int) -> list[Row]:
        """Return the rows of a choice, the most used or the worst first."""
        if number >= len(FIRST):
            known = {(one.library, one.skill): one for one in self.report.skills}
            entries = self.lists[number - len(FIRST)].entries
            return [self._row(known[one.library, one.skill], one) for one in entries]
        found = [one for one in self.report.skills if number == 0 or one.uses]
        found.sort(key=lambda one: (-len(one.uses), -(one.listed or 0), one.name))
        return [self._row(one) for one in found]

    def _row(self, usage: SkillUsage, entry: Entry | None = None) -> Row:
        names = short_names(self.libraries) if len(self.libraries) > 1 else {}
        return Row(usage, entry=entry, library=names.get(usage.library, ""))

    def versions_of(self, usage: SkillUsage) -> SkillVersions | None:
        """Return the versions of a skill that was seen."""
        return self.versions.get((usage.library, usage.skill))

    def skill(self, usage: SkillUsage) -> Skill | None:
        """Return the skill itself."""
        return self.skills.get((usage.library, usage.skill))


def _title(one: Worklist) -> str:
    count = f"  {len(one.entries)}" if one.entries else ""
    return f"{one.title}{' (heuristic)' if one.heuristic else ''}{count}"


class UsageSource:
    """Counts what skills did; its methods block, one thread at a time."""

    def __init__(self) -> None:
        self._versions = VersionShelf()
        self._sessions = SessionShelf(self._versions)

    def of_open(
        self,
        libraries: Sequence[Library],
        traces: Sequence[OpenTrace],
        annotations: Sequence[Annotation],
        prices: PriceTable | None,
    ) -> Usage:
        """Return what skills did in open traces."""
        self._sessions.aim(libraries, prices, annotations)
        return self._usage(libraries, list(self._sessions.of_open(traces)), annotations, 0)

    def of_files(
        self,
        libraries: Sequence[Library],
        paths: Sequence[Path],
        annotations: Sequence[Annotation],
        prices: PriceTable | None,
        told: Callable[[int, Path], bool],
        *,
        opening: Opening = open_traces,
    ) -> Usage:
        """Return what skills did in the sessions of files.

        ``told(number, path)`` is called before a file is read; False ends the reading: then what
        is known so far is counted, and how many files are not.
        """
        self._sessions.aim(libraries, prices, annotations)
        facts: list[SessionFacts] = []
        left = 0
        for number, path in enumerate(paths):
            try:
                facts += self._sessions.of_file(path, partial(_go_on, told, number), opening)
            except _Stopped:
                left = len(paths) - number
                break
        return self._usage(libraries, facts, annotations, left)

    def _usage(
        self,
        libraries: Sequence[Library],
        facts: Sequence[SessionFacts],
        annotations: Sequence[Annotation],
        left: int,
    ) -> Usage:
        report = report_of(libraries, facts, self._versions.of)
        skills = {(one.root, skill.id): skill for one in libraries for skill in one.skills}
        lists = worklists(report, annotations=annotations)
        versions = {
            (one.library, one.skill): self._versions.of(skills[one.library, one.skill])
            for one in report.skills
            if one.uses
        }
        roots = tuple(one.root for one in libraries)
        return Usage(report, lists, versions, skills, tuple(annotations), left, roots)


class _Stopped(Exception):  # noqa: N818 - it ends the reading in good order
    pass


def _go_on(told: Callable[[int, Path], bool], number: int, path: Path) -> None:
    if not told(number, path):
        raise _Stopped


def told(usage: Usage, rule: str, what: str) -> str:
    """Return what is counted, over how many sessions or traces (``what``), and what is missing."""
    words = f"{rule} Counted over {counted(usage.report.sessions, what)}"
    if usage.unread:
        words += f", {usage.unread:,} files not read: it was stopped"
    missing = len(usage.report.unresolved)
    several = len(usage.libraries) > 1
    where = "in none of these libraries, or in several" if several else "not in this library"
    other = f" {missing} used skills are {where}." if missing else ""
    return f"{words}.{other}"


def version_name(one: Cohort) -> str:
    """Return a version in words: commit, day and subject."""
    version = one.version
    if version is None:
        return f"not in git  ·  text {one.digest[:7]}"
    if not version.commit:
        return "on disk, not committed"
    return f"{version.time[:10]}  ·  {version.commit[:7]}  ·  {version.subject}"


def _loads(loads: int, failed: int) -> str:
    if not failed:
        return str(loads) if loads else "–"
    return f"{loads}, {failed} failed"


def cells(one: Row) -> tuple[str, ...]:
    """Return the texts of a row: counts, each with what it is counted of."""
    own = one.cohort or one.usage
    listed = "not recorded" if own.listed is None else f"{own.listed} of "
    if own.listed is not None:
        listed += str(own.of_listings)
    loads = [use for use in own.uses if use.kind == "loaded"]
    triggers: dict[str, int] = {}
    for use in loads:
        triggers[use.trigger] = triggers.get(use.trigger, 0) + 1
    started = ", ".join(f"{name} {number}" for name, number in sorted(triggers.items()))
    after = f"{own.errors_after} of {own.calls_after}" if own.calls_after else "–"
    carried = own.carried.median
    return (
        one.name,
        listed,
        f"{own.loaded} of {own.sessions}",
        _loads(own.loads, own.failed),
        started or "–",
        after,
        f"{carried:,.0f}" if carried is not None else "–",
    )


def sort_key(one: Row, column: int) -> tuple[float, str]:
    """Return what skills are sorted by in a column; what is not recorded comes before nothing."""
    usage = one.usage
    after = usage.errors_after / usage.calls_after if usage.calls_after else -1.0
    listed = -1 if usage.listed is None else usage.listed
    carried = -1.0 if usage.carried.median is None else usage.carried.median
    figures = (0, listed, usage.loaded, usage.loads, len(usage.triggers), after, carried)
    return float(figures[column]), one.name.casefold()


def uses_behind(usage: Usage, one: Row, column: int) -> tuple[str, tuple[Use, ...]]:
    """Return in words what a figure counts, and the uses that make it."""
    own = one.cohort or one.usage
    loads = tuple(use for use in own.uses if use.kind == "loaded")
    if column == 0:
        if one.entry is not None:
            return one.entry.why, one.entry.uses
        total = len(own.uses)
        return (counted(total, "use") if total else "not used in these sessions"), own.uses
    if column == 1:
        listings = usage.report.listings(one.usage)
        if one.cohort is not None:
            return "listings do not tell the version: those of all versions", listings
        return "listed", listings
    if column == 2:
        first = {(use.owner, use.session): use for use in reversed(loads)}
        return "first loads of sessions", tuple(reversed(first.values()))
    if column == 3 and own.failed:
        tried = tuple(use for use in own.uses if use.kind in ("loaded", "load_failed"))
        return "loads, and those that failed", tried
    if column == 5:
        erred = tuple(use for use in loads if use.figures and use.figures.errors)
        return "loads with errors in the ten steps after", erred
    if column == 6:
        known = [use for use in loads if use.figures and use.figures.carried is not None]
        known.sort(key=lambda use: -(use.figures.carried or 0) if use.figures else 0)
        return "loads, by the tokens they carry", tuple(known)
    return "loads", tuple(sorted(loads, key=lambda use: use.trigger) if column == 4 else loads)


def use_title(use: Use) -> str:
    """Return what a use is, and of which session."""
    what = SKILL_WORDS.get(use.kind, "could have used it")
    return f"{what}  ·  {use.session or Path(use.owner or use.trace).name}"


def use_detail(use: Use, versions: SkillVersions | None) -> str:
    """Return the step of a use, who started it, and the version it had."""
    told = [f"step {use.step}"]
    if use.trigger != "unknown":
        told.append(use.trigger)
    if use.confidence == "weak":
        told.append("weak")
    if use.kind in ("script_run", "load_failed", "dropped", "missed") and use.detail:
        told.append(use.detail if len(use.detail) < 60 else f"{use.detail[:58]}…")
    if use.version:
        found = versions.find(use.version) if versions is not None else None
        name = (found.commit[:7] or "text on disk") if found is not None else use.version[:7]
        told.append(f"{name} {_HOW[use.how]}")
    return "  ·  ".join(told)


def use_tip(use: Use) -> str:
    """Return all there is to say of a use."""
    lines = [use.owner or use.trace, f"step {use.step}, {use.confidence} evidence"]
    lines += [f"version: {_HOW[use.how]}. {use.note}".strip()] if use.kind != "missed" else []
    lines += [use.path] if use.path else []
    lines += [use.detail] if use.detail else []
    figures = use.figures
    if figures is not None and figures.tokens is not None:
        carried = figures.carried or 0
        lines.append(
            f"{figures.tokens:,} tokens, {carried:,} carried over "
            f"{counted(figures.later_calls, 'call')}"
        )
    return "\n".join(lines)
