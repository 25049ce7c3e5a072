"""Evidence as it is shown: with the title of its trace where that is open, and the way there."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from workbench.domain.proposal import Evidence, EvidenceCheck
from workbench.gui.review.evidence.view import EvidenceRow
from workbench.gui.shell.context import AppContext
from workbench.review.sharing.evidence_here import TracesHere
from workbench.traces.open import OpenTrace


def traces_here(context: AppContext) -> TracesHere:
    """Return the traces of this machine: those that are open, and those of watched folders."""
    return TracesHere(context.folders.trace_index, [one.path for one in context.traces])


def evidence_rows(
    context: AppContext,
    given: Iterable[tuple[Evidence, EvidenceCheck]],
    names: Iterable[str] | None = None,
) -> list[EvidenceRow]:
    """Return rows for some evidence in the order of ``names``; None is all of it."""
    known = {evidence.id: (evidence, check) for evidence, check in given}
    wanted = known if names is None else names
    return [_row(context, *known[name]) for name in wanted if name in known]


def _row(context: AppContext, evidence: Evidence, check: EvidenceCheck) -> EvidenceRow:
    trace = _trace(context, evidence, check)
    if trace is None:
        file, _, trajectory = evidence.trace.rpartition("#")
        return EvidenceRow(evidence, check, Path(check.source).name or file or trajectory)
    step = check.step if check.step is not None else evidence.step_first
    steps = trace.trajectory.steps
    who = steps[step].kind if 0 <= step < len(steps) else ""
    return EvidenceRow(evidence, check, trace.trajectory.title or trace.path.name, who)


def _trace(context: AppContext, evidence: Evidence, check: EvidenceCheck) -> OpenTrace | None:
    """Return the open trace of some evidence; by its name where no source is known."""
    file, _, trajectory = evidence.trace.rpartition("#")
    if check.source:
        return context.trace(check.source, trajectory) or context.trace(check.source)
    for one in context.traces:
        if (one.path.name, one.trajectory.id) == (file, trajectory):
            return one
    return None


def open_evidence(context: AppContext, row: EvidenceRow) -> None:
    """Show the step of some evidence, its quote highlighted; say so where there is no way."""
    trace = _trace(context, row.evidence, row.check)
    source = row.check.source or (str(trace.path) if trace is not None else "")
    if not source:
        context.notify.info(f"This quote leads to no trace. {row.reason}", replace="evidence")
        return
    trajectory = row.evidence.trace.rpartition("#")[2]
    step = row.check.step if row.check.step is not None else row.evidence.step_first
    context.request_trace(source, trajectory, step, row.evidence.quote)
