"""``endpoint``: which model servers are known, and what they can do."""

from __future__ import annotations

import argparse

import msgspec

from workbench.cli.console import UsageProblem, coloured, document, one_line, print_json
from workbench.llm.probe import EndpointReport, probe_endpoint
from workbench.llm.profiles import EndpointProblem, EndpointProfile, read_profiles
from workbench.store.paths import UserFolders

SUMMARY = {"endpoint": "model servers: list them, or test what one can do"}


def add_arguments(_: str, parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of ``endpoint``."""
    parser.add_argument("action", choices=["list", "test"])
    parser.add_argument("name", nargs="?", help="a profile (all by default)")
    parser.add_argument("--base-url", help="test a server that has no profile")
    parser.add_argument("--model", default="")
    parser.add_argument("--format", choices=["text", "json"], default="text")


def run_command(_: str, arguments: argparse.Namespace) -> int:
    """List or test; a test exits with 1 where a server cannot chat."""
    path = UserFolders.default().endpoints
    try:
        profiles = read_profiles(path)
    except EndpointProblem as problem:
        raise UsageProblem(str(problem)) from problem
    if arguments.action == "list":
        return _list(profiles, str(path), arguments.format)
    chosen = _chosen(profiles, arguments, str(path))
    reports = []
    for profile in chosen:
        try:
            reports.append(probe_endpoint(profile))
        except EndpointProblem as problem:
            raise UsageProblem(str(problem)) from problem
    if arguments.format == "json":
        print_json(document("endpoint-test", endpoints=reports))
    else:
        for report in reports:
            _print_report(report)
    return 0 if all(report.usable for report in reports) else 1


def _chosen(
    profiles: tuple[EndpointProfile, ...], arguments: argparse.Namespace, path: str
) -> tuple[EndpointProfile, ...]:
    if arguments.base_url:
        return (EndpointProfile("command line", arguments.base_url, arguments.model),)
    chosen = tuple(p for p in profiles if arguments.name in (None, p.name))
    if not chosen:
        wanted = f"'{arguments.name}'" if arguments.name else "any"
        raise UsageProblem(f"There is no endpoint {wanted} in {path}. Add one, or give --base-url.")
    return chosen


def _list(profiles: tuple[EndpointProfile, ...], path: str, output: str) -> int:
    if output == "json":
        rows = [
            {**msgspec.structs.asdict(profile), "has_key": profile.key() is not None}
            for profile in profiles
        ]
        print_json(document("endpoint-list", endpoints=rows))
        return 0
    if not profiles:
        print(f"No endpoints. The workbench needs none; add one in {path}.")
    for profile in profiles:
        print(one_line(f"{profile.name}  {profile.base_url}  {profile.model or '(first model)'}"))
    return 0


def _print_report(report: EndpointReport) -> None:
    print(one_line(f"{report.name}  {report.base_url}  {report.model}"))
    for probe in report.probes:
        sign = "-" if probe.ok is None else "yes" if probe.ok else "no"
        shown = coloured(sign, "green" if probe.ok else "yellow")
        print(f"  {probe.name:<12}{shown}  {one_line(probe.detail)}")
