"""``history``: what became of a skill, who wrote which line, and which change broke a task."""

from __future__ import annotations

import argparse
from pathlib import Path

from workbench.cli.console import UsageProblem, coloured, document, one_line, print_json
from workbench.cli.history_changes import (
    all_entries,
    entry_lines,
    print_change,
    print_lineage,
    shelf_of,
)
from workbench.cli.history_effect import print_effect
from workbench.domain.job import StoredResult
from workbench.evaluation.runner import RunnerRefused
from workbench.evaluation.runners.stored import read_results
from workbench.files import FileProblem
from workbench.review.history.bisect import Bisection, bisect, results_by_version, tasks_of
from workbench.review.history.origins import LineOrigin, origins
from workbench.review.history.skill_history import in_force, read_history
from workbench.review.history.timeline import PAGE, TimelineProblem, with_reverts
from workbench.review.plan import ReviewProblem
from workbench.store.git import GitProblem

SUMMARY = {"history": "what changed a skill: people and applied proposals, line by line"}
_ALL = 1_000_000_000


def add_arguments(command: str, parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("library", type=Path, metavar="LIBRARY")
    parser.add_argument("skill", nargs="?", default=".", metavar="SKILL", help="its folder's id")
    what = parser.add_mutually_exclusive_group()
    what.add_argument("--lines", metavar="FILE", help="where each line of a file comes from")
    what.add_argument(
        "--change",
        metavar="ID",
        help="one change with its diff, evidence and receipt: a commit or a proposal",
    )
    what.add_argument(
        "--effect", action="store_true", help="sessions before and since each applied proposal"
    )
    what.add_argument(
        "--lineage", action="store_true", help="how its proposals hang together, over engines"
    )
    what.add_argument("--broke", metavar="TASK", help="the change after which a task failed")
    what.add_argument(
        "--tasks", action="store_true", help="what stored results say of each task, worse first"
    )
    parser.add_argument(
        "--results",
        type=Path,
        metavar="FILE",
        help="more results for --broke and --tasks: JSON lines of {task, skills: [commit], score}",
    )
    parser.add_argument(
        "--traces", type=Path, nargs="+", default=[], metavar="PATH", help="sessions for --effect"
    )
    parser.add_argument(
        "--adjacent", action="store_true", help="--effect only up to the next change on both sides"
    )
    parser.add_argument(
        "--limit", type=int, default=PAGE, metavar="N", help=f"changes listed ({PAGE}); 0 is all"
    )
    parser.add_argument(
        "--store", type=Path, metavar="DIR", help="folder of proposals (the user's own)"
    )
    parser.add_argument("--format", choices=("text", "json"), default="text")


def run_command(command: str, args: argparse.Namespace) -> int:
    """Print it; exit with 1 where no change that broke the task is found."""
    if not args.library.is_dir():
        raise UsageProblem(f"{args.library} is no folder. Name a library.")
    library = args.library.absolute()
    args.skill = args.skill.rstrip("/") or "."
    try:
        if args.lines:
            return _lines(library, args)
        if args.change:
            return print_change(library, args)
        if args.effect:
            return print_effect(library, args)
        if args.lineage:
            return print_lineage(library, args)
        if args.broke or args.tasks:
            return _tasks(library, args)
        return _timeline(library, args)
    except (TimelineProblem, GitProblem, FileProblem, ReviewProblem, RunnerRefused) as problem:
        raise UsageProblem(str(problem)) from problem


def _timeline(library: Path, args: argparse.Namespace) -> int:
    if args.limit < 0:
        raise UsageProblem("--limit cannot be negative. 0 lists all changes.")
    store, history = shelf_of(args)
    found = read_history(library, args.skill, history, store, limit=args.limit or _ALL)
    entries = list(found.page.entries)
    following = found.page.following
    while following is not None and (not args.limit or len(entries) < args.limit):
        left = args.limit - len(entries) if args.limit else _ALL
        page = read_history(library, args.skill, history, store, place=following, limit=left).page
        entries += page.entries
        following = page.following
    marked = with_reverts(entries)
    if args.format == "json":
        print_json(
            document(
                "history",
                library=str(library),
                skill=args.skill,
                entries=marked,
                notes=found.notes,
                more=following is not None,
            )
        )
        return 0
    for entry in marked:
        print(entry_lines(entry))
    for note in found.notes:
        print(coloured(f"note: {one_line(note)}", "dim"))
    if following is not None:
        print("There are older changes: --limit 0 lists all.")
    if not marked:
        print(f"Nothing is known of {args.skill} in {library}.")
    return 0


def _lines(library: Path, args: argparse.Namespace) -> int:
    found = origins(library, args.lines, shelf_of(args)[1])
    if args.format == "json":
        print_json(document("history-lines", library=str(library), path=args.lines, lines=found))
        return 0
    for line in found:
        print(f"{line.number:5} {one_line(_origin(line)):44.44} {one_line(line.text)}")
    return 0


def _origin(line: LineOrigin) -> str:
    entry = line.entry
    if entry is None:
        return "not committed" if line.known == "not_committed" else "older than what is known"
    who = entry.proposal or entry.author.partition(" <")[0] or "unknown"
    return f"{entry.commit[:8] or '-':8} {entry.kind:8} {who}"


def _tasks(library: Path, args: argparse.Namespace) -> int:
    store, history = shelf_of(args)
    entries = all_entries(library, args.skill, history, store)
    stored: tuple[StoredResult, ...] = read_results(args.results) if args.results else ()
    results = results_by_version(entries, stored, store.list(), in_force(library, args.skill))
    if args.tasks:
        return _print_tasks(tasks_of(entries, results), args)
    if args.broke not in results and args.results is None:
        raise UsageProblem(
            f"No gate of an applied proposal ran {args.broke}. Give results with --results FILE: "
            "JSON lines of {task, skills: [commit], score}."
        )
    found = bisect(entries, results, args.broke)
    if args.format == "json":
        print_json(document("history-broke", task=args.broke, entry=found.bad, found=found))
    else:
        _print_bisection(found)
    return 0 if found.bad is not None else 1


def _print_tasks(found: tuple[Bisection, ...], args: argparse.Namespace) -> int:
    if args.format == "json":
        print_json(document("history-tasks", skill=args.skill, tasks=found))
        return 0
    for one in found:
        print(one_line(one.said))
    if not found:
        print("No stored result belongs to a version of this skill. Give some with --results.")
    return 0


def _print_bisection(found: Bisection) -> None:
    print(one_line(found.said))
    for version in found.versions:
        if version.passed is None and version.entry not in found.missing:
            continue
        runs = ", ".join(f"{run.score:g} ({run.source})" for run in version.runs) or "no result"
        state = {True: "passed", False: "failed", None: "missing"}[version.passed]
        print(f"  {state:8} {version.entry.commit[:10] or '-':10} {one_line(version.entry.title)}")
        print(f"           {one_line(runs)}")
    if found.evaluate is not None:
        name = found.evaluate.commit[:10] or found.evaluate.title
        print(f"Run {one_line(found.task)} at {one_line(name)} next: it halves what is left.")
