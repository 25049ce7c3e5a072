"""A world of its own for pictures and the walkthrough: nothing of the user's is read or written.

No Qt here. The example library is copied and, where there is a git command, committed into a fresh
repository by a person who does not exist.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from workbench.resources import bundled
from workbench.store.git import GitMissing, Repository
from workbench.store.paths import HOME_VARIABLE, UserFolders

REVIEWER = "Ada Example <ada@example.invalid>"

_GITCONFIG = """[user]
\tname = Ada Example
\temail = ada@example.invalid
[init]
\tdefaultBranch = main
[commit]
\tgpgSign = false
[core]
\tautocrlf = false
"""


@dataclass(frozen=True, slots=True)
class World:
    """Where everything lies. ``repository`` is None where there is no git command."""

    folder: Path
    library: Path
    traces: Path
    folders: UserFolders
    repository: Repository | None


@contextmanager
def example_world(folder: Path, moment: str | None = None) -> Iterator[World]:
    """Make a world below ``folder`` and point this process at it until the end.

    Args:
        folder: an empty folder, or one that does not exist.
        moment: date of the commits (ISO 8601), by default now.
    """
    home = folder / "home"
    home.mkdir(parents=True)
    (home / "gitconfig").write_text(_GITCONFIG, encoding="utf-8")
    values = {
        HOME_VARIABLE: str(home / "workbench"),
        "GIT_CONFIG_GLOBAL": str(home / "gitconfig"),
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_CEILING_DIRECTORIES": str(folder),
    }
    if moment is not None:
        values |= {"GIT_AUTHOR_DATE": moment, "GIT_COMMITTER_DATE": moment}
    with _environment(values):
        library = folder / "library"
        example = bundled("resources") / "example"
        shutil.copytree(example / "library", library, ignore=shutil.ignore_patterns("__pycache__"))
        traces = folder / "traces"
        shutil.copytree(example / "traces", traces)
        repository = commit_all(library, "Begin with the example skills")
        yield World(folder, library, traces, UserFolders.default(), repository)


def commit_all(folder: Path, message: str) -> Repository | None:
    """Commit every file of a folder, in a new repository if it has none; None without git."""
    try:
        repository = Repository.find(folder)
    except GitMissing:
        return None
    if repository is None:
        _git(folder, "init", "--quiet")
    _git(folder, "add", "--all")
    _git(folder, "commit", "--quiet", "--no-verify", f"--message={message}")
    return Repository.find(folder)


def files_of(library: Path) -> dict[str, bytes]:
    """Return every file of a library, by its path, without those of git."""
    return {
        path.relative_to(library).as_posix(): path.read_bytes()
        for path in sorted(library.rglob("*"))
        if path.is_file() and ".git" not in path.relative_to(library).parts
    }


def _git(folder: Path, *arguments: str) -> None:
    subprocess.run(["git", *arguments], cwd=folder, check=True, capture_output=True)


@contextmanager
def _environment(values: Mapping[str, str]) -> Iterator[None]:
    """Set variables, take away those that lead git elsewhere, and put all back at the end."""
    away = [
        name
        for name in ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_AUTHOR_NAME")
        if name in os.environ
    ]
    away += [name for name in os.environ if name.startswith(("GIT_AUTHOR_", "GIT_COMMITTER_"))]
    before = {name: os.environ.get(name) for name in (*values, *away)}
    for name in dict.fromkeys(away):
        os.environ.pop(name, None)
    os.environ.update(values)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
