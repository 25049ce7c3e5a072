"""Label sets and outcomes as files: written and taken in beside the window. No Qt."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from workbench.domain.annotation import Annotation
from workbench.domain.text import counted
from workbench.store.annotations import AnnotationStore
from workbench.traces.open import OpenTrace
from workbench.usage.annotated import anchor_of
from workbench.usage.annotated_files import Opening, placed_in_files
from workbench.usage.label_sets import (
    as_annotation,
    is_label_set,
    label_set,
    read_label_set,
    write_label_set,
)
from workbench.usage.outcome_files import match_outcomes, read_outcomes
from workbench.usage.outcomes import AttachedOutcomes, outcome_of


def export_set(
    annotations: Sequence[Annotation], traces: Sequence[OpenTrace], path: Path, opening: Opening
) -> str:
    """Write a label set; return what is told of it.

    Raises:
        FileProblem: it cannot be written.
    """
    texts: dict[str, str] = {}
    groups = placed_in_files(annotations, traces, texts=texts, opening=opening)
    found = [one for group in groups for one in group]
    records = label_set(found, texts)
    write_label_set(path, records)
    left = len(found) - len(records)
    rest = f" {left} broken ones were left out." if left else ""
    return f"{len(records)} annotations are in {path}.{rest}"


def import_file(store: AnnotationStore, path: Path, traces: Sequence[OpenTrace]) -> str:
    """Take a label set in, or outcomes of the open traces; return what is told of it.

    Raises:
        FileProblem: the file cannot be read, or is neither.
    """
    if is_label_set(path):
        fresh = store.take_in(as_annotation(record) for record in read_label_set(path))
        return f"{counted(len(fresh), 'annotation')} of {path} imported."
    rows = read_outcomes(path)
    known = {id(trace.trajectory): trace for trace in traces}
    matched, problems = match_outcomes(
        rows, [trace.trajectory for trace in traces], path.absolute().parent
    )
    for one in matched:
        before = outcome_of(one.trajectory, AttachedOutcomes(store.all())).attached
        store.attach(
            anchor_of(known[id(one.trajectory)]),
            datetime.now(UTC).isoformat(timespec="milliseconds"),
            before.annotation if before is not None else "",
            outcome=one.row.status,
            score=one.row.score,
            note=one.row.note,
        )
    left = f" {len(problems)} rows were left out: {problems[0]}" if problems else ""
    return f"{len(matched)} outcomes of {path} were attached to the open traces.{left}"
