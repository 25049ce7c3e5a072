"""Skills outside the library that new text is compared with: those installed for agents."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

from workbench.domain.skill import Library, Skill
from workbench.review.checks.warm import WarmChecks
from workbench.review.copied import TextSource
from workbench.skills.problems import SkillError

#: Where clients look for a user's skills, below the home (authoring reference, section 4,
#: November 2026: Claude Code and its plugins, Codex, Copilot, and the folder they share).
INSTALLED: Final = (
    ".agents/skills",
    ".claude/skills",
    ".claude/plugins",
    ".codex/skills",
    ".copilot/skills",
)
_LICENCE_FILES: Final = ("license", "licence", "copying", "notice")


def installed_folders(home: Path | None = None) -> tuple[Path, ...]:
    """Return the folders of installed skills that are there."""
    base = home or Path.home()
    return tuple(folder for one in INSTALLED if (folder := base / one).is_dir())


def foreign_skills(roots: Iterable[Path], library: Library, warm: WarmChecks) -> Iterator[Skill]:
    """Yield the skills below folders outside a library.

    Folders within the library, and those it lies in, are passed over, and so is an installed copy
    of a skill of the library: it is no one else's.
    """
    names = {skill.name.casefold() for skill in library.skills}
    here = Path(library.root)
    for root in dict.fromkeys(one.resolve() for one in roots):
        if root.is_relative_to(here) or here.is_relative_to(root):
            continue
        try:
            skills = warm.other_library(root).skills
        except SkillError:
            continue
        yield from (skill for skill in skills if skill.name.casefold() not in names)


def skill_source(skill: Skill, kind: str) -> TextSource:
    """Return the body of a skill as a text to compare with."""
    first = skill.source[: skill.body.start].count(b"\n") + 1
    place = str(Path(skill.path) / skill.skill_md)
    name = skill.name or skill.id
    return TextSource(name, kind, skill.body_text, licence_of(skill), place, first)


def licence_of(skill: Skill) -> str:
    """Return what the skill says of its licence: its key, else the file that holds one, or ""."""
    entry = skill.front_matter.get("license") if skill.front_matter is not None else None
    if entry is not None and str(entry.value or "").strip():
        return str(entry.value).strip()
    for file in skill.files:
        if "/" not in file.path and file.path.lower().split(".")[0] in _LICENCE_FILES:
            return f"see {file.path}"
    return ""
