"""Applying a decision: exactly the approved bytes, or nothing."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from pathlib import Path, PurePosixPath
from typing import NamedTuple

import msgspec

from workbench.domain.proposal import Decision, Receipt, ReceiptFile
from workbench.files import FileProblem, sha256
from workbench.review.agreement import check_agreed
from workbench.review.applying.new_branch import check_branch
from workbench.review.applying.recover import recover_one
from workbench.review.applying.transaction import Ground, Stale, Transaction, survey
from workbench.review.compose import Result, ResultFile, accepted_hunks
from workbench.review.decide import gate_after
from workbench.review.disk import DiskFile, look, missing_folders, permissions
from workbench.review.message import apply_message, checked_trailers
from workbench.review.moments import after
from workbench.review.plan import ReviewProblem
from workbench.review.rules.admission import Admission, Means, admit
from workbench.review.session import WHOLE, Review, open_review
from workbench.store.history import LocalHistory
from workbench.store.proposals import ProposalStore

Found = dict[str, DiskFile]


def apply_decision(
    store: ProposalStore,
    history: LocalHistory,
    proposal_id: str,
    *,
    now: str,
    decision: Decision | None = None,
    library: Path | None = None,
    use_git: bool = True,
    branch: str = "",
    confirmed: Collection[str] = (),
    means: Means | None = None,
    expected_policy: str | None = None,
) -> Receipt:
    """Write and commit what a decision accepted; return the receipt.

    Whatever asks for it, the policy and the locks of the library are held against exactly this
    selection, and programs, deletions and permissions need their confirmation (``admission``).

    Args:
        store: where the proposal is.
        history: where versions go when the library is in no repository.
        proposal_id: the proposal.
        now: the time, ISO 8601.
        decision: by default the last one.
        library: where the files are, by default where the proposal was made.
        use_git: False writes and keeps both versions, and commits nothing.
        branch: a new branch for the commit, which HEAD is put on; "" for the current one.
        confirmed: keys of what a person said yes to on its own (``confirmations``).
        means: what the facts a policy asks for are found out with.
        expected_policy: the hash of the policy that the person was shown.

    Raises:
        Refused: the policy or a lock of the library forbids it.
        Unconfirmed: a program, deletion or permission was not confirmed.
        Stale: files changed since the proposal was made; its status is "stale" from now on.
        RolledBack: writing or committing failed; every file is as before.
        ReviewProblem, GitProblem, FileProblem: refused before anything was touched.
    """
    with store.lock():
        recover_one(store, history, proposal_id, now=now)
        review = open_review(store, proposal_id, library)
        chosen = decision or review.decision
        if chosen is None:
            raise ReviewProblem(
                f"Nobody approved proposal {proposal_id} yet. Accept some of its hunks first."
            )
        check_agreed(review, chosen, chosen=decision is not None)
        wish = _Wish(history, now, use_git, branch, confirmed, means, expected_policy)
        return _transaction(review.with_splits(chosen.splits), chosen, wish).run()


class _Wish(NamedTuple):
    """How to apply; see ``apply_decision``."""

    history: LocalHistory
    now: str
    use_git: bool
    branch: str
    confirmed: Collection[str]
    means: Means | None
    expected_policy: str | None


def _transaction(review: Review, chosen: Decision, wish: _Wish) -> Transaction:
    """Check everything that can be checked before a byte is written."""
    result = _approved(review, chosen)
    found = {file.path: look(review.library, file.path) for file in result.files}
    _check_in_skills(review.library, result)
    _check_fresh(review, result, found)
    ground = survey(
        review.library, tuple(found), use_git=wish.use_git, committing=True, branch=wish.branch
    )
    repository = ground.repository
    if wish.branch and repository is None:
        check_branch(None, wish.branch)
    admission = admit(
        review,
        chosen,
        result,
        means=wish.means,
        branch=wish.branch,
        committed=repository is not None,
    )
    agreed = admission.enforce(wish.confirmed, wish.expected_policy)
    receipt = msgspec.structs.replace(
        _prepared(review, chosen, result, found, ground, now=wish.now),
        policy=admission.policy.policy.hash,
        approvals=admission.signed,
        confirmed=agreed,
        branch=wish.branch,
        branch_before=(repository.branch() or "") if wish.branch and repository else "",
    )
    return Transaction(
        store=review.store,
        history=wish.history,
        ground=ground,
        proposal=review.proposal,
        receipt=receipt,
        contents=_contents(result, found),
        message=_message(review, chosen, admission, agreed),
        sign=admission.policy.policy.commit.signed,
    )


def _approved(review: Review, decision: Decision) -> Result:
    if review.proposal.status == "applied":
        raise ReviewProblem(f"Proposal {review.proposal.id} is applied already. Revert it first.")
    result = review.result(decision.verdicts)
    if result.content_hash != decision.content_hash:
        raise ReviewProblem(
            f"The approval of proposal {review.proposal.id} is for other content (hash "
            f"{decision.content_hash[:12]}, now {result.content_hash[:12]}). Review it again."
        )
    if not result.files:
        raise ReviewProblem(
            f"Nothing of proposal {review.proposal.id} is accepted, so there is nothing to apply."
        )
    return result


def _check_in_skills(library: Path, result: Result) -> None:
    """Refuse files in no skill: a store from elsewhere may name any folder as its library."""
    made = {file.path for file in result.files if file.data is not None}
    for file in result.files:
        folders = [parent.as_posix() for parent in PurePosixPath(file.path).parents]
        names = [
            name if folder == "." else f"{folder}/{name}"
            for folder in folders
            for name in ("SKILL.md", "skill.md")
        ]
        if not any(name in made or (library / name).is_file() for name in names):
            raise ReviewProblem(
                f"{file.path} lies in no skill of {library}: no folder above it has a SKILL.md. "
                "Nothing was touched; reject this proposal."
            )


def _check_fresh(review: Review, result: Result, found: Found) -> None:
    stale = tuple(file.path for file in result.files if found[file.path].sha256 != file.base_sha256)
    if not stale:
        return
    review.store.update(msgspec.structs.replace(review.proposal, status="stale"))
    raise Stale(
        f"{', '.join(stale)} changed in {review.library} since proposal {review.proposal.id} was "
        "made, so it was not applied. Merge it with the new version (proposals apply --merge, or "
        "Merge in the window), then review the result.",
        stale,
    )


def _prepared(
    review: Review, decision: Decision, result: Result, found: Found, ground: Ground, *, now: str
) -> Receipt:
    repository = ground.repository
    return Receipt(
        proposal=review.proposal.id,
        library=str(review.library),
        state="prepared",
        files=tuple(_receipt_file(file, found) for file in result.files),
        reviewer=decision.reviewer,
        time=after(now, (one.time for one in review.store.receipts(review.proposal.id))),
        content_hash=result.content_hash,
        message=ground.note,
        repository=str(repository.root) if repository else None,
        created_folders=_folders_to_make(review.library, result.files),
        base_commit=repository.head() if repository else None,
    )


def _message(
    review: Review, decision: Decision, admission: Admission, agreed: Sequence[str]
) -> str:
    own = tuple(verdict for verdict in decision.verdicts if verdict.hunk != WHOLE)
    return apply_message(
        review.proposal,
        decision,
        accepted_hunks(review.hunks, own),
        len(review.hunks),
        gate_after(review, decision.verdicts),
        checked=checked_trailers(admission, agreed),
    )


def _contents(result: Result, found: Found) -> dict[str, bytes]:
    sides = [file.data for file in found.values()] + [file.data for file in result.files]
    return {sha256(data): data for data in sides if data is not None}


def _receipt_file(file: ResultFile, found: Found) -> ReceiptFile:
    before = found[file.path]
    after_mode: str | None = None
    if file.data is not None:
        source = found.get(file.moved_from or file.path, before)
        after_mode = f"{permissions(source.mode, file.mode):o}"
    return ReceiptFile(
        file.path,
        before.sha256,
        file.sha256,
        None if before.mode is None else f"{before.mode:o}",
        after_mode,
    )


def _folders_to_make(library: Path, files: Sequence[ResultFile]) -> tuple[str, ...]:
    try:
        return missing_folders(library, [file.path for file in files if file.data is not None])
    except OSError as problem:
        raise FileProblem(f"Cannot read {library}: {problem.strerror}.") from problem
