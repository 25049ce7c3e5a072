"""The skills that paths on the command line stand for."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from workbench.cli.console import UsageProblem, one_line
from workbench.domain.skill import Library, Skill
from workbench.skills.folder import SKILL_FILES
from workbench.skills.library import read_library
from workbench.skills.problems import SkillError
from workbench.skills.read import read_skill


def one_skill(argument: str) -> Skill:
    """Return the skill of a folder or its SKILL.md.

    Raises:
        UsageProblem: it is none.
    """
    path = Path(argument)
    if path.is_file() and path.name in SKILL_FILES:
        path = path.parent
    try:
        return read_skill(path)
    except SkillError as problem:
        raise UsageProblem(str(problem)) from problem


def folder_of(argument: str) -> Path:
    """Return the folder that a path stands for: itself, or the one of a SKILL.md.

    Raises:
        UsageProblem: it is not there, or another file.
    """
    path = Path(argument)
    if not path.exists():
        raise UsageProblem(
            f"Path does not exist: {argument}. Name a skill folder, a SKILL.md or a library."
        )
    if not path.is_file():
        return path
    if path.name not in SKILL_FILES:
        raise UsageProblem(
            f"{argument} is not a SKILL.md. Name a skill folder, a SKILL.md or a library."
        )
    return path.parent


def library_in(folder: Path) -> Library:
    """Return the library in a folder, with or without skills; problems are told on stderr.

    Raises:
        UsageProblem: there is no such folder.
    """
    try:
        library = read_library(folder)
    except SkillError as problem:
        raise UsageProblem(str(problem)) from problem
    for unread in library.problems:
        place = Path(library.root, unread.path)
        print(one_line(f"skipped {place}: {unread.message}"), file=sys.stderr)
    return library


def library_at(argument: str) -> Library:
    """Return the library in a folder; problems are told on stderr.

    Raises:
        UsageProblem: there is no such folder, or no skill in it.
    """
    library = library_in(Path(argument))
    if not library.skills:
        raise UsageProblem(
            f"{argument} holds no skill: no SKILL.md in it or in a folder below it. Name a skill "
            "folder or a library."
        )
    return library


def skills_at(arguments: Sequence[str]) -> tuple[Skill, ...]:
    """Return the skills of all paths (skill folders, SKILL.md files, libraries), each once.

    Raises:
        UsageProblem: a path does not exist or holds no skill.
    """
    found: dict[str, Skill] = {}
    for argument in arguments:
        folder = folder_of(argument)
        is_file = folder != Path(argument)
        skills = (one_skill(argument),) if is_file else library_at(argument).skills
        found.update((skill.path, skill) for skill in skills)
    return tuple(found.values())
