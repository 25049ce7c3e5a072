"""``trace list --index``, ``trace search --index`` and ``trace folders``: the index of sessions."""

from __future__ import annotations

import argparse
import contextlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final, get_args

import msgspec

from workbench.cli import console
from workbench.cli.trace_door import trace_door
from workbench.cli.trace_outcomes import attached_field, attached_outcomes
from workbench.cli.trace_text import print_table
from workbench.files import FileProblem
from workbench.store.paths import UserFolders
from workbench.store.trace_folders import TraceFolders
from workbench.traces.importer import TraceError
from workbench.traces.index.facets import facet_groups
from workbench.traces.index.query import Order, Query, TraceRow, count, query
from workbench.traces.index.trace_index import TraceIndex
from workbench.traces.places import client_places
from workbench.traces.prices import PriceTable
from workbench.usage.indexed_outcomes import judged_query
from workbench.usage.outcomes import AttachedOutcome, AttachedOutcomes

_INDEX: Final = (
    "keep an index of the paths, brought up to date first; without a path, of the watched folders"
)
#: Option and field of the query that several values may be given for.
_SEVERAL: Final = (
    ("--agent", "agents"),
    ("--model", "models"),
    ("--of-format", "formats"),
    ("--outcome", "outcomes"),
    ("--skill", "skills"),
)
_LIMITS: Final = (
    ("--min-steps", "min_steps", int),
    ("--max-steps", "max_steps", int),
    ("--min-cost", "min_cost", float),
    ("--max-cost", "max_cost", float),
)


def add_index_arguments(action: argparse.ArgumentParser, *, listed: bool) -> None:
    """Add ``--index`` and what sessions can be chosen by; an order for a list."""
    action.add_argument("--index", "--indexed", dest="indexed", action="store_true", help=_INDEX)
    group = action.add_argument_group("with --index, only sessions that have")
    for option, field in _SEVERAL:
        group.add_argument(
            option, dest=field, action="append", default=[], metavar="VALUE", help="one of these"
        )
    group.add_argument("--errors", dest="errors", action=argparse.BooleanOptionalAction)
    for option, field, kind in _LIMITS:
        group.add_argument(option, dest=field, type=kind, metavar="N")
    group.add_argument("--since", default="", metavar="DAY", help="begun on this day or later")
    group.add_argument("--until", default="", metavar="DAY", help="begun before this day")
    group.add_argument("--named", default="", metavar="WORDS", help="in title, path, agent, model")
    if listed:
        orders = sorted(get_args(Order))
        group.add_argument("--sort", choices=orders, default="started", help="downwards")
        group.add_argument("--limit", type=int, default=500, metavar="N", help="at most (500)")


def check_paths(args: argparse.Namespace) -> None:
    """See that there is something to read.

    Raises:
        UsageProblem: neither a path nor ``--index`` is given.
    """
    if not args.paths and not getattr(args, "indexed", False):
        raise console.UsageProblem(
            "no path is given. Name a trace file or a folder, or give --index to use the watched "
            "folders (`skill-workbench trace folders`)."
        )


def wanted_of(args: argparse.Namespace) -> Query:
    """Return the question the options ask."""
    fields: dict[str, Any] = {field: tuple(getattr(args, field)) for _, field in _SEVERAL}
    for name in (*(field for _, field, _ in _LIMITS), "errors", "since", "until", "named"):
        fields[name] = getattr(args, name)
    return Query(**fields)


@contextlib.contextmanager
def indexed(paths: Sequence[str]) -> Iterator[tuple[TraceIndex, tuple[str, ...], PriceTable]]:
    """Give an index that is up to date, the paths to look at in it, and its prices.

    Paths have an index of their own; without one it is that of the watched folders, the same the
    window uses.

    Raises:
        UsageProblem: nothing is watched, or the index cannot be kept.
    """
    folders = UserFolders.default()
    given = [Path(path).absolute() for path in paths]
    try:
        watched = () if given else TraceFolders(folders.trace_folders).read()
        if not given and not watched:
            raise console.UsageProblem(
                "no folder is watched. Give a path, or `skill-workbench trace folders --add DIR`."
            )
        prices = PriceTable.load(folders.prices_file)
        file = folders.cache / "trace-search.db" if given else folders.trace_index
        with trace_door() as door, TraceIndex(file, prices, foreign=door) as index:
            for path in given:
                if path.is_dir():
                    index.watch(path)
                else:
                    index.refresh(path)
            if watched:
                index.follow(watched)
            index.sync(progress=lambda done: console.progress(f"Indexing … {done:.0%}"))
            console.progress("")
            yield index, tuple(str(path) for path in given), prices
    except (TraceError, FileProblem) as problem:
        raise console.UsageProblem(str(problem)) from problem


def list_indexed(args: argparse.Namespace) -> None:
    """Print the sessions that are asked for, with what all of them are made of."""
    with indexed(args.paths) as (index, folders, prices):
        attached = attached_outcomes()
        asked = msgspec.structs.replace(
            wanted_of(args), folders=folders, order=args.sort, limit=args.limit
        )
        wanted = judged_query(index, asked, attached)
        rows, total = query(index, wanted), count(index, wanted)
        if args.format == "json":
            groups = {
                group.dimension: [{"value": one.value, "count": one.count} for one in group.choices]
                for group in facet_groups(index, wanted)
            }
            told = [_row(row, prices.as_of, attached) for row in rows]
            console.print_json(
                console.document("trace-sessions", total=total, sessions=told, facets=groups)
            )
            return
    print_table(
        ("started", "agent", "model", "outcome", "steps", "errors", "cost", "skills", "title"),
        [
            (
                (row.started or "-")[:16],
                row.agent or "-",
                row.model or "-",
                _outcome_words(row, attached),
                row.steps,
                row.errors,
                _cost_words(row),
                ", ".join(row.skills) or "-",
                row.title[:60] or row.path,
            )
            for row in rows
        ],
    )
    left = f" of {total}" if total != len(rows) else ""
    print(f"{len(rows)}{left} sessions; ~ is an estimate by prices of {prices.as_of}")


def add_folder_action(actions: Any) -> None:
    """Add ``trace folders``."""
    summary = "the folders whose sessions are watched, and where agents keep theirs"
    action = actions.add_parser("folders", help=summary, description=summary)
    action.add_argument("--add", metavar="DIR", type=Path, action="append", default=[])
    action.add_argument("--remove", metavar="DIR", type=Path, action="append", default=[])
    action.add_argument("--format", choices=("text", "json"), default="text")


def run_folders(args: argparse.Namespace) -> int:
    """Change the list of watched folders and print it."""
    kept = TraceFolders(UserFolders.default().trace_folders)
    try:
        for folder in args.add:
            if not folder.expanduser().is_dir():
                raise console.UsageProblem(f"{folder} is no folder. Give one that holds sessions.")
            kept.add(folder)
        for folder in args.remove:
            if folder.expanduser().absolute() not in kept.read():
                raise console.UsageProblem(f"{folder} is not watched.")
            kept.remove(folder)
        watched = kept.read()
    except FileProblem as problem:
        raise console.UsageProblem(str(problem)) from problem
    found = [one for one in client_places() if one.folder not in watched]
    if args.format == "json":
        console.print_json(
            console.document(
                "trace-folders",
                watched=[{"path": str(one), "missing": not one.is_dir()} for one in watched],
                found=[{"client": one.client, "path": str(one.folder)} for one in found],
            )
        )
        return 0
    for folder in watched:
        print(f"{folder}{'' if folder.is_dir() else '  (not there)'}")
    if not watched:
        print("No folder is watched.")
    for one in found:
        print(f"  {one.client} keeps sessions in {one.folder}; watch them with --add")
    return 0


def _outcome_words(row: TraceRow, attached: AttachedOutcomes) -> str:
    """Return the outcome that counts, short enough for a column of a narrow terminal."""
    found = _attached_to(row, attached)
    return row.outcome if found is None else f"{found.status}, by you"


def _attached_to(row: TraceRow, attached: AttachedOutcomes) -> AttachedOutcome | None:
    return attached.of(row.trajectory, row.session, row.path)


def _row(row: TraceRow, as_of: str, attached: AttachedOutcomes) -> dict[str, Any]:
    reported = row.cost_usd is not None
    usd = row.cost_usd if reported else row.estimate_usd
    source = "reported" if reported else "estimated" if usd is not None else "unknown"
    told = msgspec.structs.asdict(row)
    for name in ("cost_usd", "estimate_usd", "trajectory", "input", "output", "cached"):
        del told[name]
    return told | {
        "id": row.trajectory,
        **attached_field(_attached_to(row, attached)),
        "tokens": {"input": row.input, "output": row.output, "cached": row.cached},
        "cost": {"usd": usd, "source": source, "as_of": as_of if source == "estimated" else ""},
    }


def _cost_words(row: TraceRow) -> str:
    if row.cost_usd is not None:
        return f"${row.cost_usd:.2f}"
    return f"~${row.estimate_usd:.2f}" if row.estimate_usd is not None else "-"
