"""``trace skills``: what happened to skills, as recorded or for each skill of a library."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final

import msgspec

from workbench.cli import console
from workbench.cli.trace_documents import skill_events
from workbench.cli.trace_text import print_table
from workbench.domain.skill import Skill
from workbench.domain.trajectory import Trajectory
from workbench.skills.library import read_library
from workbench.skills.problems import SkillError
from workbench.usage.proportions import Share, share
from workbench.usage.report import SkillUsage, UsageReport, usage_of, worklists

EVENTS: Final = (
    *("listed", "requested", "loaded", "load_failed", "resource_read", "script_run"),
    *("reattached", "dropped", "edited"),
)


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


def print_library(trajectories: Iterable[Trajectory], library: Path, form: str) -> None:
    """Print what the traces say of each skill of a library.

    Raises:
        UsageProblem: there is no such library.
    """
    try:
        read = read_library(library)
    except SkillError as problem:
        raise console.UsageProblem(str(problem)) from problem
    report = usage_of(read, trajectories)
    lists = worklists(report)
    skills = {skill.id: skill for skill in read.skills}
    rows = [_row(one, skills[one.skill], report) for one in report.skills]
    if form == "json":
        console.print_json(
            console.document(
                "trace-library",
                library=str(library),
                sessions=report.sessions,
                calls=report.calls,
                errors=report.errors,
                skills=rows,
                worklists=msgspec.to_builtins(lists),
                unresolved=list(report.unresolved),
            )
        )
        return
    _print_library(rows, report, msgspec.to_builtins(lists))


def _row(use: SkillUsage, skill: Skill, report: UsageReport) -> dict[str, Any]:
    opened = {path.replace("\\", "/") for path in use.resources_opened}
    files = [file.path for file in skill.files if file.path != skill.skill_md]
    never = [path for path in files if not any(one.endswith("/" + path) for one in opened)]
    return {
        "skill": use.skill,
        "name": use.name,
        "listed": None if use.listed is None else _share(share(use.listed, use.of_listings)),
        "loaded": _share(share(use.loaded, use.sessions)),
        "loads": use.loads,
        "failed": use.failed,
        "triggers": dict(use.triggers),
        "errors_after": _share(share(use.errors_after, use.calls_after)),
        "base_errors": _share(share(report.errors, report.calls)),
        "never_opened": never if use.loads else [],
        "uses": msgspec.to_builtins(use.uses),
    }


def _share(one: Share) -> dict[str, Any]:
    return dict(msgspec.to_builtins(one))


def _print_library(
    rows: list[dict[str, Any]], report: UsageReport, lists: dict[str, list[str]]
) -> None:
    print(f"{report.sessions} sessions, {report.errors} of {report.calls} calls failed")
    print_table(
        ("skill", "listed in", "loaded in", "loads", "failed", "triggers", "errors after a load"),
        [
            (
                row["skill"] or row["name"],
                "not recorded" if row["listed"] is None else _of(row["listed"]),
                _of(row["loaded"]),
                row["loads"],
                row["failed"],
                ", ".join(f"{name} {count}" for name, count in row["triggers"].items()) or "-",
                _of(row["errors_after"]) if row["loads"] else "-",
            )
            for row in rows
        ],
    )
    for name, skills in lists.items():
        if skills:
            print(f"{name.replace('_', ' ')}: {', '.join(skills)}")
    for row in rows:
        if row["never_opened"]:
            print(f"{row['skill'] or row['name']}: never opened {', '.join(row['never_opened'])}")
    if report.unresolved:
        print(f"not of this library: {', '.join(report.unresolved)}")


def _of(one: dict[str, Any]) -> str:
    return f"{one['hits']} of {one['of']}"
