"""``trace``: what agents did, from any format that is known."""

from __future__ import annotations

import argparse
import contextlib
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, Final

from workbench.cli import console
from workbench.cli.trace_annotate import ACTIONS, add_annotate_actions, run_annotations
from workbench.cli.trace_compare import add_compare_arguments, compare_groups, compare_paths
from workbench.cli.trace_documents import counted, duration_s, shown, skill_events
from workbench.cli.trace_door import files_at, open_any
from workbench.cli.trace_libraries import add_library_arguments, print_of_libraries
from workbench.cli.trace_outcomes import attached_fields, attached_words, judged
from workbench.cli.trace_redact import add_redact_arguments, redact_paths
from workbench.cli.trace_sessions import (
    add_folder_action,
    add_index_arguments,
    check_paths,
    list_indexed,
    run_folders,
)
from workbench.cli.trace_text import cost_words, number, print_step, print_table
from workbench.domain.trajectory import Trajectory
from workbench.store.paths import UserFolders
from workbench.traces.importer import TraceError
from workbench.traces.open import OpenTrace
from workbench.traces.prices import PriceTable, cost_of
from workbench.traces.resumes import copied_steps, copies_marked
from workbench.traces.titles import title_of

SUMMARY = {
    "trace": "agent traces: list, show, stats, search, skills, compare, convert, redact, annotate"
}

#: What can be answered from an index.
INDEXED: Final = ("list", "search")
_TRACE_ID: Final = "only the trace of this id, where a file holds several"


def add_arguments(command: str, parser: argparse.ArgumentParser) -> None:
    """Add the actions and their arguments."""
    del command
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    for name, summary in (
        ("list", "a table of the traces at the paths"),
        ("show", "every step with its text"),
        ("stats", "figures of each trace"),
        ("skills", "what happened to skills"),
        ("search", "steps that contain a text"),
        ("compare", "runs step by step, or two groups of sessions"),
        ("convert", "write traces in another format"),
        ("redact", "a copy without keys, mail addresses, home paths and private addresses"),
    ):
        action = actions.add_parser(name, help=summary, description=summary)
        if name == "search":
            action.add_argument("query", help="text to look for; case does not matter")
            action.add_argument("--top", type=int, default=200, help="at most so many (200)")
        many = "*" if name in INDEXED else "+"
        action.add_argument("paths", nargs=many, metavar="PATH", help="trace file, or folder")
        if name in INDEXED:
            add_index_arguments(action, listed=name == "list")
        if name in ("show", "convert"):
            action.add_argument("--trace", metavar="ID", help=_TRACE_ID)
        if name == "skills":
            add_library_arguments(action)
        if name == "compare":
            add_compare_arguments(action)
        if name == "redact":
            add_redact_arguments(action)
        if name == "convert":
            action.add_argument("--to", choices=("atif", "html", "jsonl"), required=True)
            action.add_argument("--out", type=Path, help="a file, or a folder for several traces")
        else:
            action.add_argument("--format", choices=("text", "json"), default="text")
    add_annotate_actions(actions)
    add_folder_action(actions)


def run_command(command: str, args: argparse.Namespace) -> int:
    """Run one action; unreadable paths are told on stderr and the rest goes on."""
    del command
    if args.action in ACTIONS:
        return run_annotations(args)
    if args.action == "folders":
        return run_folders(args)
    check_paths(args)
    if args.action == "search":
        _settle_query(args)
    paths = _Paths(args.paths)
    actions: dict[str, Callable[[_Paths, argparse.Namespace], None]] = {
        "list": _list,
        "show": _show,
        "stats": _stats,
        "skills": _skills,
        "search": _search,
        "compare": _compare,
        "convert": _convert,
        "redact": _redact,
    }
    actions[args.action](paths, args)
    if getattr(args, "trace", None) is not None and not paths.matched:
        raise console.UsageProblem(
            f"no trace has the id '{args.trace}'. `skill-workbench trace list --format json` "
            "shows the ids."
        )
    return 2 if paths.problems else 0


class _Paths:
    """The traces at the paths given, and how many could not be read."""

    def __init__(self, given: Sequence[str]) -> None:
        self._given = [Path(path) for path in given]
        self.problems = 0
        self.matched = 0

    def traces(self, wanted: str | None = None) -> Iterator[OpenTrace]:
        """Open one trace after the other; each is closed before the next is given."""
        for path, named in self._files():
            console.progress(f"Reading {path} ...")
            try:
                opened = open_any(path)
            except TraceError as problem:
                self._tell(problem, named=named)
                continue
            finally:
                console.progress("")
            with contextlib.ExitStack() as stack:
                for trace in opened:
                    stack.enter_context(trace)
                for trace in opened:
                    if wanted in (None, trace.trajectory.id):
                        self.matched += 1
                        yield trace

    def _files(self) -> Iterator[tuple[Path, bool]]:
        """Yield each file, and whether it was named itself or found in a folder."""
        for path in self._given:
            if not path.is_dir():
                yield path, True
                continue
            found = files_at(path, lambda text: self._tell(text, named=False))
            if not found:
                self._tell(f"{path} holds no trace of a known format.")
            for file in found:
                yield file, False

    def _tell(self, problem: object, *, named: bool = True) -> None:
        """Tell a problem; sessions without a step are common in folders and fail nothing there."""
        self.problems += named
        print(console.one_line(f"skill-workbench trace: {problem}"), file=sys.stderr)


def _settle_query(args: argparse.Namespace) -> None:
    """Accept the text after the paths, too: it is what is no path."""
    if args.paths and Path(args.query).exists() and not Path(args.paths[-1]).exists():
        args.query, args.paths = args.paths[-1], [args.query, *args.paths[:-1]]
    if not args.query:
        raise console.UsageProblem("the text to search for is empty. Give at least one character.")


def _list(paths: _Paths, args: argparse.Namespace) -> None:
    if args.indexed:
        list_indexed(args)
        return
    attached = attached_fields()
    rows = [_row(trace) | attached(trace.trajectory) for trace in paths.traces()]
    if args.format == "json":
        console.print_json(console.document("trace-list", traces=rows))
        return
    print_table(
        ("format", "agent", "model", "steps", "calls", "errors", "skills", "title", "path"),
        [
            (
                row["format"],
                row["agent"] or "-",
                row["model"] or "-",
                row["steps"],
                row["tool_calls"],
                row["errors"],
                ", ".join(row["skills"]) or "-",
                row["title"][:40] or "-",
                row["path"],
            )
            for row in rows
        ],
    )


def _row(trace: OpenTrace) -> dict[str, Any]:
    trajectory = trace.trajectory
    used = [event["name"] for event in skill_events(trajectory) if event["event"] != "listed"]
    return {
        "path": str(trace.path),
        "id": trajectory.id,
        "format": trajectory.format,
        "format_version": trajectory.format_version,
        "agent": trajectory.agent,
        "model": trajectory.model,
        "title": trajectory.title,
        "started": trajectory.started,
        "steps": len(trajectory.steps),
        "messages": trajectory.messages,
        "tool_calls": trajectory.tool_calls,
        "errors": trajectory.errors,
        "skills": list(dict.fromkeys(used)),
        "subagents": len(trajectory.children),
        "outcome": trajectory.outcome.status,
    }


def _show(paths: _Paths, args: argparse.Namespace) -> None:
    if args.format == "json":
        documents = [shown(trace) for trace in paths.traces(args.trace)]
        if len(documents) == 1:
            console.print_json(console.document("trace", **documents[0]))
        elif documents or not paths.problems:
            console.print_json(console.document("traces", traces=documents))
        return
    for trace in paths.traces(args.trace):
        _print_trace(trace, "")


def _print_trace(trace: OpenTrace, indent: str) -> None:
    trajectory = trace.trajectory
    print(f"{indent}{console.coloured(title_of(trajectory), 'bold')}")
    print(f"{indent}{_headline(trajectory)}")
    for step in trajectory.steps:
        print_step(step, trace.body(step.index), indent)
    loss = trajectory.loss
    if loss.unparsed:
        print(f"{indent}{len(loss.unparsed)} records could not be read (see trace stats).")
    for child in trace.children:
        print(f"{indent}  subagent {child.trajectory.id}")
        _print_trace(child, indent + "    ")


def _headline(trajectory: Trajectory) -> str:
    parts = [trajectory.format, trajectory.format_version, trajectory.agent, trajectory.model]
    return " · ".join(
        [
            *(part for part in parts if part),
            f"{len(trajectory.steps) - copied_steps(trajectory)} steps",
            f"{trajectory.tool_calls} calls",
            f"{trajectory.errors} errors",
        ]
    )


def _stats(paths: _Paths, args: argparse.Namespace) -> None:
    try:
        prices = PriceTable.load(UserFolders.default().prices_file)
    except TraceError as problem:
        raise console.UsageProblem(str(problem)) from problem
    attached = attached_fields()
    if args.format == "json":
        marked = copies_marked([trace.trajectory for trace in paths.traces()])
        rows = [counted(one, prices) | attached(one) for one in marked]
        console.print_json(console.document("trace-stats", traces=rows))
        return
    for trajectory in copies_marked([trace.trajectory for trace in paths.traces()]):
        totals, loss = trajectory.totals, trajectory.loss
        print(console.coloured(trajectory.sources[0].path, "bold"))
        copies = copied_steps(trajectory)
        print(
            f"  {_headline(trajectory)}, {trajectory.messages} messages"
            f"{f'; {copies} steps replayed from another file, not counted' if copies else ''}"
        )
        seconds = duration_s(trajectory)
        print(
            f"  tokens in {number(totals.input)}, out {number(totals.output)}, "
            f"cached {number(totals.cached)}; "
            f"duration {'not recorded' if seconds is None else f'{seconds:.1f} s'}; "
            f"outcome {trajectory.outcome.status}{attached_words(attached(trajectory))}; "
            f"cost {cost_words(cost_of(trajectory, prices))}"
        )
        for event in skill_events(trajectory):
            print(
                f"  skill {event['name']}: {event['event']} ({event['trigger']}) "
                f"at step {event['step']}, {event['confidence']}"
            )
        left = ", ".join(f"{entry.kind} {entry.count}" for entry in loss.ignored)
        print(
            f"  records {loss.lines}: {loss.mapped} shown, {loss.attached} attached, "
            f"{loss.duplicate} repeated, {len(loss.unparsed)} unreadable"
            f"{f'; left out or unknown: {left}' if left else ''}"
        )


def _skills(paths: _Paths, args: argparse.Namespace) -> None:
    from workbench.cli.trace_skills import print_recorded

    if args.library:
        print_of_libraries(paths.traces(), args)
    else:
        print_recorded((trace.trajectory for trace in paths.traces()), args.format)


def _search(paths: _Paths, args: argparse.Namespace) -> None:
    from workbench.cli.trace_search import indexed_matches, matches

    if args.indexed:
        found, cut = indexed_matches(args)
        _print_matches(args, found, cut=cut)
        return
    results: list[dict[str, Any]] = []
    cut = False
    for trace in paths.traces():
        for match in matches(trace, args.query):
            if len(results) >= args.top:
                cut = True
                break
            results.append(match)
        if cut:
            break
    _print_matches(args, results, cut=cut)


def _print_matches(
    args: argparse.Namespace, results: Sequence[dict[str, Any]], *, cut: bool
) -> None:
    if args.format == "json":
        console.print_json(
            console.document("trace-search", query=args.query, results=list(results), cut=cut)
        )
        return
    for match in results:
        step = "?" if match["step"] is None else match["step"]
        place = console.coloured(f"{match['path']} step {step}", "blue")
        print(f"{place} {match['where']}: {console.for_terminal(match['excerpt'])}")
    print(f"{len(results)} matches{' (more were left out: --top)' if cut else ''}")


def _convert(paths: _Paths, args: argparse.Namespace) -> None:
    from workbench.cli.trace_convert import write_atif, write_html, write_jsonl

    write = {"atif": write_atif, "html": write_html, "jsonl": write_jsonl}[args.to]
    paths.problems += write(paths.traces(args.trace), args.out)


def _compare(paths: _Paths, args: argparse.Namespace) -> None:
    if args.by_skill or args.at:
        compare_groups(judged(copies_marked([trace.trajectory for trace in paths.traces()])), args)
    else:
        compare_paths(args)


def _redact(paths: _Paths, args: argparse.Namespace) -> None:
    paths.problems += redact_paths(args)
