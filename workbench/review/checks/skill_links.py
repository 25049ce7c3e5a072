"""Links that a selection breaks or mends, in the skills it touches and in those that refer to them.

What SKILL.md says of files of its own skill is the rules' business (``broken-link`` and its kin,
among the diagnostics). Here are the rest: links from other files, links from skill to skill, and
mentions of a skill by a name that goes or comes.
"""

from __future__ import annotations

import os
import posixpath
import re
from collections.abc import Iterable, Iterator
from pathlib import Path, PurePosixPath
from typing import Final, Literal
from urllib.parse import unquote

from msgspec import Struct

from workbench.domain.skill import Skill
from workbench.files import FileProblem, confined
from workbench.graph.texts import TextFile as GraphText
from workbench.graph.texts import skill_texts
from workbench.review.checks.sides import Side, Sides
from workbench.review.checks.warm import WarmChecks
from workbench.skills.references import TextFile, find_references
from workbench.skills.rules.links import local_path

LinkKind = Literal["file", "skill"]

_TARGET: Final = re.compile(
    r"\]\(\s*<?([^)\s>]+)|(?<![\w/.])((?:\.\./)+[\w./-]+)|^\s*\[[^\]]+\]:\s*(\S+)"
)
_FENCE: Final = re.compile(r"^\s{0,3}(`{3,}|~{3,})")


class LinkChange(Struct, frozen=True):
    """A place that leads nowhere any more, or somewhere at last.

    ``skill`` is the id of the skill that says it, ``path`` its file relative to the library,
    ``target`` a path of the library, or the name of a skill; ``written`` is the link as it stands
    there, or what stands around the name. Lines count from 1; those of broken links are of the text
    after, those of mended ones too where the place is still there.
    """

    kind: LinkKind
    skill: str
    path: str
    line: int
    target: str
    written: str


class LinksDelta(Struct, frozen=True):
    """What breaks and what is mended."""

    broken: tuple[LinkChange, ...] = ()
    mended: tuple[LinkChange, ...] = ()


class Lead(Struct, frozen=True):
    """A link, with the library paths it may mean: authors write them from the file or the skill."""

    path: str
    line: int
    text: str
    targets: tuple[str, ...]


class Leads(Struct, frozen=True):
    """All links of a skill, with every library path that any of them may mean."""

    all: tuple[Lead, ...]
    targets: frozenset[str]


def links_delta(sides: Sides, warm: WarmChecks) -> LinksDelta:
    """Compare where links lead before and after."""
    if not sides.base_files and not sides.result_files:
        return LinksDelta()
    broken: list[LinkChange] = []
    mended: list[LinkChange] = []
    places = _Places(sides)
    for skill_id in sorted(sides.before.by_id.keys() | sides.after.by_id.keys()):
        came, went = _of_skill(skill_id, sides, places, warm)
        broken += came
        mended += went
    broken, mended = _without_moved(broken, mended)
    gone, come = _renamed(sides)
    broken += _mentions(sides.after, sides.before, gone)
    mended += _mentions(sides.after, sides.after, come)
    return LinksDelta(tuple(broken), tuple(mended))


def _without_moved(
    broken: list[LinkChange], mended: list[LinkChange]
) -> tuple[list[LinkChange], list[LinkChange]]:
    """Leave out dead links whose file only went to another skill, such as one nested in its own."""
    both = {(one.path, one.written) for one in broken} & {(one.path, one.written) for one in mended}
    left = (
        [one for one in side if (one.path, one.written) not in both] for side in (broken, mended)
    )
    broken, mended = left
    return broken, mended


class _Places:
    """Which library paths are there on each side.

    Files and folders that the selection lets come or go are ``changed``, and what else is there is
    as on disk.
    """

    def __init__(self, sides: Sides) -> None:
        self._root = Path(sides.before.library.root)
        before, after = sides.base_files, sides.result_files
        self._after = after
        self._files = before ^ after
        self._folders = {
            parent.as_posix() for path in self._files for parent in PurePosixPath(path).parents
        }
        self.changed = self._files | self._folders

    def has(self, path: str, *, after: bool) -> bool:
        """Whether a file or folder is there."""
        if path in self._files:
            return (path in self._after) == after
        if path not in self._folders:
            return self._on_disk(path) is not None
        inside = [one for one in self._files if one.startswith(f"{path}/") or path == "."]
        if any((one in self._after) == after for one in inside):
            return True
        home = self._on_disk(path)
        if home is None or not home.is_dir():
            return False
        prefix = "" if path == "." else f"{path}/"
        names = [f"{prefix}{one.name}" for one in home.iterdir()]
        return any(one not in self._files and self.has(one, after=after) for one in names)

    def _on_disk(self, path: str) -> Path | None:
        try:
            place = confined(self._root, path)
        except FileProblem:
            return self._root  # behind a link, where nobody looks
        return place if os.path.lexists(place) else None


def _of_skill(
    skill_id: str, sides: Sides, places: _Places, warm: WarmChecks
) -> tuple[list[LinkChange], list[LinkChange]]:
    """Return the links of one skill that break, and those that are mended."""
    now, was = sides.after.by_id.get(skill_id), sides.before.by_id.get(skill_id)
    if skill_id not in sides.composed:
        skill = now or was
        leads = _leads(skill, skill, warm) if skill is not None else Leads((), frozenset())
        if leads.targets.isdisjoint(places.changed):
            return [], []
        before = after = leads
    else:
        before = _leads(was, sides.before.staged.get(skill_id), warm)
        after = _leads(now, sides.after.staged.get(skill_id), warm)
    dead_before = {
        (lead.path, lead.text): lead
        for lead in before.all
        if not _leads_somewhere(lead, places, after=False)
    }
    dead_after = {
        (lead.path, lead.text): lead
        for lead in after.all
        if not _leads_somewhere(lead, places, after=True)
    }
    still = {(lead.path, lead.text): lead for lead in after.all}
    broken = [_change(skill_id, dead_after[key]) for key in dead_after if key not in dead_before]
    mended = [
        _change(skill_id, still.get(key, lead))
        for key, lead in dead_before.items()
        if key not in dead_after
    ]
    return broken, mended


def _leads_somewhere(lead: Lead, places: _Places, *, after: bool) -> bool:
    return any(places.has(target, after=after) for target in lead.targets)


def _change(skill_id: str, lead: Lead) -> LinkChange:
    return LinkChange("file", skill_id, lead.path, lead.line, lead.targets[0], lead.text)


def _leads(skill: Skill | None, staged: Skill | None, warm: WarmChecks) -> Leads:
    """Return the links of a skill; ``staged`` is where its files can be read."""
    if skill is None or staged is None:
        return Leads((), frozenset())
    key = ("leads", skill.id, skill.tree_hash)
    return warm.answer(key, lambda: found_leads(staged))


def found_leads(skill: Skill) -> Leads:
    """Return the links of a skill's files to what lies in the library, as they are written."""
    home = "" if skill.id == "." else skill.id
    main = skill.library_path(skill.skill_md)
    leads: list[Lead] = []
    for text in skill_texts(skill):
        if not text.is_prose:
            continue
        for number, written in _links(text):
            local = local_path(written)
            if local is None or "\0" in local:
                continue
            bases = dict.fromkeys((posixpath.dirname(text.path), home))
            targets = tuple(
                path
                for base in bases
                if not (path := posixpath.normpath(posixpath.join(base, local))).startswith("..")
            )
            own = text.path == main and not local.startswith("..")
            if targets and not own:
                leads.append(Lead(text.path, number, written, targets))
    return Leads(tuple(leads), frozenset(target for lead in leads for target in lead.targets))


def _links(text: GraphText) -> Iterator[tuple[int, str]]:
    """Yield line and target of each link outside code."""
    fence = ""
    for number, line in enumerate(text.lines, 1):
        mark = _FENCE.match(line)
        if mark:
            fence = "" if fence and mark[1].startswith(fence) else fence or mark[1]
            continue
        if fence or ("](" not in line and "../" not in line and "]:" not in line):
            continue
        for match in _TARGET.finditer(line):
            written = next(group for group in match.groups() if group)
            yield number, unquote(written).rstrip(".,;") if match[2] else written


def _renamed(sides: Sides) -> tuple[list[Skill], list[Skill]]:
    """Return the skills whose names go, and those whose names come."""
    names = [
        {skill.name.casefold() for skill in side.library.skills}
        for side in (sides.before, sides.after)
    ]
    gone, come = names[0] - names[1], names[1] - names[0]
    composed = sorted(sides.composed)

    def named(side: Side, wanted: set[str]) -> list[Skill]:
        skills = [side.by_id[one] for one in composed if one in side.by_id]
        return [skill for skill in skills if skill.name.casefold() in wanted]

    return named(sides.before, gone), named(sides.after, come)


def _mentions(texts_of: Side, side: Side, skills: Iterable[Skill]) -> Iterator[LinkChange]:
    """Yield where the texts of one side name skills that another side has."""
    skills = list(skills)
    if not skills:
        return
    texts = {
        text.path: TextFile(text.path, text.text, "", skill.id)
        for skill in texts_of.library.skills
        for text in skill_texts(texts_of.staged.get(skill.id, skill))
    }
    for named in skills:
        for found in find_references(side.library, named, tuple(texts.values())):
            text = texts[found.path]
            by_name = text.text[found.start : found.end].casefold() == named.name.casefold()
            if found.kind == "path" or not found.sure or not by_name or text.skill == named.id:
                continue
            owner = text.skill or ""
            yield LinkChange("skill", owner, found.path, found.line, named.name, found.context)
