"""Reading a skill folder without loss: what cannot be read becomes a problem, never a crash."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Mapping
from io import BufferedReader
from pathlib import Path
from typing import Final

import msgspec

from workbench.domain.skill import (
    FrontMatter,
    Newline,
    ReadProblem,
    Skill,
    SkillFile,
)
from workbench.domain.text import Span
from workbench.files import sha256
from workbench.skills.folder import SKILL_FILES, FileStat, Listing, kind_of, list_folder
from workbench.skills.frontmatter import BOM, locate, parse_front_matter, text_value
from workbench.skills.problems import SkillError

__all__ = ["SkillError", "read_skill", "skill_from_listing", "with_source"]

MAX_SKILL_MD: Final = 16 * 1024 * 1024

_LINE_ENDS = re.compile(rb"\r\n|\r|\n")
#: Stands for the hash of a file that cannot be read, which is then among the problems.
_UNREADABLE: Final = sha256(b"")


def read_skill(folder: Path, root: Path | None = None) -> Skill:
    """Read one skill folder.

    Args:
        folder: the folder that holds SKILL.md (or skill.md).
        root: the library it belongs to, at or above the folder; the folder itself by default.

    Raises:
        SkillError: there is no such folder, or it is not a skill.
    """
    folder = _existing_folder(folder)
    root = folder if root is None else _existing_folder(root)
    return skill_from_listing(folder, root, list_folder(folder), {})


def _existing_folder(folder: Path) -> Path:
    """Return the real path: what a person names may be a link; what lies inside may not."""
    try:
        real = folder.expanduser().resolve(strict=True)
    except (OSError, RuntimeError) as problem:
        raise SkillError(
            f"{folder} does not exist. Name a folder that holds SKILL.md."
        ) from problem
    if not real.is_dir():
        raise SkillError(f"{folder} is not a folder. Name the folder that holds SKILL.md.")
    return real


def skill_from_listing(
    folder: Path, root: Path, listing: Listing, known: Mapping[FileStat, str]
) -> Skill:
    """Read a skill whose files are listed already.

    Args:
        folder: the real path of the skill folder.
        root: the real path of the library.
        listing: what lies in the folder.
        known: SHA-256 of files that have not changed since they were read.

    Raises:
        SkillError: there is no SKILL.md that is a regular file and readable.
    """
    skill_md = _skill_file(folder, listing)
    source = _skill_md_source(folder, skill_md)
    problems = list(listing.problems)
    files = tuple(_file(folder, file, known, problems) for file in listing.files)
    try:
        skill_id = folder.relative_to(root).as_posix()
    except ValueError as problem:
        raise SkillError(f"{folder} does not lie in the library {root}.") from problem
    skill = Skill(
        id=skill_id,
        root=str(root),
        path=str(folder),
        name=folder.name,
        description="",
        skill_md=skill_md,
        source=b"",
        body=Span(0, 0),
        front_matter=None,
        files=files,
        tree_hash=_tree_hash(files),
        problems=tuple(problems),
        nested=tuple(listing.nested),
    )
    return with_source(skill, source)


def with_source(skill: Skill, source: bytes) -> Skill:
    """Return the skill as if SKILL.md held ``source``; nothing is read or written.

    File list, hashes and problems of other files stay.
    """
    _, _, outer = locate(source)
    front_matter = parse_front_matter(source)
    problems = [problem for problem in skill.problems if problem.path != skill.skill_md]
    valid = _is_utf8(source)
    problems += _source_problems(skill.skill_md, source, valid)
    data_hash = sha256(source)
    files = tuple(
        msgspec.structs.replace(file, sha256=data_hash, size=len(source))
        if file.path == skill.skill_md
        else file
        for file in skill.files
    )
    return msgspec.structs.replace(
        skill,
        name=_field(front_matter, "name", source).strip() or Path(skill.path).name,
        description=_field(front_matter, "description", source),
        source=source,
        body=Span(outer.end, len(source)),
        front_matter=front_matter,
        files=files,
        tree_hash=_tree_hash(files),
        newline=newline_of(source),
        bom=source.startswith(BOM),
        valid_utf8=valid,
        problems=tuple(problems),
    )


def _field(front_matter: FrontMatter | None, key: str, source: bytes) -> str:
    return text_value(front_matter.get(key), source) if front_matter else ""


def newline_of(source: bytes) -> Newline:
    """Return which line ends the file has."""
    found = set(_LINE_ENDS.findall(source))
    if len(found) > 1:
        return "mixed"
    names: dict[bytes, Newline] = {b"\n": "lf", b"\r\n": "crlf", b"\r": "cr"}
    return names[found.pop()] if found else "none"


def _is_utf8(source: bytes) -> bool:
    try:
        source.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _source_problems(path: str, source: bytes, valid: bool) -> list[ReadProblem]:
    if not source.strip():
        return [ReadProblem(path, "The file is empty.")]
    if source[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return [ReadProblem(path, "The file is UTF-16; agents read UTF-8. Save it as UTF-8.")]
    if b"\0" in source:
        return [ReadProblem(path, "The file is binary (it has NUL bytes), not Markdown text.")]
    if not valid:
        return [ReadProblem(path, "The file has bytes that are not UTF-8. Save it as UTF-8.")]
    return []


def _skill_file(folder: Path, listing: Listing) -> str:
    found = {file.path: file for file in listing.files if file.path in SKILL_FILES}
    for name in SKILL_FILES:
        if name in found and not found[name].is_link:
            return name
    if found:
        raise SkillError(
            f"{folder / next(iter(found))} is a link; links are never followed. Open the folder "
            "it points to, or replace the link by the file."
        )
    unreadable = next((item.message for item in listing.problems if item.path == "."), None)
    if unreadable:
        raise SkillError(f"{folder}: {unreadable}")
    raise SkillError(
        f"{folder} is not a skill: it holds no SKILL.md. Name a skill folder, or a folder with "
        "skills below it."
    )


def _skill_md_source(folder: Path, name: str) -> bytes:
    path = folder / name
    try:
        with open_regular(path) as stream:
            source = stream.read(MAX_SKILL_MD + 1)
    except OSError as problem:
        raise SkillError(
            f"{path} cannot be read: {problem.strerror}. Check its permissions."
        ) from problem
    if len(source) > MAX_SKILL_MD:
        raise SkillError(
            f"{path} is larger than {MAX_SKILL_MD // 1024 // 1024} MB; no agent reads that. "
            "Move the content to files of its own."
        )
    return source


def open_regular(path: Path) -> BufferedReader:
    """Open a file that was listed as regular; should it be a link or a pipe by now, do not wait."""
    flags = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
    flags |= getattr(os, "O_BINARY", 0)
    return os.fdopen(os.open(path, flags), "rb")


def _file(
    folder: Path, file: FileStat, known: Mapping[FileStat, str], problems: list[ReadProblem]
) -> SkillFile:
    target: str | None = None
    digest = known.get(file)
    try:
        if file.is_link:
            target = str((folder / file.path).readlink())
            digest = sha256(target.encode("utf-8", "surrogateescape"))
        elif digest is None:
            with open_regular(folder / file.path) as stream:
                digest = hashlib.file_digest(stream, "sha256").hexdigest()
    except OSError as problem:
        problems.append(ReadProblem(file.path, f"It cannot be read: {problem.strerror}."))
        digest = _UNREADABLE
    return SkillFile(file.path, kind_of(file), file.size, digest, file.executable, target)


def _tree_hash(files: tuple[SkillFile, ...]) -> str:
    digest = hashlib.sha256()
    for file in files:
        mode = "link" if file.kind == "link" else "755" if file.executable else "644"
        line = f"{mode} {file.sha256} {file.path}\0"
        digest.update(line.encode("utf-8", "surrogateescape"))
    return digest.hexdigest()
