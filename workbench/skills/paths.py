"""Which paths a skill has, as far as is known without looking at the disk again."""

from __future__ import annotations

from pathlib import PurePosixPath

from workbench.domain.skill import Skill


class SkillPaths:
    """The paths of a skill, folders and nested skills included."""

    def __init__(self, skill: Skill) -> None:
        self.paths = {file.path for file in skill.files}
        self.folders = {
            parent.as_posix()
            for path in (*self.paths, *(f"{nested}/SKILL.md" for nested in skill.nested))
            for parent in PurePosixPath(path).parents
        }
        self.folded = {path.casefold(): path for path in self.paths | self.folders}
        self.unknown = (
            *(f"{nested}/" for nested in skill.nested),
            *(f"{file.path}/" for file in skill.files if file.kind == "link"),
            *(f"{problem.path}/" for problem in skill.problems),
        )
        self.broken_off = any(problem.path == "." for problem in skill.problems)

    def has(self, path: str) -> bool:
        """Tell whether it is there, or in a part that is not known."""
        known = path in self.paths or path in self.folders
        return known or self.broken_off or f"{path}/".startswith(self.unknown)
