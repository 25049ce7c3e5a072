"""``trace redact``: a copy that can be shown to others."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any, Final

import msgspec

from workbench.cli import console
from workbench.traces.importer import TraceError
from workbench.traces.redact.files import Redaction, redact_folder, redact_session
from workbench.traces.redact.redactor import GROUPS, Redactor

_SHOWN: Final = 20


def add_redact_arguments(action: argparse.ArgumentParser) -> None:
    """Add what redact alone takes."""
    action.add_argument("--out", type=Path, required=True, help="the copy: a file, or a folder")
    action.add_argument(
        "--only", action="append", choices=GROUPS, help="replace this alone (may be repeated)"
    )
    action.add_argument(
        "--also", action="append", default=[], metavar="TEXT", help="replace this text, too"
    )
    action.add_argument(
        "--pattern", action="append", default=[], metavar="REGEX", help="replace what fits, too"
    )


def redact_paths(args: argparse.Namespace) -> int:
    """Write the copy and tell what was replaced; return how many files were left out.

    Raises:
        UsageProblem: more than one path, a text that is too short, or no copy could be made.
    """
    if len(args.paths) != 1:
        raise console.UsageProblem("redact takes one file or one folder.")
    if short := [text for text in args.also if len(text) < 3 or not _plain(text)]:
        raise console.UsageProblem(
            f"--also '{short[0]}' cannot be replaced safely. Give at least three characters, "
            "none of them a quote, a backslash or a line end."
        )
    path = Path(args.paths[0])
    try:
        redactor = Redactor(args.only or GROUPS, args.also, args.pattern)
    except ValueError as problem:
        raise console.UsageProblem(f"--pattern {problem}") from problem
    try:
        if path.is_dir():
            made = redact_folder(path, args.out, redactor, _tell)
        else:
            made = redact_session(path, args.out, redactor, _tell)
    except TraceError as problem:
        raise console.UsageProblem(str(problem)) from problem
    finally:
        console.progress("")
    if args.format == "json":
        console.print_json(console.document("trace-redact", **_document(made)))
    else:
        _print(made)
    for _, reason in made.left_out:
        print(f"skill-workbench trace: left out: {reason}", file=sys.stderr)
    return len(made.left_out)


def _plain(text: str) -> bool:
    return text.isprintable() and not set(text) & set("\"'\\")


def _tell(done: float) -> None:
    console.progress(f"Redacting … {done:.0%}")


def _document(made: Redaction) -> dict[str, Any]:
    left_out = [{"path": path, "reason": reason} for path, reason in made.left_out]
    return {
        "files": msgspec.to_builtins(made.files),
        "counts": made.counts,
        "left_out": left_out,
    }


def _print(made: Redaction) -> None:
    for file in made.files:
        lines = f" in {file.lines} lines" if file.lines else ""
        print(f"{file.source} -> {file.out}: {len(file.hits)} places{lines}")
        for hit in file.hits[:_SHOWN]:
            place = f"{hit.place}, " if hit.place else ""
            print(
                f"  {place}line {hit.line}, byte {hit.offset}: {hit.kind}, {hit.length} bytes, "
                f"now {hit.replacement}"
            )
        if len(file.hits) > _SHOWN:
            print(f"  … and {len(file.hits) - _SHOWN} more (--format json has them all)")
        for words in file.left:
            print(f"  {words}")
    total = ", ".join(f"{count} {kind}" for kind, count in made.counts.items())
    print(f"replaced: {total or 'nothing'}")
    print("Only known shapes are found. Read the copy before you give it away.")
