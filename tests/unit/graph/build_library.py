"""Small libraries for graph tests, as values and as folders."""

from __future__ import annotations

from pathlib import Path

from workbench.domain.skill import FrontMatter, FrontMatterEntry, Library, Skill, SkillFile
from workbench.domain.text import Span

_NOWHERE = Span(0, 0)


def library_of(root: Path, files: dict[str, str], tools: dict[str, str] | None = None) -> Library:
    """Write ``{"a/SKILL.md": text}`` below ``root`` and return the skills as values."""
    for path, text in files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text, encoding="utf-8")
    ids = sorted({path.rsplit("/SKILL.md", 1)[0] for path in files if path.endswith("/SKILL.md")})
    return Library(str(root), tuple(_skill(root, skill_id, files, tools or {}) for skill_id in ids))


def _skill(root: Path, skill_id: str, files: dict[str, str], tools: dict[str, str]) -> Skill:
    source = files[f"{skill_id}/SKILL.md"].encode()
    others = tuple(
        SkillFile(path.removeprefix(skill_id + "/"), "other", len(text), "")
        for path, text in files.items()
        if path.startswith(skill_id + "/") and not path.endswith("/SKILL.md")
    )
    declared = tools.get(skill_id)
    entries = (
        (FrontMatterEntry("allowed-tools", declared, _NOWHERE, _NOWHERE, _NOWHERE, 4),)
        if declared
        else ()
    )
    return Skill(
        id=skill_id,
        root=str(root),
        path=str(root / skill_id),
        name=skill_id.rsplit("/", 1)[-1],
        description="",
        skill_md="SKILL.md",
        source=source,
        body=Span(0, len(source)),
        front_matter=FrontMatter(entries, _NOWHERE, _NOWHERE),
        files=others,
        tree_hash="",
    )
