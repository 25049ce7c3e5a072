"""A run of an engine, live or of an earlier day, and what came of it."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Literal

from workbench.domain.job import (
    AnyEvent,
    Diagnosis,
    Finished,
    JobState,
    ProposalEvent,
    Request,
)
from workbench.domain.proposal import Proposal, ProposalDraft
from workbench.evolution.lineage import LineageNode, lineage_of
from workbench.evolution.run import Cost
from workbench.files import FileProblem
from workbench.plugin.runs import Run, list_runs, read_spec, unfinished_runs
from workbench.store.proposals import ProposalStore

Group = Literal["proposal", "diagnosis", "left_out"]
Nodes = tuple[LineageNode, ...]
_ENGINE_KINDS = ("evolver", "importer")


@dataclass(frozen=True, slots=True)
class Outcome:
    """One thing a run gave. Without ``proposal`` it is not in the store; ``note`` says why."""

    group: Group
    title: str
    proposal: Proposal | None = None
    draft: ProposalDraft | None = None
    note: str = ""

    @property
    def key(self) -> str:
        """What makes it the same row when the list is read again."""
        return self.proposal.id if self.proposal else f"{self.group}:{self.title}"


@dataclass(slots=True)
class RunRecord:
    """A run as the window knows it; the live one grows, only in the window's thread.

    ``id`` stays the same from the first moment on, ``job`` is there as soon as the job is.
    ``cost`` and ``task_runs`` are the host's own count; of an earlier day it is not kept.
    """

    id: str
    engine_id: str
    engine: str
    library: str
    created: str
    state: JobState
    summary: str = ""
    job: str = ""
    run_dir: str = ""
    live: bool = False
    events: list[AnyEvent] = field(default_factory=list)
    outcomes: tuple[Outcome, ...] = ()
    refused: tuple[str, ...] = ()
    fraction: float | None = None
    doing: str = ""
    loaded: bool = False
    cost: Cost | None = None
    task_runs: int = 0

    @property
    def active(self) -> bool:
        """Whether it still runs."""
        return self.state in ("queued", "starting", "running", "cancelling")

    def take(self, events: Iterable[AnyEvent]) -> None:
        """Add what it said."""
        for event in events:
            self.events.append(event)
            if isinstance(event, Finished):
                self.summary = event.summary


@dataclass(frozen=True, slots=True)
class RunsRead:
    """The runs of a folder, newest first, and those that were found unfinished just now."""

    runs: tuple[RunRecord, ...]
    lost: tuple[str, ...] = ()


def read_runs(runs_dir: Path, known: Sequence[str] = ()) -> RunsRead:
    """Read the runs of engines; slow with many, so in a thread.

    Args:
        runs_dir: the folder of run folders.
        known: ids of runs of this session, which are not read.
    """
    lost = {run.id for run in unfinished_runs(runs_dir)}
    found = [
        _record(run)
        for run in list_runs(runs_dir)
        if run.id not in known and read_spec(Path(run.run_dir)).request.kind in _ENGINE_KINDS
    ]
    return RunsRead(tuple(found), tuple(record.id for record in found if record.id in lost))


def _record(run: Run) -> RunRecord:
    engine, _, library = run.title.partition(": ")
    return RunRecord(
        id=run.id,
        job=run.id,
        engine_id=run.plugin,
        engine=engine or run.plugin,
        library=library,
        created=run.created,
        state=run.state,
        summary=run.finished.summary if run.finished else "",
        run_dir=run.run_dir,
    )


def read_run_events(run_dir: str) -> list[AnyEvent]:
    """Read the journal of a run."""
    from workbench.plugin.journal import JOURNAL_NAME, read_journal

    return list(read_journal(Path(run_dir) / JOURNAL_NAME))


def outcomes_of(
    record: RunRecord,
    events: Sequence[AnyEvent],
    stored: Sequence[Proposal],
    refused: Sequence[str] = (),
) -> tuple[Outcome, ...]:
    """Return what a run gave: proposals, then diagnoses, then what is not in the store.

    The same draft on the same files is one proposal, whichever run came first; so a proposal
    belongs to the run that made it and to those whose journals have its draft.
    """
    drafts = [
        event.draft
        for event in events
        if isinstance(event, ProposalEvent | Diagnosis) and event.draft is not None
    ]
    wanted = {_draft_key(draft) for draft in drafts}
    own = [
        proposal
        for proposal in stored
        if (proposal.job and proposal.job == record.job)
        or (
            proposal.engine.id == record.engine_id
            and (not record.library or proposal.library == record.library)
            and _draft_key(proposal.draft) in wanted
        )
    ]
    there = {_draft_key(proposal.draft) for proposal in own}
    found = [
        Outcome(
            "proposal" if proposal.draft.changes else "diagnosis",
            proposal.draft.title,
            proposal,
            proposal.draft,
        )
        for proposal in own
    ]
    found.sort(key=lambda outcome: outcome.group == "diagnosis")
    missing = [draft for draft in drafts if _draft_key(draft) not in there]
    found += [
        Outcome(
            "left_out", draft.title or "Untitled", None, draft, _why_missing(record, draft, refused)
        )
        for draft in missing
    ]
    return tuple(found)


def _why_missing(record: RunRecord, draft: ProposalDraft, refused: Sequence[str]) -> str:
    title = " ".join(draft.title.split())[:60]
    told = next((text for text in refused if title and title in text), "")
    if told:
        return told
    if record.active:
        return "It is being taken in."
    if record.state == "lost":
        return "The program ended before it was taken in. It can be taken in now."
    return "It was not taken in: it changes nothing, or nothing it may change."


def _draft_key(draft: ProposalDraft) -> tuple[str, str]:
    return " ".join(draft.title.split())[:199], draft.rationale


def read_outcomes(
    record: RunRecord, store: ProposalStore
) -> tuple[list[AnyEvent], tuple[Outcome, ...]]:
    """Read the journal of an earlier run and what is in the store of it; in a thread."""
    events = read_run_events(record.run_dir)
    return events, outcomes_of(record, events, store.read().proposals)


def lineage_for(run_dir: str, events: Sequence[AnyEvent], proposals: Sequence[Proposal]) -> Nodes:
    """Return the versions of a run with what its request says of tasks and texts; in a thread."""
    try:
        request = read_spec(Path(run_dir)).request
    except FileProblem:
        return lineage_of(events, proposals)
    sizes: dict[str, int] = {}
    for skill in request.skills:
        home = "" if skill.id == "." else f"{skill.id}/"
        for file in skill.files:
            with contextlib.suppress(OSError):
                sizes[home + file] = (Path(skill.path) / file).stat().st_size
    return lineage_of(events, proposals, {task.id: task.split for task in request.tasks}, sizes)


def request_of(run_dir: str) -> Request | None:
    """Return what a run was asked, None where that cannot be read."""
    try:
        return read_spec(Path(run_dir)).request
    except FileProblem:
        return None


def when_words(created: str, now: datetime) -> str:
    """Return a time of a run for people: "12:46", "yesterday 12:46", "21 Nov 2026 12:46"."""
    try:
        moment = datetime.fromisoformat(created).astimezone(now.tzinfo)
    except ValueError:
        return created
    clock = f"{moment:%H:%M}"
    days = (now.date() - moment.date()).days
    if days == 0:
        return f"today {clock}"
    if days == 1:
        return f"yesterday {clock}"
    return f"{moment.day} {moment:%b %Y} {clock}"
