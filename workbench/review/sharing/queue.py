"""The queue of a team: a branch of the repository that both sides add files to.

A sync fetches the branch, joins it with what this machine has (every file is written once, so the
files of both are the result), commits that without touching work tree, index or current branch, and
pushes. Someone else may push meanwhile: then it is joined anew. Killed at any point it leaves refs
as they were or as they are to be.
"""

from __future__ import annotations

import random
import time
from collections import Counter
from collections.abc import Collection
from contextlib import ExitStack
from pathlib import Path
from typing import Final

import msgspec
from msgspec import Struct

from workbench.domain.proposal import Proposal
from workbench.files import FileProblem
from workbench.review.applying.transaction import identity_of
from workbench.review.plan import ReviewProblem
from workbench.review.sharing.evidence_here import TracesHere
from workbench.review.sharing.form import Place
from workbench.review.sharing.layout import (
    MARKER,
    MARKER_DATA,
    QueueFiles,
    is_sane,
    merged,
    sorted_out,
)
from workbench.review.sharing.publishing import Publication, publication, shareable
from workbench.review.sharing.settings import Sharing, read_sharing
from workbench.review.sharing.taking_in import TakenIn, TakingIn
from workbench.store.branch_files import (
    REGULAR,
    BranchFile,
    checked_out,
    files_of,
    read_blobs,
    set_ref,
    write_blobs,
    write_commit,
    write_tree,
)
from workbench.store.git import Identity, Repository
from workbench.store.gitcommand import run_git
from workbench.store.proposals import ProposalStore
from workbench.store.remotes import address_of, fetch, push, tip_of
from workbench.store.transport import Call, TransportProblem

#: So often a sync is joined anew when others push at the same time.
_TRIES: Final = 8

Files = dict[str, BranchFile]


class QueueState(Struct, frozen=True):
    """The queue as of the last fetch, without asking the network.

    ``shared`` are the proposals in it; ``waiting`` those of this library that are here alone;
    ``unsent`` is how many files of what was said and done are not in it; ``aside`` are files both
    sides changed, which were kept side by side.
    """

    sharing: Sharing
    address: str
    there: bool
    shared: tuple[str, ...] = ()
    waiting: tuple[Proposal, ...] = ()
    unsent: int = 0
    aside: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()


class Synced(Struct, frozen=True):
    """What a sync did. ``sent`` are the paths added; ``commit`` is the queue's tip after it.

    ``pushed`` is False where the queue is kept in this repository alone.
    """

    commit: str | None
    sent: tuple[str, ...]
    taken: TakenIn
    held: tuple[tuple[str, str], ...] = ()
    differing: tuple[str, ...] = ()
    pushed: bool = False
    tries: int = 1


class TeamQueue:
    """The queue of one library. Every method may take a while; those with a ``call`` talk."""

    def __init__(self, store: ProposalStore, library: Path) -> None:
        """Open it.

        Raises:
            ReviewProblem: the library is in no repository, or sharing is not on.
            GitMissing, GitProblem: there is no git, or it refuses the repository.
        """
        self.repository, self.place = place_of(library)
        self._store = store
        sharing = read_sharing(self.place.library)
        if sharing is None:
            raise ReviewProblem(
                f"Reviews of {self.place.library} are not shared. Turn that on first: "
                "skill-workbench share on (or Turn sharing on in the window)."
            )
        self.sharing = sharing
        self.ref = f"refs/heads/{sharing.branch}"
        self.remote_ref = f"refs/remotes/{sharing.remote}/{sharing.branch}"

    def state(self) -> QueueState:
        """Return what is known without asking the network.

        Raises:
            ReviewProblem, GitProblem, FileProblem: it cannot be read.
        """
        files, _ = self._joined()
        queue = sorted_out(files.values())
        shared = frozenset(queue.proposals)
        proposals = shareable(self._store, self.place)
        more = self.publication(())
        return QueueState(
            self.sharing,
            address_of(self.repository, self.sharing.remote) if self.sharing.remote else "",
            MARKER in files,
            tuple(one.id for one in proposals if one.id in shared),
            tuple(one for one in proposals if one.id not in shared),
            sum(one.kind not in ("queue", "proposal", "file") for one in more.files),
            queue.aside,
            queue.problems,
        )

    def publication(self, add: Collection[str]) -> Publication:
        """Return what a sync would add, as of the last fetch; nothing is written.

        Raises:
            ReviewProblem, GitProblem, FileProblem: it cannot be read.
        """
        files, _ = self._joined()
        return publication(self._store, self.repository, self.place, files, add)

    def sync(
        self,
        call: Call,
        *,
        add: Collection[str] = (),
        reviewer: str = "",
        traces: TracesHere | None = None,
        now: str = "",
    ) -> Synced:
        """Bring the queue and the store up to date with each other.

        Args:
            call: how to talk to the remote.
            add: proposals to share that are not shared yet.
            reviewer: who commits where git has no identity.
            traces: where quotes of others are looked up again.
            now: the time, ISO 8601; what says it is of days to come is left out.

        Raises:
            TransportProblem: the remote cannot be reached or refuses; what was fetched is kept.
            ReviewProblem, GitProblem, FileProblem: refused before anything was sent.
        """
        self._check_branch()
        identity = identity_of(self.repository, reviewer) or self.repository.identity()
        if identity is None:
            raise ReviewProblem("git does not know who you are.")
        for tries in range(1, _TRIES + 1):
            if self.sharing.remote:
                self._fetch(call)
            files, differing = self._joined()
            more = publication(self._store, self.repository, self.place, files, add)
            known = self._tips()
            blobs = write_blobs(self.repository, more.contents)
            for path, blob in blobs.items():
                size = len(more.contents[path])
                files[path] = BranchFile(path, REGULAR, blob, size)
            commit = self._commit(files, more, known, identity)
            if self._given(commit, known, call):
                queue = sorted_out(files.values())
                taken = self._taken_in(commit, queue, traces, now)
                return Synced(
                    commit,
                    tuple(more.contents),
                    taken,
                    more.held,
                    differing,
                    bool(self.sharing.remote),
                    tries,
                )
            time.sleep(random.uniform(0.02, 0.1) * tries)
        raise TransportProblem(
            "rejected",
            f"Others pushed to {self.sharing.branch} {_TRIES} times while this was being sent. "
            "Nothing is lost; sync again.",
        )

    def _taken_in(
        self, commit: str, queue: QueueFiles, traces: TracesHere | None, now: str
    ) -> TakenIn:
        """Take what is new into the store, once nothing is applied any more."""
        with ExitStack() as held:
            for left in range(_TRIES, -1, -1):
                try:
                    held.enter_context(self._store.lock())
                    break
                except FileProblem:
                    if not left:
                        raise
                time.sleep(0.5)
            return TakingIn(
                self._store, self.repository, self.place, commit, queue, traces=traces, now=now
            ).run()

    def _fetch(self, call: Call) -> None:
        try:
            fetch(self.repository, self.sharing.remote, call, (self.sharing.branch,))
        except TransportProblem as problem:
            if "couldn't find remote ref" not in str(problem):
                raise
            # Nobody shared anything yet, or the branch was deleted there: what was known of it
            # is no base of what comes next.
            run_git(["update-ref", "-d", self.remote_ref], self.repository.root)

    def _tips(self) -> tuple[str | None, str | None]:
        remote = tip_of(self.repository, self.remote_ref) if self.sharing.remote else None
        return tip_of(self.repository, self.ref), remote

    def _joined(self) -> tuple[Files, tuple[str, ...]]:
        """Return the files of the branch here and the one fetched, and the paths they differ on."""
        ours, theirs = self._tips()
        mine, other = files_of(self.repository, ours), files_of(self.repository, theirs)
        for files, tip in ((mine, ours), (other, theirs)):
            self._check_marker(files, tip)
        if not ours or not theirs:
            only = mine or other
            return {path: file for path, file in only.items() if is_sane(path)}, ()
        found = run_git(["merge-base", ours, theirs], self.repository.root)
        base = found.stdout.decode().split("\n")[0] or None
        return merged(files_of(self.repository, base), mine, other)

    def _check_marker(self, files: Files, tip: str | None) -> None:
        """Refuse to add to a branch that is no queue, such as one with the user's own work."""
        marker = files.get(MARKER)
        if tip is None:
            return
        if marker is None:
            raise ReviewProblem(
                f"The branch {self.sharing.branch} has no {MARKER}, so it is no queue of proposals "
                "and was left alone. Choose another branch: skill-workbench share on --branch NAME"
            )
        if marker.mode != REGULAR or marker.size > len(MARKER_DATA) + 1000:
            raise ReviewProblem(f"{MARKER} of the branch {self.sharing.branch} is not readable.")
        data = read_blobs(self.repository, [marker.blob]).get(marker.blob, b"")
        try:
            schema = msgspec.json.decode(data, type=dict[str, str]).get("schema")
        except (msgspec.MsgspecError, UnicodeDecodeError):
            schema = None
        if schema != "skill-workbench/queue/1":
            raise ReviewProblem(
                f"The queue in {self.sharing.branch} is of a version this program does not know. "
                "Update the program."
            )

    def _check_branch(self) -> None:
        if checked_out(self.repository, self.ref):
            raise ReviewProblem(
                f"The branch {self.sharing.branch} is checked out, so its files would change under "
                "you. Check another branch out, then sync."
            )

    def _commit(
        self,
        files: Files,
        more: Publication,
        known: tuple[str | None, str | None],
        identity: Identity,
    ) -> str:
        """Return the commit that has these files: one there is, else a new one."""
        tree = write_tree(self.repository, files.values())
        ours, theirs = known
        for tip, other in ((theirs, ours), (ours, theirs)):
            if tip and self._tree(tip) == tree and (not other or self._contains(tip, other)):
                return tip
        parents = [tip for tip in dict.fromkeys((theirs, ours)) if tip]
        if len(parents) == 2:
            if self._contains(parents[0], parents[1]):
                parents = parents[:1]
            elif self._contains(parents[1], parents[0]):
                parents = parents[1:]
        return write_commit(self.repository, tree, parents, _message(more), identity)

    def _given(self, commit: str, known: tuple[str | None, str | None], call: Call) -> bool:
        """Let the branch here and there name the commit; False when either moved meanwhile."""
        ours, theirs = known
        if commit != ours and not set_ref(self.repository, self.ref, commit, ours):
            return False
        if not self.sharing.remote or commit == theirs:
            return True
        try:
            push(self.repository, self.sharing.remote, commit, self.sharing.branch, call)
        except TransportProblem as problem:
            if problem.kind != "rejected":
                raise
            return False
        set_ref(self.repository, self.remote_ref, commit, tip_of(self.repository, self.remote_ref))
        return True

    def _tree(self, commit: str) -> str:
        answer = run_git(["rev-parse", f"{commit}^{{tree}}"], self.repository.root)
        return answer.stdout.decode().strip()

    def _contains(self, commit: str, other: str) -> bool:
        answer = run_git(["merge-base", "--is-ancestor", other, commit], self.repository.root)
        return answer.returncode == 0


def place_of(library: Path) -> tuple[Repository, Place]:
    """Return the repository of a library and where in it the library lies.

    Raises:
        ReviewProblem: it is in none.
        GitMissing, GitProblem: there is no git, or it refuses the repository.
    """
    folder = library.absolute()
    repository = Repository.find(folder) if folder.is_dir() else None
    if repository is None:
        raise ReviewProblem(
            f"{library} is in no git repository, so there is nothing to share it through. Clone "
            "the repository of your team, or make one: git init"
        )
    inside = "" if folder.samefile(repository.root) else repository.relative(folder)
    root = folder
    for _ in inside.split("/") if inside else ():
        root = root.parent
    return repository, Place(root, inside)


def _message(more: Publication) -> str:
    counts = Counter[str](one.kind for one in more.files)
    words = [
        f"{counts[name]} {name}{'' if counts[name] == 1 else 's'}"
        for name in ("proposal", "decision", "receipt", "comment", "test")
        if counts[name]
    ]
    return f"Share {', '.join(words)}\n" if words else "Join what was shared\n"
