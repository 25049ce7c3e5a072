"""Outcomes that a person attached to traces, beside what the commands of ``trace`` tell."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import msgspec

from workbench.cli import console
from workbench.cli.annotation_places import open_store
from workbench.domain.trajectory import Trajectory
from workbench.files import FileProblem
from workbench.usage.outcomes import (
    AttachedOutcome,
    AttachedOutcomes,
    JudgedOutcome,
    outcome_of,
    with_attached,
)


def judged(trajectories: Iterable[Trajectory]) -> list[Trajectory]:
    """Return trajectories with the outcomes that count: attached ones, else as recorded.

    Raises:
        UsageProblem: the user's annotations cannot be read.
    """
    attached = attached_outcomes()
    return [with_attached(one, attached) for one in trajectories]


def attached_outcomes() -> AttachedOutcomes:
    """Return the outcomes the user attached.

    Raises:
        UsageProblem: the user's annotations cannot be read.
    """
    try:
        return AttachedOutcomes(open_store().all())
    except FileProblem as problem:
        raise console.UsageProblem(str(problem)) from problem


def attached_fields() -> Callable[[Trajectory], dict[str, Any]]:
    """Return what tells of each trace the outcome a person attached to it.

    Raises:
        UsageProblem: the user's annotations cannot be read.
    """
    attached = attached_outcomes()

    def fields(trajectory: Trajectory) -> dict[str, Any]:
        found = outcome_of(trajectory, attached).attached
        return attached_field(found)

    return fields


def attached_field(found: AttachedOutcome | None) -> dict[str, Any]:
    """Return an attached outcome as JSON."""
    return {"attached_outcome": None if found is None else _attached(found)}


def attached_words(fields: dict[str, Any]) -> str:
    """Return the same in words, "" where nothing was attached."""
    found = fields["attached_outcome"]
    return "" if found is None else f" ({found['status']} {found['source']})"


def _attached(found: AttachedOutcome) -> dict[str, Any]:
    return {**msgspec.to_builtins(found), "source": found.source}


def judged_fields(found: JudgedOutcome) -> dict[str, Any]:
    """Return an outcome as JSON: what counts and its source, what was recorded and attached."""
    attached = found.attached
    return {
        "status": found.status,
        "score": found.score,
        "source": found.source,
        "recorded": msgspec.to_builtins(found.recorded),
        "attached": None if attached is None else _attached(attached),
    }
