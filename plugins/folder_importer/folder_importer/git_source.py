"""Another version of a library as a git branch, read from the object store.

Nothing is checked out and nothing of the repository runs: no hooks, no filters, no helper programs,
no fetching of missing objects.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from functools import partial
from pathlib import Path

from folder_importer.versions import SourceProblem, Version, VersionFile

_TIMEOUT_S = 120
_SAFE = (
    "--no-replace-objects",
    "--literal-pathspecs",
    "-c",
    "core.fsmonitor=false",
    "-c",
    "core.hooksPath=/dev/null",
    "-c",
    "protocol.allow=never",
)
_SKIPPED = {"120000": "is a link; links are never followed", "160000": "is another repository"}


class GitTree:
    """Reads objects of one repository. ``folder`` is the library, or any folder of it."""

    def __init__(self, folder: Path) -> None:
        program = shutil.which("git")
        if program is None:
            raise SourceProblem(
                "The git command was not found. Install git (https://git-scm.com), or name a "
                "folder with the other version instead of a branch."
            )
        if not folder.is_dir():
            raise SourceProblem(f"{folder} is no folder. Name the library's own folder.")
        self._program = program
        self._folder = folder

    def run(self, *arguments: str) -> bytes:
        """Run a reading git command and return its output.

        Raises:
            SourceProblem: git refuses, with its own words.
        """
        environment = {
            "PATH": os.environ.get("PATH", os.defpath),
            "HOME": os.environ.get("HOME", "/nonexistent"),
            "LC_ALL": "C",
            "GIT_CONFIG_NOSYSTEM": "1",
            "GIT_OPTIONAL_LOCKS": "0",
            "GIT_TERMINAL_PROMPT": "0",
            "GIT_NO_LAZY_FETCH": "1",
            "GIT_ALLOW_PROTOCOL": "",
        }
        try:
            answer = subprocess.run(
                [self._program, *_SAFE, *arguments],
                cwd=self._folder,
                env=environment,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                timeout=_TIMEOUT_S,
                check=False,
            )
        except (OSError, subprocess.TimeoutExpired) as problem:
            raise SourceProblem(f"git cannot be run in {self._folder}: {problem}.") from problem
        if answer.returncode != 0:
            words = " ".join(answer.stderr.decode("utf-8", "replace").split())
            raise SourceProblem(f"git refused to read {self._folder}: {words or 'no reason given'}")
        return answer.stdout


def read_branch(folder: Path, branch: str) -> Version:
    """List the files of a branch, below the path that ``folder`` has in its repository.

    Raises:
        SourceProblem: there is no git, no repository or no such branch.
    """
    tree = GitTree(folder)
    prefix = tree.run("rev-parse", "--show-prefix").decode("utf-8", "surrogateescape").strip("\n")
    commit = _commit(tree, branch, folder)
    listing = tree.run("ls-tree", "-r", "-z", "--long", "--full-tree", f"{commit}:{prefix}")
    files: dict[str, VersionFile] = {}
    skipped: list[tuple[str, str]] = []
    for record in filter(None, listing.split(b"\0")):
        fields, _, name = record.partition(b"\t")
        mode, _, digest, size = fields.decode("ascii").split()
        path = name.decode("utf-8", "surrogateescape")
        if mode in _SKIPPED:
            skipped.append((path, _SKIPPED[mode]))
            continue
        kind = "100755" if mode == "100755" else "100644"
        read = partial(tree.run, "cat-file", "blob", digest)
        files[path] = VersionFile(kind, int(size), read, digest)
    subject = tree.run("log", "-1", "--no-show-signature", "--format=%s", commit, "--")
    label = f"branch {branch} ({commit[:10]}: {_one_line(subject)})"
    return Version(
        label,
        f"branch {branch}",
        folder.resolve().name,
        files,
        tuple(sorted(skipped)),
        is_whole=True,
        is_checked_in=True,
    )


def _commit(tree: GitTree, branch: str, folder: Path) -> str:
    try:
        found = tree.run(
            "rev-parse", "--verify", "--quiet", "--end-of-options", f"{branch}^{{commit}}"
        )
    except SourceProblem as problem:
        tree.run("rev-parse", "--git-dir")  # says so itself when there is no repository
        names = tree.run("for-each-ref", "--format=%(refname:short)", "refs/heads").decode(
            "utf-8", "replace"
        )
        known = ", ".join(names.split()[:20]) or "none"
        raise SourceProblem(
            f"There is no branch '{branch}' in the repository of {folder}. There are: {known}."
        ) from problem
    return found.decode("ascii").strip()


def _one_line(text: bytes) -> str:
    line = " ".join(text.decode("utf-8", "replace").split())
    return line if len(line) <= 80 else f"{line[:79]}…"
