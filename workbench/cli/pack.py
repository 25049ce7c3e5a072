"""``pack`` and ``unpack``: a skill as one file, and back."""

from __future__ import annotations

import argparse
from pathlib import Path

from workbench.cli.console import (
    UsageProblem,
    coloured,
    document,
    for_terminal,
    print_json,
)
from workbench.cli.skill_paths import one_skill
from workbench.files import FileProblem, sha256, write_atomic
from workbench.skills.archive import Packed, pack_skill
from workbench.skills.export import TARGETS
from workbench.skills.problems import SkillError
from workbench.skills.unpack import unpack_skill

SUMMARY: dict[str, str] = {
    "pack": "a skill as one .skill file, the folder untouched",
    "unpack": "a skill from a .skill or .zip file",
}


def add_arguments(command: str, parser: argparse.ArgumentParser) -> None:
    """Declare the options of ``pack`` or ``unpack``."""
    if command == "pack":
        parser.add_argument("skill", metavar="SKILL", help="a skill folder or its SKILL.md")
        parser.add_argument(
            "--for", dest="target", choices=TARGETS, help="adapt the copy to what takes it"
        )
        parser.add_argument(
            "--out", type=Path, metavar="FILE", help="where to (default: NAME.skill here)"
        )
        parser.add_argument(
            "--overwrite", action="store_true", help="replace a file that is there already"
        )
        parser.add_argument(
            "--force", action="store_true", help="pack in spite of what the rules call errors"
        )
        parser.add_argument(
            "--dry-run", action="store_true", help="say what would be packed, write nothing"
        )
    else:
        parser.add_argument("archive", type=Path, metavar="FILE", help="a .skill or .zip file")
        parser.add_argument(
            "--into", type=Path, default=Path(), metavar="DIR", help="where to (default: here)"
        )
    parser.add_argument("--format", choices=("text", "json"), default="text")


def run_command(command: str, args: argparse.Namespace) -> int:
    """Run ``pack`` or ``unpack``; ``pack`` fails (1) on what the rules call errors."""
    try:
        return _pack(args) if command == "pack" else _unpack(args)
    except (SkillError, FileProblem) as problem:
        raise UsageProblem(for_terminal(str(problem))) from problem


def _pack(args: argparse.Namespace) -> int:
    skill = one_skill(args.skill)
    packed = pack_skill(skill, args.target)
    out: Path = args.out or Path(f"{packed.folder}.skill")
    if out.resolve().is_relative_to(Path(skill.path)):
        raise UsageProblem(f"{out} lies in the skill itself. Name a file outside of it with --out.")
    refused = bool(packed.errors) and not args.force
    written = not refused and not args.dry_run
    if written:
        if out.exists() and not args.overwrite:
            raise UsageProblem(f"{out} exists already. Add --overwrite to replace it.")
        write_atomic(out, packed.content)
    if args.format == "json":
        print_json(
            document(
                "pack",
                skill=skill.path,
                name=skill.name,
                target=args.target,
                file=str(out.resolve()) if written else None,
                bytes=len(packed.content),
                sha256=sha256(packed.content),
                files=packed.files,
                changes=packed.changes,
                errors=[
                    {"rule": one.rule, "message": one.message, "path": one.path, "line": one.line}
                    for one in packed.errors
                ],
            )
        )
    else:
        _print_packed(packed, out, written, refused)
    return int(refused)


def _print_packed(packed: Packed, out: Path, written: bool, refused: bool) -> None:
    for change in packed.changes:
        print(for_terminal(f"  {change.kind:<10}{change.what}: {change.why}"))
    for error in packed.errors:
        place = error.path if error.line is None else f"{error.path}:{error.line}"
        print(f"  {coloured('error', 'red')}     {for_terminal(f'{place}  {error.message}')}")
    size = f"{len(packed.files)} files, {len(packed.content):,} bytes"
    if refused:
        print("Nothing was packed: mend the errors, or add --force.")
    elif written:
        print(f"{out}: {size}")
    else:
        print(f"Would write {out}: {size}")


def _unpack(args: argparse.Namespace) -> int:
    unpacked = unpack_skill(args.archive, args.into)
    if args.format == "json":
        print_json(
            document(
                "unpack",
                archive=str(args.archive.resolve()),
                folder=str(Path(unpacked.folder).resolve()),
                files=unpacked.files,
                left_out=unpacked.left_out,
            )
        )
        return 0
    for name in unpacked.left_out:
        print(for_terminal(f"  left out  {name}"))
    print(for_terminal(f"{unpacked.folder}: {len(unpacked.files)} files"))
    return 0
