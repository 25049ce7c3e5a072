"""What others wrote into the queue, taken into the own store; nothing of it is trusted."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final, TypeVar

import msgspec
from msgspec import Struct

from workbench.domain.comment import CommentRecord
from workbench.domain.proposal import Decision, Proposal, ProposalStatus, Receipt
from workbench.domain.reviewer import reviewer_key
from workbench.domain.selection_test import SelectionTest
from workbench.domain.text import counted
from workbench.files import FileProblem
from workbench.review.agreement import open_conflicts
from workbench.review.decide import status_after
from workbench.review.moments import is_ahead
from workbench.review.plan import ReviewProblem
from workbench.review.reviewers import decision_id, in_force
from workbench.review.session import open_review
from workbench.review.sharing.evidence_here import TracesHere, look_up
from workbench.review.sharing.form import (
    OtherLibrary,
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
    comment_name,
    comment_path,
    decision_path,
    receipt_path,
    shown,
    test_path,
)
from workbench.review.sharing.said import read_comment, read_test
from workbench.store.branch_files import read_blobs
from workbench.store.git import Repository
from workbench.store.gitcommand import run_git
from workbench.store.proposals import ProposalStore, StoreProblem

_Value = TypeVar("_Value")
_Said = TypeVar("_Said", Decision, CommentRecord, SelectionTest, Receipt)
_COMMIT: Final = re.compile(r"[0-9a-f]{40,64}")
_OTHER: Final = "it says something else than its name."
_ENDS: tuple[ProposalStatus, ...] = ("applied", "reverted", "stale")


class TakenIn(Struct, frozen=True):
    """What came in: ids of proposals, decisions with their reviewers, what was applied elsewhere.

    ``comments`` and ``tests`` are (proposal, who) of each act on a comment and each test of a
    selection; ``found`` are proposals whose quotes were found in traces of this machine.
    ``problems`` say in words what was left out, ``conflicts`` are proposals reviewers differ on.
    """

    proposals: tuple[str, ...] = ()
    decisions: tuple[tuple[str, str], ...] = ()
    applied: tuple[str, ...] = ()
    conflicts: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()
    comments: tuple[tuple[str, str], ...] = ()
    tests: tuple[tuple[str, str], ...] = ()
    found: tuple[str, ...] = ()


class TakingIn:
    """Takes the files of one state of the queue into a store."""

    def __init__(
        self,
        store: ProposalStore,
        repository: Repository,
        place: Place,
        tip: str,
        queue: QueueFiles,
        *,
        traces: TracesHere | None = None,
        now: str = "",
    ) -> None:
        self._store, self._repository, self._place = store, repository, place
        self._tip, self._queue, self._traces = tip, queue, traces
        self._now = now
        self._found: list[str] = []
        self._gone: list[str] = []
        self._read = 0
        self._texts: Mapping[str, bytes] = {}
        self._signed: list[Signed] = []
        self._proposals: list[str] = []
        self._decisions: list[tuple[str, str]] = []
        self._comments: list[tuple[str, str]] = []
        self._tests: list[tuple[str, str]] = []
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
            if proposal is not None and not self._place.holds(proposal):
                proposal = self._follow(proposal, files)
            if proposal is None:
                continue
            news = self._new_decisions(name, files)
            self._new_comments(name, files)
            self._new_tests(name, files)
            ended = self._receipts(name, files)
            if news or ended or name in self._proposals:
                self._settle(name)
            if self._traces is not None and look_up(self._store, name, self._traces):
                self._found.append(name)
            if self._differs(name):
                conflicts.append(name)
        self._problems += self._renamed()
        self._problems += foreign_hands(self._repository, self._tip, self._signed)
        return TakenIn(
            tuple(self._proposals),
            tuple(self._decisions),
            tuple(self._applied),
            tuple(conflicts),
            tuple(self._problems),
            tuple(self._comments),
            tuple(self._tests),
            tuple(self._found),
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
            if not isinstance(problem, OtherLibrary):  # another library's are nobody's fault
                self._left_out(own, problem)
            elif not self._is_folder(problem.inside):
                self._gone.append(problem.inside)
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

    def _renamed(self) -> Iterator[str]:
        """Say of which libraries that were here once, and are not now, the queue has proposals."""
        for inside, count in Counter(self._gone).most_common(3):
            command = ["rev-list", "--max-count=1", "HEAD", "--", inside]
            if inside and run_git(command, self._repository.root).stdout.strip():
                yield (
                    f"{counted(count, 'proposal')} in the queue: of the library '{shown(inside)}' "
                    "of the repository, which is no folder any more. Where it was renamed, they "
                    "cannot follow: have them proposed again for the new folder."
                )

    def _is_folder(self, inside: str) -> bool:
        try:
            return (self._place.root / inside).is_dir()
        except (OSError, ValueError):
            return True  # no name of a folder: nothing was renamed

    def _follow(self, mine: Proposal, files: list[QueueFile]) -> Proposal | None:
        """Return a proposal of this library whose clone lay elsewhere before; None if it is not."""
        own = next((one for one in files if one.kind == "proposal"), None)
        data = self._texts.get(own.file.blob) if own is not None else None
        if data is None or Path(mine.library).is_dir():
            return None
        try:
            read_proposal(data, mine.id, self._place)
        except ReviewProblem:
            return None
        moved = msgspec.structs.replace(mine, library=str(self._place.library))
        self._store.update(moved)
        self._proposals.append(mine.id)
        return moved

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
        found: list[Decision] = []
        for one, decision in self._values(
            new, lambda data: self._timely(read_decision(data, name))
        ):
            if decision_path(decision) != one.file.path:
                self._left_out(one, _OTHER)
                continue
            found.append(decision)
            self._signed.append(Signed(one, "decision", decision.reviewer))
        for decision in sorted(found, key=lambda decision: decision.time):
            self._store.add_decision(decision)
            self._decisions.append((name, decision.reviewer))
        return bool(found)

    def _new_comments(self, name: str, files: list[QueueFile]) -> None:
        known = {comment_name(one) for one in self._store.comments(name)}
        new = [one for one in files if one.kind == "comment" and one.name not in known]
        for one, record in self._values(new, lambda data: self._timely(read_comment(data, name))):
            if comment_path(name, record) != one.file.path or one.name in known:
                self._left_out(one, _OTHER)
                continue
            known.add(one.name)
            self._store.add_comment(name, record)
            self._comments.append((name, record.author))
            self._signed.append(Signed(one, "comment", record.author))

    def _new_tests(self, name: str, files: list[QueueFile]) -> None:
        stored = (*self._store.tests(name), *self._store.tests_elsewhere(name))
        known = {test_path(one) for one in stored}
        new = [one for one in files if one.kind == "test" and one.file.path not in known]
        for one, test in self._values(new, lambda data: self._timely(read_test(data, name))):
            if test_path(test) != one.file.path:
                self._left_out(one, _OTHER)
                continue
            self._store.add_test_elsewhere(test)
            self._tests.append((name, test.by))
            self._signed.append(Signed(one, "test", test.by))

    def _values(
        self, files: list[QueueFile], read: Callable[[bytes], _Value]
    ) -> Iterator[tuple[QueueFile, _Value]]:
        """Read files; say of those that are not what they should be why they are left out."""
        contents = self._contents(files)
        for one in files:
            data = contents.get(one.file.blob)
            if data is None:
                continue
            try:
                value = read(data)
            except ReviewProblem as problem:
                self._left_out(one, problem)
                continue
            yield one, value

    def _timely(self, said: _Said) -> _Said:
        """Refuse what says it is of days to come: nothing anybody says could come after it.

        Raises:
            ReviewProblem: its time is further ahead than clocks differ.
        """
        if self._now and is_ahead(said.time, self._now):
            raise ReviewProblem(
                f"its time {said.time[:16]} is more than a day ahead of the clock here. Look which "
                "clock is wrong, then sync again."
            )
        return said

    def _receipts(self, name: str, files: list[QueueFile]) -> bool:
        own = self._store.receipts(name)
        if own and own[-1].state in ("prepared", "written"):
            return False  # an apply of this machine is under way or has to be mended first
        known = {receipt_path(one) for one in own}
        new = [one for one in files if one.kind == "receipt" and one.file.path not in known]
        found: list[Receipt] = []
        for one, receipt in self._values(
            new, lambda data: self._timely(read_receipt(data, name, self._place))
        ):
            named = (receipt.commit, receipt.revert_commit)
            sane = all(commit is None or _COMMIT.fullmatch(commit) for commit in named)
            if receipt_path(receipt) != one.file.path or not sane:
                self._left_out(one, _OTHER)
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
        self._problems.append(f"{shown(one.file.path)} was left out: {why}")


def _asked(proposal: Proposal) -> tuple[object, ...]:
    """Return what a proposal would do, without words about it."""
    changes = [
        (one.path, one.op, one.new_text, one.blob, one.new_path, one.mode)
        for one in proposal.draft.changes
    ]
    return (*sorted((one.path, one.sha256 or "") for one in proposal.base), *changes)


class Signed(Struct, frozen=True):
    """A file of the queue, what it is, and who signed it."""

    file: QueueFile
    what: str
    by: str


def foreign_hands(repository: Repository, tip: str, signed: Sequence[Signed]) -> tuple[str, ...]:
    """Return, in words, what somebody else than who signed it put into the queue.

    Whoever may push can sign as anybody; git says who pushed, as far as it knows.
    """
    if not signed:
        return ()
    mark = "\x02"
    command = ["log", "--diff-filter=A", "--no-renames", "--name-only", "-z", f"--format={mark}%ae"]
    paths = [one.file.file.path for one in signed]
    # The paths of thousands would not fit on a command line.
    few = ["--", *paths] if len(paths) < 200 else ["--", "proposals"]
    answer = run_git([*command, tip, *few], repository.root)
    added: dict[str, str] = {}
    who = ""
    for field in answer.stdout.decode("utf-8", "replace").split("\0"):
        text = field.lstrip("\n")
        if text.startswith(mark):
            who = text[1:].strip()
        elif text:
            added[text] = who
    told: list[str] = []
    for one in signed:
        by = added.get(one.file.file.path, "")
        if by and reviewer_key(f"x <{by}>") != reviewer_key(one.by):
            told.append(
                f"The {one.what} on {one.file.proposal} signed {one.by} was put into the queue by "
                f"{by}. Ask whether it is theirs."
            )
    return tuple(told)
