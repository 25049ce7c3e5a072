"""Label sets for ``evolve``: read, and found in the traces the engine gets."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from workbench.cli.console import UsageProblem
from workbench.evolution.run import GivenLabel
from workbench.files import FileProblem
from workbench.traces.open import OpenTrace
from workbench.usage.engine_labels import labels_for_engine
from workbench.usage.label_sets import LabelRecord, as_annotation, read_label_set


def read_labels(path: Path) -> tuple[LabelRecord, ...]:
    """Read a label set.

    Raises:
        UsageProblem: it is not there, or no label set.
    """
    try:
        return read_label_set(path)
    except FileProblem as problem:
        raise UsageProblem(f"--labels: {problem}") from problem


def traces_of(records: Iterable[LabelRecord]) -> list[str]:
    """Return the files the labels are about, each once, that are still there."""
    paths = dict.fromkeys(record.trace for record in records)
    return [path for path in paths if Path(path).is_file()]


def given_labels(
    records: Sequence[LabelRecord], traces: Sequence[OpenTrace], tell: Callable[[str], None]
) -> tuple[GivenLabel, ...]:
    """Find the labels in the traces; those whose step is gone or says something else are told."""
    # A set may come from elsewhere, and name an id twice: the last record of it counts.
    said = {record.id: as_annotation(record) for record in records}
    found = [
        GivenLabel(str(trace.path), trace.trajectory.id, label)
        for trace, label in labels_for_engine(said.values(), traces)
    ]
    left = len(said) - len(found)
    if left:
        tell(
            f"{left} of {len(said)} labels are not used: their trace is not given, or their step "
            "is gone or says something else."
        )
    return tuple(found)
