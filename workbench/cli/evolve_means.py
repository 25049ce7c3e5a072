"""What a run of ``evolve`` may use: tasks, a runner, models, a budget; from the arguments."""

from __future__ import annotations

import argparse
import json
import shlex
from pathlib import Path

from workbench.cli.console import UsageProblem
from workbench.domain.job import Budget
from workbench.evaluation.gates import DEFAULT_RULE, RULES
from workbench.evaluation.runner import RunLimits
from workbench.evaluation.runners.command import CommandTemplate
from workbench.evolution.gating import GateChoice
from workbench.evolution.prepare import MeansChoice, RunnerKind
from workbench.llm.profiles import EndpointProblem, EndpointProfile, read_profiles
from workbench.llm.service import ANY_ROLE


def add_means_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare them, in groups."""
    tasks = parser.add_argument_group("tasks and their runner")
    tasks.add_argument("--tasks", type=Path, metavar="PATH", help="task set: a file or a folder")
    tasks.add_argument(
        "--runner",
        choices=("none", "stored", "command", "loop"),
        help="who carries tasks out (default: stored with --results, command with --agent, loop "
        "with --endpoint, else none)",
    )
    tasks.add_argument(
        "--agent", metavar="COMMAND", help="command line of an agent with {prompt} and {skills}"
    )
    tasks.add_argument("--agent-traces", default="", metavar="PATTERN", help="where it leaves them")
    tasks.add_argument("--results", type=Path, metavar="FILE", help="stored results, JSON lines")
    tasks.add_argument("--runs", type=_positive, default=1, metavar="N", help="of each task")
    tasks.add_argument("--rule", choices=RULES, default=DEFAULT_RULE, help="the host's gate")
    tasks.add_argument(
        "--scheduler", default="", metavar="ADDRESS", help="run tasks on this Dask cluster"
    )
    tasks.add_argument("--network", action="store_true", help="let tasks use the network")
    tasks.add_argument(
        "--allow-unsandboxed",
        action="store_true",
        help="run commands of these tasks with your own rights where there is no sandbox",
    )
    means = parser.add_argument_group("models, documents, budget")
    means.add_argument(
        "--endpoint",
        action="append",
        default=[],
        metavar="[ROLE=]NAME",
        help="an endpoint for all roles, or for one (proposer, judge, target)",
    )
    means.add_argument("--document", action="append", default=[], type=Path, metavar="FILE")
    means.add_argument("--max-tokens", type=_positive, metavar="N")
    means.add_argument("--max-usd", type=float, metavar="X")
    means.add_argument("--max-hunks", type=_positive, metavar="N", help="places of one proposal")
    means.add_argument(
        "--max-growth", type=_positive, metavar="BYTES", help="one proposal may add so much"
    )
    means.add_argument("--max-runs", type=_positive, metavar="N", help="task runs at most")
    means.add_argument("--max-seconds", type=float, metavar="S", help="of the engine")
    means.add_argument("--workers", type=_positive, default=2, metavar="N", help="tasks at once")
    means.add_argument("--seed", type=int, default=0)
    means.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="[ENGINE.]KEY=VALUE",
        help="a setting of the engine; of one alone where several are compared",
    )
    means.add_argument("--no-cache", action="store_true", help="ask and run everything anew")


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"{number} is less than 1")
    return number


def means_of(args: argparse.Namespace, endpoints_file: Path) -> MeansChoice:
    """Return what was chosen.

    Raises:
        UsageProblem: an endpoint is not known, or a file is not there.
    """
    for option, paths in (("--tasks", [args.tasks]), ("--document", args.document)):
        for path in paths:
            if path is not None and not path.exists():
                raise UsageProblem(f"{option}: {path} does not exist. Check the path.")
    return MeansChoice(
        tasks=args.tasks,
        runner=_runner(args),
        template=_template(args),
        results=args.results,
        documents=tuple(args.document),
        endpoints=_endpoints(args.endpoint, endpoints_file),
        budget=budget_of(args),
        limits=RunLimits(network=args.network),
        workers=args.workers,
        allow_unsandboxed=args.allow_unsandboxed,
        keep=not args.no_cache,
        scheduler=args.scheduler,
    )


def budget_of(args: argparse.Namespace) -> Budget:
    """Return the caps."""
    return Budget(
        wall_s=args.max_seconds,
        evaluations=args.max_runs,
        tokens=args.max_tokens,
        usd=args.max_usd,
        max_proposals=args.max_proposals,
        max_hunks=args.max_hunks,
        max_growth=args.max_growth,
    )


def gate_of(args: argparse.Namespace) -> GateChoice:
    """Return how proposals are gated."""
    return GateChoice(rule=args.rule, runs=args.runs)


def settings_of(args: argparse.Namespace) -> dict[str, object]:
    """Return the engine's settings: values are JSON where they are, else text."""
    found: dict[str, object] = {}
    for given in args.set:
        key, sign, value = given.partition("=")
        if not sign:
            raise UsageProblem(f"--set {given}: write it as KEY=VALUE.")
        try:
            found[key] = json.loads(value)
        except ValueError:
            found[key] = value
    return found


def _runner(args: argparse.Namespace) -> RunnerKind:
    if args.runner is not None:
        chosen: RunnerKind = args.runner
        return chosen
    if args.tasks is None:
        return "none"
    if args.results is not None:
        return "stored"
    if args.agent:
        return "command"
    return "loop" if args.endpoint else "none"


def _template(args: argparse.Namespace) -> CommandTemplate | None:
    if not args.agent:
        return None
    try:
        words = tuple(shlex.split(args.agent))
    except ValueError as problem:
        raise UsageProblem(f"--agent: {problem}. Check the quotes.") from problem
    return CommandTemplate(words, traces=args.agent_traces, network=args.network)


def _endpoints(given: list[str], file: Path) -> dict[str, EndpointProfile]:
    if not given:
        return {}
    try:
        known = {profile.name: profile for profile in read_profiles(file)}
    except EndpointProblem as problem:
        raise UsageProblem(str(problem)) from problem
    found: dict[str, EndpointProfile] = {}
    for one in given:
        role, sign, name = one.partition("=")
        if not sign:
            role, name = ANY_ROLE, one
        if name not in known:
            names = ", ".join(sorted(known)) or "none"
            raise UsageProblem(
                f"--endpoint: there is no endpoint '{name}' in {file} (there are: {names}). Add it "
                "there."
            )
        found[role] = known[name]
    return found
