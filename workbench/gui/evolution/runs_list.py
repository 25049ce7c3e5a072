"""The runs at the left: the one set up next, those of now, those of earlier days."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from workbench.domain.job import JobState
from workbench.gui.evolution.run_record import RunRecord, when_words
from workbench.gui.widgets.two_line_row import TwoLines

_SIGNS: dict[JobState, tuple[str, str]] = {
    "queued": ("clock", "text_muted"),
    "starting": ("play", "accent"),
    "running": ("play", "accent"),
    "cancelling": ("stop", "warning"),
    "finished": ("check-circle", "success"),
    "failed": ("error", "error"),
    "cancelled": ("stop", "warning"),
    "lost": ("warning", "warning"),
}


def run_rows(records: Sequence[RunRecord]) -> list[tuple[TwoLines, object]]:
    """Return the runs as rows, newest first as given."""
    now = datetime.now().astimezone()
    return [(run_lines(record, now), record) for record in records]


def run_lines(record: RunRecord, now: datetime) -> TwoLines:
    """Return a run as a row: the engine, how it ended, when."""
    sign, token = _SIGNS[record.state]
    return TwoLines(
        title=record.engine,
        detail=record.summary or record.state,
        badges=((when_words(record.created, now), "neutral"),),
        icon=sign,
        token=token,
        tip="\n".join((f"{record.engine}: {record.state}", record.library, record.run_dir)),
    )
