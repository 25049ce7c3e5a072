"""A skill as another place wants it: what is moved, what is left out, and the new SKILL.md.

Nothing is written: the folder stays as it is.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any, Final, Literal

import msgspec
from msgspec import Struct

from workbench.domain.skill import FrontMatterEntry, Skill
from workbench.skills.clients import CLIENTS
from workbench.skills.edit import remove_front_matter, set_front_matter
from workbench.skills.frontmatter import BOM, text_value
from workbench.skills.problems import SkillError
from workbench.skills.read import with_source

#: Where a skill can be packed for; each is a client profile too.
TARGETS: Final = ("claude.ai",)


class ExportChange(Struct, frozen=True):
    """One difference between the folder and the archive. ``what`` is a key or a path."""

    kind: Literal["moved", "rewritten", "dropped", "left-out", "renamed"]
    what: str
    why: str


def export_for(skill: Skill, target: str) -> tuple[Skill, tuple[ExportChange, ...]]:
    """Return the skill as that target takes it, and what differs.

    Keys the target does not allow go into ``metadata`` as text; lists and maps of maps are dropped,
    for they have no text another program would read back. Values of ``metadata`` become text,
    ``allowed-tools`` one line.

    Raises:
        KeyError: there is no such target.
        SkillError: the front matter cannot be read, so no key can be moved.
    """
    allowed = CLIENTS[target].keys
    front_matter = skill.front_matter
    if front_matter is None or front_matter.error is not None:
        raise SkillError(
            f"{skill.path}/{skill.skill_md}: the front matter cannot be read "
            f"({front_matter.error if front_matter else 'there is none'}), so its keys cannot be "
            f"sorted for {target}. Mend it first ('skill-workbench check' says where)."
        )
    changes: list[ExportChange] = []
    if skill.bom:
        skill = with_source(skill, skill.source.removeprefix(BOM))
        changes.append(
            ExportChange("rewritten", skill.skill_md, "without the byte order mark at its start")
        )
    metadata, moved = _metadata(skill, allowed)
    changes += moved
    for key in dict.fromkeys(entry.key for entry in _foreign(skill, allowed)):
        skill = with_source(skill, remove_front_matter(skill, key))
    before = skill.front_matter.get("metadata") if skill.front_matter else None
    if metadata != (before.value if before else {}):
        skill = with_source(skill, set_front_matter(skill, "metadata", metadata))
    skill, tools = _tools_in_one_line(skill)
    changes += tools
    if skill.skill_md != "SKILL.md":
        skill, renamed = _capital_letters(skill)
        changes.append(renamed)
    return skill, tuple(changes)


def _foreign(skill: Skill, allowed: Sequence[str]) -> Iterator[FrontMatterEntry]:
    for entry in skill.front_matter.entries if skill.front_matter else ():
        if entry.key not in allowed:
            yield entry


def _metadata(skill: Skill, allowed: Sequence[str]) -> tuple[dict[str, str], list[ExportChange]]:
    """Return the map of text to text that ``metadata`` becomes."""
    entry = skill.front_matter.get("metadata") if skill.front_matter else None
    changes: list[ExportChange] = []
    metadata: dict[str, str] = {}
    old = entry.value if entry is not None else {}
    if isinstance(old, dict):
        for key, value in old.items():
            metadata[str(key)] = _as_text(value)
            if not isinstance(value, str):
                changes.append(ExportChange("rewritten", f"metadata.{key}", "written as text"))
    elif old is not None:
        changes.append(ExportChange("dropped", "metadata", "it is no map of keys and texts"))
    for foreign in _foreign(skill, allowed):
        written = _movable(foreign, skill.source)
        if written is None:
            why = "not a key there, and its value has no text form"
            changes.append(ExportChange("dropped", foreign.key, why))
        elif foreign.key in metadata:
            why = f"not a key there, and metadata has a '{foreign.key}' already"
            changes.append(ExportChange("dropped", foreign.key, why))
        else:
            metadata[foreign.key] = written
            why = f"not a key there; now metadata.{foreign.key}, which is not acted on"
            changes.append(ExportChange("moved", foreign.key, why))
    return metadata, changes


def _movable(entry: FrontMatterEntry, source: bytes) -> str | None:
    value = entry.value
    if isinstance(value, list):
        plain = [item for item in value if isinstance(item, str | int | float)]
        return ", ".join(map(_as_text, plain)) if plain and len(plain) == len(value) else None
    if isinstance(value, dict) or value is None:
        return None
    return text_value(entry, source)


def _as_text(value: Any) -> str:
    if isinstance(value, str):
        return value
    return json.dumps(value, ensure_ascii=False)


def _tools_in_one_line(skill: Skill) -> tuple[Skill, list[ExportChange]]:
    entry = skill.front_matter.get("allowed-tools") if skill.front_matter else None
    if entry is None or not isinstance(entry.value, list):
        return skill, []
    tools = " ".join(_as_text(item) for item in entry.value)
    skill = with_source(skill, set_front_matter(skill, "allowed-tools", tools))
    return skill, [ExportChange("rewritten", "allowed-tools", "written in one line")]


def _capital_letters(skill: Skill) -> tuple[Skill, ExportChange]:
    files = tuple(
        msgspec.structs.replace(file, path="SKILL.md") if file.path == skill.skill_md else file
        for file in skill.files
    )
    change = ExportChange("renamed", skill.skill_md, "it must be SKILL.md there")
    return msgspec.structs.replace(skill, skill_md="SKILL.md", files=files), change
