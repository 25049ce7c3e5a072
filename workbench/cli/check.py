"""``check`` and ``fix``: diagnostics per client, and the safe fixes among them."""

from __future__ import annotations

import argparse
import difflib
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from msgspec import Struct

from workbench.cli.console import (
    UsageProblem,
    coloured,
    document,
    for_terminal,
    one_line,
    print_json,
    printable,
    progress,
)
from workbench.cli.skill_paths import folder_of, library_in, one_skill
from workbench.domain.diagnostic import SEVERITIES, Diagnostic
from workbench.domain.skill import Skill
from workbench.files import FileProblem, sha256
from workbench.skills.check import CLIENTS, DEFAULT_CLIENT, RULES, check_skill
from workbench.skills.fix import fix_skill
from workbench.skills.rules.skills_ref import SOURCE, missing_file
from workbench.skills.write import save_skill_file

SUMMARY: dict[str, str] = {
    "check": "problems of skills, per client",
    "fix": "apply the safe fixes, or show them",
}

_REFERENCE: Final = "skills-ref"
_COLOURS: Final = {"error": "red", "warning": "yellow", "info": "blue", "hint": "dim"}


class Checked(Struct, frozen=True):
    """One folder with its diagnostics. ``skill`` is None where the folder is none."""

    path: str
    name: str
    diagnostics: tuple[Diagnostic, ...]
    skill: Skill | None = None


def add_arguments(command: str, parser: argparse.ArgumentParser) -> None:
    """Declare the options of ``check`` or ``fix``."""
    parser.add_argument(
        "paths", nargs="+", metavar="PATH", help="a skill folder, a SKILL.md, or a library"
    )
    parser.add_argument(
        "--client",
        action="append",
        metavar="ID",
        help=f"whose rules, once per client: {', '.join(CLIENTS)} (default: {DEFAULT_CLIENT})",
    )
    if command == "check":
        parser.add_argument("--format", choices=("text", "json"), default="text")
        parser.add_argument(
            "--fail-on",
            choices=SEVERITIES,
            default="error",
            help="the mildest severity that makes the exit code 1 (default: error)",
        )
    else:
        parser.add_argument(
            "--rule", action="append", metavar="ID", help="only fixes of this rule; may be repeated"
        )
        parser.add_argument("--diff", action="store_true", help="show the changes, write nothing")


def run_command(command: str, args: argparse.Namespace) -> int:
    """Run ``check`` or ``fix``; return the exit code."""
    clients = tuple(dict.fromkeys(args.client or (DEFAULT_CLIENT,)))
    unknown = [client for client in clients if client not in CLIENTS]
    if unknown:
        raise UsageProblem(f"There is no client '{unknown[0]}'. Clients: {', '.join(CLIENTS)}.")
    return _check(args, clients) if command == "check" else _fix(args, clients)


def _skills_at(argument: str, clients: tuple[str, ...]) -> Iterator[tuple[Skill | None, str, Path]]:
    """Yield the skills a path stands for, with the folder name as it was typed.

    Raises:
        UsageProblem: there is nothing to check; says why.
    """
    path = folder_of(argument)
    if path != Path(argument):
        skill = one_skill(argument)
        yield skill, path.name, path
        return
    library = library_in(path)
    if not library.skills:
        if library.problems or _REFERENCE not in clients:
            raise UsageProblem(
                f"{argument} holds no skill: no SKILL.md in it or in a folder below it. Name a "
                "skill folder, a SKILL.md or a library."
            )
        yield None, path.name, path
    for skill in library.skills:
        yield skill, path.name if skill.id == "." else Path(skill.path).name, Path(skill.path)


def _check(args: argparse.Namespace, clients: tuple[str, ...]) -> int:
    checked: dict[str, Checked] = {}
    for argument in args.paths:
        for skill, named, folder in _skills_at(argument, clients):
            progress(f"{len(checked) + 1} skills checked")
            if skill is None:
                real = folder.resolve()
                checked[str(real)] = Checked(str(real), real.name, (_no_file(clients),))
            else:
                found = check_skill(skill, clients, named=named)
                checked[skill.path] = Checked(skill.path, skill.name, found, skill)
    progress("")
    results = tuple(checked.values())
    if args.format == "json":
        print_json(_document(results, clients))
    else:
        _print_text(results, clients)
    severities = SEVERITIES[: SEVERITIES.index(args.fail_on) + 1]
    return int(any(d.severity in severities for one in results for d in one.diagnostics))


def _no_file(clients: tuple[str, ...]) -> Diagnostic:
    """Return the reference's message for a folder without SKILL.md; true for every client."""
    verdict = missing_file()
    return Diagnostic(
        f"skills-ref/{verdict.rule}", "error", verdict.message, "SKILL.md", clients, SOURCE
    )


def _ok(one: Checked, clients: tuple[str, ...]) -> dict[str, bool]:
    failed = {
        client
        for diagnostic in one.diagnostics
        if diagnostic.severity == "error"
        for client in diagnostic.clients
    }
    return {client: client not in failed for client in clients}


def _document(results: tuple[Checked, ...], clients: tuple[str, ...]) -> dict[str, Any]:
    counts = Counter(d.severity for one in results for d in one.diagnostics)
    passed = [_ok(one, clients) for one in results]
    return document(
        "check",
        clients=list(clients),
        skills=[
            {
                "path": printable(one.path),
                "name": printable(one.name),
                "ok": ok,
                "diagnostics": [_row(diagnostic) for diagnostic in one.diagnostics],
            }
            for one, ok in zip(results, passed, strict=True)
        ],
        summary={
            "skills": len(results),
            "ok": {client: sum(ok[client] for ok in passed) for client in clients},
            **{severity: counts[severity] for severity in SEVERITIES},
        },
    )


def _row(diagnostic: Diagnostic) -> dict[str, Any]:
    return {
        "rule": diagnostic.rule,
        "severity": diagnostic.severity,
        "message": printable(diagnostic.message),
        "path": printable(diagnostic.path),
        "line": diagnostic.line,
        "column": diagnostic.column,
        "end_line": diagnostic.end_line,
        "end_column": diagnostic.end_column,
        "clients": list(diagnostic.clients),
        "source": diagnostic.source,
        "fixable": diagnostic.fix is not None,
    }


def _print_text(results: tuple[Checked, ...], clients: tuple[str, ...]) -> None:
    for one in results:
        if not one.diagnostics:
            continue
        verdicts = ", ".join(
            f"{client} {coloured('ok', 'green') if ok else coloured('fails', 'red')}"
            for client, ok in _ok(one, clients).items()
        )
        print(f"{coloured(one_line(one.path), 'bold')}  ({verdicts})")
        for diagnostic in one.diagnostics:
            _print_diagnostic(diagnostic, len(clients) > 1)
        print()
    counts = Counter(d.severity for one in results for d in one.diagnostics)
    fixable = sum(d.fix is not None for one in results for d in one.diagnostics)
    told = ", ".join(_count(counts[name], name) for name in SEVERITIES if counts[name])
    skills = _count(len(results), "skill")
    print(f"{skills} checked: {told or 'no problems'}.")
    if fixable:
        print(f"'skill-workbench fix' can mend {fixable} of them; add --diff to see how.")


def _count(number: int, word: str) -> str:
    plural = word if number == 1 or word == "info" else f"{word}s"
    return f"{number} {plural}"


def _print_diagnostic(diagnostic: Diagnostic, name_clients: bool) -> None:
    place = one_line(diagnostic.path)
    if diagnostic.line is not None:
        place = f"{place}:{diagnostic.line}:{diagnostic.column}"
    severity = coloured(f"{diagnostic.severity:<8}", _COLOURS[diagnostic.severity])
    message = for_terminal(diagnostic.message).replace("\n", "\n      ")
    clients = f" [{', '.join(diagnostic.clients)}]" if name_clients else ""
    fixable = " (fixable)" if diagnostic.fix is not None else ""
    print(f"  {severity}{place}  {message}{fixable}")
    print(coloured(f"          {diagnostic.rule}{clients}, {diagnostic.source}", "dim"))


def _fix(args: argparse.Namespace, clients: tuple[str, ...]) -> int:
    unknown = [rule for rule in args.rule or () if rule not in RULES]
    if unknown:
        raise UsageProblem(f"There is no rule '{unknown[0]}'. Rules: {', '.join(sorted(RULES))}.")
    count = files = 0
    failed = False
    seen: set[str] = set()
    for argument in args.paths:
        for skill, _, _ in _skills_at(argument, clients):
            if skill is None or skill.path in seen:
                continue
            seen.add(skill.path)
            fixed = fix_skill(skill, clients, args.rule)
            if not fixed.mended:
                continue
            path = str(Path(skill.path, skill.skill_md))
            if args.diff:
                print(_diff(path, skill.source, fixed.source), end="")
            elif _saved(skill, fixed.source):
                titles = "; ".join(d.fix.title for d in fixed.mended if d.fix is not None)
                print(one_line(f"{path}: {titles}"))
            else:
                failed = True
                continue
            count += len(fixed.mended)
            files += 1
    done = "would be made" if args.diff else "made"
    print(
        f"{_count(len(seen), 'skill')} looked at: {_count(count, 'change')} {done} in "
        f"{_count(files, 'file')}.",
        file=sys.stderr if args.diff else sys.stdout,
    )
    return 2 if failed else 0


def _saved(skill: Skill, data: bytes) -> bool:
    """Save SKILL.md, or say why not; the other skills go on."""
    try:
        save_skill_file(Path(skill.path), skill.skill_md, data, sha256(skill.source))
    except FileProblem as problem:
        print(one_line(f"skill-workbench fix: {problem}"), file=sys.stderr)
        return False
    return True


def _diff(path: str, before: bytes, after: bytes) -> str:
    """Return a unified diff; lines end where the file's do, odd characters are escaped."""
    old, new = (
        data.decode("utf-8", "surrogateescape").splitlines(keepends=True)
        for data in (before, after)
    )
    lines = difflib.unified_diff(old, new, path, path)
    shown = (line.rstrip("\r\n") for line in lines)
    return "".join(f"{for_terminal(line.replace(chr(0xFEFF), '<U+FEFF>'))}\n" for line in shown)
