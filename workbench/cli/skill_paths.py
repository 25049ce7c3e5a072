"""The skills that paths on the command line stand for."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from workbench.cli.console import UsageProblem, for_terminal
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


def library_at(argument: str) -> Library:
    """Return the library in a folder; what cannot be read is told on stderr.

    Raises:
        UsageProblem: there is no such folder, or no skill in it.
    """
    try:
        library = read_library(Path(argument))
    except SkillError as problem:
        raise UsageProblem(str(problem)) from problem
    for unread in library.problems:
        place = Path(library.root, unread.path)
        print(for_terminal(f"skipped {place}: {unread.message}"), file=sys.stderr)
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
        path = Path(argument)
        if not path.exists():
            raise UsageProblem(
                f"Path does not exist: {argument}. Name a skill folder, a SKILL.md or a library."
            )
        skills = (one_skill(argument),) if path.is_file() else library_at(argument).skills
        found.update((skill.path, skill) for skill in skills)
    return tuple(found.values())
