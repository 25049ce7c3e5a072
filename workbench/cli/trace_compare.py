"""``trace compare``: runs step by step, or two groups of sessions."""

from __future__ import annotations

import argparse
import contextlib
import sys
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Final

import msgspec

from workbench.cli import console
from workbench.cli.trace_door import open_any
from workbench.cli.trace_text import number
from workbench.domain.trajectory import Trajectory
from workbench.files import ChangedOutside, FileProblem, write_atomic
from workbench.store.paths import UserFolders
from workbench.traces.compare.document import Report, as_html, as_markdown
from workbench.traces.compare.report import comparison_document, comparison_report, step_summary
from workbench.traces.compare.runs import Comparison, Row, RunFacts, compare
from workbench.traces.compare.texts import row_diffs, with_texts
from workbench.traces.importer import TraceError
from workbench.traces.open import OpenTrace
from workbench.traces.prices import PriceTable, dollar_words
from workbench.traces.times import duration_words
from workbench.usage.cohort_report import cohort_report
from workbench.usage.cohort_words import (
    MEASURES,
    difference_text,
    paired_text,
    share_text,
    spread_text,
)
from workbench.usage.cohorts import Cohort, CohortComparison, by_skill, by_time

#: Unchanged rows shown before and after a difference.
_AROUND: Final = 1
_WIDTH: Final = 56
_SIGNS: Final = {"same": " ", "changed": "~", "some": "±", "one": "±"}


def add_compare_arguments(action: argparse.ArgumentParser) -> None:
    """Add what compare alone takes."""
    action.add_argument("--all", action="store_true", help="every row, equal ones as well")
    action.add_argument("--diff", action="store_true", help="show what changed in each text")
    action.add_argument(
        "--report",
        type=Path,
        metavar="FILE",
        help="write a report there as well: .md, else as a web page that loads nothing",
    )
    groups = action.add_mutually_exclusive_group()
    groups.add_argument(
        "--by-skill", metavar="NAME", help="compare sessions that loaded a skill with the others"
    )
    groups.add_argument(
        "--at",
        metavar="TIME",
        help="compare sessions from before a time (ISO 8601) with later ones",
    )


def compare_groups(sessions: Sequence[Trajectory], args: argparse.Namespace) -> None:
    """Print two groups of sessions side by side.

    Raises:
        UsageProblem: there are no sessions, or the time cannot be read.
    """
    if not sessions:
        raise console.UsageProblem("there are no traces to compare. Give files or folders.")
    prices = PriceTable.load(UserFolders.default().prices_file)
    found = (
        by_skill(sessions, args.by_skill, prices=prices)
        if args.by_skill
        else by_time(sessions, _time(args.at), prices=prices)
    )
    if args.report:
        _write(cohort_report(found), args.report)
    if args.format == "json":
        console.print_json(console.document("trace-cohorts", **msgspec.to_builtins(found)))
    else:
        _print_groups(found)


def compare_paths(args: argparse.Namespace) -> None:
    """Print two or more runs side by side.

    A path may name one trace of several as ``FILE#ID``; a single file must hold several.

    Raises:
        UsageProblem: a path cannot be read, or there are fewer than two runs.
    """
    with contextlib.ExitStack() as stack:
        traces = _chosen(args.paths, stack)
        if len(traces) < 2:
            raise console.UsageProblem(
                "a comparison takes two traces. Give two files, a file that holds several, or "
                "groups with --by-skill or --at."
            )
        try:
            prices = PriceTable.load(UserFolders.default().prices_file)
            made = compare([trace.trajectory for trace in traces], prices)
            made = with_texts(made, traces)
            if args.report:
                _write(comparison_report(made, traces), args.report)
            if args.format == "json":
                console.print_json(
                    console.document("trace-compare", **comparison_document(made, traces))
                )
            else:
                _print_runs(made)
                _print_rows(made, traces, every=args.all, diffs=args.diff)
        except TraceError as problem:
            raise console.UsageProblem(str(problem)) from problem


def _write(report: Report, path: Path) -> None:
    """Write a report; a file that is there is not overwritten.

    Raises:
        UsageProblem: it is there, or cannot be written.
    """
    text = as_markdown(report) if path.suffix in (".md", ".markdown") else as_html(report)
    try:
        write_atomic(path, text.encode("utf-8", "replace"), expected=None)
    except ChangedOutside as problem:
        raise console.UsageProblem(
            f"{path} exists and is not overwritten. Give another --report."
        ) from problem
    except FileProblem as problem:
        raise console.UsageProblem(str(problem)) from problem
    print(f"The report is in {path}.", file=sys.stderr)


def _time(text: str) -> datetime:
    try:
        return datetime.fromisoformat(text)
    except ValueError as problem:
        raise console.UsageProblem(
            f"'{text}' is no time. Give it as 2026-11-21 or 2026-11-21T09:30:00Z."
        ) from problem


def _chosen(paths: Sequence[str], stack: contextlib.ExitStack) -> list[OpenTrace]:
    found: list[OpenTrace] = []
    for given in paths:
        path, identity = _parted(given)
        if path.is_dir():
            raise console.UsageProblem(
                f"{path} is a folder. Give files to compare runs, or --by-skill or --at for groups."
            )
        try:
            traces = open_any(path)
        except TraceError as problem:
            raise console.UsageProblem(str(problem)) from problem
        for trace in traces:
            stack.enter_context(trace)
        if identity:
            chosen = [trace for trace in traces if trace.trajectory.id == identity]
            if not chosen:
                raise console.UsageProblem(
                    f"{path} has no trace '{identity}'. `skill-workbench trace list {path} "
                    "--format json` shows the ids."
                )
            found += chosen[:1]
        elif len(paths) == 1:
            found += traces
        else:
            found.append(traces[0])
    return found


def _parted(given: str) -> tuple[Path, str]:
    if "#" in given and not Path(given).exists():
        path, _, identity = given.rpartition("#")
        return Path(path), identity
    return Path(given), ""


def _print_runs(made: Comparison) -> None:
    for letter, run in zip(_letters(made), made.runs, strict=True):
        cost = "not recorded"
        if run.cost is not None and run.cost.usd is not None:
            about = "about " if run.cost.source == "estimated" else ""
            cost = f"{about}{dollar_words(run.cost.usd)}"
        seconds = "not recorded" if run.duration_s is None else duration_words(run.duration_s)
        print(console.coloured(f"{letter}  {run.title or run.id}  {run.path}", "bold"))
        print(
            f"   {run.steps} steps, {run.tool_calls} calls, {run.errors} errors; tokens in "
            f"{number(run.totals.input)}, out {number(run.totals.output)}; cost {cost}; "
            f"duration {seconds}; outcome {run.outcome.status}"
        )
        print(f"   skills {', '.join(run.skills) or 'none'}{_missed(run)}")
    counts = made.counts
    alone = ", ".join(
        f"{count} only in {letter}"
        for letter, count in zip(_letters(made), counts.alone, strict=True)
    )
    some = f"{counts.some} in some, " if len(made.runs) > 2 else ""
    print(f"rows: {counts.same} the same, {counts.changed} changed, {some}{alone}")
    if not made.same_prompt:
        print("The runs were not given the same first prompt.")
    if made.capped:
        print("Stretches of more than 5,000 steps were matched by what occurs once alone.")
    if made.first_divergence is not None:
        print(f"First divergence: {_place(made, made.rows[made.first_divergence])}")
    elif made.first_difference is not None:
        print(
            f"They differ in what they read alone: {_place(made, made.rows[made.first_difference])}"
        )
    else:
        print("No step differs in what was done.")


def _missed(run: RunFacts) -> str:
    return f"; failed to load {', '.join(run.missed)}" if run.missed else ""


def _letters(made: Comparison) -> list[str]:
    return [chr(65 + at) if at < 26 else f"R{at + 1}" for at in range(len(made.runs))]


def _place(made: Comparison, row: Row) -> str:
    return ", ".join(
        f"{letter} has no such step" if cell is None else f"{letter} step {cell}"
        for letter, cell in zip(_letters(made), row.cells, strict=True)
    )


def _print_rows(made: Comparison, traces: Sequence[OpenTrace], *, every: bool, diffs: bool) -> None:
    differing = [at for at, row in enumerate(made.rows) if row.state != "same"]
    near = {at + by for at in differing for by in range(-_AROUND, _AROUND + 1)}
    folded = {} if every else dict(made.folds)
    skipped = at = 0
    while at < len(made.rows):
        end = folded.get(at)
        if end is not None:
            _print_skipped(skipped)
            reads = made.rows[at:end]
            odd = sum(row.state != "same" for row in reads)
            print(f"  ≡ {len(reads)} rows that only read{f', {odd} differ' if odd else ''}")
            skipped, at = 0, end
            continue
        row = made.rows[at]
        at += 1
        if not every and at - 1 not in near:
            skipped += 1
            continue
        _print_skipped(skipped)
        skipped = 0
        cells = [
            _cell(
                "" if place is None else f"[{place}] {step_summary(trace.trajectory.steps[place])}"
            )
            for trace, place in zip(traces, row.cells, strict=True)
        ]
        changes = f"  ({', '.join(row.changes)})" if row.changes else ""
        print(f"  {_SIGNS[row.state]} {' │ '.join(cells).rstrip()}{changes}")
        if diffs and row.state == "changed":
            for diff in row_diffs(row, traces):
                print(f"      {diff.what}:")
                for line in diff.lines or ("(too long to be shown)",):
                    print(f"        {console.for_terminal(line)}")
    _print_skipped(skipped)


def _summary(trace: OpenTrace, place: int) -> str:
    return step_summary(trace.trajectory.steps[place])


def _print_skipped(count: int) -> None:
    if count:
        print(f"    … {count} equal rows")


def _cell(text: str) -> str:
    plain = console.for_terminal(" ".join(text.split()))
    return (plain if len(plain) <= _WIDTH else plain[: _WIDTH - 1] + "…").ljust(_WIDTH)


def _print_groups(found: CohortComparison) -> None:
    for group in (found.first, found.second):
        _print_group(group)
    print(console.coloured("differences, first minus second", "bold"))
    for measure in found.measures:
        print(f"  {MEASURES[measure.name]}: {difference_text(measure)}")
    if found.tasks is not None:
        print(console.coloured(f"the same task in both: {len(found.tasks.tasks)} tasks", "bold"))
        for paired in found.tasks.measures:
            print(f"  {MEASURES[paired.name]}: {paired_text(paired)}")
    for what in (*(one.words for one in found.confounders), *found.warnings):
        print(f"! {what}")
    print(found.caution)


def _print_group(group: Cohort) -> None:
    print(console.coloured(f"{group.name}: {group.sessions} sessions", "bold"))
    print(
        f"  passed {share_text(group.passed)}; {group.unknown} without a known outcome, "
        f"{group.infra} broken runs"
    )
    print(
        f"  with errors {share_text(group.with_errors)}; {group.errors} of {group.calls} calls "
        "failed"
    )
    for name in ("steps", "output_tokens", "cost_usd", "duration_s"):
        print(f"  {MEASURES[name]}: {spread_text(getattr(group, name), name)}")
