"""The versions of one file in git, through renames of its folder, and their bytes in one go."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from typing import Final

from msgspec import Struct

from workbench.store.git import Repository
from workbench.store.gitcommand import GitProblem, refusal, run_git

#: What stands before each commit of the log, and between its fields.
_MARK: Final = b"\x02"
_FORMAT: Final = "%x02%H%x01%cI%x01%an%x01%s"
_OBJECT: Final = re.compile(r"[0-9a-f]{40,64}")
_DELETED: Final = "0"


class FileVersion(Struct, frozen=True):
    """A file as one commit left it. ``time`` is the committer's, ISO 8601; ``path`` is the file's
    then, relative to the work tree; ``blob`` names its bytes, "" where the commit deleted it.
    """

    commit: str
    time: str
    author: str
    subject: str
    path: str
    blob: str


def file_versions(repository: Repository, path: str) -> tuple[FileVersion, ...]:
    """Return the commits that changed a file, newest first; renames are followed.

    A merge that changes nothing by itself is none of them.

    Raises:
        GitMissing, GitProblem: git cannot be asked.
    """
    if repository.head() is None:
        return ()
    command = ["log", "-z", "--follow", "-M", "--raw", "--no-abbrev", f"--format={_FORMAT}"]
    answer = run_git([*command, "--", path], repository.root)
    if answer.returncode:
        raise refusal(repository.root, answer)
    found: list[FileVersion] = []
    fields = iter(answer.stdout.split(b"\0"))
    head = ("", "", "", "")
    for field in fields:
        told = field.lstrip(b"\n")
        if told.startswith(_MARK):
            parts = told[1:].decode("utf-8", "replace").split("\x01", 3)
            head = (parts[0], parts[1], parts[2], parts[3])
        elif told.startswith(b":"):
            _, _, _, blob, status = told.decode("ascii", "replace").split(" ", 4)
            name = next(fields, b"")
            if status[:1] in ("R", "C"):
                name = next(fields, b"")
            there = blob if blob.strip(_DELETED) else ""
            found.append(FileVersion(*head, os.fsdecode(name), there))
    return tuple(found)


def blobs(repository: Repository, names: Iterable[str]) -> dict[str, bytes]:
    """Return the bytes of objects by name, all read by one git; missing ones are left out.

    Raises:
        GitMissing, GitProblem: git cannot be asked, or a name is none of an object.
    """
    wanted = list(dict.fromkeys(names))
    for name in wanted:
        if not _OBJECT.fullmatch(name):
            raise GitProblem(f"'{name}' is no name of an object.")
    if not wanted:
        return {}
    told = "".join(f"{name}\n" for name in wanted).encode()
    answer = run_git(["cat-file", "--batch"], repository.root, stdin=told)
    if answer.returncode:
        raise refusal(repository.root, answer)
    data, at = answer.stdout, 0
    found: dict[str, bytes] = {}
    for name in wanted:
        line = data.index(b"\n", at)
        words = data[at:line].split()
        at = line + 1
        if len(words) == 3 and words[1] == b"blob":
            size = int(words[2])
            found[name] = data[at : at + size]
            at += size + 1
        elif len(words) == 3:
            at += int(words[2]) + 1
    return found
