"""Packing a skill: a .skill file is a zip with the skill's folder as its only top folder.

The same folder gives the same bytes: sorted entries, one time stamp, two modes, forward slashes
(scarletkc/agents PR 24). Links are never followed into an archive (majiayu000/spellbook issue 8).
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Final

from msgspec import Struct

from workbench.domain.diagnostic import Diagnostic
from workbench.domain.skill import Skill, SkillFile
from workbench.files import sha256
from workbench.skills.archive_names import name_problem, same_file
from workbench.skills.check import DEFAULT_CLIENT, check_skill
from workbench.skills.export import ExportChange, export_for
from workbench.skills.problems import SkillError
from workbench.skills.read import open_regular

#: What anthropics/skills package_skill.py leaves out (2026-07), ``evals`` at the root only.
LEFT_OUT_FOLDERS: Final = frozenset(("__pycache__", "node_modules"))
LEFT_OUT_FILES: Final = frozenset((".DS_Store",))
LEFT_OUT_SUFFIXES: Final = frozenset((".pyc",))
LEFT_OUT_AT_ROOT: Final = frozenset(("evals",))

#: More is no skill but a mistake, such as a folder of data sets.
MAX_BYTES: Final = 512 * 1024 * 1024

_TIME: Final = (1980, 1, 1, 0, 0, 0)
_UNIX: Final = 3
_REGULAR: Final = 0o100000


class Packed(Struct, frozen=True):
    """An archive in memory, and what is different in it.

    ``errors`` are what the target's rules call errors; a caller asks before it writes such a file.
    """

    content: bytes
    folder: str
    files: tuple[str, ...]
    changes: tuple[ExportChange, ...]
    errors: tuple[Diagnostic, ...]


def pack_skill(skill: Skill, target: str | None = None) -> Packed:
    """Return a skill as an archive; its folder is only read.

    Args:
        skill: as read from disk.
        target: one of ``export.TARGETS``, None for the folder as it is.

    Raises:
        SkillError: a file is gone, changed or unreadable, or a name would not survive the trip.
    """
    on_disk = _read(Path(skill.path) / skill.skill_md, MAX_BYTES)
    if on_disk != skill.source:
        raise SkillError(f"{skill.path}/{skill.skill_md} changed while it was packed. Try again.")
    changes: tuple[ExportChange, ...] = ()
    if target is not None:
        skill, changes = export_for(skill, target)
    folder = Path(skill.path).name
    left_out = {file.path: why for file in skill.files if (why := _left_out(file)) is not None}
    kept = [file for file in skill.files if file.path not in left_out]
    _refuse_lost_names(folder, kept)
    contents: dict[str, tuple[bytes, bool]] = {}
    room = MAX_BYTES
    for file in kept:
        if file.path == skill.skill_md:
            content = skill.source
        else:
            content = _content(skill, file, room)
        room -= len(content)
        contents[f"{folder}/{file.path}"] = (content, file.executable)
    more = [ExportChange("left-out", path, why) for path, why in sorted(left_out.items())]
    more += [
        ExportChange("left-out", nested, "it is a skill of its own; pack it alone")
        for nested in skill.nested
    ]
    found = check_skill(skill, (target or DEFAULT_CLIENT,))
    return Packed(
        content=_zip(contents),
        folder=folder,
        files=tuple(sorted(contents)),
        changes=(*changes, *more),
        errors=tuple(one for one in found if one.severity == "error"),
    )


def _left_out(file: SkillFile) -> str | None:
    path = PurePosixPath(file.path)
    if file.kind == "link":
        return f"it is a link (to {file.target}), and links are never followed or packed"
    if LEFT_OUT_FOLDERS.intersection(path.parts[:-1]):
        return "made by programs, no part of the skill"
    if path.name in LEFT_OUT_FILES or path.suffix in LEFT_OUT_SUFFIXES:
        return "made by programs, no part of the skill"
    if len(path.parts) > 1 and path.parts[0] in LEFT_OUT_AT_ROOT:
        return "evaluations are for the author"
    return None


def _refuse_lost_names(folder: str, files: list[SkillFile]) -> None:
    """Refuse names that could not be unpacked everywhere."""
    folded: dict[str, str] = {}
    for file in files:
        problem = name_problem(f"{folder}/{file.path}")
        if problem is not None:
            shown = file.path.encode("utf-8", "backslashreplace").decode()
            raise SkillError(f"'{shown}' {problem}. Rename it before the skill is packed.")
        for path in (file.path, *map(str, PurePosixPath(file.path).parents)):
            other = folded.setdefault(same_file(path), path)
            if other != path:
                raise SkillError(
                    f"'{other}' and '{path}' differ in case alone: one would overwrite the other "
                    "on macOS and Windows. Rename one."
                )


def _content(skill: Skill, file: SkillFile, room: int) -> bytes:
    path = Path(skill.path) / file.path
    content = _read(path, room)
    if sha256(content) != file.sha256:
        raise SkillError(f"{path} changed while it was packed. Pack the skill again.")
    return content


def _read(path: Path, room: int) -> bytes:
    try:
        with open_regular(path) as stream:
            content = stream.read(room + 1)
    except OSError as problem:
        raise SkillError(
            f"{path} cannot be read: {problem.strerror}. Nothing was packed."
        ) from problem
    if len(content) > room:
        raise SkillError(
            f"The skill is larger than {MAX_BYTES // 1024 // 1024} MB (at {path}). Nothing was "
            "packed; move its data elsewhere."
        )
    return content


def _zip(contents: dict[str, tuple[bytes, bool]]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, content, executable in _sorted(contents):
            entry = zipfile.ZipInfo(name, _TIME)
            entry.create_system = _UNIX
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = (_REGULAR | (0o755 if executable else 0o644)) << 16
            archive.writestr(entry, content, compresslevel=9)
    return buffer.getvalue()


def _sorted(contents: dict[str, tuple[bytes, bool]]) -> Iterator[tuple[str, bytes, bool]]:
    for name in sorted(contents):
        content, executable = contents[name]
        yield name, content, executable
