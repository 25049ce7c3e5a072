"""What a skill costs in tokens, by disclosure level and by heading.

Levels of the Agent Skills specification (2026-08-09): the catalogue entry is there every turn, the
body when the skill is activated, resources when they are read.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

from msgspec import Struct

from workbench.domain.skill import Skill, SkillFile
from workbench.skills.headings import sections_of
from workbench.skills.read import open_regular
from workbench.skills.tokenizers import Tokenizer

#: A larger file is no text an agent reads in whole; it is not counted.
MAX_RESOURCE: Final = 4 * 1024 * 1024


class SectionCost(Struct, frozen=True):
    """Tokens of one section without the sections below it; see ``headings.Section``."""

    title: str
    level: int
    line: int
    tokens: int


class FileCost(Struct, frozen=True):
    """Tokens of a file beside SKILL.md; None where it is no text, a link, too large or unread."""

    path: str
    kind: str
    tokens: int | None


class SkillCost(Struct, frozen=True):
    """Tokens by level. ``resources`` is the sum over the files that are text."""

    path: str
    name: str
    catalogue: int
    body: int
    resources: int
    headings: tuple[SectionCost, ...]
    files: tuple[FileCost, ...]


def cost_of(skill: Skill, tokenizer: Tokenizer) -> SkillCost:
    """Return what a skill costs; its files are read from disk."""
    files = tuple(
        FileCost(file.path, file.kind, _file_tokens(skill, file, tokenizer))
        for file in skill.files
        if file.path != skill.skill_md
    )
    headings = tuple(
        SectionCost(
            section.title,
            section.level,
            section.line,
            tokenizer.count(
                skill.source[section.span.start : section.span.end].decode(
                    "utf-8", "surrogateescape"
                )
            ),
        )
        for section in sections_of(skill.source, skill.body)
    )
    return SkillCost(
        path=skill.path,
        name=skill.name,
        catalogue=tokenizer.count(f"{skill.name}: {skill.description}"),
        body=tokenizer.count(skill.body_text),
        resources=sum(file.tokens or 0 for file in files),
        headings=headings,
        files=files,
    )


def _file_tokens(skill: Skill, file: SkillFile, tokenizer: Tokenizer) -> int | None:
    text = resource_text(skill, file)
    return None if text is None else tokenizer.count(text)


def resource_text(skill: Skill, file: SkillFile) -> str | None:
    """Return a file of a skill as text; None for a link, binary, or what is too large or unread."""
    if file.kind == "link" or file.size > MAX_RESOURCE:
        return None
    try:
        with open_regular(Path(skill.path) / file.path) as stream:
            content = stream.read(MAX_RESOURCE + 1)
    except OSError:
        return None
    if b"\0" in content or len(content) > MAX_RESOURCE:
        return None
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError:
        return None
