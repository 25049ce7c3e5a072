"""Which skill of the library a skill of the other version is."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

from folder_importer.versions import SKILL_FILES, SourceProblem, VersionFile

_NAME = re.compile(
    rb"""^name:[ \t]*(?P<quote>["']?)(?P<name>[^"'\r\n#]+?)(?P=quote)[ \t]*\r?$""", re.M
)
_FENCE = re.compile(rb"^---[ \t]*\r?$", re.M)
_HEAD = 64 << 10


@dataclass(frozen=True)
class Known:
    """A skill of the library: its id (folder) and name."""

    id: str
    name: str


def name_of(files: Mapping[str, VersionFile]) -> str:
    """Return the name in the front matter of a skill; empty when there is none."""
    for skill_file in SKILL_FILES:
        if skill_file in files:
            head = _head(files[skill_file])
            fences = list(_FENCE.finditer(head))[:2]
            if len(fences) < 2 or fences[0].start() != 0:
                return ""
            found = _NAME.search(head, fences[0].end(), fences[1].start())
            return found["name"].decode("utf-8", "replace").strip() if found else ""
    return ""


def _head(file: VersionFile) -> bytes:
    try:
        return file.read()[:_HEAD].removeprefix(b"\xef\xbb\xbf")
    except (OSError, SourceProblem):
        return b""  # told when its changes are looked for


def match_skills(
    known: Sequence[Known], theirs: Mapping[str, str], top_name: str
) -> dict[str, str | None]:
    """Return the library's skill id for each folder of the other version, None for a new skill.

    The same folder goes first, then the same name, then the same last part of the path, each only
    where it is unambiguous; no skill is matched twice.

    Args:
        known: the library's skills.
        theirs: name by folder; "." is the top of the other version.
        top_name: what the folder of the other version is called.
    """
    result: dict[str, str | None] = dict.fromkeys(theirs)
    free = {skill.id: skill for skill in known}
    for folder in theirs:
        if folder in free and not _is_other_skill_at_top(folder, theirs, free):
            result[folder] = free.pop(folder).id
    by_name = {folder: name for folder, name in theirs.items() if name}
    _match_by(by_name, {skill.id: skill.name for skill in free.values()}, result, free)
    last = {folder: PurePosixPath(folder).name or top_name for folder in theirs}
    _match_by(last, {skill: PurePosixPath(skill).name for skill in free}, result, free)
    return result


def _is_other_skill_at_top(
    folder: str, theirs: Mapping[str, str], free: Mapping[str, Known]
) -> bool:
    """At the top, the folder says nothing: "." of both may be two different skills."""
    return folder == "." and bool(theirs[folder]) and theirs[folder] != free[folder].name


def _match_by(
    theirs: Mapping[str, str],
    ours: Mapping[str, str],
    result: dict[str, str | None],
    free: dict[str, Known],
) -> None:
    open_folders = {folder: key for folder, key in theirs.items() if result[folder] is None}
    their_count, our_count = Counter(open_folders.values()), Counter(ours.values())
    id_of = {key: skill for skill, key in ours.items()}
    for folder, key in open_folders.items():
        if key and their_count[key] == 1 and our_count[key] == 1 and id_of[key] in free:
            result[folder] = free.pop(id_of[key]).id
