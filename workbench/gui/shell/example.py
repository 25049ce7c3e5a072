"""The bundled example library, copied to the user's folder so that it can be edited."""

from __future__ import annotations

import logging
import shutil
from pathlib import Path

from workbench.files import FileProblem
from workbench.resources import bundled

_log = logging.getLogger(__name__)


def example_traces() -> Path:
    """Return the folder of the bundled example traces."""
    return bundled("resources") / "example" / "traces"


def example_library(data: Path) -> Path:
    """Return the user's own copy of the example library, made when it is missing.

    Raises:
        FileProblem: the copy cannot be written.
    """
    source = bundled("resources") / "example" / "library"
    target = data / "example" / "library"
    if target.is_dir():
        return target
    building = target.with_name("library.part")
    try:
        shutil.rmtree(building, ignore_errors=True)
        shutil.copytree(source, building, ignore=shutil.ignore_patterns("__pycache__"))
        _under_git(building)
        building.replace(target)
    except (OSError, shutil.Error) as problem:
        raise FileProblem(
            f"The example library cannot be copied to {target}: {problem}. Free some room, or open "
            f"{source} itself."
        ) from problem
    return target


def _under_git(folder: Path) -> None:
    """Keep the copy in git, so that what is applied becomes a commit; without git it stays bare."""
    from workbench.store.git import GitProblem, Repository

    try:
        Repository.create(folder, "The example library as it comes with Skill Workbench")
    except GitProblem as problem:
        _log.info("The example library is not in git: %s", problem)
