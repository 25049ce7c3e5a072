"""Joining a branch that went on with an upstream that went on too, so that it can be pushed.

Skills change by what was reviewed alone: git merges the two into a tree first, and only when that
tree has every skill as it is here already (applied, or changed on this side alone) is the merge
made. What was approved in the team's queue and applied by another comes along. What was turned down
stays out, what was not looked at is named.
"""

from __future__ import annotations

from collections.abc import Collection

from msgspec import Struct

from workbench.review.plan import ReviewProblem
from workbench.review.sharing.form import Place
from workbench.skills.folder import SKILL_FILES
from workbench.store.branch_files import BranchFile, files_of
from workbench.store.git import Repository
from workbench.store.gitcommand import refusal, run_git
from workbench.store.remotes import Upstream, distance


class ComesAlong(ReviewProblem):
    """Files outside of skills would come along that nobody reviewed: ``files``."""

    def __init__(self, files: tuple[str, ...]) -> None:
        self.files = files
        more = " …" if len(files) > 8 else ""
        super().__init__(
            f"{', '.join(files[:8])}{more} would come along without having been reviewed. Agree to "
            "that (--with-others, or Take them too)."
        )


class Joined(Struct, frozen=True):
    """What a join did: the commit, and the files outside of skills that came along."""

    commit: str
    came_along: tuple[str, ...]


def join(
    repository: Repository,
    place: Place,
    upstream: Upstream,
    *,
    with_unreviewed: bool = False,
    reviewed: Collection[str] = (),
) -> Joined:
    """Merge the upstream into the current branch with git, when that changes no skill unseen.

    ``reviewed`` are files of skills that may come along where nothing here changed them as well.

    Raises:
        ReviewProblem: it would change skills or files nobody agreed to, both sides changed the
            same, or the repository is in no state for it. Nothing was touched.
        GitProblem: git or a hook refused; the branch is as before.
    """
    tip = _tip(repository, upstream)
    merged = _merged(repository, tip)
    head = files_of(repository, "HEAD")
    after = files_of(repository, merged)
    changed = sorted(
        path for path in head.keys() | after.keys() if not _same(head.get(path), after.get(path))
    )
    theirs = files_of(repository, tip)
    agreed = {path for path in reviewed if after.get(path) == theirs.get(path)}
    changed = [path for path in changed if path not in agreed]
    skills = _skill_folders(place, (*head, *after))
    inside = [path for path in changed if _in_skill(path, skills)]
    if inside:
        raise ReviewProblem(
            f"Nothing was joined: it would change {', '.join(inside[:6])}"
            f"{' …' if len(inside) > 6 else ''}, which has not come in by review. Apply what you "
            "want of it first; where you turned something down, decide with git what stays."
        )
    if changed and not with_unreviewed:
        raise ComesAlong(tuple(changed))
    message = f"Join {upstream}\n\nIts changes of skills came in by review before.\n"
    command = ["merge", "--no-ff", "--no-edit", "--no-autostash", "--no-stat", "--quiet"]
    answer = run_git([*command, "-m", message, tip], repository.root, writing=True)
    commit = repository.head()
    if answer.returncode or commit is None:
        if repository.operation() is not None:
            run_git(["merge", "--abort"], repository.root, writing=True)
        raise refusal(repository.root, answer, "did not join")
    return Joined(commit, tuple(changed))


def _tip(repository: Repository, upstream: Upstream) -> str:
    here = distance(repository, upstream)
    operation = repository.operation()
    if operation is not None:
        raise ReviewProblem(
            f"The repository {repository.root} is in the middle of {operation}. Finish or abort it "
            "with git first."
        )
    if repository.detached:
        raise ReviewProblem("HEAD is detached, so there is no branch to join. Check one out.")
    if here.tip is None or here.base is None or not here.behind:
        raise ReviewProblem(f"{upstream} has nothing to join, as of the last fetch.")
    if not here.ahead:
        raise ReviewProblem(
            f"This branch has nothing of its own, so it can move to the commits of {upstream} "
            "instead: fast-forward (skill-workbench share forward)."
        )
    return here.tip


def _merged(repository: Repository, tip: str) -> str:
    """Return the tree git makes of both sides, without touching anything."""
    answer = run_git(["merge-tree", "--write-tree", "--name-only", "HEAD", tip], repository.root)
    lines = answer.stdout.decode("utf-8", "replace").split("\n")
    if answer.returncode == 1:
        names = [line for line in lines[1 : lines.index("")] if line] if "" in lines else []
        both = ", ".join(dict.fromkeys(names)) or "the same"
        raise ReviewProblem(
            f"Nothing was joined: both sides changed {both}. Where it is a skill, review what came "
            "and apply or merge it here first; else merge with git."
        )
    if answer.returncode:
        raise refusal(repository.root, answer, "cannot merge (git 2.38 or newer is needed)")
    return lines[0].strip()


def _same(one: BranchFile | None, other: BranchFile | None) -> bool:
    return (
        one is not None and other is not None and (one.mode, one.blob) == (other.mode, other.blob)
    )


def _skill_folders(place: Place, paths: tuple[str, ...]) -> frozenset[str]:
    below = f"{place.inside}/" if place.inside else ""
    return frozenset(
        path.rpartition("/")[0]
        for path in paths
        if path.startswith(below) and path.rpartition("/")[2] in SKILL_FILES
    )


def _in_skill(path: str, skills: frozenset[str]) -> bool:
    folders = path.split("/")[:-1]
    return any("/".join(folders[:depth]) in skills for depth in range(len(folders) + 1))
