"""Run folders: what a job was asked, what it said, and which of them nobody finished.

A run folder holds ``job.json``, ``request.json``, ``journal.jsonl``, ``stderr.log``, ``library/``
(the copy), ``traces/``, ``blobs/``, ``work/`` and ``owner.lock``, which the program that runs the
job keeps locked: the lock goes when that program ends, however it ends.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
from collections.abc import Iterator
from pathlib import Path

import msgspec
from msgspec import Struct

from workbench.domain.job import AnyEvent, Finished, FinishStatus, JobSpec, JobState
from workbench.files import FileProblem
from workbench.plugin.journal import JOURNAL_NAME, JournalWriter, last_event, read_journal
from workbench.plugin.protocol import JOB_FILE

CANCEL_FILE = "cancel"
_LOCK_FILE = "owner.lock"

_STATE_OF: dict[FinishStatus, JobState] = {
    "cancelled": "cancelled",
    "failed": "failed",
    "lost": "lost",
}


def state_of(finished: Finished) -> JobState:
    """Return the state a job ends in."""
    return _STATE_OF.get(finished.status, "finished")


class OwnerLock:
    """Says that this program runs the job. Free again as soon as this program ends."""

    def __init__(self, run_dir: Path) -> None:
        self._descriptor: int | None = None
        descriptor = os.open(run_dir / _LOCK_FILE, os.O_RDWR | os.O_CREAT, 0o644)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(descriptor)
        else:
            self._descriptor = descriptor

    @property
    def taken(self) -> bool:
        """Whether it is ours; False means that another program runs the job."""
        return self._descriptor is not None

    def release(self) -> None:
        """Let go; may be called twice."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None


class Run(Struct, frozen=True):
    """A run folder as it is now. ``finished`` is None while it runs, or when it was lost."""

    id: str
    run_dir: str
    plugin: str
    title: str
    created: str
    state: JobState
    finished: Finished | None = None

    def events(self) -> Iterator[AnyEvent]:
        """Read all it has said so far."""
        return read_journal(Path(self.run_dir) / JOURNAL_NAME)


def read_spec(run_dir: Path) -> JobSpec:
    """Read what a job was asked.

    Raises:
        FileProblem: this is no run folder, or its job file is damaged.
    """
    try:
        return msgspec.json.decode((run_dir / JOB_FILE).read_bytes(), type=JobSpec)
    except OSError as problem:
        raise FileProblem(
            f"{run_dir} is no folder of a job: {JOB_FILE} cannot be read ({problem.strerror})."
        ) from problem
    except msgspec.MsgspecError as problem:
        raise FileProblem(
            f"{run_dir / JOB_FILE} is damaged: {problem}. What the job produced is still in "
            f"{JOURNAL_NAME} beside it."
        ) from problem


def read_run(run_dir: Path) -> Run:
    """Read the state of a run.

    Raises:
        FileProblem: this is no run folder.
    """
    spec = read_spec(run_dir)
    journal = run_dir / JOURNAL_NAME
    last = last_event(journal)
    finished = last if isinstance(last, Finished) else None
    if finished is not None:
        state = state_of(finished)
    elif not _is_owned(run_dir):
        state = "lost"
    elif (run_dir / CANCEL_FILE).exists():
        state = "cancelling"
    else:
        state = "queued" if last is None else "running"
    return Run(run_dir.name, str(run_dir), spec.plugin, spec.title, spec.created, state, finished)


def list_runs(runs_dir: Path) -> tuple[Run, ...]:
    """Return the runs of a folder, newest first; folders that are none are left out."""
    runs: list[Run] = []
    for folder in _folders(runs_dir):
        with contextlib.suppress(FileProblem):
            runs.append(read_run(folder))
    return tuple(sorted(runs, key=lambda run: (run.created, run.id), reverse=True))


def unfinished_runs(runs_dir: Path) -> tuple[Run, ...]:
    """Mark runs whose program ended before them as lost, and return those.

    What they had produced stays in their journals. Runs of another running program are left alone.
    """
    lost: list[Run] = []
    for folder in _folders(runs_dir):
        with contextlib.suppress(FileProblem):
            if read_run(folder).state == "lost" and mark_lost(folder):
                lost.append(read_run(folder))
    return tuple(lost)


def mark_lost(run_dir: Path) -> bool:
    """Write the last event of a run nobody owns; False when it is owned or has one already."""
    lock = OwnerLock(run_dir)
    try:
        last = last_event(run_dir / JOURNAL_NAME)
        if not lock.taken or isinstance(last, Finished):
            return False
        seq = last.seq if last is not None else 0
        writer = JournalWriter(run_dir / JOURNAL_NAME)
        writer.append(
            Finished(
                seq=seq + 1,
                status="lost",
                summary="The program ended before this job did. What it had produced until then "
                "is kept; start it again for the rest.",
            )
        )
        writer.close()
        return True
    except OSError:
        return False  # a read-only disk: it shows as lost all the same
    finally:
        lock.release()


def ask_to_cancel(run_dir: Path) -> None:
    """Ask the program that runs the job to cancel it.

    Raises:
        OSError: the run folder cannot be written.
    """
    (run_dir / CANCEL_FILE).touch()


def _folders(runs_dir: Path) -> list[Path]:
    try:
        return sorted(entry for entry in runs_dir.iterdir() if (entry / JOB_FILE).is_file())
    except OSError:
        return []


def _is_owned(run_dir: Path) -> bool:
    try:
        lock = OwnerLock(run_dir)
    except OSError:
        return False
    owned = not lock.taken
    lock.release()
    return owned
