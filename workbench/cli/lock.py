"""``lock``: what of a skill no engine may change: all of it, a file, a section, or lines."""

from __future__ import annotations

import argparse
import getpass
from pathlib import Path

from workbench.cli.console import UsageProblem, document, one_line, print_json
from workbench.cli.skill_paths import library_at
from workbench.domain.skill import Library
from workbench.files import FileProblem
from workbench.store.locked_parts import (
    LOCKS_FILE,
    LockedPart,
    LocksProblem,
    locked_parts,
    set_locked,
    unlock,
)

SUMMARY = {"lock": "keep parts of skills from being changed by engines"}


def add_arguments(command: str, parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.description = (
        f"Locks lie in {LOCKS_FILE} of the library. A proposed change of a locked part is left "
        "out, with words; people may still change it. With LIBRARY alone the locks are listed."
    )
    parser.add_argument("library", metavar="LIBRARY", help="folder of skills")
    parser.add_argument("skill", metavar="SKILL", nargs="?", help="the skill's folder in it")
    parser.add_argument(
        "part",
        metavar="PART",
        nargs="?",
        default="*",
        help="SKILL.md, 'SKILL.md#Heading' or SKILL.md:3-9 (default: the whole skill)",
    )
    parser.add_argument("--remove", action="store_true", help="take this lock away")
    parser.add_argument("--reason", default="", metavar="TEXT", help="why it may not change")
    parser.add_argument("--by", metavar="NAME", help="who locks (default: your user name)")
    parser.add_argument("--format", choices=("text", "json"), default="text")


def run_command(command: str, args: argparse.Namespace) -> int:
    """List, add or remove locks."""
    library = library_at(args.library)
    root = Path(library.root)
    try:
        if args.skill is not None:
            _change(library, root, args)
        locks = locked_parts(root)
    except (LocksProblem, FileProblem) as problem:
        raise UsageProblem(str(problem)) from problem
    if args.format == "json":
        print_json(document("locks", library=str(root), locks=locks))
        return 0
    for lock in locks:
        known = "" if library.skill(lock.skill) else "  (no such skill now)"
        print(one_line(f"{lock.skill}  {lock.part}  {lock.reason}{known}".rstrip()))
    if not locks:
        print("Nothing is locked.")
    return 0


def _change(library: Library, root: Path, args: argparse.Namespace) -> None:
    if args.remove:
        if not unlock(root, args.skill, args.part):
            raise UsageProblem(f"There is no lock on {args.part} of {args.skill}.")
        return
    skill = library.skill(args.skill)
    if skill is None:
        raise UsageProblem(f"{root} has no skill '{args.skill}'. Give its folder in the library.")
    file = args.part.partition("#")[0].partition(":")[0]
    if file != "*" and file not in {one.path for one in skill.files}:
        raise UsageProblem(f"{args.skill} has no file '{file}'. Name one, or * for the skill.")
    set_locked(root, LockedPart(args.skill, args.part, args.reason, args.by or getpass.getuser()))
