"""A branch that is made for one commit, and taken back when that commit is not made.

HEAD is moved to the new branch at the same commit, as ``git switch --create`` does: no file and
nothing staged is touched, and no hook of the repository runs.
"""

from __future__ import annotations

import os
from collections.abc import Sequence

from workbench.store.git import GitProblem, Repository
from workbench.store.gitcommand import refusal, run_git

_HEADS = "refs/heads/"


def branch_problem(repository: Repository, name: str) -> str:
    """Say why no branch of that name can be made from HEAD; "" when it can.

    Raises:
        GitProblem: git cannot be asked.
    """
    checked = run_git(["check-ref-format", f"{_HEADS}{name}"], repository.root)
    if checked.returncode or name.startswith("-") or name == "HEAD":
        return f"'{name}' is no name for a branch (letters, digits and . _ - / between them)."
    if repository.head() is None:
        return (
            f"{repository.root} has no commit yet, so no branch can start from one. Commit once, "
            "or apply on the current branch."
        )
    if (repository.git_dir / "BISECT_LOG").exists():
        return f"A bisect is under way in {repository.root}. End it with 'git bisect reset' first."
    taken = {**_branches(repository, name), **_branches(repository, f"{name}/")}
    if name in taken:
        where = f", checked out in {taken[name]}" if taken[name] else ""
        return f"The branch {name} is there already{where}. Give another name."
    parents = ["/".join(name.split("/")[:count]) for count in range(1, name.count("/") + 1)]
    clash = next((one for one in parents if one in _branches(repository, one)), None)
    clash = clash or next(iter(taken), None)
    if clash is not None:
        return f"git cannot keep {name} beside the branch {clash}. Give another name."
    return ""


def start_branch(repository: Repository, name: str, reason: str) -> None:
    """Make a branch at HEAD and put HEAD on it.

    Raises:
        GitProblem: git refused; nothing was made.
    """
    base = repository.head()
    if base is None:
        raise GitProblem(f"{repository.root} has no commit to start a branch from.")
    nothing = "0" * len(base)
    made = ["update-ref", "--create-reflog", "-m", reason, f"{_HEADS}{name}", base, nothing]
    _do(repository, made)
    try:
        _do(repository, ["symbolic-ref", "-m", reason, "HEAD", f"{_HEADS}{name}"])
    except GitProblem:
        _do(repository, ["update-ref", "-d", f"{_HEADS}{name}", base])
        raise


def leave_branch(repository: Repository, name: str, base: str, before: str, reason: str) -> None:
    """Put HEAD back and take away the branch that was started, when nothing was committed on it.

    Args:
        repository: where it was made.
        name: the branch; it stays when it is not the one made for ``reason``.
        base: the commit it was made at.
        before: the branch HEAD was on, "" for none.
        reason: what ``start_branch`` was given.

    Raises:
        GitProblem: git refused.
    """
    if not _is_at(repository, f"{_HEADS}{name}", base) or not _made_for(repository, name, reason):
        return
    if repository.branch() == name:
        if not before:
            _do(repository, ["update-ref", "--no-deref", "-m", reason, "HEAD", base])
        elif _is_at(repository, f"{_HEADS}{before}", base):
            _do(repository, ["symbolic-ref", "-m", reason, "HEAD", f"{_HEADS}{before}"])
        else:
            return  # that branch has moved on; with HEAD on it, files would look changed
    _do(repository, ["update-ref", "-d", f"{_HEADS}{name}", base])


def _branches(repository: Repository, pattern: str) -> dict[str, str]:
    """Return branches by name (all below a name that ends with a slash) and where they are out."""
    form = "--format=%(refname)%00%(worktreepath)"
    answer = run_git(["for-each-ref", form, f"{_HEADS}{pattern}"], repository.root)
    if answer.returncode:
        raise refusal(repository.root, answer)
    rows = (os.fsdecode(line).split("\0") for line in answer.stdout.splitlines())
    return {row[0].removeprefix(_HEADS): row[1] for row in rows if len(row) > 1}


def _is_at(repository: Repository, reference: str, commit: str) -> bool:
    answer = run_git(["rev-parse", "--verify", "--quiet", reference], repository.root)
    return answer.stdout.decode().strip() == commit


def _made_for(repository: Repository, name: str, reason: str) -> bool:
    """Say whether the oldest entry of the branch's reflog is ours: a namesake may be another's."""
    answer = run_git(["log", "-g", "--format=%gs", f"{_HEADS}{name}", "--"], repository.root)
    said = answer.stdout.decode("utf-8", "replace").splitlines()
    return bool(said) and said[-1] == reason


def _do(repository: Repository, command: Sequence[str]) -> None:
    answer = run_git(command, repository.root, writing=True)
    if answer.returncode:
        raise refusal(repository.root, answer)
