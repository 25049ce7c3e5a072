"""Apply and revert share this: a receipt first, then the files, then the commit; all or nothing."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

import msgspec
from msgspec import Struct

from workbench.domain.proposal import Proposal, ProposalStatus, Receipt, ReceiptFile
from workbench.files import FileProblem
from workbench.review.applying.new_branch import check_branch, leave, on_branch, start
from workbench.review.disk import is_after, look, put_back, write_all
from workbench.review.plan import ReviewProblem
from workbench.store.git import GitMissing, GitProblem, Identity, Repository
from workbench.store.history import HistoryEntry, LocalHistory
from workbench.store.proposals import ProposalStore


class Stale(ReviewProblem):
    """Files are not what the proposal is based on; ``paths`` says which."""

    def __init__(self, message: str, paths: tuple[str, ...]) -> None:
        self.paths = paths
        super().__init__(message)


class RolledBack(ReviewProblem):
    """Applying failed in the middle and every file is as before."""


class Ground(Struct, frozen=True):
    """Where the files lie: a repository with the paths to commit, or none."""

    library: Path
    repository: Repository | None
    commit_paths: tuple[str, ...] = ()
    note: str = ""


def survey(
    library: Path,
    paths: Sequence[str],
    *,
    use_git: bool,
    committing: bool = False,
    branch: str = "",
) -> Ground:
    """Look at the repository of the touched files and refuse what would mix up people's work.

    Args:
        library: its folder.
        paths: the touched files, relative to it.
        use_git: False leaves git alone.
        committing: the commit follows at once, so filters of the repository's own may run, as they
            will then. Without it nothing of the repository runs, and whether a file that passes
            through such a filter has changes is left to the apply.
        branch: the new branch to commit on, "" for the current one.

    Raises:
        ReviewProblem: the repository is in the middle of a merge, files have changes that are not
            committed, they lie in several repositories, or no such branch can be made.
        GitMissing: the library is in a repository and there is no git command.
        GitProblem: git refuses the repository.
    """
    if not library.is_dir():
        raise ReviewProblem(f"The library {library} is not there. Name its folder with --library.")
    if not use_git:
        return Ground(library, None, note="Not committed, as you asked.")
    found: dict[Path, Repository] = {}
    outside = 0
    for path in paths:
        repository = _repository(library, path)
        if repository is None:
            outside += 1
        else:
            found[repository.root] = repository
    if not found:
        return Ground(library, None, note="The library is in no git repository.")
    if len(found) > 1 or outside:
        raise ReviewProblem(
            "The files lie in several git repositories "
            f"({', '.join(str(root) for root in found)}), and one commit cannot hold them. Accept "
            "the hunks of one repository at a time."
        )
    return _repository_ground(library, paths, next(iter(found.values())), committing, branch)


def _repository(library: Path, path: str) -> Repository | None:
    try:
        return Repository.find((library / path).parent)
    except GitMissing:
        folders = (library.absolute(), *library.absolute().parents)
        if any((folder / ".git").exists() for folder in folders):
            raise
        return None


def _repository_ground(
    library: Path, paths: Sequence[str], repository: Repository, committing: bool, branch: str
) -> Ground:
    operation = repository.operation()
    if operation is not None:
        raise ReviewProblem(
            f"The repository {repository.root} is in the middle of {operation}. Finish or abort "
            "it with git, then apply."
        )
    inside = {repository.relative(library / path): path for path in paths}
    ignored = repository.ignored(tuple(inside))
    commit_paths = tuple(path for path in inside if path not in ignored)
    if not commit_paths:
        return Ground(library, None, note="git ignores these files, so they were not committed.")
    filtered = repository.filtered(commit_paths)
    dirty = [state.path for state in repository.status(commit_paths, trusted=committing)]
    if not committing:
        dirty = [path for path in dirty if path not in filtered]
    if dirty:
        raise ReviewProblem(
            f"{', '.join(dirty)} in {repository.root} has changes of yours that are not committed; "
            "the commit would mix them with the proposal. Commit or stash them, then apply."
        )
    notes: list[str] = []
    programs = [*repository.hooks(), *(["filters of the files"] if filtered else [])]
    if programs:
        notes.append(f"git runs programs of this repository with it: {', '.join(programs)}.")
    if branch:
        check_branch(repository, branch)
        notes.append(on_branch(repository, branch))
    elif repository.detached:
        notes.append("HEAD is detached: the commit is on no branch. Make one to keep it.")
    if ignored:
        notes.append(f"git ignores {', '.join(sorted(ignored))}: written and not committed.")
    return Ground(library, repository, commit_paths, " ".join(notes))


def identity_of(repository: Repository, reviewer: str) -> Identity | None:
    """Return who commits when git itself does not know: the reviewer, when it is "Name <mail>".

    Raises:
        ReviewProblem: git has no identity and the reviewer is no "Name <mail>".
    """
    if repository.identity() is not None:
        return None
    name, mark, mail = reviewer.partition("<")
    if mark and name.strip() and mail.endswith(">") and "@" in mail:
        return Identity(name.strip(), mail[:-1].strip())
    raise ReviewProblem(
        f"git does not know who you are, so it cannot commit in {repository.root}. Run: git config "
        '--global user.name "Your Name" and git config --global user.email you@example.org, or '
        'give --reviewer "Your Name <you@example.org>".'
    )


@dataclass(frozen=True, kw_only=True)
class Transaction:
    """One apply, or with ``original`` (the receipt it takes back) one revert.

    ``contents`` are both sides of every file, by SHA-256. With ``sign`` the commit is signed.
    """

    store: ProposalStore
    history: LocalHistory
    ground: Ground
    proposal: Proposal
    receipt: Receipt
    contents: Mapping[str, bytes]
    message: str
    original: Receipt | None = None
    sign: bool = False

    def run(self) -> Receipt:
        """Carry it out and return the last receipt, which is in the store too.

        Raises:
            RolledBack: a file could not be written or the commit was refused; all is as before.
            ReviewProblem: that, and something could not be put back; the message says what.
            FileProblem: the receipt could not be written; nothing was touched.
        """
        repository = self.ground.repository
        identity = identity_of(repository, self.receipt.reviewer) if repository else None
        for data in self.contents.values():
            self.store.put_blob(self.proposal.id, data)
        self.history.begin(self.receipt)
        self.store.put_receipt(self.receipt)
        commit: str | None = None
        try:
            if repository is not None:
                start(repository, self.receipt)
            write_all(self.ground.library, self.receipt, self.contents.__getitem__)
            self.store.put_receipt(msgspec.structs.replace(self.receipt, state="written"))
            if repository is not None:
                commit = self._commit(repository, identity)
        except BaseException as problem:
            self._roll_back(problem)
        try:
            return self.finish(commit)
        except FileProblem as problem:
            raise ReviewProblem(
                f"The files are written{f' and committed as {commit[:12]}' if commit else ''}, but "
                f"not yet noted: {problem} The next start notes it."
            ) from problem

    def finish(self, commit: str | None) -> Receipt:
        """Note that it is done: history, receipt, status of the proposal.

        Raises:
            FileProblem: one of them cannot be written.
        """
        # git keeps the versions of what lies in a repository.
        self.history.record(self._entry(), {} if self.ground.repository else self.contents)
        if self.original is None:
            receipt = msgspec.structs.replace(self.receipt, state="committed", commit=commit)
        else:
            receipt = msgspec.structs.replace(
                self.original,
                state="reverted",
                revert_commit=commit,
                time=self.receipt.time,
                message=self.receipt.message,
            )
        self.store.put_receipt(receipt)
        status: ProposalStatus = "applied" if self.original is None else "reverted"
        self.store.update(msgspec.structs.replace(self.proposal, status=status))
        self.history.end(self.receipt)
        return receipt

    def put_back(self, reason: str) -> tuple[str, ...]:
        """Bring the files back and note it; return those someone else changed meanwhile.

        Raises:
            FileProblem, ReviewProblem, GitProblem: something cannot be put back.
        """
        foreign = put_back(self.ground.library, self.receipt, self.contents.__getitem__)
        if self.ground.repository is not None:
            self.ground.repository.forget_new(self.ground.commit_paths)
            leave(self.ground.repository, self.receipt)
        with contextlib.suppress(FileProblem):  # found again at the next start
            rolled_back = msgspec.structs.replace(self.receipt, state="rolled_back", message=reason)
            self.store.put_receipt(rolled_back)
            if self.original is not None:
                self.store.put_receipt(self.original)
            self.history.end(self.receipt)
        return foreign

    def _commit(self, repository: Repository, identity: Identity | None) -> str:
        paths = self.ground.commit_paths
        sha = repository.commit(paths, self.message, identity=identity, sign=self.sign)
        as_approved = is_after(self.ground.library, self.receipt)
        if as_approved and not repository.status(paths, trusted=True):
            return sha
        newest = repository.log(limit=1)[0]
        if newest.parents[:1] != ((self.receipt.base_commit,) if self.receipt.base_commit else ()):
            return sha  # a hook committed on top of it; that history is not ours to cut
        repository.take_back(newest, paths)
        for file in self.receipt.files:
            self._undo_hook(file)
        raise GitProblem(
            f"A hook of {repository.root} changed the files while they were committed, so they "
            "were not what you approved. Mend the hook, or apply without a commit."
        )

    def _undo_hook(self, file: ReceiptFile) -> None:
        found = look(self.ground.library, file.path)
        if found.data is None or found.sha256 in (file.after_sha256, file.before_sha256):
            return
        # Nothing is lost: what the hook made stays in the store.
        self.store.put_blob(self.proposal.id, found.data)
        one = msgspec.structs.replace(file, before_sha256=found.sha256)
        receipt = msgspec.structs.replace(self.receipt, files=(one,))
        write_all(self.ground.library, receipt, self.contents.__getitem__)

    def _roll_back(self, problem: BaseException) -> NoReturn:
        try:
            foreign = self.put_back(str(problem))
        except (OSError, FileProblem, ReviewProblem, GitProblem) as second:
            raise ReviewProblem(
                f"{problem} Putting the files back failed too: {second} The versions before are "
                f"stored in {self.store.folder / self.proposal.id / 'blobs'}; the next start tries "
                "again."
            ) from problem
        if not isinstance(problem, Exception):
            raise problem
        if foreign:
            raise ReviewProblem(
                f"{problem} {', '.join(foreign)} was changed by another program meanwhile and "
                "stays as it is; the other files are as before."
            ) from problem
        raise RolledBack(f"{problem} Every file is as it was before.") from problem

    def _entry(self) -> HistoryEntry:
        return HistoryEntry(
            library=self.receipt.library,
            action="apply" if self.original is None else "revert",
            proposal=self.proposal.id,
            title=self.proposal.draft.title,
            files=self.receipt.files,
            reviewer=self.receipt.reviewer,
            time=self.receipt.time,
        )
