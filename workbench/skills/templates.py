"""New skills from templates: folders below ``resources/templates``."""

from __future__ import annotations

import os
import re
import shutil
import tempfile
import tomllib
from collections.abc import Iterable
from pathlib import Path
from string import Template
from typing import Final

from msgspec import Struct

from workbench.files import FileProblem, write_atomic
from workbench.resources import bundled
from workbench.skills.yaml_write import CannotWrite, write_string

#: Agent Skills specification, "name" field (docs/specification.mdx, 2026-08-09).
_NAME: Final = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
_LONGEST_NAME: Final = 64
_LONGEST_DESCRIPTION: Final = 1024

#: Stands where nobody has said yet what the skill is for.
DEFAULT_DESCRIPTION: Final = (
    "Say what the skill does, and when it is to be used: the words people use when they ask for it."
)


class SkillTemplate(Struct, frozen=True):
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


def name_problem(name: str, taken: Iterable[str] = ()) -> str:
    """Return what is wrong with a name for a new skill, or ""."""
    if not name:
        return "Give the skill a name."
    if len(name) > _LONGEST_NAME:
        return f"A name has at most {_LONGEST_NAME} characters; this one has {len(name)}."
    if not _NAME.fullmatch(name):
        return "Use lower-case letters, digits and single hyphens, such as pdf-forms."
    if name in taken:
        return f"There is a folder {name} already."
    return ""


def create_skill(
    root: Path, template: SkillTemplate, name: str, description: str = DEFAULT_DESCRIPTION
) -> Path:
    """Write the files of a new skill below ``root`` and return its folder: whole or not at all.

    Raises:
        FileProblem: the name or description will not do, the folder is there already, or the disk
            refuses.
    """
    problem = name_problem(name)
    if problem:
        raise FileProblem(f"'{name}' cannot be the name of a skill. {problem}")
    plain = " ".join(description.split()) or DEFAULT_DESCRIPTION
    if len(plain) > _LONGEST_DESCRIPTION:
        raise FileProblem(
            f"A description has at most {_LONGEST_DESCRIPTION:,} characters; this one has "
            f"{len(plain):,}."
        )
    folder = root / name
    if os.path.lexists(folder):
        raise FileProblem(f"{folder} exists already. Choose another name.")
    try:
        written = write_string(plain, indent="", newline="\n", one_line=True)
        beside = Path(tempfile.mkdtemp(prefix=f".{name}.", dir=root))
    except CannotWrite as problem_of_text:
        raise FileProblem(f"The description cannot be written: {problem_of_text}.") from None
    except OSError as refused:
        raise FileProblem(f"{folder} cannot be made: {refused.strerror}.") from refused
    words = {"name": name, "title": name.replace("-", " ").capitalize(), "description": written}
    try:
        beside.chmod(0o755)
        for source in sorted(template.folder.rglob("*")):
            if source.name != "template.toml" and source.is_file():
                text = Template(source.read_text(encoding="utf-8")).safe_substitute(words)
                target = beside / source.relative_to(template.folder)
                write_atomic(target, text.encode())
        beside.rename(folder)
    except OSError as refused:
        raise FileProblem(f"{folder} cannot be made: {refused.strerror}.") from refused
    finally:
        shutil.rmtree(beside, ignore_errors=True)
    return folder
