"""Templates of new skills, read from ``resources/templates``. No Qt here."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from string import Template

from workbench.files import FileProblem
from workbench.resources import bundled
from workbench.skills.write import save_skill_file

#: Agent Skills specification, "name" field (agentskills.io/specification, read 2026-11).
_NAME = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
_MOST = 64


@dataclass(frozen=True, slots=True)
class SkillTemplate:
    """A folder of files in which ``$name``, ``$title`` and ``$description`` are filled in."""

    id: str
    title: str
    summary: str
    folder: Path


def templates() -> tuple[SkillTemplate, ...]:
    """Return the templates, the plainest first."""
    found = []
    for listing in sorted((bundled("resources") / "templates").glob("*/template.toml")):
        table = tomllib.loads(listing.read_text(encoding="utf-8"))
        made = SkillTemplate(listing.parent.name, table["title"], table["summary"], listing.parent)
        found.append((table["order"], made))
    return tuple(made for _, made in sorted(found, key=lambda pair: pair[0]))


def name_problem(name: str, taken: Iterable[str]) -> str:
    """Return what is wrong with a name for a new skill, or ""."""
    if not name:
        return "Give the skill a name."
    if len(name) > _MOST:
        return f"A name has at most {_MOST} characters; this one has {len(name)}."
    if not _NAME.fullmatch(name):
        return "Use lower-case letters, digits and single hyphens, such as pdf-forms."
    if name in taken:
        return f"There is a folder {name} already."
    return ""


def create_skill(root: Path, template: SkillTemplate, name: str, description: str) -> Path:
    """Write the files of a new skill below ``root`` and return its folder.

    Raises:
        FileProblem: the folder cannot be made or a file cannot be written.
    """
    folder = root / name
    try:
        folder.mkdir()
    except OSError as problem:
        raise FileProblem(f"{folder} cannot be made: {problem.strerror}.") from problem
    words = {
        "name": name,
        "title": name.replace("-", " ").capitalize(),
        "description": _quoted(description),
    }
    for source in sorted(template.folder.rglob("*")):
        if source.name == "template.toml" or not source.is_file():
            continue
        relative = source.relative_to(template.folder).as_posix()
        text = Template(source.read_text(encoding="utf-8")).safe_substitute(words)
        save_skill_file(folder, relative, text.encode(), None)
    return folder


def _quoted(text: str) -> str:
    """Return a description as a YAML double-quoted scalar on one line."""
    plain = " ".join(text.split())
    return '"' + plain.replace("\\", "\\\\").replace('"', '\\"') + '"'
