"""Both sides of a selection: the library as the proposal saw it, and as the selection makes it.

Only skills that a touched file lies in are composed: a skill is read from its own folder alone, so
all others are the same on both sides, and are as the warm library has them. The composed ones are
copied, for scanners and for counting the tokens of their files; a scanner judges each skill on its
own and is given these and nothing else. Links are never followed and not copied. Of skills nested
in a copied one there is an empty SKILL.md, so that it ends where theirs begin.
"""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path, PurePosixPath
from typing import Final

from msgspec.structs import replace

from workbench.domain.skill import Library, Skill, SkillFile
from workbench.files import FileProblem, confined
from workbench.review.compose import ResultFile
from workbench.review.session import Review
from workbench.skills.copying import copy_skills
from workbench.skills.folder import SKILL_FILES, list_folder
from workbench.skills.library import read_library
from workbench.skills.read import open_regular

#: Larger files are there in the copy, so that links to them resolve, but empty.
_MAX_COPIED: Final = 16 << 20


@dataclass(frozen=True)
class Side:
    """The library with the selection, or before it.

    ``staged`` are the composed skills as they lie in ``folder``, by id; in ``library`` they have
    the place they will have.
    """

    folder: Path
    library: Library
    staged: dict[str, Skill]

    @cached_property
    def by_id(self) -> dict[str, Skill]:
        """The skills by id."""
        return {skill.id: skill for skill in self.library.skills}

    def touched(self, paths: Iterable[str]) -> set[str]:
        """Return for each path the innermost skill that holds it."""
        found: set[str] = set()
        for path in paths:
            home = next((one for one in _parents(path) if one in self.by_id), None)
            if home is not None:
                found.add(home)
        return found


@dataclass(frozen=True)
class Sides:
    """Before and after; ``composed`` are ids of the skills that may differ.

    ``base_files`` and ``result_files`` are the paths among the touched files that are there.
    """

    before: Side
    after: Side
    composed: frozenset[str]
    base_files: frozenset[str]
    result_files: frozenset[str]


def base_of(review: Review, files: Sequence[ResultFile]) -> dict[str, bytes | None]:
    """Return the touched files as the proposal saw them, None for none."""
    return {
        file.path: None if file.base_sha256 is None else review.read_base(file.path)
        for file in files
    }


def stage(
    library: Library, files: Sequence[ResultFile], base: dict[str, bytes | None], folder: Path
) -> Sides:
    """Compose both sides below an empty folder.

    Args:
        library: as it is on disk.
        files: what the selection changes.
        base: the same files as the proposal saw them, None for none.
        folder: empty, to be deleted afterwards.

    Raises:
        OSError: the copies cannot be written.
        SkillError: a copy cannot be read.
    """
    homes = {parent for file in files for parent in _parents(file.path)}
    name = Path(library.root).name or "library"
    first, second = folder / "before" / name, folder / "after" / name
    _copy(library, homes, files, first)
    for file in files:
        _place(first, file.path, base[file.path], file.base_mode)
    shutil.copytree(first, second, symlinks=True)
    for file in files:
        _place(second, file.path, file.data, file.mode or file.base_mode)
    sides = [_side(library, homes, one) for one in (first, second)]
    composed = frozenset(sides[0].staged) | frozenset(sides[1].staged)
    was = frozenset(path for path, data in base.items() if data is not None)
    now = frozenset(file.path for file in files if file.data is not None)
    return Sides(sides[0], sides[1], composed, was, now)


def _parents(path: str) -> list[str]:
    """Return the folders a path lies in, the innermost first and "." last."""
    return [parent.as_posix() for parent in PurePosixPath(path).parents]


def _copy(library: Library, homes: set[str], files: Sequence[ResultFile], target: Path) -> None:
    skills = [skill for skill in library.skills if skill.id in homes]
    copied = copy_skills(skills, target, most=_MAX_COPIED)
    for left_out in copied.left_out:
        with contextlib.suppress(UnicodeEncodeError, OSError):
            _touch(target / left_out.path)
    nested = [PurePosixPath(skill.id, one) for skill in skills for one in skill.nested]
    # A folder that becomes a skill has what lies in it already.
    known = {skill.id for skill in skills}
    for file in files:
        home = PurePosixPath(file.path).parent
        becomes = file.path.rpartition("/")[2] in SKILL_FILES and home.as_posix() not in known
        if becomes and not known.intersection(_parents(file.path)):
            nested += _copy_loose(Path(library.root), home, target)
    for one in nested:
        if one.as_posix() not in known:
            _touch(target / one / SKILL_FILES[0])


def _copy_loose(root: Path, home: PurePosixPath, target: Path) -> list[PurePosixPath]:
    """Copy a folder that is no skill; return the skills nested in it."""
    try:
        listing = list_folder(confined(root, home.as_posix()))
    except (FileProblem, OSError):
        return []
    for file in listing.files:
        place = target / home / file.path
        if file.is_link:
            continue
        with contextlib.suppress(UnicodeEncodeError, OSError):
            _touch(place)
            with open_regular(root / home / file.path) as stream:
                data = stream.read(_MAX_COPIED + 1)
            if len(data) <= _MAX_COPIED:
                place.write_bytes(data)
                place.chmod(0o755 if file.executable else 0o644)
    return [home / one for one in listing.nested]


def _touch(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch()


def _place(copy: Path, path: str, data: bytes | None, mode: str | None) -> None:
    target = copy / path
    if data is None:
        target.unlink(missing_ok=True)
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    target.unlink(missing_ok=True)
    target.write_bytes(data)
    target.chmod(0o755 if mode == "100755" else 0o644)


def _side(library: Library, homes: set[str], folder: Path) -> Side:
    staged = {skill.id: skill for skill in read_library(folder).skills if skill.id in homes}
    there = {skill.id: skill for skill in library.skills}
    kept = [skill for skill in library.skills if skill.id not in homes]
    composed = [_at_home(skill, library.root, there.get(skill.id)) for skill in staged.values()]
    skills = sorted((*kept, *composed), key=lambda skill: skill.id)
    return Side(folder, replace(library, skills=tuple(skills)), staged)


def _at_home(skill: Skill, root: str, original: Skill | None) -> Skill:
    """Return a copied skill as it will be in the library: its place, and the links in it."""
    path = root if skill.id == "." else f"{root}/{skill.id}"
    links = _links(skill, original) if original is not None else ()
    files = tuple(sorted((*skill.files, *links), key=lambda file: file.path))
    return replace(skill, root=root, path=path, files=files)


def _links(skill: Skill, original: Skill) -> tuple[SkillFile, ...]:
    """Return the links of the original that are still where they were."""
    now = {file.path for file in skill.files}
    folders = {parent.as_posix() for path in now for parent in PurePosixPath(path).parents}
    return tuple(
        file
        for file in original.files
        if file.kind == "link" and file.path not in now and file.path not in folders
    )
