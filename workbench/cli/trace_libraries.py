"""Options of ``trace skills`` that ask about the skills of libraries."""

from __future__ import annotations

import argparse
from collections.abc import Iterable
from pathlib import Path

from workbench.cli import console
from workbench.files import FileProblem
from workbench.store.paths import UserFolders
from workbench.traces.importer import TraceError
from workbench.traces.open import OpenTrace


def add_library_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    parser.add_argument(
        "--library",
        type=Path,
        action="append",
        metavar="DIR",
        help="count for each skill of this library, with denominators and worklists; may be "
        "given several times",
    )
    parser.add_argument(
        "--by-version",
        action="store_true",
        help="also for each version of a skill, told by the text in the trace and git's history",
    )
    parser.add_argument(
        "--worklists", action="store_true", help="only the skills to look at, and why"
    )
    parser.add_argument(
        "--least-listings",
        type=int,
        default=50,
        metavar="N",
        help="sessions that must offer a skill before it counts as never chosen (50)",
    )
    parser.add_argument(
        "--expected",
        type=Path,
        metavar="FILE",
        help="prompts that should load a skill: JSON list of {query, should_trigger, skill}",
    )


def print_of_libraries(traces: Iterable[OpenTrace], args: argparse.Namespace) -> None:
    """Print what traces say of the skills of ``args.library``.

    Raises:
        UsageProblem: a library, the prompts, the prices or the annotations cannot be read.
    """
    from workbench.cli.annotation_places import open_store
    from workbench.cli.trace_skills import Wanted, print_library
    from workbench.traces.prices import PriceTable

    wanted = Wanted(
        libraries=tuple(args.library),
        form=args.format,
        by_version=args.by_version,
        lists_alone=args.worklists,
        least_listings=args.least_listings,
        expected=args.expected,
    )
    try:
        annotations = tuple(open_store().all())
        prices = PriceTable.load(UserFolders.default().prices_file)
    except (FileProblem, TraceError) as problem:
        raise console.UsageProblem(str(problem)) from problem
    print_library(traces, wanted, annotations, prices)
