"""The git repository a library lies in, through the git command.

Reading never runs what the repository's own configuration names (fsmonitor, hooks, filters,
signature programs): a library may come from anywhere. A commit is the user's act in the user's
repository, so there their hooks and filters run.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final

from msgspec import Struct

from workbench.store.gitcommand import GitMissing, GitProblem, own_filters, refusal, run_git

__all__ = [
    "Commit",
    "FileState",
    "GitMissing",
    "GitProblem",
    "Identity",
    "Repository",
    "identity_at",
]

#: What is under way, by the file git keeps for it in its folder (git 2.39 wt-status.c).
_OPERATIONS: Final = {
    "MERGE_HEAD": "a merge",
    "CHERRY_PICK_HEAD": "a cherry-pick",
    "REVERT_HEAD": "a revert",
    "rebase-merge": "a rebase",
    "rebase-apply": "a rebase",
}
_REVISION = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_./@{}^~-]*")
#: Settings of a repository that would make a log say something else, or in other letters.
LOG: Final = ("-c", "trailer.separators=:", "-c", "log.showRoot=true", "log", "--encoding=UTF-8")
#: What is asked of a commit; ``commit_of`` reads it.
LOG_FORMAT: Final = "%H%x01%P%x01%an%x01%ae%x01%aI%x01%s%x01%(trailers:only,unfold)"


class Identity(Struct, frozen=True):
    """Who commits."""

    name: str
    email: str

    def __str__(self) -> str:
        return f"{self.name} <{self.email}>"


def identity_at(folder: Path) -> Identity | None:
    """Return who git would name as author there, inside a repository or not; None without git."""
    values: list[str] = []
    for variable, key in (("GIT_AUTHOR_NAME", "user.name"), ("GIT_AUTHOR_EMAIL", "user.email")):
        value = os.environ.get(variable, "")
        if not value:
            try:
                answer = run_git(["config", "--get", key], folder)
            except GitProblem:
                return None
            value = answer.stdout.decode("utf-8", "replace").strip()
        values.append(value)
    return Identity(values[0], values[1]) if all(values) else None


class FileState(Struct, frozen=True):
    """A file that is not as in HEAD. ``index`` and ``worktree`` are the letters of git status."""

    path: str
    index: str
    worktree: str
    original: str | None = None


class Commit(Struct, frozen=True):
    """One commit of the log. ``time`` is ISO 8601; ``trailers`` are in the order of the message."""

    sha: str
    parents: tuple[str, ...]
    author: Identity
    time: str
    subject: str
    trailers: tuple[tuple[str, str], ...] = ()

    def trailer(self, key: str) -> str | None:
        """Return the first trailer of that key."""
        return next((value for name, value in self.trailers if name == key), None)


class BlamedLine(Struct, frozen=True):
    """A line and the commit that last changed it; "" when it is not committed. Counts from 1.

    ``path`` is the file's name in that commit, ``origin`` the number of the line there.
    """

    number: int
    text: str
    commit: str
    author: str
    time: int
    subject: str
    path: str = ""
    origin: int = 0


class Repository(Struct, frozen=True):
    """A repository with a work tree. Paths are posix and relative to ``root``."""

    root: Path
    git_dir: Path

    @classmethod
    def find(cls, path: Path) -> Repository | None:
        """Return the repository whose work tree holds ``path``, None when there is none.

        Raises:
            GitMissing: the git command is not installed.
            GitProblem: git refuses the folder (bare, owned by someone else, inside ``.git``).
        """
        folder = path
        while not folder.is_dir() and folder != folder.parent:
            folder = folder.parent
        answer = run_git(
            ["rev-parse", "--path-format=absolute", "--show-toplevel", "--absolute-git-dir"], folder
        )
        if answer.returncode:
            if b"not a git repository" in answer.stderr:
                return None
            raise refusal(folder, answer)
        root, git_dir = os.fsdecode(answer.stdout).split("\n")[:2]
        return cls(Path(root), Path(git_dir))

    @classmethod
    def create(cls, folder: Path, message: str) -> Repository:
        """Make a repository of a folder that is in none, with all its files in a first commit.

        Raises:
            GitMissing: there is no git command.
            GitProblem: git refused, or nobody is configured to sign and no name could be given.
        """
        run_git(["init", "--quiet", "--initial-branch=main"], folder, writing=True)
        repository = cls.find(folder)
        if repository is None:
            raise GitProblem(f"git could not make a repository of {folder}.")
        added = run_git(["add", "--all"], folder, writing=True)
        if added.returncode:
            raise refusal(folder, added)
        identity = None if repository.identity() else Identity("Skill Workbench", "none@invalid")
        answer = run_git(
            ["commit", "--quiet", "--file=-"],
            folder,
            stdin=message.encode(),
            writing=True,
            environment=_committer(identity),
        )
        if answer.returncode:
            raise refusal(folder, answer, "did not commit")
        return repository

    def relative(self, path: Path) -> str:
        """Return ``path`` relative to the work tree (its folder resolved, itself not followed).

        Raises:
            GitProblem: it is outside.
        """
        absolute = Path(os.path.realpath(path.parent)) / path.name
        try:
            return absolute.relative_to(os.path.realpath(self.root)).as_posix()
        except ValueError:
            raise GitProblem(f"{path} is not in the repository {self.root}.") from None

    def head(self) -> str | None:
        """Return the commit of HEAD, None before the first commit."""
        return self._commit_of("HEAD")

    def _commit_of(self, reference: str) -> str | None:
        answer = run_git(["rev-parse", "--verify", "--quiet", reference + "^{commit}"], self.root)
        return answer.stdout.decode().strip() or None

    def branch(self) -> str | None:
        """Return the current branch, None with a detached HEAD."""
        answer = run_git(["symbolic-ref", "--quiet", "--short", "HEAD"], self.root)
        return os.fsdecode(answer.stdout).strip() or None

    @property
    def detached(self) -> bool:
        """Whether HEAD is on no branch."""
        return self.branch() is None

    def operation(self) -> str | None:
        """Return what is under way in words ("a merge"), None when nothing is."""
        return next((w for name, w in _OPERATIONS.items() if (self.git_dir / name).exists()), None)

    def identity(self) -> Identity | None:
        """Return who git would name as author; nothing is guessed from the machine's name."""
        return identity_at(self.root)

    def hooks(self) -> tuple[str, ...]:
        """Return the hooks that a commit would run, to be shown before it does."""
        answer = self._ask(
            ["rev-parse", "--path-format=absolute", "--git-path", "hooks"], hooks=True
        )
        folder = Path(os.fsdecode(answer).rstrip("\n"))
        names = ("pre-commit", "prepare-commit-msg", "commit-msg", "post-commit")
        return tuple(name for name in names if os.access(folder / name, os.X_OK))

    def status(self, paths: Sequence[str] = (), *, trusted: bool = False) -> tuple[FileState, ...]:
        """Return what differs from HEAD, untracked files included, ignored ones not.

        ``trusted`` lets the repository's own filters run, as the commit that follows will; without
        it a file that passes through one shows as changed.
        """
        command = ["status", "--porcelain=v1", "-z", "--untracked-files=all", "--no-renames"]
        # In a submodule git would follow that repository's own configuration.
        command.append("--ignore-submodules=all")
        fields = self._ask([*command, "--", *paths], filters=trusted).split(b"\0")
        return tuple(
            FileState(os.fsdecode(field[3:]), chr(field[0]), chr(field[1]))
            for field in fields
            if len(field) > 3
        )

    def tracked(self, paths: Sequence[str]) -> frozenset[str]:
        """Return those of ``paths`` that are in the index."""
        if not paths:
            return frozenset()
        answer = self._ask(["ls-files", "-z", "--", *paths])
        return frozenset(os.fsdecode(field) for field in answer.split(b"\0") if field)

    def ignored(self, paths: Sequence[str]) -> frozenset[str]:
        """Return those of ``paths`` that the user told git to ignore and that are not tracked."""
        if not paths:
            return frozenset()
        names = b"".join(b"./" + os.fsencode(path) + b"\0" for path in paths)
        command = ["check-ignore", "-z", "--stdin"]
        answer = run_git(command, self.root, stdin=names, literal=False)
        if answer.returncode not in (0, 1):
            raise refusal(self.root, answer)
        return frozenset(os.fsdecode(field[2:]) for field in answer.stdout.split(b"\0") if field)

    def filtered(self, paths: Sequence[str]) -> frozenset[str]:
        """Return those of ``paths`` that pass through a filter of the repository's own."""
        own = own_filters(self.root)
        if not paths or not own:
            return frozenset()
        names = b"".join(os.fsencode(path) + b"\0" for path in paths)
        command = ["check-attr", "-z", "--stdin", "filter"]
        answer = run_git(command, self.root, stdin=names)
        if answer.returncode:
            raise refusal(self.root, answer)
        fields = [os.fsdecode(field) for field in answer.stdout.split(b"\0")]
        return frozenset(
            path for path, value in zip(fields[::3], fields[2::3], strict=False) if value in own
        )

    def file_at(self, revision: str, path: str) -> bytes | None:
        """Return the bytes git stores for ``path`` in a revision, None when it has no such file."""
        answer = run_git(["cat-file", "blob", f"{_revision(revision)}:{path}"], self.root)
        return None if answer.returncode else answer.stdout

    def log(
        self, path: str | None = None, *, limit: int = 200, branch: str | None = None
    ) -> tuple[Commit, ...]:
        """Return commits, newest first; of one file or folder when ``path`` is given.

        They are those of HEAD, or of a ``branch``; none where there is no such branch.
        """
        start = "HEAD" if branch is None else f"refs/heads/{branch}"
        if self._commit_of(start) is None:
            return ()
        command = [*LOG, "-z", f"--max-count={limit}", f"--format={LOG_FORMAT}", start]
        answer = self._ask([*command, "--", *([path] if path else [])])
        return tuple(commit_of(record) for record in answer.split(b"\0") if record)

    def commit(
        self,
        paths: Sequence[str],
        message: str,
        *,
        identity: Identity | None = None,
        sign: bool = False,
    ) -> str:
        """Commit exactly ``paths`` as they are on disk and return the commit's SHA.

        What the user has staged elsewhere stays staged and out of this commit. The user's hooks
        run. When git or a hook refuses, the index is as before.

        Args:
            paths: changed, new and deleted files.
            message: the whole message with its trailers, taken as it is.
            identity: author and committer; by default those git is configured with.
            sign: sign it with the key git is configured with, whatever else it is told.

        Raises:
            GitProblem: git or a hook refused; the message has their words.
        """
        known = self.tracked(paths)
        new = [path for path in paths if path not in known]
        if new:
            self._ask(["add", "--intent-to-add", "--", *new], writing=True)
        before = self.head()
        command = ["commit", "--quiet", "--only", "--cleanup=verbatim", "--file=-"]
        command += [*(["--gpg-sign"] if sign else []), "--", *paths]
        try:
            answer = run_git(
                command,
                self.root,
                stdin=message.encode("utf-8", "surrogateescape"),
                writing=True,
                environment=_committer(identity),
            )
        except GitProblem:
            self.forget_new(new)
            raise
        after = self.head()
        if answer.returncode or after is None or after == before:
            self.forget_new(new)
            raise refusal(self.root, answer, "did not commit")
        return after

    def forget_new(self, paths: Sequence[str]) -> None:
        """Take files that are not in HEAD out of the index again; the files stay on disk."""
        for path in self.tracked(paths):
            if self.head() is None or self.file_at("HEAD", path) is None:
                self._ask(["rm", "--cached", "--force", "--quiet", "--", path], writing=True)

    def take_back(self, commit: Commit, paths: Sequence[str]) -> None:
        """Undo the newest commit: HEAD and the index entries of ``paths``; files stay on disk.

        Raises:
            GitProblem: HEAD is another commit by now.
        """
        if self.head() != commit.sha:
            raise GitProblem(f"The newest commit of {self.root} is not {commit.sha[:12]} any more.")
        reason = "skill-workbench: take back an apply"
        if commit.parents:
            self._ask(
                ["update-ref", "-m", reason, "HEAD", commit.parents[0], commit.sha], writing=True
            )
            self._ask(["reset", "--quiet", "--", *paths], writing=True, codes=(0, 1))
        else:
            self._ask(["update-ref", "-m", reason, "-d", "HEAD", commit.sha], writing=True)
            self.forget_new(paths)

    def blame(self, path: str) -> tuple[BlamedLine, ...]:
        """Return who last changed each line of a file as it is on disk now; renames are followed.

        Raises:
            GitProblem: git does not know the file.
        """
        # Blame, unlike log, runs what the repository names as textconv unless it is told not to.
        command = ["blame", "--no-textconv", "--encoding=UTF-8"]
        answer = run_git([*command, "--porcelain", "-M", "--", path], self.root, filters=False)
        if answer.returncode:
            raise refusal(self.root, answer)
        return _blamed(answer.stdout)

    def _ask(
        self,
        command: Sequence[str],
        *,
        writing: bool = False,
        hooks: bool = False,
        filters: bool = True,
        codes: Iterable[int] = (0,),
    ) -> bytes:
        answer = run_git(command, self.root, writing=writing, keep_hooks=hooks, filters=filters)
        if answer.returncode not in codes:
            raise refusal(self.root, answer)
        return answer.stdout


def _blamed(porcelain: bytes) -> tuple[BlamedLine, ...]:
    """Read ``git blame --porcelain``: facts of a commit stand at its first line alone."""
    facts: dict[str, dict[str, str]] = {}
    found: list[BlamedLine] = []
    sha, number, origin = "", 0, 0
    for line in porcelain.split(b"\n"):
        if line.startswith(b"\t"):
            told = facts[sha]
            found.append(
                BlamedLine(
                    number,
                    line[1:].decode("utf-8", "replace"),
                    "" if set(sha) == {"0"} else sha,
                    told.get("author", ""),
                    int(told.get("author-time", "0")),
                    told.get("summary", ""),
                    told.get("filename", ""),
                    origin,
                )
            )
            continue
        words = line.decode("utf-8", "replace").split(" ", 3)
        if len(words[0]) >= 40 and set(words[0]) <= set("0123456789abcdef"):
            sha, origin, number = words[0], int(words[1]), int(words[2])
            facts.setdefault(sha, {})
        elif sha and words[0]:
            facts[sha].setdefault(words[0], " ".join(words[1:]))
    return tuple(found)


def _revision(text: str) -> str:
    if not _REVISION.fullmatch(text):
        raise GitProblem(f"'{text}' is no revision.")
    return text


def commit_of(record: bytes) -> Commit:
    """Read what ``LOG_FORMAT`` asked for."""
    sha, parents, name, email, time, subject, trailers = record.decode("utf-8", "replace").split(
        "\x01", 6
    )
    pairs = (line.partition(":") for line in trailers.split("\n") if ":" in line)
    return Commit(
        sha,
        tuple(parents.split()),
        Identity(name, email),
        time,
        subject,
        tuple((key.strip(), value.strip()) for key, _, value in pairs),
    )


def _committer(identity: Identity | None) -> dict[str, str]:
    if identity is None:
        return {}
    return {
        "GIT_AUTHOR_NAME": identity.name,
        "GIT_AUTHOR_EMAIL": identity.email,
        "GIT_COMMITTER_NAME": identity.name,
        "GIT_COMMITTER_EMAIL": identity.email,
    }
