"""Which skill of which library a recorded event means.

A path beats a name: the folder that holds SKILL.md is looked for among the library's folders, so
that an installed copy (``~/.claude/skills/notes``) finds the skill it was installed from. Guards
after agentsview ``skill_inference`` (traces reference, section 8.2, November 2026).
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import PurePosixPath

from msgspec import Struct

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


class Meant(Struct, frozen=True):
    """A skill and the library it is of."""

    library: Library
    skill: Skill


class LibrariesResolver:
    """Looks events up in several libraries.

    A path inside a library's folder settles it (the skills of a project against the user's own);
    otherwise exactly one library must know the skill.
    """

    def __init__(self, libraries: Iterable[Library]) -> None:
        self._known = [(library, SkillResolver(library)) for library in libraries]

    def resolve(self, event: SkillEvent, cwd: str | None = None) -> Meant | None:
        """Return the skill meant; ``cwd`` is the folder that relative paths are of."""
        path = _absolute(event.path, cwd)
        inside = [pair for pair in self._known if path and _lies_in(path, pair[0].root)]
        deepest = max(inside, key=lambda pair: len(pair[0].root), default=None)
        for library, resolver in [deepest] if deepest is not None else ():
            skill = resolver.resolve(event)
            if skill is not None:
                return Meant(library, skill)
        found = [
            Meant(library, skill)
            for library, resolver in self._known
            if (skill := resolver.resolve(event)) is not None
        ]
        return found[0] if len(found) == 1 else None


def _absolute(path: str | None, cwd: str | None) -> str:
    plain = (path or "").replace("\\", "/")
    if not plain or plain.startswith(("/", "~")) or plain[1:2] == ":" or not cwd:
        return plain
    return f"{cwd.rstrip('/')}/{plain.removeprefix('./')}"


def _lies_in(path: str, root: str) -> bool:
    return path.startswith(root.replace("\\", "/").rstrip("/") + "/")


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
