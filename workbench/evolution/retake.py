"""Taking in what a run had found that nobody saw through: its journal, judged as any other run.

The copy in the run folder was in the engine's hands, so files count only while they have the hash
the request named: from the library as it is now, else from the copy.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path

from msgspec import Struct

from workbench.domain.job import Diagnosis, JobSpec, ProposalEvent, TraceInput
from workbench.domain.proposal import BaseFile, Engine, Proposal
from workbench.domain.skill import Library, Skill
from workbench.evolution.intake import DraftRefused, take_in
from workbench.evolution.snapshot import LibrarySnapshot
from workbench.evolution.trace_lines import trace_ids
from workbench.files import FileProblem
from workbench.plugin.journal import JOURNAL_NAME, read_journal
from workbench.plugin.runs import read_spec
from workbench.skills.copying import copy_skills
from workbench.skills.library import read_library
from workbench.store.locked_parts import LocksProblem, locks_by_skill
from workbench.store.proposals import ProposalStore
from workbench.traces.importer import TraceError
from workbench.traces.open import OpenTrace, open_traces


class Retaken(Struct, frozen=True):
    """What was stored, and why other drafts were left out."""

    proposals: tuple[Proposal, ...]
    left_out: tuple[str, ...] = ()


def retake(
    run_dir: Path,
    library: Library,
    traces: Sequence[OpenTrace],
    store: ProposalStore,
    now: str,
) -> Retaken:
    """Store the drafts in the journal of a run that is no longer under way.

    Args:
        run_dir: of the run.
        library: the one it was for, as it is now.
        traces: open traces; of those that are not among them, the run's own copies are read.
        store: where proposals go.
        now: the time, ISO 8601.

    Raises:
        FileProblem: this is no run folder, none of its skills is as it was, or what is locked now
            cannot be read.
    """
    spec = read_spec(run_dir)
    drafts = [
        event.draft
        for event in read_journal(run_dir / JOURNAL_NAME)
        if isinstance(event, ProposalEvent | Diagnosis) and event.draft is not None
    ]
    snapshot = _snapshot(spec, library, run_dir / "based-on")
    engine = Engine(spec.plugin, "", seed=spec.request.seed)
    found: list[Proposal] = []
    left_out: list[str] = []
    with ExitStack() as stack:
        known = _traces(spec.request.traces, traces, stack)
        for draft in drafts:
            try:
                proposal = take_in(
                    draft,
                    engine=engine,
                    library_root=Path(library.root),
                    snapshot=snapshot,
                    traces=known,
                    job=spec.id,
                    now=now,
                    budget=spec.request.budget,
                )
                found.append(store.add(proposal, _blobs(proposal, snapshot.read)))
            except (DraftRefused, FileProblem) as problem:
                left_out.append(str(problem))
    return Retaken(tuple(found), tuple(left_out))


def _snapshot(spec: JobSpec, library: Library, folder: Path) -> LibrarySnapshot:
    """Return what the run was based on: skills whose tree still has the hash of the request."""
    wanted = {skill.id: skill.tree_hash for skill in spec.request.skills}
    copied = Path(spec.request.library)
    kept: dict[str, Skill] = {}
    if copied.is_dir():
        kept |= {skill.id: skill for skill in read_library(copied).skills}
    kept |= {s.id: s for s in library.skills if s.tree_hash == wanted.get(s.id)}
    same = [skill for skill in kept.values() if skill.tree_hash == wanted.get(skill.id)]
    if wanted and not same:
        raise FileProblem(
            "None of the skills is what it was when the run began, so what it found cannot be "
            "placed. Run the engine again."
        )
    files: dict[str, BaseFile] = {}
    links: list[str] = []
    for skill in same:
        copy = copy_skills([skill], folder, most=64 << 20)
        files |= copy.files
        links += copy.links
    ids = tuple(skill.id for skill in same)
    try:
        locks = locks_by_skill(Path(library.root))
    except LocksProblem as problem:
        raise FileProblem(str(problem)) from problem
    return LibrarySnapshot(library.root, str(folder), ids, files, tuple(links), locks)


def _traces(
    given: Sequence[TraceInput], traces: Sequence[OpenTrace], stack: ExitStack
) -> dict[str, OpenTrace]:
    """Return the traces by the ids the engine knew them under."""
    known = dict(zip(trace_ids(traces), traces, strict=True))
    for one in given:
        if one.id in known:
            continue
        try:
            opened = open_traces(Path(one.path))
        except TraceError:
            continue  # its quotes are then marked as not found
        for trace in opened:
            stack.callback(trace.close)
        known[one.id] = opened[0]
    return known


def _blobs(proposal: Proposal, read: Callable[[str], bytes | None]) -> dict[str, bytes]:
    found: dict[str, bytes] = {}
    for file in proposal.base:
        data = read(file.path)
        if data is not None and file.sha256 is not None:
            found[file.sha256] = data
    return found
