"""Label sets for ``evolve``: read, and found in the traces the engine gets."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from workbench.cli.console import UsageProblem
from workbench.domain.annotation import Annotation
from workbench.domain.job import TraceLabel
from workbench.evolution.run import GivenLabel
from workbench.files import FileProblem
from workbench.traces.open import OpenTrace
from workbench.usage.annotated_files import located
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
    found: list[GivenLabel] = []
    for trace, one in located(said.values(), traces):
        if one.state == "found":
            label = _label(one.annotation, one.step)
            found.append(GivenLabel(str(trace.path), trace.trajectory.id, label))
    left = len(said) - len(found)
    if left:
        tell(
            f"{left} of {len(said)} labels are not used: their trace is not given, or their step "
            "is gone or says something else."
        )
    return tuple(found)


def _label(one: Annotation, step: int | None) -> TraceLabel:
    return TraceLabel(
        trace="",
        step=step,
        label=one.label,
        verdict=one.verdict,
        severity=one.severity,
        note=one.note,
        quote=one.quote,
        outcome=one.outcome,
        score=one.score,
        skill=one.skill,
    )
