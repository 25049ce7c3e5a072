"""Which paths a proposed change may name: inside a skill folder, through no link, nothing else."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from pathlib import Path, PurePosixPath

from workbench.domain.proposal import Change
from workbench.evolution.snapshot import LibrarySnapshot
from workbench.files import FileProblem, confined, is_program_folder

_MAX_PATH = 400


def new_skill_folders(changes: Sequence[Change]) -> frozenset[str]:
    """Return folders for which the draft itself writes a SKILL.md."""
    return frozenset(
        change.path.rpartition("/")[0]
        for change in changes
        if change.op == "write" and change.path.endswith("/SKILL.md")
    )


def path_problem(
    path: str, library_root: Path, snapshot: LibrarySnapshot, new_skills: frozenset[str]
) -> str | None:
    """Say why a change may not touch ``path``; None when it may."""
    pure = PurePosixPath(path)
    if not path or len(path) > _MAX_PATH or path != str(pure) or path == ".":
        return f"'{path[:80]}' is no plain path of a file in the library"
    if any(unicodedata.category(character) in ("Cc", "Cf", "Cs") for character in path):
        return f"{path!r} has control or invisible characters"
    if pure.is_absolute() or ".." in pure.parts or "\\" in path or ":" in pure.parts[0]:
        return f"'{path}' leaves the library"
    if any(map(is_program_folder, pure.parts)):
        return f"'{path}' lies in a folder that belongs to another program"
    if path in snapshot.links:
        return f"'{path}' is a link; links are never followed or replaced"
    if any(parent.as_posix() in snapshot.files for parent in pure.parents):
        return f"'{path}' lies below a file, which is no folder"
    try:
        confined(library_root, path)
    except FileProblem as problem:
        return str(problem).rstrip(".")
    if snapshot.skill_of(path) is None and not any(
        path.startswith(f"{folder}/") for folder in new_skills
    ):
        return f"'{path}' lies in no skill of the library and in none the proposal creates"
    return None
