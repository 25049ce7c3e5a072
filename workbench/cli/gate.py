"""``evaluate`` and ``gate``: what changes did to tasks."""

from __future__ import annotations

import argparse
import math
from pathlib import Path

import msgspec

from workbench.cli.console import UsageProblem, coloured, document, one_line, print_json
from workbench.domain.task import GateResult, PairedRow, PairedTable
from workbench.evaluation.gates import DEFAULT_RULE, RULES, Limits, gate
from workbench.evaluation.promise import Promise, Trial, promise_of
from workbench.evaluation.statistics import flake_rate, flips, mean, paired
from workbench.evaluation.tables import TableProblem, read_table

SUMMARY = {
    "evaluate": "paired tables from result files",
    "gate": "a gate rule over a paired table, with p and flake rate",
}
_COLOUR = {"supported": "green", "promising": "blue", "rejected": "red", "not_evaluated": "dim"}


def add_arguments(command: str, parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of both commands."""
    parser.add_argument("--format", choices=["text", "json"], default="text")
    if command == "evaluate":
        parser.add_argument("results", type=Path, nargs="+", metavar="RESULTS")
        return
    parser.add_argument("file", type=Path, metavar="FILE", help="CSV or JSON: task, before, after")
    parser.add_argument("--rule", choices=RULES, default=DEFAULT_RULE)
    parser.add_argument("--factor", type=float, help="weight of a regression (rule weighted)")


def run_command(command: str, arguments: argparse.Namespace) -> int:
    """Run one of the two commands; ``gate`` exits with 1 where the rule rejects."""
    try:
        if command == "evaluate":
            return _evaluate(arguments)
        return _gate(arguments)
    except TableProblem as problem:
        raise UsageProblem(str(problem)) from problem


def _gate(arguments: argparse.Namespace) -> int:
    factor = arguments.factor
    if factor is not None and not 0 <= factor < math.inf:
        raise UsageProblem(f"--factor is {factor}; a weight is a number of 0 or more.")
    limits = Limits() if factor is None else Limits(factor=factor)
    table = read_table(arguments.file)
    result = gate(table, arguments.rule, limits)
    # The chances are those of the rule with its own figures.
    promised = promise_of(table, arguments.rule) if limits == Limits() else None
    if arguments.format == "json":
        told = None if promised is None else {"trial": promised[0], **_chances(promised[1])}
        print_json(document("gate", **msgspec.structs.asdict(result), promise=told))
    else:
        _print_gate(result)
        if promised is not None:
            print(_promise_words(*promised, assumed=result.flake_rate is None))
    return 1 if result.level == "rejected" else 0


def _print_gate(result: GateResult) -> None:
    print(
        coloured(result.level.replace("_", " "), _COLOUR[result.level]) + f"  (rule {result.rule})"
    )
    p = "-" if result.p_one_sided is None else f"{result.p_one_sided:.3f}"
    flake = "unknown (one run a side)" if result.flake_rate is None else f"{result.flake_rate:.0%}"
    print(f"  {result.repairs} repairs, {result.regressions} regressions of {result.n} tasks")
    print(f"  one-sided exact p {p}, flake rate {flake}")
    for reason in result.reasons:
        print(f"  {reason}")


def _chances(chances: Promise) -> dict[str, object]:
    return msgspec.structs.asdict(chances)


def _promise_words(trial: Trial, chances: Promise, *, assumed: bool) -> str:
    runs = f" x {trial.runs} runs" if trial.runs > 1 else ""
    return (
        f"  at {trial.tasks} tasks{runs}, {trial.flake:.0%} of runs flaky"
        f"{' (assumed)' if assumed else ''}: an edit that does "
        f"nothing is accepted in {chances.false_accept:.0%} of cases, one that mends "
        f"{trial.repaired:.0%} of the failures in {chances.power:.0%}"
    )


def _evaluate(arguments: argparse.Namespace) -> int:
    tables = [(path, read_table(path)) for path in arguments.results]
    if arguments.format == "json":
        print_json(
            document(
                "evaluate",
                tables=[{"path": str(path), **_summary(table)} for path, table in tables],
            )
        )
        return 0
    for path, table in tables:
        print(path)
        for row in table.rows:
            print(one_line(_row(row)))
    return 0


def _row(row: PairedRow) -> str:
    before, after = mean(row.before), mean(row.after)
    sign = " "
    if row.before and row.after:
        sign = "+" if after > before else "-" if after < before else " "
    told = [f"{mean(runs):.2f}" if runs else "no run" for runs in (row.before, row.after)]
    return f"  {sign} {row.task}  {' -> '.join(told)}"


def _summary(table: PairedTable) -> dict[str, object]:
    """Return the figures; all but the rows are of tasks with a run on both sides."""
    rows = paired(table.rows)
    counted = flips(rows)
    return {
        "rows": table.rows,
        "paired": len(rows),
        "infra": table.infra,
        "mean_before": mean(mean(row.before) for row in rows) if rows else None,
        "mean_after": mean(mean(row.after) for row in rows) if rows else None,
        "repairs": counted.repairs,
        "regressions": counted.regressions,
        "flake_rate": flake_rate(rows),
    }
