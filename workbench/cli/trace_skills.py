"""``trace skills``: what happened to skills, as recorded or for each skill of a library."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, Final

import msgspec
from msgspec import Struct

from workbench.cli import console
from workbench.cli.trace_documents import skill_events
from workbench.cli.trace_text import print_table
from workbench.domain.annotation import Annotation
from workbench.domain.skill import Library
from workbench.domain.trajectory import Trajectory
from workbench.skills.library import read_library
from workbench.skills.problems import SkillError
from workbench.traces.open import OpenTrace
from workbench.traces.prices import PriceTable
from workbench.usage.outcomes import AttachedOutcomes, with_attached
from workbench.usage.proportions import Share, Spread, share
from workbench.usage.report import Cohort, SkillUsage, UsageReport, report_of
from workbench.usage.sessions import SessionReader
from workbench.usage.versions import VersionShelf
from workbench.usage.worklists import Expected, Worklist, worklists

EVENTS: Final = (
    *("listed", "requested", "loaded", "load_failed", "resource_read", "script_run"),
    *("reattached", "dropped", "edited"),
)


class Wanted(Struct, frozen=True):
    """What is asked for of libraries."""

    libraries: tuple[Path, ...]
    form: str = "text"
    by_version: bool = False
    lists_alone: bool = False
    least_listings: int = 50
    expected: Path | None = None


def print_recorded(trajectories: Iterable[Trajectory], form: str) -> None:
    """Print the events by the names they are recorded with."""
    events: list[dict[str, Any]] = []
    counts: dict[str, Counter[str]] = {}
    loaded_in: dict[str, set[str]] = {}
    traces = 0
    for trajectory in trajectories:
        traces += 1
        path = trajectory.sources[0].path
        for event in skill_events(trajectory):
            events.append({"file": path, **event})
            counts.setdefault(event["name"], Counter())[event["event"]] += 1
            if event["event"] == "loaded":
                loaded_in.setdefault(event["name"], set()).add(f"{path} {event['trace']}")
    rows = [
        {
            "name": name,
            "traces_loaded": len(loaded_in.get(name, ())),
            **{kind: count[kind] for kind in EVENTS},
        }
        for name, count in sorted(counts.items())
    ]
    if form == "json":
        console.print_json(
            console.document("trace-skills", traces=traces, skills=rows, events=events)
        )
        return
    print(f"{traces} traces")
    print_table(
        ("skill", "traces", *EVENTS),
        [(row["name"], row["traces_loaded"], *(row[kind] for kind in EVENTS)) for row in rows],
    )


def print_library(
    traces: Iterable[OpenTrace],
    wanted: Wanted,
    annotations: Sequence[Annotation] = (),
    prices: PriceTable | None = None,
) -> None:
    """Print what the traces say of each skill of some libraries.

    Raises:
        UsageProblem: there is no such library, or the expected prompts cannot be read.
    """
    expected = read_expected(wanted.expected) if wanted.expected is not None else ()
    libraries = [_library(path) for path in wanted.libraries]
    shelf = VersionShelf()
    reader = SessionReader(libraries, shelf, prices)
    attached = AttachedOutcomes(annotations)
    facts = [reader.read(one, with_attached(one.trajectory, attached)) for one in traces]
    report = report_of(libraries, facts, shelf.of if wanted.by_version else None)
    lists = worklists(
        report,
        least_listings=wanted.least_listings,
        annotations=annotations,
        expected=expected,
    )
    if wanted.form == "json":
        console.print_json(_document(report, lists, wanted))
    else:
        _print_text(report, lists, wanted)


def read_expected(path: Path) -> tuple[Expected, ...]:
    """Read prompts that should load a skill: JSON with ``query``, ``should_trigger``, ``skill``.

    A list, or an object with such a list under ``evals`` or ``queries`` and ``skill`` or
    ``skill_name`` for all of them.

    Raises:
        UsageProblem: it cannot be read.
    """
    try:
        value = json.loads(path.read_bytes())
        whole = value if isinstance(value, dict) else {}
        name = str(whole.get("skill") or whole.get("skill_name") or "")
        rows = (whole.get("evals") or whole.get("queries") or []) if whole else value
        found = tuple(
            Expected(
                str(row.get("skill") or row.get("skill_name") or name),
                str(row.get("query") or row.get("prompt") or ""),
                bool(row.get("should_trigger", row.get("expected", True))),
            )
            for row in rows
        )
    except (OSError, ValueError, AttributeError, TypeError) as problem:
        raise console.UsageProblem(
            f"{path} holds no prompts ({problem}). It has to be a JSON list of "
            '{"query", "should_trigger", "skill"}.'
        ) from problem
    if any(not one.skill or not one.prompt for one in found):
        raise console.UsageProblem(f"{path}: each prompt needs a query and a skill.")
    return found


def _library(path: Path) -> Library:
    try:
        return read_library(path)
    except SkillError as problem:
        raise console.UsageProblem(str(problem)) from problem


def _document(report: UsageReport, lists: Sequence[Worklist], wanted: Wanted) -> dict[str, Any]:
    rows = [_row(one, report, by_version=wanted.by_version) for one in report.skills]
    return console.document(
        "trace-library",
        library=str(wanted.libraries[0]),
        libraries=[str(path) for path in wanted.libraries],
        sessions=report.sessions,
        calls=report.calls,
        errors=report.errors,
        skills=[] if wanted.lists_alone else rows,
        worklists={one.id: [entry.skill for entry in one.entries] for one in lists},
        lists=[msgspec.to_builtins(one) for one in lists],
        unresolved=list(report.unresolved),
    )


def _row(use: SkillUsage, report: UsageReport, *, by_version: bool) -> dict[str, Any]:
    plain: dict[str, Any] = msgspec.to_builtins(use)
    for name in ("sessions", "of_listings", "calls_after", "cohorts", "history_problem"):
        del plain[name]
    plain |= {
        "listed": None if use.listed is None else _share(share(use.listed, use.of_listings)),
        "loaded": _share(share(use.loaded, use.sessions)),
        "triggers": dict(use.triggers),
        "failures": [{"message": text, "count": count} for text, count in use.failures],
        "errors_after": _share(share(use.errors_after, use.calls_after)),
        "base_errors": _share(share(report.errors, report.calls)),
        "scripts": [
            {"path": path, "ended": how, "count": count} for path, how, count in use.scripts
        ],
        "models": [
            {"model": model or None, "loaded": _share(share(loaded, count))}
            for model, loaded, count in use.models
        ],
        "versions": [_version(one) for one in use.cohorts] if by_version else None,
        "history_problem": use.history_problem or None,
    }
    return plain


def _version(one: Cohort) -> dict[str, Any]:
    plain: dict[str, Any] = msgspec.to_builtins(one)
    for name in ("of_listings", "calls_after", "uses"):
        del plain[name]
    return plain | {
        "listed": None if one.listed is None else _share(share(one.listed, one.of_listings)),
        "loaded": _share(share(one.loaded, one.sessions)),
        "errors_after": _share(share(one.errors_after, one.calls_after)),
    }


def _share(one: Share) -> dict[str, Any]:
    return dict(msgspec.to_builtins(one))


# For people


def _print_text(report: UsageReport, lists: Sequence[Worklist], wanted: Wanted) -> None:
    print(f"{report.sessions} sessions, {report.errors} of {report.calls} calls failed")
    if not wanted.lists_alone:
        _print_skills(report)
        for one in report.skills:
            _print_details(one)
            if wanted.by_version and one.cohorts:
                _print_versions(one)
    for found in lists:
        if not found.entries and not wanted.lists_alone:
            continue
        mark = " (heuristic)" if found.heuristic else ""
        print(f"\n{found.title}{mark}: {found.rule}")
        for entry in found.entries:
            print(f"  {entry.skill}: {entry.why}")
            for use in entry.uses[:3]:
                more = f"  {console.for_terminal(use.detail)}" if use.detail else ""
                print(f"    {use.trace} step {use.step}{more}")
            if len(entry.uses) > 3:
                print(f"    and {len(entry.uses) - 3} more")
        if not found.entries:
            print("  none")
    if report.unresolved:
        print(f"\nnot of these libraries: {', '.join(report.unresolved)}")


def _print_skills(report: UsageReport) -> None:
    print_table(
        (
            *("skill", "listed in", "loaded in", "loads", "failed", "started by"),
            *("errors after", "body tokens", "carried"),
        ),
        [
            (
                one.skill if one.skill != "." else one.name,
                "not recorded" if one.listed is None else f"{one.listed} of {one.of_listings}",
                f"{one.loaded} of {one.sessions}",
                one.loads,
                one.failed,
                ", ".join(f"{name} {count}" for name, count in one.triggers) or "-",
                f"{one.errors_after} of {one.calls_after}" if one.loads else "-",
                _median(one.tokens),
                _median(one.carried),
            )
            for one in report.skills
        ],
    )


def _print_details(one: SkillUsage) -> None:
    name = one.skill if one.skill != "." else one.name
    for message, count in one.failures:
        print(f"{name}: {count} loads failed: {console.for_terminal(message) or 'no message'}")
    for path, how, count in one.scripts:
        print(f"{name}: ran {path} {count} times, {how or 'ended'}")
    if one.never_opened:
        print(f"{name}: never opened {', '.join(one.never_opened)}")
    if one.loads and one.with_skill is not None and one.without_skill is not None:
        sides = (("with", one.with_skill), ("without", one.without_skill))
        told = [f"{word} it {_rate(side.passed)}" for word, side in sides if side.passed.of]
        if told:
            print(f"{name}: passed {', '.join(told)}")


def _print_versions(one: SkillUsage) -> None:
    name = one.skill if one.skill != "." else one.name
    unknown = f", {one.unknown_version} sessions of unknown version" if one.unknown_version else ""
    print(f"\n{name}, by version{unknown}")
    print_table(
        ("version", "committed", "sessions", "by text", "listed in", "loaded in", "errors after"),
        [
            (
                _name(cohort),
                cohort.version.time[:10] if cohort.version is not None else "-",
                cohort.sessions,
                cohort.known,
                "not recorded"
                if cohort.listed is None
                else f"{cohort.listed} of {cohort.of_listings}",
                f"{cohort.loaded} of {cohort.sessions}",
                f"{cohort.errors_after} of {cohort.calls_after}" if cohort.loads else "-",
            )
            for cohort in one.cohorts
        ],
    )


def _name(cohort: Cohort) -> str:
    if cohort.version is None:
        return f"{cohort.digest[:8]} (not in git)"
    commit = cohort.version.commit[:8] or "on disk"
    return f"{commit} {cohort.version.subject[:40]}"


def _median(one: Spread) -> str:
    return "-" if one.median is None else f"{one.median:,.0f}"


def _rate(one: Share) -> str:
    """Return a share as a count; as a rate only where there are enough."""
    count = f"{one.hits} of {one.of}"
    if one.few or one.low is None or one.high is None:
        return count
    return f"{count} ({one.hits / one.of:.0%}, 95 % {one.low:.0%} to {one.high:.0%})"
