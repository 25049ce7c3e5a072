"""The copy of skills a scanner works on: files as they are, links as links, nothing followed."""

from __future__ import annotations

import os
import shutil
import stat
from collections.abc import Sequence
from pathlib import Path

from workbench.domain.job import SkillInput
from workbench.domain.skill import Skill
from workbench.files import FileProblem

#: A larger file is not copied; it is reported as not inspected.
MAX_COPIED = 32 << 20


def copy_skills(skills: Sequence[Skill], target: Path) -> tuple[tuple[SkillInput, ...], set[str]]:
    """Copy skills into ``target``; return what a plugin is told, and ``skill/path`` of what lacks.

    Raises:
        FileProblem: the target cannot be written.
    """
    inputs: list[SkillInput] = []
    missing: set[str] = set()
    for skill in skills:
        folder = target / skill.id if skill.id != "." else target
        copied: list[str] = []
        try:
            folder.mkdir(parents=True, exist_ok=True)
            for file in skill.files:
                if _copy(Path(skill.path) / file.path, folder / file.path):
                    copied.append(file.path)
                else:
                    missing.add(f"{skill.id}/{file.path}")
        except OSError as problem:
            raise FileProblem(
                f"Cannot copy {skill.path} to {target}: {problem.strerror}. Free some room, then "
                "scan again."
            ) from problem
        inputs.append(
            SkillInput(
                skill.id,
                str(folder),
                skill.name,
                skill.description,
                skill.tree_hash,
                tuple(copied),
            )
        )
    return tuple(inputs), missing


def _copy(source: Path, target: Path) -> bool:
    try:
        status = source.lstat()
        if stat.S_ISLNK(status.st_mode):
            target.parent.mkdir(parents=True, exist_ok=True)
            target.symlink_to(os.readlink(source))  # noqa: PTH115 - the text, unresolved
            return True
        if not stat.S_ISREG(status.st_mode) or status.st_size > MAX_COPIED:
            return False
        flags = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
        descriptor = os.open(source, flags)
    except OSError:
        return False
    target.parent.mkdir(parents=True, exist_ok=True)
    with os.fdopen(descriptor, "rb") as stream, target.open("wb") as copy:
        shutil.copyfileobj(stream, copy)
    return True
