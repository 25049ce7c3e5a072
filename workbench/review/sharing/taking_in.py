"""What others wrote into the queue, taken into the own store; nothing of it is trusted."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

import msgspec
from msgspec import Struct

from workbench.domain.proposal import Decision, Proposal, ProposalStatus, Receipt
from workbench.files import FileProblem
from workbench.review.agreement import open_conflicts
from workbench.review.decide import status_after
from workbench.review.plan import ReviewProblem
from workbench.review.reviewers import decision_id, in_force, reviewer_key
from workbench.review.session import open_review
from workbench.review.sharing.form import (
    Place,
    blob_is,
    blobs_of,
    read_decision,
    read_proposal,
    read_receipt,
)
from workbench.review.sharing.layout import (
    MOST_AT_ONCE,
    MOST_PROPOSALS,
    QueueFile,
    QueueFiles,
    decision_path,
    receipt_path,
)
from workbench.store.branch_files import read_blobs
from workbench.store.git import Repository
from workbench.store.gitcommand import run_git
from workbench.store.proposals import ProposalStore, StoreProblem

_COMMIT = re.compile(r"[0-9a-f]{40,64}")
_ENDS: tuple[ProposalStatus, ...] = ("applied", "reverted", "stale")


class TakenIn(Struct, frozen=True):
    """What came in: ids of proposals, decisions with their reviewers, what was applied elsewhere.

    ``problems`` say in words what was left out, ``conflicts`` are proposals reviewers differ on.
    """

    proposals: tuple[str, ...] = ()
    decisions: tuple[tuple[str, str], ...] = ()
    applied: tuple[str, ...] = ()
    conflicts: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()


class TakingIn:
    """Takes the files of one state of the queue into a store."""

    def __init__(
        self,
        store: ProposalStore,
        repository: Repository,
        place: Place,
        tip: str,
        queue: QueueFiles,
    ) -> None:
        self._store, self._repository, self._place = store, repository, place
        self._tip, self._queue = tip, queue
        self._read = 0
        self._texts: Mapping[str, bytes] = {}
        self._signed: list[tuple[QueueFile, Decision]] = []
        self._proposals: list[str] = []
        self._decisions: list[tuple[str, str]] = []
        self._applied: list[str] = []
        self._problems: list[str] = list(queue.problems)

    def run(self) -> TakenIn:
        """Take everything in that is new and say what that was.

        Raises:
            FileProblem: the store cannot be written.
        """
        by_proposal: dict[str, list[QueueFile]] = {}
        for one in self._queue.files:
            by_proposal.setdefault(one.proposal, []).append(one)
        names = self._queue.proposals
        if len(names) > MOST_PROPOSALS:
            self._problems.append(
                f"The queue has {len(names):,} proposals; the first {MOST_PROPOSALS:,} were read."
            )
        known = {proposal.id: proposal for proposal in self._store.list()}
        self._texts = read_blobs(
            self._repository,
            (one.file.blob for one in self._queue.of("proposal") if one.proposal in known),
        )
        conflicts: list[str] = []
        for name in names[:MOST_PROPOSALS]:
            files = by_proposal[name]
            mine = known.get(name)
            if mine is not None and not self._is_same(mine, files):
                continue
            proposal = mine or self._proposal(name, files)
            if proposal is None or not self._place.holds(proposal):
                continue
            news = self._new_decisions(name, files)
            ended = self._receipts(name, files)
            if news or ended or name in self._proposals:
                self._settle(name)
            if self._differs(name):
                conflicts.append(name)
        self._problems += foreign_hands(self._repository, self._tip, self._signed)
        return TakenIn(
            tuple(self._proposals),
            tuple(self._decisions),
            tuple(self._applied),
            tuple(conflicts),
            tuple(self._problems),
        )

    def _contents(self, files: list[QueueFile]) -> Mapping[str, bytes]:
        fitting: list[QueueFile] = []
        for one in files:
            if self._read + one.file.size > MOST_AT_ONCE:
                self._problems.append(
                    f"{one.file.path} was not read: more than {MOST_AT_ONCE:,} bytes are new. "
                    "Sync again for the rest."
                )
                continue
            self._read += one.file.size
            fitting.append(one)
        return read_blobs(self._repository, (one.file.blob for one in fitting))

    def _proposal(self, name: str, files: list[QueueFile]) -> Proposal | None:
        (own,) = [one for one in files if one.kind == "proposal"]
        data = self._contents([own]).get(own.file.blob)
        if data is None:
            return None
        try:
            proposal = read_proposal(data, name, self._place)
        except ReviewProblem as problem:
            if "of the library" not in str(problem):  # another library's are nobody's fault
                self._left_out(own, problem)
            return None
        needed = blobs_of(proposal)
        wanted = [one for one in files if one.kind == "blob" and one.name in needed]
        contents = self._contents(wanted)
        blobs: dict[str, bytes] = {}
        for one in wanted:
            found = contents.get(one.file.blob)
            if found is None:
                continue
            if not blob_is(found, one.name):
                self._left_out(one, "its content has not the hash of its name.")
                return None
            blobs[one.name] = found
        try:
            added = self._store.add(proposal, blobs)
        except StoreProblem as problem:
            self._left_out(own, problem)
            return None
        self._proposals.append(name)
        return added

    def _is_same(self, mine: Proposal, files: list[QueueFile]) -> bool:
        """Say whether the proposal of that id in the queue asks for the same bytes as ours."""
        (own,) = [one for one in files if one.kind == "proposal"]
        data = self._texts.get(own.file.blob)
        try:
            theirs = None if data is None else read_proposal(data, mine.id, self._place)
        except ReviewProblem:
            return True  # of another library, or broken: what is in our store counts
        if theirs is None or _asked(theirs) == _asked(mine):
            return True
        self._left_out(own, "it is another proposal than the one of that id here.")
        return False

    def _new_decisions(self, name: str, files: list[QueueFile]) -> bool:
        known = {decision_id(one) for one in self._store.decisions(name)}
        new = [one for one in files if one.kind == "decision" and one.name not in known]
        contents = self._contents(new)
        found: list[Decision] = []
        for one in new:
            data = contents.get(one.file.blob)
            if data is None:
                continue
            try:
                decision = read_decision(data, name)
            except ReviewProblem as problem:
                self._left_out(one, problem)
                continue
            if decision_path(decision) != one.file.path:
                self._left_out(one, "it says something else than its name.")
                continue
            found.append(decision)
            self._signed.append((one, decision))
        for decision in sorted(found, key=lambda decision: decision.time):
            self._store.add_decision(decision)
            self._decisions.append((name, decision.reviewer))
        return bool(found)

    def _receipts(self, name: str, files: list[QueueFile]) -> bool:
        own = self._store.receipts(name)
        if own and own[-1].state in ("prepared", "written"):
            return False  # an apply of this machine is under way or has to be mended first
        known = {receipt_path(one) for one in own}
        new = [one for one in files if one.kind == "receipt" and one.file.path not in known]
        contents = self._contents(new)
        found: list[Receipt] = []
        for one in new:
            data = contents.get(one.file.blob)
            if data is None:
                continue
            try:
                receipt = read_receipt(data, name, self._place)
            except ReviewProblem as problem:
                self._left_out(one, problem)
                continue
            named = (receipt.commit, receipt.revert_commit)
            sane = all(commit is None or _COMMIT.fullmatch(commit) for commit in named)
            if receipt_path(receipt) != one.file.path or not sane:
                self._left_out(one, "it says something else than its name.")
                continue
            found.append(receipt)
        last = own[-1].time if own else ""
        newer = [one for one in sorted(found, key=lambda one: one.time) if one.time >= last]
        for receipt in newer:
            self._store.put_receipt(receipt)
        if newer:
            self._applied.append(name)
            status: ProposalStatus = "applied" if newer[-1].state == "committed" else "reverted"
            proposal = self._store.get(name)
            self._store.update(msgspec.structs.replace(proposal, status=status))
        return bool(newer)

    def _settle(self, name: str) -> None:
        """Give the proposal the status that follows from what everybody said."""
        proposal = self._store.get(name)
        if proposal.status in _ENDS:
            return
        try:
            review = open_review(self._store, name)
            status = status_after(review.hunks, in_force(review.standing))
        except (FileProblem, ReviewProblem) as problem:
            self._problems.append(f"Proposal {name} cannot be shown here: {problem}")
            return
        if review.standing.decisions and status != proposal.status:
            self._store.update(msgspec.structs.replace(proposal, status=status))

    def _differs(self, name: str) -> bool:
        decisions = self._store.decisions(name)
        if len({one.reviewer for one in decisions}) < 2:
            return False
        try:
            return bool(open_conflicts(open_review(self._store, name)))
        except (FileProblem, ReviewProblem):
            return False

    def _left_out(self, one: QueueFile, why: object) -> None:
        self._problems.append(f"{one.file.path} was left out: {why}")


def _asked(proposal: Proposal) -> tuple[object, ...]:
    """Return what a proposal would do, without words about it."""
    changes = [
        (one.path, one.op, one.new_text, one.blob, one.new_path, one.mode)
        for one in proposal.draft.changes
    ]
    return (*sorted((one.path, one.sha256 or "") for one in proposal.base), *changes)


def foreign_hands(
    repository: Repository, tip: str, signed: Sequence[tuple[QueueFile, Decision]]
) -> tuple[str, ...]:
    """Return, in words, the decisions that somebody else than who signed them put into the queue.

    Whoever may push can sign as anybody; git says who pushed, as far as it knows.
    """
    if not signed:
        return ()
    mark = "\x02"
    command = ["log", "--diff-filter=A", "--no-renames", "--name-only", "-z", f"--format={mark}%ae"]
    answer = run_git([*command, tip, "--", *(one.file.path for one, _ in signed)], repository.root)
    added: dict[str, str] = {}
    who = ""
    for field in answer.stdout.decode("utf-8", "replace").split("\0"):
        text = field.lstrip("\n")
        if text.startswith(mark):
            who = text[1:].strip()
        elif text:
            added[text] = who
    told: list[str] = []
    for one, decision in signed:
        by = added.get(one.file.path, "")
        if by and reviewer_key(f"x <{by}>") != reviewer_key(decision.reviewer):
            told.append(
                f"The decision on {decision.proposal} signed {decision.reviewer} was put into the "
                f"queue by {by}. Ask whether it is theirs."
            )
    return tuple(told)
