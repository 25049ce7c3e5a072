"""Which skill of a library a recorded event means.

A path beats a name: the folder that holds SKILL.md is looked for among the library's folders, so
that an installed copy (``~/.claude/skills/notes``) finds the skill it was installed from. Guards
after agentsview ``skill_inference`` (traces reference, section 8.2, November 2026).
"""

from __future__ import annotations

from pathlib import PurePosixPath

from workbench.domain.skill import Library, Skill
from workbench.domain.trajectory import SkillEvent


class SkillResolver:
    """Looks events up in one library; build it once for many events."""

    def __init__(self, library: Library) -> None:
        self._skills = library.skills
        self._by_name: dict[str, list[Skill]] = {}
        for skill in library.skills:
            for name in {skill.name.lower(), _folder(skill).lower()} - {""}:
                self._by_name.setdefault(name, []).append(skill)

    def resolve(self, event: SkillEvent) -> Skill | None:
        """Return the skill meant, None when the library has none or cannot tell which."""
        if event.path is not None:
            found = self._by_path(event.path)
            if found is not None:
                return found
        return self._by_recorded_name(event.skill)

    def _by_path(self, path: str) -> Skill | None:
        """Match the longest tail of folder names, as ids are paths below the library root."""
        parts = PurePosixPath(path.replace("\\", "/")).parts
        best: tuple[int, Skill] | None = None
        tie = False
        for skill in self._skills:
            tail = PurePosixPath(skill.id).parts or (_folder(skill),)
            length = _tail_match(parts, tail)
            if length and (best is None or length > best[0]):
                best, tie = (length, skill), False
            elif length and best is not None and length == best[0]:
                tie = True
        return None if best is None or tie else best[1]

    def _by_recorded_name(self, name: str) -> Skill | None:
        plain = name.rsplit(":", 1)[-1].lower()
        found = self._by_name.get(plain, ())
        if len(found) == 1:
            return found[0]
        plugin = name.split(":", 1)[0].lower() if ":" in name else ""
        within = [
            skill
            for skill in found
            if plugin and plugin in (part.lower() for part in PurePosixPath(skill.id).parts)
        ]
        return within[0] if len(within) == 1 else None


def _folder(skill: Skill) -> str:
    return PurePosixPath(skill.path).name


def _tail_match(parts: tuple[str, ...], folders: tuple[str, ...]) -> int:
    """Return how many trailing folders of the skill end a prefix of the path; 0 for none."""
    last = folders[-1]
    best = 0
    for position, part in enumerate(parts):
        if part != last:
            continue
        length = 1
        while (
            length < len(folders)
            and length <= position
            and parts[position - length] == folders[-1 - length]
        ):
            length += 1
        best = max(best, length)
    return best
