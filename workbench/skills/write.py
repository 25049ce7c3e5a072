"""Saving a file of a skill: inside its folder, whole or not at all, and never over a change."""

from __future__ import annotations

from pathlib import Path, PurePosixPath

from workbench.files import FileProblem, confined, write_atomic
from workbench.skills.folder import SKIPPED


def save_skill_file(folder: Path, rel: str, data: bytes, expected_sha: str | None) -> str:
    """Write one file of a skill and return its SHA-256.

    Args:
        folder: the skill folder.
        rel: path inside it (posix).
        data: the whole new content.
        expected_sha: SHA-256 the file had when it was read; None when it must be new.

    Raises:
        ChangedOutside: another program changed, created or deleted it.
        FileProblem: the path leaves the folder, passes a link or a repository's store, or the
            disk refuses.
    """
    parts = PurePosixPath(rel).parts
    if not parts:
        raise FileProblem(f"'{rel}' names no file in {folder}.")
    if any(part.lower() in SKIPPED for part in parts):
        raise FileProblem(f"'{rel}' lies in a repository's own store; nothing is written there.")
    if not folder.is_dir():
        raise FileProblem(f"The skill folder {folder} is gone. Nothing was written.")
    path = confined(folder, rel)
    if path.is_dir():
        raise FileProblem(f"{path} is a folder, not a file. Choose another name.")
    return write_atomic(path, data, expected=expected_sha)
