"""Applying on a branch of its own: what it is called, and moving HEAD there and back.

HEAD is on the new branch afterwards and the files of the work tree are those of it, as after
``git switch --create``; the branch that was left stays at the commit it was at.
"""

from __future__ import annotations

import re

from workbench.domain.proposal import Proposal, Receipt
from workbench.review.plan import ReviewProblem
from workbench.store.branches import branch_problem, leave_branch, start_branch
from workbench.store.git import Repository

_PLAIN = re.compile(r"[^a-z0-9]+")
_MOST = 40


def proposed_branch(proposal: Proposal) -> str:
    """Return a name from the skill, the title and the end of the id."""
    skill = _slug((proposal.draft.skills or ("library",))[0].rpartition("/")[2]) or "library"
    words = proposal.draft.title.removeprefix(f"{skill}:")
    end = _slug(proposal.id.rpartition("-")[2])[:8]
    name = "-".join(part for part in (_slug(words)[:_MOST].strip("-"), end) if part)
    return f"skills/{skill[:_MOST].strip('-')}/{name or 'proposal'}"


def check_branch(repository: Repository | None, name: str) -> None:
    """Refuse a branch that cannot be made.

    Raises:
        ReviewProblem: there is no repository, or git has another such branch.
    """
    if repository is None:
        raise ReviewProblem(
            f"There is no commit to put on the branch {name}: the library is in no git repository, "
            "or a commit was not wanted. Apply without a branch."
        )
    if problem := branch_problem(repository, name):
        raise ReviewProblem(f"{problem} Nothing was touched.")


def on_branch(repository: Repository, name: str) -> str:
    """Say what becomes of HEAD and of the branch that is left."""
    before = repository.branch()
    stays = f"{before} stays where it is" if before else "HEAD was on no branch"
    return f"It goes on the new branch {name}, which the work tree is switched to; {stays}."


def start(repository: Repository, receipt: Receipt) -> None:
    """Go to the branch of a receipt, if it has one."""
    if receipt.branch:
        start_branch(repository, receipt.branch, _reason(receipt))


def leave(repository: Repository, receipt: Receipt) -> None:
    """Go back, and take the branch away when nothing was committed on it."""
    if receipt.branch and receipt.base_commit:
        leave_branch(
            repository,
            receipt.branch,
            receipt.base_commit,
            receipt.branch_before,
            _reason(receipt),
        )


def _reason(receipt: Receipt) -> str:
    return f"skill-workbench: apply {receipt.proposal} at {receipt.time}"


def _slug(text: str) -> str:
    return _PLAIN.sub("-", text.casefold()).strip("-")
