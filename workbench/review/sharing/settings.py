"""``.workbench/sharing.toml`` of a library: that its reviews are shared, and where.

The file is there only when a person turned sharing on. It names a remote of the user's own
configuration, never an address: a library from elsewhere cannot say where something is sent.
"""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Final

import msgspec
from msgspec import Struct

from workbench.files import FileProblem, confined, write_atomic
from workbench.review.plan import ReviewProblem
from workbench.store.git import GitProblem
from workbench.store.remotes import check_branch, check_remote

SHARING_FILE: Final = ".workbench/sharing.toml"
QUEUE_BRANCH: Final = "skill-workbench/proposals"
_MOST_BYTES: Final = 1 << 16


class Sharing(Struct, frozen=True, forbid_unknown_fields=True):
    """Where the queue of a library is. ``remote`` "" keeps the branch in this repository alone."""

    remote: str = "origin"
    branch: str = QUEUE_BRANCH
    version: int = 1


def read_sharing(library: Path) -> Sharing | None:
    """Return how a library is shared, None while nobody turned that on.

    Raises:
        ReviewProblem: the file is there and says something that is not understood.
    """
    try:
        path = confined(library, SHARING_FILE)
        if not path.exists():
            return None
        data = path.read_bytes()
        if len(data) > _MOST_BYTES:
            raise ReviewProblem(f"{path} is larger than {_MOST_BYTES:,} bytes.")
        sharing = msgspec.convert(tomllib.loads(data.decode()), Sharing)
        if sharing.version != 1:
            raise ReviewProblem(f"{path} is of version {sharing.version}. Update this program.")
        return _checked(sharing)
    except (OSError, FileProblem, ValueError, GitProblem) as problem:
        raise ReviewProblem(
            f"{library / SHARING_FILE} is not understood ({problem}). Mend it, or delete it to "
            "turn sharing off."
        ) from problem


def turn_on(library: Path, sharing: Sharing) -> Path:
    """Write the file and return its path; the user commits it with the library, or not.

    Raises:
        ReviewProblem: the names are no remote and branch.
        FileProblem: it cannot be written.
    """
    try:
        _checked(sharing)
        path = confined(library, SHARING_FILE)
    except GitProblem as problem:
        raise ReviewProblem(str(problem)) from problem
    text = (
        "# Reviews of this library are shared through a branch of its repository:\n"
        "# skill-workbench share status. Delete this file to stop.\n"
        "version = 1\n"
        f'remote = "{sharing.remote}"\n'
        f'branch = "{sharing.branch}"\n'
    )
    write_atomic(path, text.encode())
    return path


def turn_off(library: Path) -> bool:
    """Delete the file, and its folder when that is empty; say whether it was there.

    Raises:
        FileProblem: it cannot be deleted.
    """
    path = confined(library, SHARING_FILE)
    try:
        path.unlink()
    except FileNotFoundError:
        return False
    except OSError as problem:
        raise FileProblem(f"Cannot delete {path}: {problem.strerror}.") from problem
    if not any(path.parent.iterdir()):
        path.parent.rmdir()
    return True


def _checked(sharing: Sharing) -> Sharing:
    if sharing.remote:
        check_remote(sharing.remote)
    check_branch(sharing.branch)
    if '"' in sharing.branch:
        raise ReviewProblem(f"'{sharing.branch}' has a quote in it. Choose another name.")
    return sharing
