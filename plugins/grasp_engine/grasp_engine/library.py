"""The library as GRASP keeps it (a Markdown file a skill) and as the host does (SKILL.md)."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from workbench.plugin.api import (
    Change,
    Request,
    SkillFinder,
    SkillInput,
    SourceProblem,
    broken_locks,
    front_and_body,
    is_locked,
    new_skill_text,
    path_in,
    skill_file,
    text_with_body,
)

_MAX_DESCRIPTION = 1024


class Refused(Exception):  # noqa: N818 - a problem in words
    """A version of the library cannot be tried; the message says why."""


class Known(NamedTuple):
    """A skill of the library under the name GRASP gives it."""

    skill: SkillInput
    description: str
    body: str


class SkillNames:
    """The skills of a request by GRASP's names: small letters, digits and underscores."""

    def __init__(self, request: Request) -> None:
        self._finder = SkillFinder(request)
        self._request = request
        self.editable: dict[str, Known] = {}
        self.locked: dict[str, Known] = {}
        self.left_out: list[str] = []
        for skill in request.skills:
            try:
                self._add(skill)
            except (SourceProblem, UnicodeDecodeError) as problem:
                self.left_out.append(f"{skill.id} is left out: {problem}")

    def _add(self, skill: SkillInput) -> None:
        path, data = skill_file(skill)
        front, body = front_and_body(data.decode("utf-8").removeprefix("\ufeff"))
        description = " ".join(str(front.get("description") or skill.description).split())
        name = slug = slug_of(skill.name or skill.id)
        count = 1
        while name in self.editable or name in self.locked:
            count += 1
            name = f"{slug}_{count}"
        kept = self.locked if is_locked(skill.locks, _file(path)) else self.editable
        kept[name] = Known(skill, description, body.strip())

    def changes(self, skills: Sequence[Mapping[str, Any]]) -> tuple[Change, ...]:
        """Return the changes that turn the library into this one; none when it is the same.

        Raises:
            Refused: a skill has no place, breaks a lock or may not be removed.
        """
        there = {str(one["name"]): one for one in skills}
        found: list[Change] = []
        for name in sorted(self.editable.keys() | there.keys()):
            found += self.changes_of(name, there.get(name))
        return tuple(found)

    def changes_of(self, name: str, skill: Mapping[str, Any] | None) -> tuple[Change, ...]:
        """Return the changes of one skill; None is a removed one.

        Raises:
            Refused: as ``changes``.
        """
        known = self.editable.get(name)
        if skill is None:
            return () if known is None else _deleted(known.skill)
        body = str(skill.get("content") or "").strip()
        description = " ".join(str(skill.get("description") or "").split())[:_MAX_DESCRIPTION]
        if known is None:
            return (self._created(name, body, description, skill.get("tags")),)
        if (body, description or known.description) == (known.body, known.description):
            return ()
        path, data = skill_file(known.skill)
        text = text_with_body(known.skill, body + "\n", description)
        if broken := broken_locks(known.skill.locks, _file(path), data.decode("utf-8"), text):
            raise Refused(f"{known.skill.id}: {', '.join(broken)} is locked.")
        return (Change(path, path, "edit", new_text=text),)

    def _created(self, name: str, body: str, description: str, tags: object) -> Change:
        try:
            folder = self._finder.new_folder(name)
        except SourceProblem as problem:
            raise Refused(str(problem)) from problem
        # GRASP finds skills by tags too; a client knows the description alone.
        words = [str(one) for one in tags if str(one).strip()] if isinstance(tags, list) else []
        missing = [word for word in words if word.lower() not in description.lower()]
        if missing:
            description = f"{description.rstrip('.')}. Use for: {', '.join(missing)}."
        description = description[:_MAX_DESCRIPTION].strip() or name.replace("_", " ")
        path = f"{folder}/SKILL.md"
        return Change(
            path, path, "write", new_text=new_skill_text(folder, body + "\n", description)
        )


def _deleted(skill: SkillInput) -> tuple[Change, ...]:
    if skill.locks:
        raise Refused(f"{skill.id} has locks, so it cannot be removed.")
    paths = [path_in(skill, file) for file in sorted(skill.files)]
    return tuple(Change(path, path, "delete") for path in paths)


def slug_of(name: str) -> str:
    """Return a name as GRASP makes it of what a model says (grasp.skills.updater)."""
    return re.sub(r"[^a-z0-9]+", "_", name.strip().lower()).strip("_") or "unnamed_skill"


def version_of(changes: Sequence[Change]) -> str:
    """Return the name of a version of the library."""
    if not changes:
        return "base"
    texts = "\0".join(f"{one.path}\0{one.op}\0{one.new_text}" for one in changes)
    return f"grasp-{hashlib.sha256(texts.encode('utf-8', 'surrogatepass')).hexdigest()[:12]}"


def _file(path: str) -> str:
    return path.rpartition("/")[2]
