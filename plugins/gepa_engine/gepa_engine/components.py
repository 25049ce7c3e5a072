"""What GEPA evolves: the body of each skill, and its description where that is wanted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from workbench.plugin.api import (
    Change,
    SkillInput,
    SourceProblem,
    broken_locks,
    front_and_body,
    is_locked,
    skill_file,
    text_with_body,
)

BODY = "body"
DESCRIPTION = "description"


class Refused(Exception):  # noqa: N818 - a problem in words, for the model
    """A candidate's text cannot be tried; the message says why."""


class Part(NamedTuple):
    """One component: a part of a skill."""

    skill: SkillInput
    what: str


class Components:
    """The parts that may change, by the names GEPA knows them by, and their texts as they are."""

    def __init__(self, skills: Sequence[SkillInput], *, with_description: bool) -> None:
        self.parts: dict[str, Part] = {}
        self.seed: dict[str, str] = {}
        self.left_out: list[str] = []
        for skill in skills:
            try:
                self._add(skill, with_description)
            except (SourceProblem, UnicodeDecodeError) as problem:
                self.left_out.append(f"{skill.id} is left out: {problem}")

    def _add(self, skill: SkillInput, with_description: bool) -> None:
        path, data = skill_file(skill)
        if is_locked(skill.locks, path.rpartition("/")[2]):
            self.left_out.append(f"{skill.id} is left out: it is locked.")
            return
        front, body = front_and_body(data.decode("utf-8").removeprefix("\ufeff"))
        texts = {BODY: body.strip()}
        if with_description:
            texts[DESCRIPTION] = " ".join(str(front.get("description", "")).split())
        for what, text in texts.items():
            self.parts[f"{skill.id}: {what}"] = Part(skill, what)
            self.seed[f"{skill.id}: {what}"] = text

    def changes(self, candidate: Mapping[str, str]) -> tuple[Change, ...]:
        """Return the changes that make the library this candidate; none for the seed.

        Raises:
            Refused: a text is empty or breaks a lock.
        """
        wanted: dict[str, dict[str, str]] = {}
        skills: dict[str, SkillInput] = {}
        for name, part in self.parts.items():
            text = _plain(candidate.get(name, ""), part.what)
            if not text:
                raise Refused(f"The new {part.what} of {part.skill.id} is empty.")
            if text != _plain(self.seed[name], part.what):
                wanted.setdefault(part.skill.id, {})[part.what] = text
                skills[part.skill.id] = part.skill
        return tuple(self._change(skills[one], texts) for one, texts in wanted.items())

    def _change(self, skill: SkillInput, texts: Mapping[str, str]) -> Change:
        path, data = skill_file(skill)
        before = data.decode("utf-8")
        ours = front_and_body(before.removeprefix("\ufeff"))[1]
        body = texts.get(BODY)
        body = ours if body is None else body + "\n"
        after = text_with_body(skill, body, texts.get(DESCRIPTION, ""))
        file = path.rpartition("/")[2]
        if broken := broken_locks(skill.locks, file, before, after):
            raise Refused(f"{skill.id}: {', '.join(broken)} is locked and has to stay as it is.")
        return Change(path, path, "edit", new_text=after)


def _plain(text: str, what: str) -> str:
    """Return a component's text without what does not belong to it, such as front matter."""
    if what == DESCRIPTION:
        return " ".join(text.split())
    front, body = front_and_body(text.strip() + "\n")
    return (body if "name" in front or "description" in front else text).strip()
