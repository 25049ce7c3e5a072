"""``endpoint``: which model servers are known, and what they can do."""

from __future__ import annotations

import argparse
import getpass
import sys
from pathlib import Path

import msgspec

from workbench.cli.console import UsageProblem, coloured, document, one_line, print_json
from workbench.llm.keys import KeyringProblem, store_key
from workbench.llm.probe import EndpointReport, probe_endpoint
from workbench.llm.profiles import (
    EndpointProblem,
    EndpointProfile,
    profile_problem,
    read_profiles,
    remove_profile,
    save_profile,
)
from workbench.store.paths import UserFolders

SUMMARY = {"endpoint": "model servers: list, add, remove, give a key, test what one can do"}
_ACTIONS = ("list", "test", "add", "remove", "key")


def add_arguments(_: str, parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of ``endpoint``."""
    parser.add_argument("action", choices=_ACTIONS)
    parser.add_argument("name", nargs="?", help="a profile (all by default)")
    parser.add_argument("--base-url", help="of a server; test needs no profile with it")
    parser.add_argument("--model", help="the first one the server names where none is given")
    parser.add_argument("--format", choices=["text", "json"], default="text")
    adding = parser.add_argument_group("add, which also changes what is there")
    adding.add_argument("--role", help="proposer, judge or target")
    adding.add_argument("--key-variable", help="the environment variable that holds the key")
    adding.add_argument("--price-input", type=float, metavar="USD", help="for a million tokens")
    adding.add_argument("--price-output", type=float, metavar="USD")
    adding.add_argument("--timeout", type=float, metavar="S", dest="timeout_s")
    adding.add_argument("--concurrency", type=int, metavar="N", help="calls at once")
    adding.add_argument("--retries", type=int, metavar="N")
    adding.add_argument("--max-output", type=int, metavar="N", help="tokens of an answer")
    parser.add_argument("--forget", action="store_true", help="key: forget it")


def run_command(_: str, arguments: argparse.Namespace) -> int:
    """Do what was asked; a test exits with 1 where a server cannot chat."""
    path = UserFolders.default().endpoints
    try:
        profiles = read_profiles(path)
        if arguments.action == "add":
            return _add(path, profiles, arguments)
        if arguments.action == "remove":
            remove_profile(path, _named(arguments))
            print(one_line(f"Removed {arguments.name} from {path}."))
            return 0
    except EndpointProblem as problem:
        raise UsageProblem(str(problem)) from problem
    if arguments.action == "key":
        return _key(profiles, arguments, str(path))
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


def _named(arguments: argparse.Namespace) -> str:
    if not arguments.name:
        raise UsageProblem(f"endpoint {arguments.action}: name the endpoint.")
    return str(arguments.name)


def _add(path: Path, profiles: tuple[EndpointProfile, ...], arguments: argparse.Namespace) -> int:
    """Add a profile, or change what is given of one that is there."""
    name = _named(arguments)
    before = next((one for one in profiles if one.name == name), EndpointProfile(name, ""))
    fields = ("base_url", "model", "role", "key_variable", "price_input", "price_output")
    more = ("timeout_s", "concurrency", "retries", "max_output")
    given = {key: getattr(arguments, key) for key in (*fields, *more)}
    profile = msgspec.structs.replace(
        before, **{key: value for key, value in given.items() if value is not None}
    )
    if problem := profile_problem(profile):
        raise UsageProblem(f"endpoint add: {problem}")
    save_profile(path, profile)
    print(one_line(f"Kept {name} in {path}. Try it: skill-workbench endpoint test {name}"))
    return 0


def _key(profiles: tuple[EndpointProfile, ...], arguments: argparse.Namespace, path: str) -> int:
    """Keep a key in the keyring; it is read from the terminal or stdin, never from arguments."""
    name = _named(arguments)
    if all(profile.name != name for profile in profiles):
        raise UsageProblem(f"There is no endpoint '{name}' in {path}. Add it first.")
    key = ""
    if not arguments.forget:
        asked = f"Key of {name}: "
        key = (getpass.getpass(asked) if sys.stdin.isatty() else sys.stdin.readline()).strip()
        if not key:
            raise UsageProblem("There was no key on stdin. To forget the one kept, use --forget.")
    try:
        store_key(name, key)
    except KeyringProblem as problem:
        raise UsageProblem(str(problem)) from problem
    print("The key is forgotten." if arguments.forget else "The key is kept in the keyring.")
    return 0


def _chosen(
    profiles: tuple[EndpointProfile, ...], arguments: argparse.Namespace, path: str
) -> tuple[EndpointProfile, ...]:
    if arguments.base_url:
        return (EndpointProfile("command line", arguments.base_url, arguments.model or ""),)
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
        print(f"No endpoints. The workbench needs none; add one with 'endpoint add' ({path}).")
    for profile in profiles:
        print(one_line(f"{profile.name}  {profile.base_url}  {profile.model or '(first model)'}"))
    return 0


def _print_report(report: EndpointReport) -> None:
    print(one_line(f"{report.name}  {report.base_url}  {report.model}"))
    for probe in report.probes:
        sign = "-" if probe.ok is None else "yes" if probe.ok else "no"
        shown = coloured(sign, "green" if probe.ok else "yellow")
        print(f"  {probe.name:<12}{shown}  {one_line(probe.detail)}")
