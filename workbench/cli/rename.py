"""``rename``: a skill with every reference in its library."""

from __future__ import annotations

import argparse
import difflib
from collections.abc import Iterator, Sequence

from workbench.cli.console import (
    UsageProblem,
    coloured,
    document,
    for_terminal,
    print_json,
)
from workbench.cli.skill_paths import library_at
from workbench.files import FileProblem
from workbench.skills.problems import SkillError
from workbench.skills.references import Reference
from workbench.skills.rename import FileChange, RenamePlan, apply_rename, plan_rename

SUMMARY: dict[str, str] = {"rename": "a skill, with every reference in its library"}


def add_arguments(_: str, parser: argparse.ArgumentParser) -> None:
    """Declare the options of ``rename``."""
    parser.add_argument("library", metavar="LIBRARY", help="a folder with skills")
    parser.add_argument("old", metavar="OLD", help="name or folder of the skill")
    parser.add_argument("new", metavar="NEW", help="its new name")
    parser.add_argument("--diff", action="store_true", help="show the changes, write nothing")
    parser.add_argument(
        "--skip",
        action="append",
        default=[],
        metavar="PATH:LINE",
        help="a reference to leave as it is; may be repeated",
    )
    parser.add_argument("--format", choices=("text", "json"), default="text")


def run_command(_: str, args: argparse.Namespace) -> int:
    """Rename, or show what it would do."""
    try:
        plan = plan_rename(library_at(args.library), args.old, args.new, skip=args.skip)
        if not args.diff:
            apply_rename(plan)
    except (SkillError, FileProblem) as problem:
        raise UsageProblem(for_terminal(str(problem))) from problem
    if args.format == "json":
        print_json(
            document(
                "rename",
                library=plan.root,
                old=plan.old,
                new=plan.new,
                folder=plan.folder,
                new_folder=plan.new_folder,
                applied=not args.diff,
                files=[change.path for change in plan.files],
                references=plan.references,
                left=plan.left,
            )
        )
    else:
        _print_text(plan, args.diff)
    return 0


def _print_text(plan: RenamePlan, diff: bool) -> None:
    if diff:
        for change in plan.files:
            print("\n".join(map(for_terminal, diff_lines(plan, change))))
    done = "would change" if diff else "changed"
    print(
        f"{for_terminal(plan.folder)} -> {for_terminal(plan.new_folder)}: "
        f"{len(plan.references)} references in {len(plan.files)} files {done}."
    )
    if plan.left:
        print(f"{len(plan.left)} more places hold the name and stay; look at them:")
        _print_references(plan.left)
    for problem in plan.problems:
        print(for_terminal(f"not looked into: {problem.path}: {problem.message}"))


def _print_references(references: Sequence[Reference]) -> None:
    for one in references:
        place = for_terminal(f"{one.path}:{one.line}")
        print(f"  {place}  {coloured(for_terminal(one.context), 'dim')}")


def diff_lines(plan: RenamePlan, change: FileChange) -> Iterator[str]:
    """Yield the lines of a unified diff of one file, from its old place to its new one."""
    inside = f"{change.path}/".startswith(f"{plan.folder}/")
    target = plan.new_folder + change.path[len(plan.folder) :] if inside else change.path
    old, new = (
        data.decode("utf-8", "surrogateescape").splitlines()
        for data in (change.before, change.after)
    )
    yield from difflib.unified_diff(old, new, change.path, target, lineterm="")
