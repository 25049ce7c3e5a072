"""Copies of skills for programs that work on them: files as they are, nothing followed."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Sequence
from pathlib import Path

from msgspec import Struct

from workbench.domain.job import SkillInput
from workbench.domain.proposal import BaseFile
from workbench.domain.skill import ReadProblem, Skill, SkillFile
from workbench.files import FileProblem, is_utf8_name, sha256

#: Where the system has them: fail on a link, do not wait for a pipe's writer.
_NO_LINK = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)


class SkillsCopy(Struct, frozen=True):
    """Skills in a folder of ours. Paths are posix and relative to the library.

    ``inputs`` are the skills as a plugin is told of them, ``files`` what was copied with its hash
    and git mode, ``links`` what was a link, ``left_out`` what is not there with the reason.
    """

    inputs: tuple[SkillInput, ...]
    files: dict[str, BaseFile]
    links: tuple[str, ...]
    left_out: tuple[ReadProblem, ...]


def copy_skills(
    skills: Sequence[Skill], target: Path, *, most: int, keep_links: bool = False
) -> SkillsCopy:
    """Copy the files of skills, with their permissions, to the same places below ``target``.

    A file whose name is not UTF-8 is left out, with a whole skill of such a folder: what plugins
    are told is JSON, which has no way to name it.

    Args:
        skills: of one library.
        target: an empty or missing folder.
        most: bytes; larger files are left out.
        keep_links: whether links are there as links, unresolved, or not at all.

    Raises:
        OSError: the target cannot be written. What cannot be read is among ``left_out``.
    """
    inputs: list[SkillInput] = []
    files: dict[str, BaseFile] = {}
    links: list[str] = []
    left_out: list[ReadProblem] = []
    target.mkdir(parents=True, exist_ok=True)
    for skill in skills:
        named: list[str] = []
        for file in skill.files:
            path = skill.library_path(file.path)
            is_link = file.kind == "link"
            if is_link:
                links.append(path)
            if is_link and not keep_links:
                continue
            try:
                copied = _copy(skill, file, path, target / path, most)
            except FileProblem as problem:
                left_out.append(ReadProblem(path, str(problem)))
                continue
            named.append(file.path)
            if copied is not None:
                files[path] = copied
        if is_utf8_name(skill.id):
            inputs.append(_input(skill, target, tuple(named)))
    return SkillsCopy(tuple(inputs), files, tuple(links), tuple(left_out))


def _copy(skill: Skill, file: SkillFile, path: str, target: Path, most: int) -> BaseFile | None:
    """Copy one file; None for a link.

    Raises:
        FileProblem: it cannot be read, or not be named.
        OSError: the copy cannot be written.
    """
    if not is_utf8_name(path):
        shown = path.encode("utf-8", "replace").decode()
        raise FileProblem(f"{shown} was not copied: its name is not UTF-8. Rename it.")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        if file.kind == "link":
            target.symlink_to(file.target or "")
            return None
        data, mode = _read(Path(skill.path) / file.path, most)
        target.write_bytes(data)
        target.chmod(mode)
    except OSError as problem:
        if problem.errno == errno.ENAMETOOLONG:
            raise FileProblem(f"{path} was not copied: the path is too long.") from problem
        raise
    return BaseFile(path, sha256(data), "100755" if mode & stat.S_IXUSR else "100644")


def _read(path: Path, most: int) -> tuple[bytes, int]:
    """Read a regular file, never through a link; return its bytes and permission bits."""
    try:
        number = os.open(path, os.O_RDONLY | _NO_LINK)
        with os.fdopen(number, "rb") as stream:
            status = os.fstat(stream.fileno())
            if not stat.S_ISREG(status.st_mode):
                raise FileProblem(f"{path} is no regular file any more and was not copied.")
            data = stream.read(most + 1)
    except OSError as problem:
        raise FileProblem(
            f"Cannot read {path}: {problem.strerror}. It was not copied."
        ) from problem
    if len(data) > most:
        raise FileProblem(f"{path} has more than {most >> 20} MiB and was not copied.")
    return data, stat.S_IMODE(status.st_mode) & 0o777


def _input(skill: Skill, target: Path, files: tuple[str, ...]) -> SkillInput:
    return SkillInput(
        id=skill.id,
        path=str(target if skill.id == "." else target / skill.id),
        name=_plain(skill.name) or skill.id.rpartition("/")[2],
        description=_plain(skill.description),
        tree_hash=skill.tree_hash,
        files=files,
    )


def _plain(text: str) -> str:
    return text.encode("utf-8", "replace").decode()
