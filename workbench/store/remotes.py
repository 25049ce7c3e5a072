"""The remote of a library's repository: what it has, fetched and pushed when the user says so."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from msgspec import Struct

from workbench.store.git import LOG, LOG_FORMAT, Commit, GitProblem, Repository, commit_of
from workbench.store.gitcommand import refusal, run_git
from workbench.store.transport import Call, TransportProblem, problem_of, talk, without_password

#: Names of remotes and branches that cannot be taken for an option or a refspec
#: (git-check-ref-format(1), stricter).
_REMOTE = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,100}")
_NOT_IN_BRANCH = re.compile(
    r"[\x00-\x20\x7f~^:?*\[\\\ud800-\udfff]|\.\.|//|@\{|^[-/.]|[/.]$|/\.|\.lock(/|$)|^$|^HEAD$|^@$"
)
LISTED: Final = 500
#: What ``ls-remote --exit-code`` says of a ref that is not there (git-ls-remote(1)).
_NO_REF: Final = 2
#: Said with hooks switched off: fetching only reads the remote.
_NO_HOOKS: Final = ("-c", f"core.hooksPath={os.devnull}")


class Upstream(Struct, frozen=True):
    """A branch of a remote. ``address`` is without password; ``ref`` is where git keeps it here."""

    remote: str
    branch: str
    address: str

    @property
    def ref(self) -> str:
        """The remote-tracking ref."""
        return f"refs/remotes/{self.remote}/{self.branch}"

    def __str__(self) -> str:
        return f"{self.remote}/{self.branch}"


class RemoteCommit(Struct, frozen=True):
    """A commit with its whole message."""

    commit: Commit
    message: str


class Distance(Struct, frozen=True):
    """How HEAD and an upstream lie to each other, as of the last fetch.

    ``tip`` None means it was never fetched or is not there; ``base`` None that the histories have
    nothing in common (or, ``shallow``, that what they have in common was not cloned).
    """

    head: str | None
    tip: str | None
    base: str | None
    ahead: int = 0
    behind: int = 0
    shallow: bool = False

    @property
    def can_fast_forward(self) -> bool:
        """Whether HEAD has nothing that the upstream lacks."""
        return self.tip is not None and self.base is not None and self.base == self.head


def remotes_of(repository: Repository) -> tuple[str, ...]:
    """Return the names of the remotes, ``origin`` first."""
    answer = run_git(["remote"], repository.root)
    names = [name for name in os.fsdecode(answer.stdout).split("\n") if _REMOTE.fullmatch(name)]
    return tuple(sorted(names, key=lambda name: (name != "origin", name)))


def address_of(repository: Repository, remote: str) -> str:
    """Return where a remote is, without user and password.

    Raises:
        TransportProblem: there is no such remote.
    """
    answer = run_git(["remote", "get-url", check_remote(remote)], repository.root)
    if answer.returncode:
        raise TransportProblem(
            "no_remote",
            f"{repository.root} has no remote '{remote}'. Add one: git remote add {remote} ADDRESS",
        )
    return without_password(os.fsdecode(answer.stdout).split("\n")[0])


def upstream_of(
    repository: Repository, remote: str | None = None, branch: str | None = None
) -> Upstream:
    """Return the branch to compare with: as named, else what the current branch follows.

    A branch that follows none is compared with the one of its name on the only remote, or origin.

    Raises:
        TransportProblem: there is no remote, or HEAD is detached and no branch was named.
    """
    names = remotes_of(repository)
    if not names:
        raise TransportProblem(
            "no_remote",
            f"{repository.root} has no remote, so there is nothing to fetch from. Add one: "
            "git remote add origin ADDRESS",
        )
    here = repository.branch()
    followed = _followed(repository, here) if here else None
    if followed is not None and remote in (None, followed[0]):
        remote, branch = followed[0], branch or followed[1]
    remote = remote or names[0]
    if branch is None and here is None:
        raise TransportProblem(
            "no_remote",
            f"HEAD of {repository.root} is detached, so it follows no branch. Check a branch out, "
            "or name one with --branch.",
        )
    return Upstream(remote, check_branch(branch or here or ""), address_of(repository, remote))


def _followed(repository: Repository, branch: str) -> tuple[str, str] | None:
    values: list[str] = []
    for key in ("remote", "merge"):
        answer = run_git(["config", "--get", f"branch.{branch}.{key}"], repository.root)
        values.append(os.fsdecode(answer.stdout).strip())
    remote, ref = values
    if not _REMOTE.fullmatch(remote) or not ref.startswith("refs/heads/"):
        return None
    return remote, ref.removeprefix("refs/heads/")


def check_remote(name: str) -> str:
    """Return the name of a remote.

    Raises:
        TransportProblem: it is none, such as an address or an option.
    """
    if not _REMOTE.fullmatch(name):
        raise TransportProblem(
            "no_remote", f"'{name}' is no name of a remote. 'git remote' lists them."
        )
    return name


def check_branch(name: str) -> str:
    """Return the name of a branch.

    Raises:
        TransportProblem: it is none.
    """
    if _NOT_IN_BRANCH.search(name) or len(name) > 200:
        raise TransportProblem("other", f"'{name}' is no name of a branch.")
    return name


def fetch(repository: Repository, remote: str, call: Call, branches: Sequence[str] = ()) -> None:
    """Bring what a remote has into its tracking refs; files, branches and index stay as they are.

    Args:
        repository: where to.
        remote: its name.
        call: how to talk.
        branches: these alone, by default those the user's configuration names.

    Raises:
        TransportProblem: it could not be fetched; the message says why and what to do.
    """
    where = f"{check_remote(remote)} ({address_of(repository, remote)})"
    specs = [f"+refs/heads/{check_branch(one)}:refs/remotes/{remote}/{one}" for one in branches]
    command = [*_NO_HOOKS, "fetch", "--progress", "--no-recurse-submodules"]
    command += ["--no-write-fetch-head", "--upload-pack=git-upload-pack"]
    if specs:
        command.append("--no-tags")
    answer = talk([*command, remote, *specs], repository.root, call)
    if answer.returncode:
        raise problem_of(answer, "fetch from", where)


class Fetched(Struct, frozen=True):
    """What a fetch did to an upstream: its tips before and after, None where it is not there.

    ``lost`` counts the commits that were in it and are not any more: it was rewritten there.
    """

    before: str | None
    after: str | None
    lost: int = 0

    @property
    def gone(self) -> bool:
        """Whether the branch was deleted on the remote."""
        return self.before is not None and self.after is None


def fetch_upstream(repository: Repository, upstream: Upstream, call: Call) -> Fetched:
    """Fetch from the remote of an upstream, and say what became of that branch there.

    git keeps what it knew of a branch that was deleted on the remote; of the upstream that is taken
    away, so that nothing is compared with what is not there any more.

    Raises:
        TransportProblem: it could not be fetched; the message says why and what to do.
    """
    before = tip_of(repository, upstream.ref)
    fetch(repository, upstream.remote, call)
    after = tip_of(repository, upstream.ref)
    if before is None or after is None:
        return Fetched(before, after)
    if before == after:
        if _is_there(repository, upstream, call):
            return Fetched(before, after)
        run_git(["update-ref", "-d", upstream.ref, after], repository.root)
        return Fetched(before, None)
    answer = run_git(["rev-list", "--count", f"{after}..{before}"], repository.root)
    return Fetched(before, after, int(answer.stdout.strip() or b"0"))


def _is_there(repository: Repository, upstream: Upstream, call: Call) -> bool:
    """Ask the remote whether it has the branch; where it does not say, what is known stays."""
    command = [*_NO_HOOKS, "ls-remote", "--exit-code", "--upload-pack=git-upload-pack"]
    ref = f"refs/heads/{check_branch(upstream.branch)}"
    answer = talk([*command, upstream.remote, ref], repository.root, call)
    return answer.returncode != _NO_REF


def push(repository: Repository, remote: str, source: str, branch: str, call: Call) -> None:
    """Send a commit to a branch of a remote; never forced, no tags.

    The user's ``pre-push`` hook runs, as with git itself.

    Raises:
        TransportProblem: "rejected" when the branch has commits that ``source`` lacks, else why.
    """
    where = f"{check_remote(remote)} ({address_of(repository, remote)})"
    spec = f"{source}:refs/heads/{check_branch(branch)}"
    command = ["push", "--progress", "--porcelain", "--no-follow-tags", "--no-recurse-submodules"]
    command.append("--receive-pack=git-receive-pack")
    answer = talk([*command, remote, spec], repository.root, call)
    if answer.returncode:
        raise problem_of(answer, f"push {branch} to", where)


def tip_of(repository: Repository, ref: str) -> str | None:
    """Return the commit of a ref, None when it is not there."""
    answer = run_git(["rev-parse", "--verify", "--quiet", f"{ref}^{{commit}}"], repository.root)
    return answer.stdout.decode().strip() or None


def distance(repository: Repository, upstream: Upstream) -> Distance:
    """Compare HEAD with what was last fetched; asks no network."""
    root = repository.root
    head, tip = repository.head(), tip_of(repository, upstream.ref)
    shallow = (_common_dir(repository) / "shallow").exists()
    if head is None or tip is None:
        return Distance(head, tip, None, shallow=shallow)
    found = run_git(["merge-base", head, tip], root)
    base = found.stdout.decode().split("\n")[0] or None
    counted = run_git(["rev-list", "--left-right", "--count", f"{head}...{tip}"], root)
    ahead, behind = (int(part) for part in counted.stdout.split()[:2] or (b"0", b"0"))
    return Distance(head, tip, base, ahead, behind, shallow)


def _common_dir(repository: Repository) -> Path:
    answer = run_git(["rev-parse", "--path-format=absolute", "--git-common-dir"], repository.root)
    return Path(os.fsdecode(answer.stdout).rstrip("\n"))


def commits_between(
    repository: Repository, old: str, new: str, *, path: str = "", limit: int = LISTED
) -> tuple[RemoteCommit, ...]:
    """Return the commits of ``new`` that ``old`` lacks, oldest first, along first parents.

    A merge stands for all that it brought in. ``path`` leaves out commits that do not touch it.

    Raises:
        GitProblem: git refuses, or there are more than ``limit``.
    """
    form = f"--format={LOG_FORMAT}%x02%B"
    command = [*LOG, "-z", "--first-parent", f"--max-count={limit + 1}", form, f"{old}..{new}"]
    answer = run_git([*command, "--", *([path] if path else [])], repository.root)
    if answer.returncode:
        raise refusal(repository.root, answer)
    records = [record for record in answer.stdout.split(b"\0") if record]
    if len(records) > limit:
        raise GitProblem(
            f"There are more than {limit} commits to look at. Take them as one proposal "
            "(--together), or merge with git."
        )
    found: list[RemoteCommit] = []
    for record in reversed(records):
        facts, _, message = record.partition(b"\x02")
        found.append(RemoteCommit(commit_of(facts), message.decode("utf-8", "replace").strip()))
    return tuple(found)
