"""``new``: a skill from a template."""

from __future__ import annotations

import argparse
from pathlib import Path

from workbench.cli.console import UsageProblem, document, for_terminal, print_json
from workbench.files import FileProblem
from workbench.skills.read import read_skill
from workbench.skills.templates import DEFAULT_DESCRIPTION, create_skill, templates

SUMMARY: dict[str, str] = {"new": "a new skill from a template"}


def add_arguments(_: str, parser: argparse.ArgumentParser) -> None:
    """Declare the options of ``new``."""
    known = templates()
    parser.add_argument("name", metavar="NAME", help="name of the skill and of its folder")
    parser.add_argument(
        "--template",
        choices=[one.id for one in known],
        default=known[0].id,
        help="; ".join(f"{one.id}: {one.summary}" for one in known).replace("%", "%%"),
    )
    parser.add_argument(
        "--description", default=DEFAULT_DESCRIPTION, metavar="TEXT", help="what it does and when"
    )
    parser.add_argument(
        "--in",
        dest="library",
        type=Path,
        default=Path(),
        metavar="DIR",
        help="where to make the folder (default: here)",
    )
    parser.add_argument("--format", choices=("text", "json"), default="text")


def run_command(_: str, args: argparse.Namespace) -> int:
    """Write the new skill."""
    if not args.library.is_dir():
        raise UsageProblem(f"{args.library} is not a folder. Name a folder for the new skill.")
    template = next(one for one in templates() if one.id == args.template)
    try:
        folder = create_skill(args.library, template, args.name, args.description)
    except FileProblem as problem:
        raise UsageProblem(for_terminal(str(problem))) from problem
    skill = read_skill(folder)
    files = [file.path for file in skill.files]
    if args.format == "json":
        print_json(
            document("new", path=skill.path, name=skill.name, template=template.id, files=files)
        )
        return 0
    print(for_terminal(f"{folder}: {', '.join(files)}"))
    if args.description == DEFAULT_DESCRIPTION:
        print("Next: say in the description what it does and when to use it.")
    return 0
