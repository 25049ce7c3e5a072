"""``extract``: a section of SKILL.md to a file of its own."""

from __future__ import annotations

import argparse
import difflib

from workbench.cli.console import UsageProblem, document, for_terminal, print_json
from workbench.cli.skill_paths import one_skill
from workbench.files import FileProblem
from workbench.skills.extract import ExtractPlan, apply_extract, changes_of, plan_extract
from workbench.skills.problems import SkillError
from workbench.skills.read import with_source
from workbench.skills.tokenizers import default_tokenizer

SUMMARY: dict[str, str] = {"extract": "a section of SKILL.md to a file of its own, with a pointer"}


def add_arguments(_: str, parser: argparse.ArgumentParser) -> None:
    """Declare the options of ``extract``."""
    parser.add_argument("skill", metavar="SKILL", help="a skill folder or its SKILL.md")
    parser.add_argument("heading", metavar="HEADING", help="title of the section")
    parser.add_argument(
        "--to", metavar="PATH", help="the new file (default: references/<title>.md)"
    )
    parser.add_argument(
        "--when", metavar="TEXT", help='completes "Read ... when" in the pointer that is left'
    )
    parser.add_argument(
        "--line", type=int, metavar="N", help="line of the heading, where several have the title"
    )
    parser.add_argument("--diff", action="store_true", help="show the changes, write nothing")
    parser.add_argument("--format", choices=("text", "json"), default="text")


def run_command(_: str, args: argparse.Namespace) -> int:
    """Move the section, or show what it would make."""
    skill = one_skill(args.skill)
    try:
        plan = plan_extract(skill, args.heading, to=args.to, when=args.when, line=args.line)
        if not args.diff:
            apply_extract(plan)
    except (SkillError, FileProblem) as problem:
        raise UsageProblem(for_terminal(str(problem))) from problem
    tokenizer = default_tokenizer()
    before = tokenizer.count(skill.body_text)
    after = tokenizer.count(with_source(skill, plan.after).body_text)
    moved = tokenizer.count(plan.extracted.decode("utf-8", "surrogateescape"))
    if args.format == "json":
        print_json(
            document(
                "extract",
                skill=skill.path,
                file=plan.path,
                title=plan.title,
                line=plan.line,
                applied=not args.diff,
                tokenizer=tokenizer.id,
                body_before=before,
                body_after=after,
                file_tokens=moved,
                notes=plan.notes,
            )
        )
        return 0
    if args.diff:
        _print_diff(plan)
    done = "would move" if args.diff else "moved"
    print(
        for_terminal(
            f"'{plan.title}' {done} to {plan.path}: on load {before:,} -> {after:,} tokens, on "
            f"demand {moved:,} (estimate, {tokenizer.title})."
        )
    )
    for note in plan.notes:
        print(for_terminal(f"  look: {note}"))
    return 0


def _print_diff(plan: ExtractPlan) -> None:
    for path, (before, after) in changes_of(plan).items():
        old, new = (
            content.decode("utf-8", "surrogateescape").splitlines() for content in (before, after)
        )
        for line in difflib.unified_diff(old, new, path, path, lineterm=""):
            print(for_terminal(line))
