"""A whole skill text that a run ended with, as a change of the skill it belongs to or a new one."""

from __future__ import annotations

import re
from typing import Literal

from msgspec import Struct

from workbench.domain.job import SkillInput
from workbench.domain.proposal import Change
from workbench.plugin.loose_values import as_text
from workbench.plugin.run_folder import MAX_TEXT_BYTES, SourceProblem
from workbench.plugin.run_skills import (
    SkillFinder,
    front_and_body,
    new_skill_text,
    skill_file,
    slug_of,
    text_with_body,
    with_line_ends_of,
)

_HEADING = re.compile(r"^#{1,6}[ \t]+(.+?)[ \t#]*$", re.M)


class TextChange(Struct, frozen=True):
    """A change of one SKILL.md, for ``skills`` of a draft; ``note`` is for a person."""

    kind: Literal["create", "edit"]
    change: Change
    skills: tuple[str, ...]
    note: str = ""


def change_to_text(
    finder: SkillFinder, skill: SkillInput | None, name: str, text: str, rationale: str = ""
) -> TextChange | None:
    """Return the change that gives a skill the text of a run; None when it has it already.

    A text with front matter is the whole file. One without it is the body: the skill's own front
    matter stays, a new skill gets one with the name and the run's first heading as description.

    Args:
        finder: finds the place of a new skill.
        skill: the skill it belongs to; None for a new one.
        name: what a new skill is called.
        text: the run's text.
        rationale: why, for the change.

    Raises:
        SourceProblem: the text is empty or too large, or a new skill has no place.
    """
    if not text.strip():
        raise SourceProblem("its text is empty; left out.")
    if len(text.encode("utf-8", "surrogatepass")) > MAX_TEXT_BYTES:
        raise SourceProblem(f"its text has more than {MAX_TEXT_BYTES:,} bytes; left out.")
    front, body = front_and_body(text)
    if skill is not None:
        path, before = skill_file(skill)
        ours = before.decode("utf-8", "replace")
        new = with_line_ends_of(ours, text) if front else text_with_body(skill, body)
        if new.encode() == before:
            return None
        change = Change(path, path, "write", new_text=new, rationale=rationale)
        return TextChange("edit", change, (skill.id,))
    folder = finder.new_folder(as_text(front.get("name")) or name)
    path = f"{folder}/SKILL.md"
    note = ""
    if front.get("name") != slug_of(as_text(front.get("name"))) or not front.get("description"):
        description = as_text(front.get("description")) or _heading(body) or name
        if not front.get("description"):
            note = (
                f"The run gives no description of '{name}': '{description}' stands in its place. "
                "Say there when the skill is to be used."
            )
        text = new_skill_text(folder, body, description)
    change = Change(path, path, "write", new_text=text, rationale=rationale)
    return TextChange("create", change, (folder,), note)


def _heading(body: str) -> str:
    found = _HEADING.search(body)
    return found[1].strip()[:200] if found else ""
