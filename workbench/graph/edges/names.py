"""Which skill a name or a folder means, seen from another skill."""

from __future__ import annotations

from pathlib import PurePosixPath

from workbench.domain.skill import Skill


def _shared(a: PurePosixPath, b: PurePosixPath) -> int:
    count = 0
    for left, right in zip(a.parts, b.parts, strict=False):
        if left != right:
            break
        count += 1
    return count


class SkillNames:
    """Looks skills up by name and by folder.

    Libraries of several collections repeat names; the nearest one in the folder tree is meant.
    """

    def __init__(self, skills: tuple[Skill, ...]) -> None:
        self._by_name: dict[str, list[Skill]] = {}
        self._by_id = {skill.id: skill for skill in skills}
        for skill in skills:
            folder = PurePosixPath(skill.id).name
            for name in {skill.name.lower(), folder.lower()} - {"", "."}:
                self._by_name.setdefault(name, []).append(skill)

    def names(self) -> frozenset[str]:
        """All names, in lower case."""
        return frozenset(self._by_name)

    def named(self, name: str, near: Skill) -> Skill | None:
        """Return the skill of that name nearest to ``near``, None when there is none."""
        found = self._by_name.get(name.lower(), ())
        here = PurePosixPath(near.id)
        return max(
            found,
            key=lambda skill: (_shared(PurePosixPath(skill.id), here), skill.id == near.id),
            default=None,
        )

    def containing(self, path: str) -> Skill | None:
        """Return the skill whose folder holds the library path, None when no folder does."""
        pure = PurePosixPath(path)
        for parent in (pure, *pure.parents):
            skill = self._by_id.get(parent.as_posix())
            if skill is not None:
                return skill
        return None
