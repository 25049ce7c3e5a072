"""Files of a branch that is never checked out, read and written through git's object store.

The work tree, the index and the current branch are not touched, so it works while the user is in
the middle of anything; until a ref is set, everything written is unreachable and harmless.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final, TypeVar

from msgspec import Struct

from workbench.store.git import GitProblem, Identity, Repository
from workbench.store.gitcommand import refusal, run_git
from workbench.store.remotes import tip_of

#: More files than that on one branch are not read (20,000 proposals with their decisions).
MAX_FILES: Final = 200_000
MAX_LISTING: Final = 100 << 20
REGULAR: Final = "100644"

_Key = TypeVar("_Key")


class BranchFile(Struct, frozen=True):
    """A file of a commit: its mode as git has it, its object, and its size (bytes)."""

    path: str
    mode: str
    blob: str
    size: int


def files_of(repository: Repository, commit: str | None, below: str = "") -> dict[str, BranchFile]:
    """Return the files of a commit by path; submodules have size 0.

    Raises:
        GitProblem: it cannot be read, or has too many files.
    """
    if commit is None:
        return {}
    command = ["ls-tree", "-r", "-z", "-l", "--full-tree", commit]
    answer = run_git([*command, "--", *([below] if below else [])], repository.root)
    if answer.returncode:
        raise refusal(repository.root, answer)
    records = answer.stdout.split(b"\0")
    if len(records) > MAX_FILES or len(answer.stdout) > MAX_LISTING:
        raise GitProblem(f"Commit {commit[:12]} has more than {MAX_FILES:,} files; not read.")
    found: dict[str, BranchFile] = {}
    for record in records:
        facts, tab, name = record.partition(b"\t")
        if tab:
            mode, _, blob, size = facts.decode("ascii").split()
            path = os.fsdecode(name)
            found[path] = BranchFile(path, mode, blob, int(size) if size.isdecimal() else 0)
    return found


def read_blobs(repository: Repository, names: Iterable[str]) -> dict[str, bytes]:
    """Return the bytes of objects by name; what is missing is left out.

    The caller has looked at their sizes.
    """
    wanted = list(dict.fromkeys(names))
    if not wanted:
        return {}
    asked = "".join(f"{name}\n" for name in wanted).encode()
    answer = run_git(["cat-file", "--batch"], repository.root, stdin=asked)
    return dict(_batch(answer.stdout, wanted))


def _batch(data: bytes, wanted: Sequence[_Key]) -> Iterator[tuple[_Key, bytes]]:
    """Yield what ``cat-file --batch`` gave for each of ``wanted``, without what is missing."""
    at = 0
    for one in wanted:
        end = data.find(b"\n", at)
        words = data[at:end].split() if end >= 0 else []
        at = end + 1
        if len(words) == 3 and words[1] == b"blob":
            size = int(words[2])
            yield one, data[at : at + size]
            at += size + 1


def read_checked_out(
    repository: Repository, files: Iterable[BranchFile]
) -> dict[BranchFile, bytes]:
    """Return the bytes a checkout would write: line ends as the user's attributes ask for.

    Filters of the repository's own configuration do not run, and nothing is downloaded.
    """
    wanted = list(files)
    plain = read_blobs(repository, (file.blob for file in wanted))
    found = {file: plain[file.blob] for file in wanted if file.blob in plain}
    # ``cat-file --batch --filters`` tells the size before filters (git 2.39), so one by one.
    for file in _converted(repository, list(found)):
        command = ["cat-file", "--filters", f"--path={file.path}", file.blob]
        answer = run_git(
            command,
            repository.root,
            filters=False,
            environment={"GIT_LFS_SKIP_SMUDGE": "1"},
        )
        if answer.returncode:
            raise refusal(repository.root, answer, f"could not read {file.path}")
        found[file] = answer.stdout
    return found


def _converted(repository: Repository, files: Sequence[BranchFile]) -> list[BranchFile]:
    """Return those that a checkout would write otherwise than they are stored."""
    asked = run_git(["config", "--get", "core.autocrlf"], repository.root)
    if asked.stdout.strip().lower() in (b"true", b"1", b"yes", b"on"):
        return list(files)
    names = b"".join(os.fsencode(file.path) + b"\0" for file in files)
    attributes = ["text", "eol", "crlf", "ident", "filter", "working-tree-encoding"]
    command = ["check-attr", "-z", "--stdin", *attributes]
    answer = run_git(command, repository.root, stdin=names)
    if answer.returncode:
        raise refusal(repository.root, answer)
    fields = answer.stdout.split(b"\0")
    told = {
        os.fsdecode(path)
        for path, value in zip(fields[::3], fields[2::3], strict=False)
        if value not in (b"unspecified", b"unset")
    }
    return [file for file in files if file.path in told]


def write_blobs(repository: Repository, contents: Mapping[str, bytes]) -> dict[str, str]:
    """Write files into the object store and return the object of each path.

    Raises:
        GitProblem: git refused, such as on a full disk.
    """
    if not contents:
        return {}
    with tempfile.TemporaryDirectory(prefix="skill-workbench-") as folder:
        names: list[str] = []
        for number, data in enumerate(contents.values()):
            path = Path(folder) / str(number)
            path.write_bytes(data)
            names.append(str(path))
        answer = run_git(
            ["hash-object", "-w", "--no-filters", "--stdin-paths"],
            repository.root,
            stdin="".join(f"{name}\n" for name in names).encode(),
            literal=False,
        )
    blobs = answer.stdout.decode().split()
    if answer.returncode or len(blobs) != len(contents):
        raise refusal(repository.root, answer, "could not keep files")
    return dict(zip(contents, blobs, strict=True))


def write_tree(repository: Repository, files: Iterable[BranchFile]) -> str:
    """Write a tree of exactly these files and return its name; the user's index is not used.

    Raises:
        GitProblem: git refused, such as a file and a folder of one name.
    """
    lines = b"".join(
        f"{file.mode} {file.blob}\t".encode() + os.fsencode(file.path) + b"\0" for file in files
    )
    with tempfile.TemporaryDirectory(prefix="skill-workbench-") as folder:
        own = {"GIT_INDEX_FILE": str(Path(folder) / "index")}
        for command, stdin in (
            (["read-tree", "--empty"], b""),
            (["update-index", "-z", "--index-info"], lines),
            (["write-tree"], b""),
        ):
            answer = run_git(command, repository.root, stdin=stdin, environment=own)
            if answer.returncode:
                raise refusal(repository.root, answer, "could not keep files")
    return answer.stdout.decode().strip()


def write_commit(
    repository: Repository,
    tree: str,
    parents: Iterable[str],
    message: str,
    identity: Identity,
) -> str:
    """Write a commit that no ref names yet, and return its name.

    Raises:
        GitProblem: git refused.
    """
    named = [word for parent in parents for word in ("-p", parent)]
    who = {"NAME": identity.name, "EMAIL": identity.email}
    answer = run_git(
        ["commit-tree", "--no-gpg-sign", tree, *named],
        repository.root,
        stdin=message.encode("utf-8", "replace"),
        environment={
            f"GIT_{role}_{part}": value
            for role in ("AUTHOR", "COMMITTER")
            for part, value in who.items()
        },
    )
    if answer.returncode:
        raise refusal(repository.root, answer, "could not commit")
    return answer.stdout.decode().strip()


def set_ref(repository: Repository, ref: str, new: str, old: str | None) -> bool:
    """Let a ref name ``new`` if it still names ``old`` (None: is not there); say whether it did.

    Raises:
        GitProblem: git refused for another reason.
    """
    reason = "skill-workbench: share"
    command = ["update-ref", "--create-reflog", "-m", reason, ref, new, old or "0" * len(new)]
    answer = run_git(command, repository.root)
    if answer.returncode == 0:
        return True
    if tip_of(repository, ref) != old:
        return False
    raise refusal(repository.root, answer, f"could not set {ref}")


def checked_out(repository: Repository, ref: str) -> bool:
    """Say whether a work tree of the repository has that branch checked out."""
    answer = run_git(["worktree", "list", "--porcelain"], repository.root)
    return f"branch {ref}" in os.fsdecode(answer.stdout).split("\n")
