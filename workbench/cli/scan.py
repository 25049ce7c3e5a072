"""``scan`` and ``trust``: findings of the scanners with a verdict per skill, and its trust tier."""

from __future__ import annotations

import argparse
import getpass
import os
import sys
import time
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct

from workbench import __version__
from workbench.cli.console import UsageProblem, coloured, document, one_line, print_json, progress
from workbench.cli.skill_paths import folder_of, library_at
from workbench.domain.finding import LEVELS, Finding, SkillScan
from workbench.domain.skill import Skill
from workbench.files import FileProblem
from workbench.plugin.cluster import Cluster, ClusterProblem
from workbench.plugin.jobs import JobRefused, JobRunner
from workbench.plugin.registry import PluginInfo, Registry, UnknownPlugin
from workbench.security.baseline import Baseline, BaselineProblem, gone, load_baseline
from workbench.security.policy import PRESETS, at_or_above, verdict_of
from workbench.security.sarif import to_sarif
from workbench.security.scan import ScanOptions, scan_library
from workbench.security.suppress import SuppressionProblem, load_suppressions
from workbench.security.trust import (
    GATES,
    Signature,
    TrustReport,
    add_signature,
    load_signatures,
    trust_of,
)
from workbench.store.paths import UserFolders

SUMMARY = {
    "scan": "what in a skill may endanger you, with a verdict per skill",
    "trust": "the trust tier of a skill, and what is missing for the next",
}
_COLOURS = {"clean": "green", "review": "yellow", "dangerous": "red"}
_SEVERITY_COLOURS = {"critical": "red", "high": "red", "medium": "yellow"}


class Scanned(Struct, frozen=True):
    """What came of the paths: scans with the skills they are of, and who scanned."""

    scans: tuple[SkillScan, ...]
    skills: tuple[Skill, ...]
    plugins: tuple[str, ...]
    seconds: float


def add_arguments(command: str, parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of ``scan`` or ``trust``."""
    if command == "trust":
        parser.add_argument("skill", metavar="SKILL", help="a skill folder or its SKILL.md")
        parser.add_argument("--sign", choices=GATES, help="sign this gate for the present content")
        parser.add_argument("--note", metavar="TEXT", help="what you looked at (with --sign)")
        parser.add_argument("--by", metavar="NAME", help="who signs (default: your user name)")
    else:
        parser.add_argument(
            "paths", nargs="+", metavar="PATH", help="a skill folder, a SKILL.md, or a library"
        )
        parser.add_argument(
            "--fail-on",
            choices=[level for level in LEVELS if level != "info"],
            help="exit 1 on a finding at or above this, besides a dangerous verdict",
        )
        parser.add_argument(
            "--baseline", metavar="FILE", help="JSON of an earlier scan: only new findings fail"
        )
    parser.add_argument(
        "--plugin", action="append", metavar="ID", help="scanner to use (default: all)"
    )
    parser.add_argument(
        "--jobs",
        type=_positive,
        metavar="N",
        help="skills are shared out among so many processes (default: as the machine has cores)",
    )
    parser.add_argument(
        "--scheduler", default="", metavar="ADDRESS", help="scan on this Dask cluster"
    )
    parser.add_argument("--suppressions", metavar="FILE", help="findings you decided to live with")
    parser.add_argument(
        "--policy", choices=tuple(PRESETS), default="balanced", help="where the thresholds are"
    )
    formats = ("text", "json") if command == "trust" else ("text", "json", "sarif")
    parser.add_argument("--format", choices=formats, default="text")


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"{number} is less than 1")
    return number


def run_command(command: str, args: argparse.Namespace) -> int:
    """Run ``scan`` or ``trust``; return the exit code."""
    try:
        return _trust(args) if command == "trust" else _scan(args)
    except (BaselineProblem, SuppressionProblem, JobRefused, FileProblem) as problem:
        raise UsageProblem(str(problem)) from problem


def _scan(args: argparse.Namespace) -> int:
    baseline = load_baseline(Path(args.baseline)) if args.baseline else None
    scanned = _scan_paths(args.paths, args, baseline)
    if args.format == "json":
        print_json(_document(scanned))
    elif args.format == "sarif":
        absent = gone(scanned.scans, baseline) if baseline else ()
        print_json(to_sarif(scanned.scans, __version__, absent))
    else:
        _print(scanned)
    return 1 if any(_fails(scan, args) for scan in scanned.scans) else 0


def _fails(scan: SkillScan, args: argparse.Namespace) -> bool:
    counted = [item for item in scan.findings if item.suppressed is None]
    verdict = scan.verdict
    if args.baseline:
        counted = [item for item in counted if item.baseline == "new"]
        verdict = verdict_of(counted, PRESETS[args.policy])
    if verdict == "dangerous":
        return True
    threshold = args.fail_on
    return threshold is not None and any(at_or_above(f.severity, threshold) for f in counted)


def _scan_paths(
    paths: Sequence[str], args: argparse.Namespace, baseline: Baseline | None
) -> Scanned:
    folders = UserFolders.default()
    plugins = _plugins(Registry.of_user(folders.plugins, folders.config / "plugins.json"), args)
    suppressions = load_suppressions(Path(args.suppressions)) if args.suppressions else ()
    options = ScanOptions(
        policy=PRESETS[args.policy],
        suppressions=suppressions,
        baseline=baseline,
        today=date.today(),  # noqa: DTZ011 - a day as the person who wrote it meant it
    )
    libraries = [library_at(str(folder_of(path))) for path in paths]
    began = time.monotonic()
    scans: dict[str, tuple[SkillScan, Skill]] = {}
    at_once = args.jobs or _at_once(args.scheduler)
    with JobRunner(folders.runs, parallel=at_once, scheduler=args.scheduler) as runner:
        for library in libraries:
            skills = {skill.id: skill for skill in library.skills}
            for scan in scan_library(
                library,
                plugins,
                runner,
                options=options,
                on_progress=lambda fraction, text: progress(f"{fraction:4.0%} {one_line(text)}"),
                on_problem=lambda text: print(one_line(text), file=sys.stderr),
            ):
                scans.setdefault(scan.path, (scan, skills[scan.skill]))
    progress("")
    return Scanned(
        tuple(scan for scan, _ in scans.values()),
        tuple(skill for _, skill in scans.values()),
        tuple(plugin.id for plugin in plugins),
        time.monotonic() - began,
    )


def _at_once(scheduler: str) -> int:
    """Return how many jobs the machine, or the cluster, works on at once."""
    if not scheduler:
        return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else 2
    try:
        with Cluster(scheduler) as cluster:
            return max(1, cluster.slots)
    except ClusterProblem as problem:
        raise UsageProblem(str(problem)) from problem


def _plugins(registry: Registry, args: argparse.Namespace) -> tuple[PluginInfo, ...]:
    if not args.plugin:
        return registry.of_kind("scanner")
    try:
        chosen = tuple(registry.get(name) for name in dict.fromkeys(args.plugin))
    except UnknownPlugin as problem:
        raise UsageProblem(str(problem)) from problem
    for plugin in chosen:
        if "scanner" not in plugin.kinds:
            known = ", ".join(info.id for info in registry.of_kind("scanner"))
            raise UsageProblem(f"'{plugin.id}' is no scanner. Scanners: {known}.")
    return chosen


def _document(scanned: Scanned) -> dict[str, Any]:
    return document(
        "scan",
        plugins=list(scanned.plugins),
        skills=[_skill(scan) for scan in scanned.scans],
        summary=_summary(scanned.scans),
        seconds=round(scanned.seconds, 3),
    )


def _skill(scan: SkillScan) -> dict[str, Any]:
    built: dict[str, Any] = msgspec.to_builtins(scan)
    built["id"] = built.pop("skill")
    for finding in built["findings"]:
        finding.pop("skill", None)
    return built


def _summary(scans: Sequence[SkillScan]) -> dict[str, Any]:
    verdicts = Counter(scan.verdict for scan in scans)
    counted = [item for scan in scans for item in scan.findings if item.suppressed is None]
    severities = Counter(item.severity for item in counted)
    return {
        "skills": len(scans),
        **{verdict: verdicts[verdict] for verdict in ("clean", "review", "dangerous")},
        "findings": {level: severities[level] for level in reversed(LEVELS)},
        "suppressed": sum(item.suppressed is not None for s in scans for item in s.findings),
        "new": sum(item.baseline == "new" for item in counted),
    }


def _print(scanned: Scanned) -> None:
    for scan in scanned.scans:
        if scan.verdict == "clean" and not scan.findings:
            continue
        verdict = coloured(f"{scan.verdict:<9}", _COLOURS[scan.verdict])
        print(f"{verdict} {one_line(scan.name)}  (reach: {scan.reach})  {one_line(scan.path)}")
        for finding in scan.findings:
            _print_finding(finding)
        if scan.coverage.opaque or scan.coverage.partial:
            unseen = [*scan.coverage.opaque, *scan.coverage.partial]
            shown = ", ".join(map(one_line, unseen[:5])) + (" …" if len(unseen) > 5 else "")
            print(f"    not inspected in full: {shown}")
    total = _summary(scanned.scans)
    print(
        f"{total['skills']} skills: {total['clean']} clean, {total['review']} to review, "
        f"{total['dangerous']} dangerous ({scanned.seconds:.1f} s)"
    )


def _print_finding(finding: Finding) -> None:
    severity = coloured(
        f"{finding.severity}/{finding.confidence}", _SEVERITY_COLOURS.get(finding.severity, "dim")
    )
    marks = " [suppressed]" if finding.suppressed is not None else ""
    marks += f" [{finding.baseline}]" if finding.baseline else ""
    print(
        f"    {one_line(finding.path)}:{finding.line}  {severity}  {one_line(finding.rule)}{marks}"
    )
    print(f"        {one_line(finding.evidence)}")
    if finding.decoded:
        print(f"        reads: {one_line(finding.decoded)}")
    print(coloured(f"        {one_line(finding.why)} To check: {one_line(finding.check)}", "dim"))
    print(coloured(f"        To mend: {one_line(finding.fix)}", "dim"))


def _trust(args: argparse.Namespace) -> int:
    scanned = _scan_paths([args.skill], args, None)
    wanted = Path(args.skill).resolve()
    folder = wanted.parent if wanted.is_file() else wanted
    pair = next(
        (
            (s, k)
            for s, k in zip(scanned.scans, scanned.skills, strict=True)
            if s.path == str(folder)
        ),
        None,
    )
    if pair is None:
        raise UsageProblem(f"{args.skill} is no skill but a folder of skills. Name one of them.")
    scan, skill = pair
    file = UserFolders.default().data / "trust.jsonl"
    if args.sign:
        _sign(args, scan, skill, file)
    report = trust_of(scan, skill.tree_hash, load_signatures(file))
    if args.format == "json":
        print_json(
            document("trust", **msgspec.to_builtins(report), verdict=scan.verdict, reach=scan.reach)
        )
    else:
        _print_trust(report, scan)
    return 1 if scan.verdict == "dangerous" else 0


def _sign(args: argparse.Namespace, scan: SkillScan, skill: Skill, file: Path) -> None:
    if not (args.note or "").strip():
        raise UsageProblem("--sign needs --note: say what you looked at.")
    if scan.verdict == "dangerous":
        raise UsageProblem(
            f"{scan.name} is dangerous: no gate can be signed. Mend or suppress what was found."
        )
    signature = Signature(
        scan.path,
        args.sign,
        skill.tree_hash,
        args.by or getpass.getuser(),
        datetime.now(UTC).isoformat(timespec="seconds"),
        args.note.strip(),
    )
    add_signature(file, signature)


def _print_trust(report: TrustReport, scan: SkillScan) -> None:
    print(f"{one_line(scan.name)}: {report.tier}, verdict {scan.verdict}, reach {scan.reach}")
    print("It may:")
    for right in report.may:
        print(f"  - {right}")
    for state in report.gates:
        mark = coloured("passed", "green") if state.passed else coloured("open  ", "yellow")
        print(f"{state.gate} {mark} {state.question} ({one_line(state.reason)})")
    if report.next_tier:
        print(f"Missing for {report.next_tier}:")
        for lack in report.missing:
            print(f"  - {one_line(lack)}")
