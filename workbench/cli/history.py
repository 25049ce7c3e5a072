"""``history``: what became of a skill, who wrote which line, and which change broke a task."""

from __future__ import annotations

import argparse
from pathlib import Path

from workbench.cli.console import UsageProblem, coloured, document, one_line, print_json
from workbench.evaluation.runner import RunnerRefused
from workbench.evaluation.runners.stored import read_results
from workbench.files import FileProblem
from workbench.review.bisect import by_results, first_bad
from workbench.review.origins import LineOrigin, origins
from workbench.review.timeline import (
    TimelineEntry,
    TimelineProblem,
    timeline,
)
from workbench.store.git import GitProblem
from workbench.store.history import LocalHistory
from workbench.store.paths import UserFolders

SUMMARY = {"history": "what changed a skill: people and applied proposals, line by line"}
_COLOURS = {"applied": "blue", "reverted": "yellow", "edit": "dim"}


def add_arguments(command: str, parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("library", type=Path, metavar="LIBRARY")
    parser.add_argument("skill", nargs="?", default=".", metavar="SKILL", help="its folder's id")
    parser.add_argument("--lines", metavar="FILE", help="where each line of a file comes from")
    parser.add_argument(
        "--broke", metavar="TASK", help="the change after which a task failed; with --results"
    )
    parser.add_argument("--results", type=Path, metavar="FILE", help="stored results by commit")
    parser.add_argument("--format", choices=("text", "json"), default="text")


def run_command(command: str, args: argparse.Namespace) -> int:
    """Print it; exit with 1 where no change that broke the task is found."""
    if not args.library.is_dir():
        raise UsageProblem(f"{args.library} is no folder. Name a library.")
    library = args.library.absolute()
    try:
        if args.lines:
            return _lines(library, args)
        entries = timeline(library, args.skill.rstrip("/"), LocalHistory(_folder()))
        if args.broke:
            return _broke(entries, args)
    except (TimelineProblem, GitProblem, FileProblem, RunnerRefused) as problem:
        raise UsageProblem(str(problem)) from problem
    if args.format == "json":
        print_json(document("history", library=str(library), skill=args.skill, entries=entries))
        return 0
    for entry in entries:
        print(_entry(entry))
    if not entries:
        print(f"Nothing is known of {args.skill} in {library}.")
    return 0


def _folder() -> Path:
    return UserFolders.default().history


def _lines(library: Path, args: argparse.Namespace) -> int:
    found = origins(library, args.lines)
    if args.format == "json":
        print_json(document("history-lines", library=str(library), path=args.lines, lines=found))
        return 0
    for line in found:
        print(f"{line.number:5} {one_line(_origin(line)):44.44} {one_line(line.text)}")
    return 0


def _broke(entries: tuple[TimelineEntry, ...], args: argparse.Namespace) -> int:
    if args.results is None:
        raise UsageProblem(
            "--broke needs --results FILE: JSON lines of {task, skills: [commit], score}."
        )
    found = first_bad(entries, by_results(read_results(args.results), args.broke))
    if args.format == "json":
        print_json(document("history-broke", task=args.broke, entry=found))
    elif found is None:
        print(f"No change is known after which {args.broke} failed and before which it passed.")
    else:
        print(_entry(found))
    return 0 if found is not None else 1


def _entry(entry: TimelineEntry) -> str:
    kind = "taken back" if entry.taken_back else entry.kind
    name = coloured(f"{kind:10}", _COLOURS[entry.kind])
    where = entry.commit[:10] or "-"
    lines = [f"{entry.time[:16].replace('T', ' ')}  {where:10}  {name}  {one_line(entry.title)}"]
    if entry.proposal:
        by = one_line(f"{entry.engine or 'unknown engine'}, reviewed by {entry.reviewer}")
        lines.append(f"    {entry.proposal}: {by}; gate {entry.gate or 'unknown'}")
    return "\n".join(lines)


def _origin(line: LineOrigin) -> str:
    entry = line.entry
    if entry is None:
        return "not committed"
    who = entry.proposal or entry.author.partition(" <")[0]
    return f"{entry.commit[:8]} {entry.kind:8} {who}"
