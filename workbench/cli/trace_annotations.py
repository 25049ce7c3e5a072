"""``trace annotations``: list, export, import, delete, restore."""

from __future__ import annotations

import argparse
import contextlib
from collections.abc import Iterator, Sequence
from typing import Final

import msgspec

from workbench.cli import console
from workbench.cli.annotation_places import family, now, opened, row, tell, words
from workbench.cli.trace_door import open_any
from workbench.cli.trace_text import print_table
from workbench.store.annotations import AnnotationStore
from workbench.usage.annotated import Placed, about, anchor_of
from workbench.usage.annotated_files import placed_in_files
from workbench.usage.label_sets import (
    SCHEMA,
    LabelFilter,
    as_annotation,
    is_label_set,
    label_set,
    lines_of,
    read_label_set,
    write_label_set,
)
from workbench.usage.outcome_files import match_outcomes, read_outcomes
from workbench.usage.outcomes import AttachedOutcomes, outcome_of

_STATES: Final = {"found": "", "changed": "changed", "broken": "broken"}


def list_annotations(store: AnnotationStore, args: argparse.Namespace) -> int:
    """Print every annotation with its place."""
    rows = [one for group in _placed(store, args) for one in group]
    if args.format == "json":
        console.print_json(
            console.document(
                "trace-annotations",
                annotations=[row(one) for one in rows],
                labels=[{"label": label, "count": count} for label, count in store.labels()],
            )
        )
        return 0
    print_table(
        ("id", "state", "said", "severity", "place", "note"),
        [
            (
                one.annotation.id[:8],
                _STATES[one.state] or "-",
                words(one.annotation),
                one.annotation.severity or "-",
                _place(one),
                " ".join(one.annotation.note.split())[:48] or "-",
            )
            for one in rows
        ],
    )
    for one in rows:
        if one.reason:
            print(console.one_line(f"{one.annotation.id[:8]}: {one.reason}"))
    return 0


def _place(one: Placed) -> str:
    step = one.step if one.step is not None else one.annotation.anchor.step
    return one.annotation.anchor.path + ("" if step is None else f" step {step}")


def export_annotations(store: AnnotationStore, args: argparse.Namespace) -> int:
    """Write or print a label set."""
    texts: dict[str, str] | None = {} if args.text else None
    rows = [one for group in _placed(store, args, texts) for one in group]
    records = label_set(rows, texts)
    if args.out is not None:
        write_label_set(args.out, records)
    broken = len(rows) - len(records)
    if broken:
        tell(f"{broken} broken annotations were left out; 'trace annotations list' shows them.")
    if args.format == "json":
        console.print_json(
            console.document(
                "trace-labels",
                record_schema=SCHEMA,
                records=[msgspec.to_builtins(one) for one in records],
                left_out=broken,
            )
        )
    elif args.out is not None:
        print(f"{len(records)} annotations written to {args.out}")
    else:
        console.print_utf8(lines_of(records).decode())
    return 0


def _placed(
    store: AnnotationStore, args: argparse.Namespace, texts: dict[str, str] | None = None
) -> Iterator[tuple[Placed, ...]]:
    wanted = LabelFilter(
        label=args.label or "",
        verdict=args.verdict or "",
        severity=args.severity or "",
        skill=args.skill or "",
        text=args.find or "",
    )
    said = [one for one in store.all() if wanted.passes(one)]
    with contextlib.ExitStack() as stack:
        traces = opened(args.paths, stack)
        if args.paths:
            named = {
                one.id
                for trace in traces
                for part in family(trace)
                for one in about(said, part, trace.path)
            }
            said = [one for one in said if one.id in named]
        yield from placed_in_files(
            said,
            traces,
            texts=texts,
            opening=open_any,
            told=lambda path: console.progress(f"Reading {path} ..."),
        )
        console.progress("")


def import_annotations(store: AnnotationStore, args: argparse.Namespace) -> int:
    """Take a label set or outcomes in; 1 when rows had to be left out."""
    if is_label_set(args.file):
        fresh = store.take_in(as_annotation(record) for record in read_label_set(args.file))
        return _imported(args, len(fresh), ())
    rows = read_outcomes(args.file)
    if not args.paths:
        raise console.UsageProblem("outcomes are about traces: give their files or folders, too.")
    with contextlib.ExitStack() as stack:
        traces = {id(trace.trajectory): trace for trace in opened(args.paths, stack)}
        known = [trace.trajectory for trace in traces.values()]
        matched, problems = match_outcomes(rows, known, args.file.absolute().parent)
        for one in matched:
            said = AttachedOutcomes(store.all())
            before = outcome_of(one.trajectory, said).attached
            store.attach(
                anchor_of(traces[id(one.trajectory)]),
                now(),
                before.annotation if before is not None else "",
                outcome=one.row.status,
                score=one.row.score,
                note=one.row.note,
            )
    return _imported(args, len(matched), problems)


def _imported(args: argparse.Namespace, count: int, problems: Sequence[str]) -> int:
    for problem in problems:
        tell(problem)
    if args.format == "json":
        fields = {"file": str(args.file), "imported": count, "left_out": list(problems)}
        console.print_json(console.document("trace-annotations-import", **fields))
    else:
        print(f"{count} taken in{f', {len(problems)} left out' if problems else ''}")
    return 1 if problems else 0


def delete_annotations(store: AnnotationStore, args: argparse.Namespace) -> int:
    """Take annotations back, or undo that."""
    for given in args.ids:
        if args.part == "delete":
            store.delete(_full_id(store, given), now())
        else:
            store.restore(given, now())
    if args.format == "json":
        rows = [row(Placed(one, "found")) for one in store.all() if one.id in args.ids]
        console.print_json(console.document("trace-annotations", annotations=rows, labels=[]))
    else:
        word = "deleted; 'restore' with the full id brings them back" * (args.part == "delete")
        print(f"{len(args.ids)} {word or 'restored'}")
    return 0


def _full_id(store: AnnotationStore, given: str) -> str:
    found = [one.id for one in store.all() if one.id.startswith(given)]
    return found[0] if len(found) == 1 else given
