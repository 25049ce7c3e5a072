"""Taking an upstream over whole, and sending what was applied here.

Applying hunks makes commits of this library's own; the same bytes under other commits. Where all
that came was accepted as it is, the branch can instead be moved forward to the upstream's own
commits, and both histories stay one.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

import msgspec
from msgspec import Struct

from workbench.domain.proposal import HunkVerdict, Proposal, Receipt, ReceiptFile
from workbench.domain.text import counted
from workbench.files import FileProblem, sha256
from workbench.review.agreement import open_conflicts
from workbench.review.compose import Result, ResultFile
from workbench.review.disk import look, permissions
from workbench.review.plan import ReviewProblem
from workbench.review.reviewers import in_force
from workbench.review.rules.admission import forbidden
from workbench.review.session import Review, open_review
from workbench.review.sharing.form import REMOTE_ENGINE, Place
from workbench.review.sharing.incoming import Incoming, RemoteChanges
from workbench.store.branch_files import files_of, read_checked_out
from workbench.store.git import Commit, Repository
from workbench.store.gitcommand import refusal, run_git
from workbench.store.history import HistoryEntry, LocalHistory
from workbench.store.proposals import ProposalStore
from workbench.store.remotes import (
    Upstream,
    commits_between,
    distance,
    fetch,
    push,
)
from workbench.store.transport import Call, TransportProblem

_COMMIT: Final = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")


class ForwardPlan(Struct, frozen=True):
    """Whether the branch can move to the upstream's own commits; ``why_not`` is "" when it can.

    ``unreviewed`` are files that come along and are in no proposal.
    """

    incoming: Incoming
    why_not: str
    unreviewed: tuple[str, ...] = ()


class Forward:
    """Moves the current branch to an upstream that was reviewed whole."""

    def __init__(
        self,
        store: ProposalStore,
        history: LocalHistory,
        repository: Repository,
        place: Place,
        upstream: Upstream,
    ) -> None:
        self._store, self._history = store, history
        self._repository, self._place, self._upstream = repository, place, upstream

    def plan(self) -> ForwardPlan:
        """Say whether it can be done; nothing is written.

        Raises:
            ReviewProblem, GitProblem: what came cannot be looked at.
        """
        changes = RemoteChanges(self._store, self._repository, self._place, self._upstream)
        incoming = changes.look()
        unreviewed = self._unreviewed(incoming)
        return ForwardPlan(incoming, self._why_not(incoming), unreviewed)

    def run(self, *, now: str, with_unreviewed: bool = False) -> tuple[Proposal, ...]:
        """Move the branch, and note the proposals that came in with it as applied.

        Raises:
            ReviewProblem: it cannot be done, or files come along that nobody agreed to.
            GitProblem: git refused, such as where it would write over changes of yours.
        """
        with self._store.lock():
            plan = self.plan()
            if plan.why_not:
                raise ReviewProblem(f"The branch was not moved: {plan.why_not}")
            if plan.unreviewed and not with_unreviewed:
                raise ReviewProblem(
                    f"{', '.join(plan.unreviewed[:8])} would come along without having been "
                    f"reviewed ({len(plan.unreviewed)} in all). Agree to that (--with-others), or "
                    "apply the proposals one by one."
                )
            tip = plan.incoming.distance.tip
            command = ["merge", "--ff-only", "--no-autostash", "--no-stat", "--quiet", str(tip)]
            answer = run_git(command, self._repository.root, writing=True)
            if answer.returncode or self._repository.head() != tip:
                raise refusal(self._repository.root, answer, "did not move the branch")
            return note_reached(self._store, self._history, self._repository, self._place, now=now)

    def _unreviewed(self, incoming: Incoming) -> tuple[str, ...]:
        root = self._repository.root
        here = incoming.distance
        if here.head is None or here.tip is None:
            return ()
        command = ["diff", "--name-only", "-z", "--no-renames", "--no-ext-diff", "--no-textconv"]
        answer = run_git([*command, here.head, here.tip], root, filters=False)
        every = [name.decode("utf-8", "replace") for name in answer.stdout.split(b"\0") if name]
        known = self._proposed(incoming)
        return tuple(name for name in every if name not in known)

    def _proposed(self, incoming: Incoming) -> frozenset[str]:
        """Return the files that proposals of what came are about, as paths of the repository."""
        found: set[str] = set()
        for one in incoming.commits:
            if one.state not in ("taken", "reviewed"):
                continue
            for change in self._store.get(one.proposal).draft.changes:
                found |= {path for path in (change.path, change.new_path) if path is not None}
        inside = self._place.inside
        return frozenset(f"{inside}/{path}" if inside else path for path in found)

    def _why_not(self, incoming: Incoming) -> str:
        here = incoming.distance
        if here.tip is None or here.behind == 0:
            return f"{incoming.upstream} has nothing that is not here."
        if not here.can_fast_forward:
            return (
                f"this branch has {counted(here.ahead, 'commit')} that {incoming.upstream} lacks. "
                "Apply the proposals one by one instead; that makes commits of its own."
            )
        if self._repository.detached:
            return "HEAD is detached. Check a branch out."
        operation = self._repository.operation()
        if operation is not None:
            return f"the repository is in the middle of {operation}. Finish or abort it with git."
        for one in incoming.commits:
            what = f"commit {one.commit[:10]} ({one.subject[:60]})"
            if one.state == "new":
                return f"{what} was not reviewed. Take it in as a proposal first."
            if one.state == "taken" and not self._whole(one.proposal):
                return f"not all of {what} is accepted as it is."
            if one.state in ("taken", "reviewed") and (rules := self._forbidden(one.proposal)):
                return f"{what} does not keep the rules of the library: {rules}"
        return ""

    def _forbidden(self, proposal_id: str) -> str:
        try:
            return forbidden(open_review(self._store, proposal_id, self._place.library))
        except ReviewProblem as problem:
            return str(problem)

    def _whole(self, proposal_id: str) -> bool:
        """Say whether everybody who spoke of the proposal accepts all of it, unedited."""
        try:
            review = open_review(self._store, proposal_id)
        except (FileProblem, ReviewProblem):
            return False
        verdicts = {one.hunk: one for one in in_force(review.standing)}
        taken = [verdicts.get(hunk.id) for hunk in review.hunks]
        whole = all(
            one is not None and one.verdict == "accept" and one.edited is None for one in taken
        )
        return whole and not open_conflicts(review)


def joinable(
    store: ProposalStore, repository: Repository, place: Place, upstream: Upstream
) -> frozenset[str]:
    """Return the files of skills that may come in by a join: reviewed here, within the rules.

    Raises:
        ReviewProblem, GitProblem: what came cannot be looked at.
    """
    changes = RemoteChanges(store, repository, place, upstream)
    for one in changes.look().commits:
        if one.state != "reviewed":
            continue
        if rules := forbidden(open_review(store, one.proposal, place.library)):
            raise ReviewProblem(
                f"Nothing was joined: commit {one.commit[:10]} does not keep the rules of the "
                f"library: {rules}"
            )
    return changes.reviewed_paths()


def note_reached(
    store: ProposalStore,
    history: LocalHistory,
    repository: Repository,
    place: Place,
    *,
    now: str,
) -> tuple[Proposal, ...]:
    """Note proposals whose commit is in the branch by now as applied, and return them.

    That is so after a fast-forward, and after the user merged with git, reviewed or not.

    Raises:
        FileProblem, GitProblem: the store or the repository cannot be used.
    """
    noted: list[Proposal] = []
    head = repository.head()
    for proposal in store.list():
        waiting = proposal.status not in ("applied", "reverted")
        if proposal.engine.id != REMOTE_ENGINE or not waiting or not place.holds(proposal):
            continue
        commit = proposal.engine.version
        if not _COMMIT.fullmatch(commit):
            continue
        command = ["merge-base", "--is-ancestor", commit, head or ""]
        if head is None or run_git(command, repository.root).returncode:
            continue
        try:
            review = open_review(store, proposal.id)
            verdicts = [HunkVerdict(hunk.id, "accept") for hunk in review.hunks]
            result = review.result(verdicts)
            if not _is_of_git(repository, place, proposal, result):
                continue
        except (FileProblem, ReviewProblem):
            continue
        receipt = _receipt(review, result, repository, commit, now)
        contents = {
            digest: data
            for file in result.files
            if (data := file.data) is not None and (digest := file.sha256) is not None
        }
        for data in contents.values():
            store.put_blob(proposal.id, data)
        history.record(
            HistoryEntry(
                library=receipt.library,
                action="apply",
                proposal=proposal.id,
                title=proposal.draft.title,
                files=receipt.files,
                reviewer=receipt.reviewer,
                time=receipt.time,
            ),
            {},
        )
        store.put_receipt(receipt)
        done = msgspec.structs.replace(proposal, status="applied")
        store.update(done)
        noted.append(done)
    return tuple(noted)


def _is_of_git(repository: Repository, place: Place, proposal: Proposal, result: Result) -> bool:
    """Say whether both sides of every file are what git has: a store may come from anywhere."""
    old, new = proposal.engine.settings_hash, proposal.engine.version
    if old and not _COMMIT.fullmatch(old):
        return False
    sides = (files_of(repository, old or None), files_of(repository, new))
    for file in result.files:
        path = f"{place.inside}/{file.path}" if place.inside else file.path
        for files, digest in zip(sides, (file.base_sha256, file.sha256), strict=True):
            there = files.get(path)
            found = None if there is None else read_checked_out(repository, [there]).get(there)
            if (None if found is None else sha256(found)) != digest:
                return False
    return True


def _receipt(
    review: Review, result: Result, repository: Repository, commit: str, now: str
) -> Receipt:
    decision = review.decision
    agreed = decision is not None and decision.content_hash == result.content_hash
    return Receipt(
        proposal=review.proposal.id,
        library=str(review.library),
        state="committed",
        files=tuple(_file(review, file) for file in result.files),
        reviewer=decision.reviewer if decision is not None and agreed else "nobody here",
        time=now,
        content_hash=result.content_hash,
        commit=commit,
        message="It came in with its own commit, as it was on the remote.",
        repository=str(repository.root),
    )


def _file(review: Review, file: ResultFile) -> ReceiptFile:
    """Return both sides of a file; git tells of permissions whether it can be executed."""
    now = look(review.library, file.path).mode
    before = None if file.base_sha256 is None else permissions(now, file.base_mode)
    after = None if file.data is None else permissions(now, file.mode or file.base_mode)
    return ReceiptFile(
        file.path,
        file.base_sha256,
        file.sha256,
        None if before is None else f"{before:o}",
        None if after is None else f"{after:o}",
    )


class PushPlan(Struct, frozen=True):
    """What a push would send, newest first; ``why_not`` is "" when it can be sent.

    ``apart`` says that both sides went on, so that they have to be joined first.
    """

    upstream: Upstream
    commits: tuple[Commit, ...]
    why_not: str = ""
    apart: bool = False


def plan_push(repository: Repository, upstream: Upstream) -> PushPlan:
    """Return what a push of the current branch would send, as of the last fetch.

    Raises:
        GitProblem: git refuses.
    """
    here = distance(repository, upstream)
    if here.head is None:
        return PushPlan(upstream, (), "there is no commit yet.")
    if repository.detached:
        return PushPlan(upstream, (), "HEAD is detached. Check a branch out.")
    if here.tip is None:
        return PushPlan(upstream, repository.log(), "")
    if here.base is None:
        return PushPlan(upstream, (), f"{upstream} has another history than this branch.")
    ahead = commits_between(repository, here.tip, here.head)
    commits = tuple(one.commit for one in reversed(ahead))
    if not commits:
        more = f", and {counted(here.behind, 'commit')} more to come in" if here.behind else ""
        return PushPlan(upstream, (), f"{upstream} has all of it{more}.")
    if here.behind:
        return PushPlan(
            upstream,
            commits,
            f"{upstream} has {counted(here.behind, 'commit')} that are not in this branch. Review "
            "what came; what you apply is here under commits of its own. Then join the two, and "
            "push.",
            True,
        )
    return PushPlan(upstream, commits)


def send(repository: Repository, upstream: Upstream, call: Call) -> PushPlan:
    """Push the current branch to its upstream, never forced; return what was sent.

    Raises:
        ReviewProblem: there is nothing to push, or it cannot be pushed.
        TransportProblem: the remote cannot be reached, refuses, or has moved on.
    """
    plan = plan_push(repository, upstream)
    if plan.why_not:
        raise ReviewProblem(f"Nothing was pushed: {plan.why_not}")
    head = repository.head() or ""
    try:
        push(repository, upstream.remote, head, upstream.branch, call)
    except TransportProblem as problem:
        if problem.kind == "rejected":
            # What is there now is shown at once, when it can be had.
            _refetch(repository, upstream, call)
        raise
    return plan


def _refetch(repository: Repository, upstream: Upstream, call: Call) -> None:
    try:
        fetch(repository, upstream.remote, call, (upstream.branch,))
    except TransportProblem:
        return


def left_over(commits: Sequence[Commit]) -> tuple[Commit, ...]:
    """Return the commits that carry no proposal: work of the user's own that a push sends along."""
    return tuple(one for one in commits if one.trailer("Skill-Workbench-Proposal") is None)
