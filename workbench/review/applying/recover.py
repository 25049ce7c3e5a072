"""After a crash: an apply that had not come to its end is finished or taken back."""

from __future__ import annotations

from pathlib import Path

import msgspec

from workbench.domain.proposal import Proposal, ProposalStatus, Receipt
from workbench.files import FileProblem
from workbench.review.applying.transaction import Ground, Transaction
from workbench.review.disk import is_after
from workbench.review.message import CONTENT, PROPOSAL
from workbench.review.plan import ReviewProblem
from workbench.store.git import GitProblem, Repository
from workbench.store.history import LocalHistory
from workbench.store.proposals import ProposalStore

_OPEN = ("prepared", "written")


def recover(store: ProposalStore, history: LocalHistory, *, now: str) -> tuple[str, ...]:
    """Bring every interrupted apply or revert to an end; return what was done, in words.

    Called at the start of the program. What cannot be mended is said and stays for the next start.
    """
    done: list[str] = []
    try:
        waiting = [proposal for proposal in store.list() if _unfinished(store, proposal)]
        if not waiting:
            return ()
        with store.lock():
            for proposal in waiting:
                try:
                    done += recover_one(store, history, proposal.id, now=now)
                except (FileProblem, ReviewProblem, GitProblem) as problem:
                    done.append(f"Proposal {proposal.id} was interrupted: {problem}")
    except FileProblem as problem:
        done.append(str(problem))
    return tuple(done)


def _unfinished(store: ProposalStore, proposal: Proposal) -> bool:
    receipts = store.receipts(proposal.id)
    if not receipts:
        return False
    return receipts[-1].state in _OPEN or _final_status(store, proposal, receipts[-1]) is not None


def recover_one(
    store: ProposalStore, history: LocalHistory, proposal_id: str, *, now: str
) -> tuple[str, ...]:
    """Bring one proposal to an end; the caller holds the store's lock.

    Raises:
        FileProblem, ReviewProblem, GitProblem: it cannot be mended now.
    """
    receipts = store.receipts(proposal_id)
    if not receipts:
        return ()
    proposal, receipt = store.get(proposal_id), receipts[-1]
    if receipt.state not in _OPEN:
        return _mend_status(store, proposal, receipt)
    if not history.begun(receipt):
        raise ReviewProblem(
            f"its receipt says that files of {receipt.library} were being written, but not by this "
            "program on this machine, so nothing was touched. If the store was copied, finish "
            "there."
        )
    original: Receipt | None = None
    if receipt.undoes is not None:
        original = next((one for one in reversed(receipts) if one.state == "committed"), None)
        if original is None:
            raise ReviewProblem("the receipt of what was reverted is missing in the store.")
    transaction = Transaction(
        store=store,
        history=history,
        ground=_ground(receipt),
        proposal=proposal,
        receipt=receipt,
        contents=_contents(store, receipt),
        message="",
        original=original,
    )
    what = "apply" if original is None else "revert"
    finished, commit = _finished(transaction)
    if finished:
        transaction.finish(commit)
        return (f"The {what} of proposal {proposal_id} was interrupted at its end: finished.",)
    foreign = transaction.put_back("The program was ended in the middle.")
    note = ""
    if foreign:
        note = f" {', '.join(foreign)} was changed by another program and stays as it is."
    return (
        f"The {what} of proposal {proposal_id} was interrupted: the files are as before.{note}",
    )


def _ground(receipt: Receipt) -> Ground:
    library = Path(receipt.library)
    if receipt.repository is None:
        return Ground(library, None)
    if not library.is_dir():
        raise ReviewProblem(f"The library {library} is not there. Bring it back, then start again.")
    repository = Repository.find(Path(receipt.repository))
    if repository is None:
        raise ReviewProblem(
            f"The repository {receipt.repository} is not there. Bring it back, then start again."
        )
    paths = tuple(repository.relative(library / file.path) for file in receipt.files)
    return Ground(library, repository, paths)


def _contents(store: ProposalStore, receipt: Receipt) -> dict[str, bytes]:
    digests = {file.before_sha256 for file in receipt.files}
    digests |= {file.after_sha256 for file in receipt.files}
    return {
        digest: store.blob(digest, receipt.proposal) for digest in digests if digest is not None
    }


def _finished(transaction: Transaction) -> tuple[bool, str | None]:
    """Say whether all that was left to do was to note it, and the commit it made."""
    receipt, ground = transaction.receipt, transaction.ground
    if ground.repository is None:
        return receipt.state == "written" and is_after(ground.library, receipt), None
    for commit in ground.repository.log(branch=receipt.branch or None):
        if commit.sha == receipt.base_commit:
            break
        own = commit.trailer(PROPOSAL) == receipt.proposal
        if own and commit.trailer(CONTENT) == receipt.content_hash:
            return True, commit.sha
    return False, None


def _mend_status(store: ProposalStore, proposal: Proposal, receipt: Receipt) -> tuple[str, ...]:
    """Mend a status when the program ended between the last receipt and the status."""
    status = _final_status(store, proposal, receipt)
    if status is None:
        return ()
    store.update(msgspec.structs.replace(proposal, status=status))
    return (f"Proposal {proposal.id} is noted as {status}, as its receipt says.",)


def _final_status(
    store: ProposalStore, proposal: Proposal, receipt: Receipt
) -> ProposalStatus | None:
    """Return the status that the last receipt asks for, None when it is right as it is."""
    final: dict[str, ProposalStatus] = {"committed": "applied", "reverted": "reverted"}
    status = final.get(receipt.state)
    decisions = store.decisions(proposal.id)
    decided_later = any(decision.time > receipt.time for decision in decisions)
    return None if status == proposal.status or decided_later else status
