"""Finding and reading all skills below a folder."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from workbench.domain.skill import Library, ReadProblem, Skill
from workbench.skills.folder import SKILL_FILES, FileStat, Listing, list_folder, skill_file_among
from workbench.skills.problems import SkillError
from workbench.skills.read import skill_from_listing

MAX_FOLDERS: Final = 100_000
MAX_DEPTH: Final = 24

#: Never searched for skills: version control and installed packages.
SKIPPED: Final = frozenset({".git", ".hg", ".svn", "node_modules"})

#: A file that changed so shortly before it was read may change again without a new time stamp
#: (time stamps advance in steps of a few milliseconds; the same trap as git's racy index).
_RACY_NS: Final = 100_000_000


@dataclass(slots=True)
class LibraryCache:
    """What was read before, by the state of its files; pass the same one to read again cheaply."""

    _skills: dict[tuple[str, str], tuple[tuple[FileStat, ...], Skill]] = field(default_factory=dict)
    _hashes: dict[str, dict[FileStat, str]] = field(default_factory=dict)

    def skill(self, folder: Path, root: Path, listing: Listing) -> Skill | None:
        """Return the skill when no file of it changed."""
        files, skill = self._skills.get((str(folder), str(root)), ((), None))
        if skill is None or files != tuple(listing.files) or listing.nested != list(skill.nested):
            return None
        if any(problem not in skill.problems for problem in listing.problems):
            return None
        return skill

    def hashes(self, folder: Path) -> dict[FileStat, str]:
        """Return the known hashes of files in a skill folder."""
        return self._hashes.get(str(folder), {})

    def keep(self, folder: Path, root: Path, listing: Listing, skill: Skill, read_at: int) -> None:
        """Remember a skill; ``read_at`` is the time in ns before the first of its files was read.

        Files that changed just before that, and files that could not be read, are not trusted.
        """
        unread = {problem.path for problem in skill.problems}
        digests = {file.path: file.sha256 for file in skill.files}
        settled = [
            file
            for file in listing.files
            if max(file.mtime, file.ctime) < read_at - _RACY_NS and file.path not in unread
        ]
        self._hashes[str(folder)] = {file: digests[file.path] for file in settled}
        if len(settled) == len(listing.files):
            self._skills[str(folder), str(root)] = (tuple(listing.files), skill)
        else:
            self._skills.pop((str(folder), str(root)), None)


def read_library(root: Path, cache: LibraryCache | None = None) -> Library:
    """Read every skill below ``root``, sorted by id; the root itself may be one.

    What cannot be read is among ``problems`` and the rest is there.

    Raises:
        SkillError: there is no such folder.
    """
    real = _real_folder(root)
    folders, problems = _search(real)
    skills: list[Skill] = []
    for folder in folders:
        try:
            skills.append(_read_cached(folder, real, cache))
        except SkillError as problem:
            problems.append(ReadProblem(folder.relative_to(real).as_posix(), str(problem)))
    skills.sort(key=lambda skill: skill.id)
    problems.sort(key=lambda problem: problem.path)
    return Library(str(real), tuple(skills), tuple(problems))


def _read_cached(folder: Path, root: Path, cache: LibraryCache | None) -> Skill:
    read_at = time.time_ns()
    listing = list_folder(folder)
    if cache is None:
        return skill_from_listing(folder, root, listing, {})
    skill = cache.skill(folder, root, listing)
    if skill is None:
        skill = skill_from_listing(folder, root, listing, cache.hashes(folder))
        cache.keep(folder, root, listing, skill, read_at)
    return skill


def find_skill_folders(root: Path) -> tuple[Path, ...]:
    """Return the folders below ``root`` (and itself) that hold SKILL.md or skill.md, sorted.

    Raises:
        SkillError: there is no such folder.
    """
    return tuple(_search(_real_folder(root))[0])


def _real_folder(root: Path) -> Path:
    try:
        real = root.expanduser().resolve(strict=True)
    except (OSError, RuntimeError) as problem:
        raise SkillError(f"{root} does not exist. Name a folder with skills.") from problem
    if not real.is_dir():
        raise SkillError(f"{root} is not a folder. Name a folder with skills.")
    return real


def _search(root: Path) -> tuple[list[Path], list[ReadProblem]]:
    found: list[str] = []
    problems: list[ReadProblem] = []
    # Plain texts: a library is looked through before every check of a selection.
    waiting: list[tuple[str, int, bool]] = [(".", 0, False)]
    seen = 0
    while waiting:
        place, depth, in_skill = waiting.pop()
        seen += 1
        if seen > MAX_FOLDERS:
            problems.append(
                ReadProblem(".", f"More than {MAX_FOLDERS:,} folders: the rest is not searched.")
            )
            break
        try:
            with os.scandir(root if place == "." else f"{root}{os.sep}{place}") as scan:
                entries = list(scan)
        except OSError as problem:
            problems.append(ReadProblem(place, f"The folder cannot be read: {problem.strerror}."))
            continue
        if skill_file_among(entries):
            found.append(place)
            in_skill = True
        folders = _folders_below(entries)
        problems += _links(entries, place, in_skill)
        problems += _no_files(entries, place)
        if folders and depth >= MAX_DEPTH:
            problems.append(
                ReadProblem(place, f"Nested deeper than {MAX_DEPTH} folders: not searched below.")
            )
            continue
        below = "" if place == "." else f"{place}/"
        waiting += ((f"{below}{name}", depth + 1, in_skill) for name in folders)
    return sorted(root / place for place in found), problems


def _folders_below(entries: list[os.DirEntry[str]]) -> list[str]:
    """Return the names of folders to search."""
    names: list[str] = []
    for entry in entries:
        try:
            is_folder = entry.is_dir(follow_symlinks=False)
        except OSError:
            continue  # gone since it was listed
        if is_folder and entry.name not in SKIPPED:
            names.append(entry.name)
    return names


def _links(entries: list[os.DirEntry[str]], place: str, in_skill: bool) -> list[ReadProblem]:
    """Tell of links that may stand for a skill: all outside skills, SKILL.md itself inside one.

    Where they lead is not looked at. Other links inside a skill are among its files.
    """
    return [
        ReadProblem(
            entry.name if place == "." else f"{place}/{entry.name}",
            "It is a link, and links are never followed. To see a skill it points to, open that "
            "place.",
        )
        for entry in entries
        if (not in_skill or entry.name in SKILL_FILES) and entry.is_symlink()
    ]


def _no_files(entries: list[os.DirEntry[str]], place: str) -> list[ReadProblem]:
    """Tell of folders, devices and pipes that have the name of SKILL.md."""
    return [
        ReadProblem(
            entry.name if place == "." else f"{place}/{entry.name}",
            "It is no regular file, so this folder is no skill. Put a text file in its place.",
        )
        for entry in entries
        if entry.name in SKILL_FILES
        and not entry.is_symlink()
        and not entry.is_file(follow_symlinks=False)
    ]
