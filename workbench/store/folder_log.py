"""What each commit changed below a folder, page by page, and where the folder was before.

Nothing here runs a program that the repository names: files are compared by the names of their
blobs, their bytes are read as git stores them.
"""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final

from msgspec import Struct

from workbench.store.git import LOG, LOG_FORMAT, Commit, Repository, commit_of
from workbench.store.gitcommand import refusal, run_git

_MARK: Final = b"\x02"
_NONE: Final = "0"
_COMMIT: Final = re.compile(r"[0-9a-f]{7,64}")
#: Of a merge what it changed against the branch it was made on; renames within the folder.
_CHANGES: Final = ("--raw", "--no-abbrev", "-M", "--diff-merges=first-parent")


class ChangedFile(Struct, frozen=True):
    """A file a commit changed. ``path`` is relative to the work tree, ``old_path`` where it was.

    ``before`` and ``after`` name the blobs, "" where there is no file; modes are git's ("100644").
    """

    path: str
    before: str
    after: str
    before_mode: str = ""
    after_mode: str = ""
    old_path: str = ""


class FolderCommit(Struct, frozen=True):
    """A commit and the files below the folder that it changed."""

    commit: Commit
    files: tuple[ChangedFile, ...]


class Place(Struct, frozen=True):
    """Where a log goes on: at a revision, in a folder, after ``skip`` commits."""

    revision: str
    folder: str
    skip: int = 0


def folder_log(
    repository: Repository, place: Place, limit: int
) -> tuple[tuple[FolderCommit, ...], Place | None]:
    """Return up to ``limit`` commits, newest first, and where the next ones are.

    Past the commit that gave the folder its name it goes on with the name it had before.

    Raises:
        GitMissing, GitProblem: git cannot be asked.
    """
    if repository.head() is None:
        return (), None
    command = [*LOG, "-z", f"--max-count={limit + 1}", f"--skip={place.skip}", *_CHANGES]
    command += [f"--format=%x02{LOG_FORMAT}", place.revision, "--"]
    if place.folder not in ("", "."):
        command.append(place.folder)
    answer = run_git(command, repository.root)
    if answer.returncode:
        raise refusal(repository.root, answer)
    found = _read(answer.stdout)
    if len(found) > limit:
        return tuple(found[:limit]), Place(place.revision, place.folder, place.skip + limit)
    return tuple(found), _before(repository, place, found)


def commits_named(repository: Repository, names: Iterable[str]) -> dict[str, Commit]:
    """Return commits by their full names; those that are not here are left out.

    Raises:
        GitMissing, GitProblem: git cannot be asked.
    """
    wanted = "".join(f"{name}\n" for name in dict.fromkeys(names))
    if not wanted:
        return {}
    command = [*LOG, "-z", "--no-walk=unsorted", "--ignore-missing", "--stdin"]
    answer = run_git([*command, f"--format={LOG_FORMAT}"], repository.root, stdin=wanted.encode())
    if answer.returncode:
        raise refusal(repository.root, answer)
    found = (commit_of(record) for record in answer.stdout.split(b"\0") if record)
    return {one.sha: one for one in found}


def last_change(repository: Repository, name: str, folder: str) -> str:
    """Return the newest commit at or before a named one that changed a folder, "" for none.

    ``name`` is a commit's, whole or its beginning; what names none here has no change.

    Raises:
        GitMissing: there is no git.
    """
    if not _COMMIT.fullmatch(name):
        return ""
    command = ["rev-list", "--max-count=1", "--end-of-options", name, "--"]
    if folder not in ("", "."):
        command.append(folder)
    answer = run_git(command, repository.root)
    return "" if answer.returncode else answer.stdout.decode("ascii", "replace").strip()


def commits_saying(repository: Repository, words: Sequence[str]) -> tuple[Commit, ...]:
    """Return the commits of HEAD whose message holds any of some words, newest first.

    Raises:
        GitMissing, GitProblem: git cannot be asked.
    """
    if not words or repository.head() is None:
        return ()
    command = [*LOG, "-z", "--fixed-strings", *(f"--grep={one}" for one in words)]
    answer = run_git([*command, f"--format={LOG_FORMAT}"], repository.root)
    if answer.returncode:
        raise refusal(repository.root, answer)
    return tuple(commit_of(record) for record in answer.stdout.split(b"\0") if record)


def commits_of_head(repository: Repository) -> frozenset[str]:
    """Return the names of all commits that HEAD comes from.

    Raises:
        GitMissing, GitProblem: git cannot be asked.
    """
    if repository.head() is None:
        return frozenset()
    answer = run_git(["rev-list", "HEAD"], repository.root)
    if answer.returncode:
        raise refusal(repository.root, answer)
    return frozenset(answer.stdout.decode().split())


def shallow_commits(repository: Repository) -> frozenset[str]:
    """Return the commits whose parents a shallow clone left out.

    Raises:
        GitMissing, GitProblem: git cannot be asked.
    """
    command = ["rev-parse", "--path-format=absolute", "--git-path", "shallow"]
    answer = run_git(command, repository.root)
    try:
        text = Path(os.fsdecode(answer.stdout).rstrip("\n")).read_text("ascii")
    except (OSError, UnicodeDecodeError):
        return frozenset()
    return frozenset(text.split())


def sizes(repository: Repository, names: Iterable[str]) -> dict[str, int]:
    """Return the sizes of blobs in bytes; those that are missing here are left out.

    Raises:
        GitMissing, GitProblem: git cannot be asked.
    """
    told = "".join(f"{name}\n" for name in dict.fromkeys(names))
    if not told:
        return {}
    answer = run_git(["cat-file", "--batch-check"], repository.root, stdin=told.encode())
    if answer.returncode:
        raise refusal(repository.root, answer)
    rows = (line.split() for line in answer.stdout.decode("ascii", "replace").splitlines())
    return {row[0]: int(row[2]) for row in rows if len(row) == 3 and row[1] == "blob"}


def _read(answer: bytes) -> list[FolderCommit]:
    found: list[tuple[Commit, list[ChangedFile]]] = []
    fields = iter(answer.split(b"\0"))
    for field in fields:
        told = field.lstrip(b"\n")
        if told.startswith(_MARK):
            found.append((commit_of(told[1:]), []))
        elif told.startswith(b":") and found:
            found[-1][1].append(_changed(told, fields))
    return [FolderCommit(commit, tuple(files)) for commit, files in found]


def _changed(told: bytes, fields: Iterable[bytes]) -> ChangedFile:
    """Read ":mode mode blob blob status" and the one or two names that follow it."""
    names = iter(fields)
    modes = told[1:].decode("ascii", "replace").split(" ", 4)
    before_mode, after_mode, before, after, status = modes
    path = old = os.fsdecode(next(names, b""))
    if status[:1] in ("R", "C"):
        path = os.fsdecode(next(names, b""))
    return ChangedFile(
        path,
        before if before.strip(_NONE) else "",
        after if after.strip(_NONE) else "",
        before_mode if before_mode.strip(_NONE) else "",
        after_mode if after_mode.strip(_NONE) else "",
        old if old != path else "",
    )


def _before(repository: Repository, place: Place, found: Sequence[FolderCommit]) -> Place | None:
    """Return where a folder was before its oldest commit, None when that made it."""
    if not found or place.folder in ("", "."):
        return None
    oldest = found[-1].commit
    if not oldest.parents:
        return None
    command = ["diff-tree", "-r", "-z", *_CHANGES[:3], oldest.parents[0], oldest.sha]
    answer = run_git(command, repository.root)
    if answer.returncode:  # the parent is not in a shallow clone
        return None
    fields = iter(answer.stdout.split(b"\0"))
    origins: Counter[str] = Counter()
    for field in fields:
        if not field.startswith(b":"):
            continue
        changed = _changed(field, fields)
        below = changed.path.removeprefix(f"{place.folder}/")
        if changed.old_path.endswith(f"/{below}") and below != changed.path:
            # The skill's own file decides where the skill was.
            weight = 1000 if below.lower() == "skill.md" else 1
            origins[changed.old_path[: -len(below) - 1]] += weight
    if not origins:
        return None
    return Place(oldest.parents[0], origins.most_common(1)[0][0])
