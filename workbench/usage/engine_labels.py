"""What people said of traces, as an engine is told of it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from workbench.domain.annotation import Annotation
from workbench.domain.job import TraceLabel
from workbench.traces.open import OpenTrace
from workbench.usage.annotated_files import located


def labels_for_engine(
    annotations: Iterable[Annotation], traces: Sequence[OpenTrace]
) -> Iterator[tuple[OpenTrace, TraceLabel]]:
    """Yield each annotation whose step is still what it was, with its trace.

    The trace's id in the label is filled in when the request is built.
    """
    for trace, one in located(annotations, traces):
        if one.state == "found":
            yield trace, trace_label(one.annotation, one.step)


def trace_label(one: Annotation, step: int | None) -> TraceLabel:
    """Return an annotation as an engine reads it."""
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
