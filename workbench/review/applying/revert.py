"""Taking an applied proposal back, byte for byte."""

from __future__ import annotations

from pathlib import Path

import msgspec

from workbench.domain.proposal import Receipt, ReceiptFile
from workbench.review.applying.recover import recover_one
from workbench.review.applying.transaction import Ground, Stale, Transaction, survey
from workbench.review.disk import changed_since, look, missing_folders
from workbench.review.merge import FileMerge, Merge, merge_file
from workbench.review.message import revert_message
from workbench.review.moments import after
from workbench.review.plan import ReviewProblem
from workbench.store.history import LocalHistory
from workbench.store.proposals import ProposalStore


def applied_receipt(store: ProposalStore, proposal_id: str) -> Receipt:
    """Return the receipt of the apply that is in force.

    Raises:
        ReviewProblem: the proposal is not applied.
    """
    receipts = store.receipts(proposal_id)
    if not receipts or receipts[-1].state != "committed":
        raise ReviewProblem(
            f"Proposal {proposal_id} is not applied, so there is nothing to revert."
        )
    return receipts[-1]


def revert(
    store: ProposalStore,
    history: LocalHistory,
    proposal_id: str,
    *,
    now: str,
    reviewer: str,
    library: Path | None = None,
    use_git: bool = True,
) -> Receipt:
    """Bring every file of an applied proposal back to its bytes and permissions before.

    In a repository the revert is a commit of its own; history is never rewritten.

    Raises:
        Stale: files changed since; nothing was touched.
        RolledBack: writing or committing failed; every file is as it was.
        ReviewProblem, GitProblem, FileProblem: refused before anything was touched.
    """
    with store.lock():
        recover_one(store, history, proposal_id, now=now)
        proposal = store.get(proposal_id)
        original = applied_receipt(store, proposal_id)
        root = Path(library or original.library).absolute()
        _check_revertible(history, original, root)
        ground = survey(
            root,
            tuple(file.path for file in original.files),
            use_git=use_git and original.commit is not None,
            committing=True,
        )
        receipt = _prepared(original, root, ground, reviewer=reviewer, now=now)
        digests = {file.before_sha256 for file in original.files}
        digests |= {file.after_sha256 for file in original.files}
        contents = {one: store.blob(one, proposal_id) for one in digests if one is not None}
        message = revert_message(proposal, original.commit, original.content_hash, reviewer)
        return Transaction(
            store=store,
            history=history,
            ground=ground,
            proposal=proposal,
            receipt=receipt,
            contents=contents,
            message=message,
            original=original,
        ).run()


def _check_revertible(history: LocalHistory, original: Receipt, root: Path) -> None:
    if not history.did(original):
        raise ReviewProblem(
            f"Proposal {original.proposal} was not applied by this program on this machine, so its "
            "receipt is not taken at its word. Revert the commit with git, or review the way "
            "back with proposals revert --merge."
        )
    changed = changed_since(root, original)
    if changed:
        where = f" on the branch {original.branch} (is that the one you are on?)"
        raise Stale(
            f"{', '.join(changed)} changed in {root} since proposal {original.proposal} was "
            f"applied{where if original.branch else ''}, so it was not reverted. Revert it as a "
            "merge (proposals revert --merge) and review the result.",
            changed,
        )


def _prepared(original: Receipt, root: Path, ground: Ground, *, reviewer: str, now: str) -> Receipt:
    back = tuple(file.path for file in original.files if file.before_sha256 is not None)
    return msgspec.structs.replace(
        original,
        library=str(root),
        state="prepared",
        files=tuple(_backwards(file) for file in original.files),
        reviewer=reviewer,
        time=after(now, (original.time,)),
        commit=None,
        message=ground.note,
        repository=str(ground.repository.root) if ground.repository else None,
        created_folders=missing_folders(root, back),
        base_commit=ground.repository.head() if ground.repository else None,
        undoes=original.content_hash,
        confirmed=(),
        branch="",
        branch_before="",
    )


def _backwards(file: ReceiptFile) -> ReceiptFile:
    return ReceiptFile(
        file.path, file.after_sha256, file.before_sha256, file.after_mode, file.before_mode
    )


def merge_revert(store: ProposalStore, proposal_id: str, library: Path | None = None) -> Merge:
    """Merge the way back with what changed since the apply; nothing is written.

    Raises:
        ReviewProblem: the proposal is not applied.
        StoreProblem: a version is not stored.
    """
    original = applied_receipt(store, proposal_id)
    root = Path(library or original.library).absolute()
    proposal = store.get(proposal_id)
    draft = msgspec.structs.replace(
        proposal.draft, title=f'Revert "{proposal.draft.title}"', rationale="Takes it back."
    )
    files: list[FileMerge] = []
    for file in original.files:
        applied, before = (
            None if digest is None else store.blob(digest, proposal_id)
            for digest in (file.after_sha256, file.before_sha256)
        )
        mode = None
        if file.before_mode is not None and file.before_mode != file.after_mode:
            mode = "100755" if int(file.before_mode, 8) & 0o100 else "100644"
        files.append(merge_file(file.path, applied, look(root, file.path), before, mode))
    return Merge(
        msgspec.structs.replace(proposal, draft=draft, library=str(root), status="pending"),
        tuple(files),
    )
