"""``render``: what the model receives of a skill."""

from __future__ import annotations

import argparse

from msgspec.structs import asdict

from workbench.cli.console import (
    UsageProblem,
    coloured,
    document,
    for_terminal,
    print_json,
)
from workbench.cli.skill_paths import one_skill
from workbench.skills.clients import CLIENTS
from workbench.skills.render import Rendering, render_skill

SUMMARY: dict[str, str] = {"render": "what the model receives of a skill; nothing is run"}


def add_arguments(_: str, parser: argparse.ArgumentParser) -> None:
    """Declare the options of ``render``."""
    parser.add_argument("skill", metavar="SKILL", help="a skill folder or its SKILL.md")
    parser.add_argument(
        "--client", required=True, metavar="ID", help=f"for whom: {', '.join(CLIENTS)}"
    )
    parser.add_argument(
        "--arguments", default="", metavar="TEXT", help="as typed after the skill's name"
    )
    parser.add_argument("--format", choices=("text", "json"), default="text")


def run_command(_: str, args: argparse.Namespace) -> int:
    """Print the rendering."""
    if args.client not in CLIENTS:
        raise UsageProblem(f"There is no client '{args.client}'. Clients: {', '.join(CLIENTS)}.")
    skill = one_skill(args.skill)
    rendering = render_skill(skill, args.client, args.arguments)
    if args.format == "json":
        print_json(document("render", path=skill.path, **asdict(rendering)))
    else:
        _print_text(rendering)
    return 0


def _print_text(rendering: Rendering) -> None:
    print(coloured(f"In the list of skills ({rendering.client}):", "bold"))
    print(for_terminal(rendering.listing.text or "(not listed)"))
    print(coloured("\nWhen the skill is used:", "bold"))
    print(for_terminal(rendering.body.replace("\r\n", "\n").replace("\r", "\n").rstrip("\n")))
    if rendering.notes:
        print(coloured("\nNotes:", "bold"))
    for note in rendering.notes:
        place = "" if note.line is None else f"line {note.line}: "
        print(for_terminal(f"  {place}{note.message}"))
