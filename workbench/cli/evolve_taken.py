"""``evolve --take-in``: what a run had found that nobody saw through to its end."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from workbench.cli.console import UsageProblem, coloured, document, one_line, print_json
from workbench.domain.skill import Library
from workbench.evolution.retake import Retaken, retake
from workbench.evolution.run import now_utc
from workbench.files import FileProblem
from workbench.plugin.runs import read_run
from workbench.store.proposals import ProposalStore
from workbench.traces.open import OpenTrace

_UNDER_WAY = ("queued", "starting", "running", "cancelling")


def take_in_run(
    runs: Path, job: str, library: Library, traces: Sequence[OpenTrace], store: ProposalStore
) -> Retaken:
    """Store the drafts of a run.

    Raises:
        UsageProblem: there is no such run, it still goes on, or its drafts cannot be placed.
    """
    run_dir = runs / job
    if Path(job).name != job or not run_dir.is_dir():
        raise UsageProblem(f"There is no run '{job}' in {runs}. 'jobs list' shows them.")
    if read_run(run_dir).state in _UNDER_WAY:
        raise UsageProblem(f"The run {job} still goes on. Wait for its end, or 'jobs cancel' it.")
    try:
        return retake(run_dir, library, traces, store, now_utc())
    except FileProblem as problem:
        raise UsageProblem(str(problem)) from problem


def print_taken(taken: Retaken, job: str, store: ProposalStore, form: str) -> None:
    """Print what was stored and what was left out."""
    if form == "json":
        print_json(
            document(
                "evolve-taken",
                job=job,
                proposals=[one.id for one in taken.proposals],
                refused=taken.left_out,
                out=str(store.folder),
            )
        )
        return
    for proposal in taken.proposals:
        print(f"{coloured(proposal.id, 'bold')}  {one_line(proposal.draft.title)}")
    for reason in taken.left_out:
        print(f"left out: {one_line(reason)}")
    if not taken.proposals:
        print(f"The run {job} had found nothing that can be taken in.")
