"""The history of a skill with what this machine knows beside it: proposals, receipts, what is lost.

A commit says of itself which proposal it applied. Whether that is so shows in the store and its
receipts, where they are here.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cache
from pathlib import Path, PurePosixPath
from typing import Literal

from msgspec import Struct
from msgspec.structs import replace

from workbench.domain.proposal import Hunk, HunkVerdict, Proposal, Receipt
from workbench.files import FileProblem
from workbench.review.decide import gate_after
from workbench.review.history.entry_diff import EntryDiff, entry_diff
from workbench.review.history.timeline import (
    PAGE,
    TimelineEntry,
    TimelinePage,
    commit_entries,
    read_page,
    recorded_page,
    touches,
)
from workbench.review.message import PROPOSAL
from workbench.review.plan import ReviewProblem
from workbench.review.session import Review, open_review
from workbench.store.folder_log import (
    Place,
    commits_of_head,
    commits_saying,
    last_change,
    shallow_commits,
)
from workbench.store.git import GitMissing, Repository
from workbench.store.history import LocalHistory
from workbench.store.proposals import ProposalStore, StoreProblem

Proof = Literal["receipt", "other_commit", "no_receipt", "not_stored", "none"]


class SkillHistory(Struct, frozen=True):
    """A page of the history of a skill. ``notes`` say what is not known, and why, in words."""

    library: str
    skill: str
    page: TimelinePage
    notes: tuple[str, ...] = ()


class EntryFacts(Struct, frozen=True):
    """One change with what is behind it.

    ``proof`` says how far this machine can tell that the proposal was applied so: "receipt" where
    its receipt names this commit (or content), "other_commit" where it names another one (the
    history was rewritten), "no_receipt" and "not_stored" where the commit's own word is all there
    is. The hunks of ``diff`` have the evidence of the proposal's hunks with the same lines.
    ``why_not_revert`` is "" where it can be taken back.
    """

    entry: TimelineEntry
    diff: EntryDiff
    proposal: Proposal | None
    receipt: Receipt | None
    proof: Proof
    told: str
    why_not_revert: str


def read_history(
    library: Path,
    skill: str,
    history: LocalHistory,
    store: ProposalStore,
    *,
    place: Place | None = None,
    limit: int = PAGE,
) -> SkillHistory:
    """Return a page of the history; the first page comes with its notes.

    Raises:
        GitProblem: git refuses. Without a git command the local history is all there is.
    """
    try:
        page = read_page(library, skill, history, place=place, limit=limit)
    except GitMissing as missing:
        page = recorded_page(library, skill, history)
        entries = tuple(_with_engine(one, store, library) for one in page.entries)
        return SkillHistory(str(library), skill, replace(page, entries=entries), (str(missing),))
    if page.repository is None:
        entries = tuple(_with_engine(one, store, library) for one in page.entries)
        page = replace(page, entries=entries)
    notes = () if place is not None else tuple(_notes(library, skill, page, history, store))
    return SkillHistory(str(library), skill, page, notes)


def change_named(library: Path, skill: str, entry: TimelineEntry) -> TimelineEntry:
    """Return a change of a commit with the files it touched below the skill, or all of them.

    Raises:
        GitMissing, GitProblem: git cannot be asked.
    """
    repository = Repository.find(library)
    if repository is None:
        return entry
    base = repository.relative(library)
    for folder in ((PurePosixPath(base) / skill).as_posix(), "."):
        for found in commit_entries(repository, Place(entry.commit, folder), base):
            if found.commit == entry.commit:
                return replace(found, taken_back=entry.taken_back)
    return entry


def entry_facts(
    library: Path, entry: TimelineEntry, history: LocalHistory, store: ProposalStore
) -> EntryFacts:
    """Return a change with its diff, its proposal and its receipt.

    Raises:
        GitMissing, GitProblem: git cannot be asked.
    """
    diff = entry_diff(library, entry, history)
    if not entry.proposal:
        return EntryFacts(entry, diff, None, None, "none", "", "this is no applied proposal.")
    try:
        review = open_review(store, entry.proposal, library)
    except (StoreProblem, ReviewProblem) as problem:
        return _not_stored(entry, diff, store, str(problem))
    receipts = store.receipts(entry.proposal)
    receipt, proof = _receipt_of(entry, receipts)
    return EntryFacts(
        entry,
        replace(diff, hunks=_with_evidence(diff.hunks, review)),
        review.proposal,
        receipt,
        proof,
        _told(entry, receipt, proof),
        _why_not_revert(entry, review.proposal, receipts),
    )


def _not_stored(
    entry: TimelineEntry, diff: EntryDiff, store: ProposalStore, problem: str
) -> EntryFacts:
    proposal = None
    try:
        proposal = store.get(entry.proposal)
    except StoreProblem:
        told = (
            f"Proposal {entry.proposal} is not in the store of this machine. What is known of it "
            "is what the commit says."
        )
    else:
        told = f"The proposal is stored, but its hunks cannot be shown: {problem}"
    take_back = f" Take it back with: git revert {entry.commit[:12]}" if entry.commit else ""
    why = f"its proposal is not stored here, so the way back is git's.{take_back}"
    receipt: Receipt | None = None
    proof: Proof = "not_stored"
    if proposal is not None:
        receipt, proof = _receipt_of(entry, store.receipts(entry.proposal))
        why = _why_not_revert(entry, proposal, store.receipts(entry.proposal))
    return EntryFacts(entry, diff, proposal, receipt, proof, told, why)


def in_force(library: Path, skill: str) -> Callable[[str], str]:
    """Return what tells which commit made the skill what it was at a commit of the library.

    Raises (also when it is asked):
        GitProblem: git refuses.
    """
    try:
        repository = Repository.find(library)
    except GitMissing:
        repository = None
    if repository is None:
        return lambda _name: ""
    found = repository
    folder = (PurePosixPath(found.relative(library)) / skill).as_posix()
    return cache(lambda name: last_change(found, name, folder))


def of_skill(proposal: Proposal, library: Path, skill: str) -> bool:
    """Say whether a proposal is for a skill of a library."""
    if os.path.realpath(proposal.library) != os.path.realpath(library):
        return False
    if skill == "." or skill in proposal.draft.skills:
        return True
    paths = (path for one in proposal.draft.changes for path in (one.path, one.new_path) if path)
    return any(path.startswith(f"{skill}/") for path in paths)


def _with_engine(entry: TimelineEntry, store: ProposalStore, library: Path) -> TimelineEntry:
    """Fill in what a commit would say: the local history keeps less."""
    if entry.kind != "applied" or not entry.proposal:
        return entry
    try:
        review = open_review(store, entry.proposal, library)
    except (FileProblem, ReviewProblem):
        return entry
    engine = review.proposal.engine
    receipt, _ = _receipt_of(entry, store.receipts(entry.proposal))
    content = receipt.content_hash if receipt is not None else ""
    verdicts = next(
        (
            one.verdicts
            for one in reversed(store.decisions(entry.proposal))
            if one.content_hash == content
        ),
        None,
    )
    gate = ""
    if verdicts is not None:
        held = gate_after(review, verdicts)
        gate = " ".join((held.level, held.rule)).strip()
    return replace(
        entry, engine=f"{engine.id} {engine.version}".strip(), gate=gate, content=content
    )


def _notes(
    library: Path,
    skill: str,
    page: TimelinePage,
    history: LocalHistory,
    store: ProposalStore,
) -> Iterator[str]:
    repository = page.repository
    if repository is None:
        yield (
            "The library is in no git repository. What this program applied here is known; edits "
            "by hand show only where the bytes changed in between."
        )
        return
    if repository.head() is None:
        yield f"{repository.root} has no commit yet."
    elif repository.detached:
        yield "HEAD is on no branch: this is the history of the commit that is checked out."
    operation = repository.operation()
    if operation is not None:
        yield f"{operation.capitalize()} is under way in {repository.root}."
    if shallow_commits(repository):
        yield (
            "This clone is shallow: its oldest commit holds all that came before it, whoever wrote "
            "it. 'git fetch --unshallow' brings the rest."
        )
    yield from _lost(repository, library, skill, history, store)


def _lost(
    repository: Repository,
    library: Path,
    skill: str,
    history: LocalHistory,
    store: ProposalStore,
) -> Iterator[str]:
    """Name what was applied here and stands in no commit of this history."""
    kept = [
        (proposal.id, receipt)
        for proposal in store.list()
        if proposal.status in ("applied", "reverted") and of_skill(proposal, library, skill)
        for receipt in store.receipts(proposal.id)[-1:]
        if receipt.state == "committed"
    ]
    bare = [
        one.proposal
        for one in history.entries(library)
        if one.action == "apply" and touches(one, skill)
    ]
    wanted = {name for name, receipt in kept if receipt.commit} | set(bare)
    if not wanted:
        return
    here = commits_of_head(repository)
    said = commits_saying(repository, [f"{PROPOSAL}: {name}" for name in sorted(wanted)])
    by_proposal = {one.trailer(PROPOSAL): one.sha for one in said}
    for name, receipt in kept:
        if receipt.commit and receipt.commit not in here:
            other = by_proposal.get(name)
            yield (
                f"The receipt of {name} names commit {receipt.commit[:10]}, which is not in this "
                "history: it was rewritten, or another branch is checked out."
                + (f" Commit {other[:10]} says it applied the same proposal." if other else "")
            )
    told = {name for name, receipt in kept if receipt.commit}
    for name in dict.fromkeys(bare):
        if name not in by_proposal and name not in told:
            yield f"{name} was applied here without a commit that says so."


def _receipt_of(entry: TimelineEntry, receipts: Sequence[Receipt]) -> tuple[Receipt | None, Proof]:
    """Return the receipt of exactly this apply or revert, else the one for the same content."""
    done = [one for one in receipts if one.state in ("committed", "reverted", "written")]
    for one in reversed(done):
        if entry.commit and entry.commit in (one.commit, one.revert_commit):
            return one, "receipt"
    if not entry.commit:
        for one in reversed(done):
            if one.time == entry.time and one.state == "committed":
                return one, "receipt"
        of_kind = [one for one in done if (one.state == "reverted") == (entry.kind == "reverted")]
        return (of_kind[-1], "receipt") if of_kind else (None, "no_receipt")
    same = [one for one in done if entry.content and one.content_hash == entry.content]
    return (same[-1], "other_commit") if same else (None, "no_receipt")


def _told(entry: TimelineEntry, receipt: Receipt | None, proof: Proof) -> str:
    if proof == "receipt":
        return "The receipt on this machine names exactly this."
    if proof == "other_commit" and receipt is not None:
        named = receipt.commit or receipt.revert_commit or "none"
        return (
            f"The receipt on this machine is for the same content and names commit {named[:10]}: "
            "this history was rewritten."
        )
    return "There is no receipt of it on this machine: the commit's own word is all there is."


def _why_not_revert(entry: TimelineEntry, proposal: Proposal, receipts: Sequence[Receipt]) -> str:
    if entry.kind != "applied":
        return "this is no applied proposal."
    if entry.taken_back:
        return "it was taken back already."
    if proposal.status != "applied" or not receipts or receipts[-1].state != "committed":
        take_back = (
            f" git revert {entry.commit[:12]} takes the commit back." if entry.commit else ""
        )
        return f"the store does not say that {proposal.id} is applied here.{take_back}"
    return ""


def _with_evidence(hunks: Iterable[Hunk], review: Review) -> tuple[Hunk, ...]:
    """Give hunks of a commit the evidence of the proposal's hunks with the same lines."""
    decision = review.decision
    verdicts: tuple[HunkVerdict, ...] = decision.verdicts if decision is not None else ()
    edits = {one.hunk: one.edited for one in verdicts if one.edited is not None}
    exact: dict[tuple[str, tuple[str, ...], tuple[str, ...]], Hunk] = {}
    for one in review.hunks:
        for lines in (one.new_lines, edits.get(one.id)):
            if lines is not None:
                exact[one.path, one.base_lines, lines] = one
    return tuple(_one_with_evidence(hunk, exact, review.hunks) for hunk in hunks)


def _one_with_evidence(
    hunk: Hunk,
    exact: dict[tuple[str, tuple[str, ...], tuple[str, ...]], Hunk],
    proposed: Sequence[Hunk],
) -> Hunk:
    same = exact.get((hunk.path, hunk.base_lines, hunk.new_lines))
    if same is not None:
        return replace(
            hunk,
            evidence=same.evidence,
            evidence_scope=same.evidence_scope,
            rationale=same.rationale,
        )
    mine = {line.strip() for line in hunk.new_lines} - {""}
    near = [
        one
        for one in proposed
        if one.path == hunk.path and mine & {line.strip() for line in one.new_lines}
    ] or [one for one in proposed if one.path == hunk.path]
    names = tuple(dict.fromkeys(name for one in near for name in one.evidence))
    words = " ".join(dict.fromkeys(one.rationale for one in near if one.rationale))
    scope: Literal["file", "none"] = "file" if names else "none"
    return replace(hunk, evidence=names, evidence_scope=scope, rationale=words)
