"""Renaming a skill with every reference in its library: planned, shown, then done whole or not."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Collection
from pathlib import Path, PurePosixPath

from msgspec import Struct

from workbench.domain.skill import Library, ReadProblem, Skill
from workbench.files import FileProblem, confined, sha256, write_atomic
from workbench.skills.edit import set_front_matter
from workbench.skills.problems import SkillError
from workbench.skills.read import with_source
from workbench.skills.references import Reference, TextFile, find_references, library_texts
from workbench.skills.templates import name_problem


class FileChange(Struct, frozen=True):
    """A file that changes. ``path`` is where it lies before the rename, relative to the root."""

    path: str
    before: bytes
    after: bytes


class RenamePlan(Struct, frozen=True):
    """What a rename would do. ``left`` are places that look like the name but stay."""

    root: str
    skill: str
    old: str
    new: str
    folder: str
    new_folder: str
    references: tuple[Reference, ...]
    left: tuple[Reference, ...]
    files: tuple[FileChange, ...]
    problems: tuple[ReadProblem, ...]


def find_skill(library: Library, named: str) -> Skill:
    """Return the skill of that id, name or folder name.

    Raises:
        SkillError: there is none, or several; says which.
    """
    exact = library.skill(named.rstrip("/"))
    if exact is not None:
        return exact
    found = [
        skill for skill in library.skills if named in (skill.name, PurePosixPath(skill.path).name)
    ]
    if len(found) == 1:
        return found[0]
    if found:
        raise SkillError(
            f"{len(found)} skills are named '{named}': {', '.join(one.id for one in found)}. Name "
            "the one you mean by its folder."
        )
    raise SkillError(f"There is no skill '{named}' in {library.root}.")


def plan_rename(library: Library, old: str, new: str, *, skip: Collection[str] = ()) -> RenamePlan:
    """Return what renaming a skill would change; nothing is written.

    Args:
        library: as read from disk.
        old: id, name or folder name of the skill.
        new: its new name, which is the folder's too.
        skip: references to leave, as ``path:line`` or ``path:line:column``.

    Raises:
        SkillError: there is no such skill, or the new name will not do or is taken.
    """
    skill = find_skill(library, old)
    _refuse_name(library, skill, new)
    texts, problems = library_texts(library)
    skill_md = f"{skill.id}/{skill.skill_md}"
    found = find_references(library, skill, texts)
    own_key = _name_span(skill)
    found = tuple(
        one for one in found if one.path != skill_md or not own_key[0] <= one.start < own_key[1]
    )
    chosen = tuple(
        one
        for one in found
        if one.sure
        and f"{one.path}:{one.line}" not in skip
        and f"{one.path}:{one.line}:{one.column}" not in skip
    )
    changes = [
        change
        for text in texts
        if (change := _changed(text, skill, skill_md, new, chosen)) is not None
    ]
    new_folder = PurePosixPath(skill.id).parent / new
    return RenamePlan(
        root=library.root,
        skill=skill.id,
        old=skill.name,
        new=new,
        folder=skill.id,
        new_folder=new_folder.as_posix(),
        references=chosen,
        left=tuple(one for one in found if one not in set(chosen)),
        files=tuple(changes),
        problems=problems,
    )


def _refuse_name(library: Library, skill: Skill, new: str) -> None:
    problem = name_problem(new)
    if problem:
        raise SkillError(f"'{new}' cannot be the name of a skill. {problem}")
    if skill.id == ".":
        raise SkillError(
            f"{skill.path} is the library's own folder. Name the folder above it as the library."
        )
    if skill.front_matter is not None and skill.front_matter.error is not None:
        raise SkillError(
            f"The front matter of {skill.id} cannot be read ({skill.front_matter.error}), so its "
            "name cannot be changed. Mend it first."
        )
    if new == skill.name == PurePosixPath(skill.path).name:
        raise SkillError(f"The skill is named '{new}' already.")
    taken = next((one for one in library.skills if one.name == new and one is not skill), None)
    if taken is not None:
        raise SkillError(f"There is a skill '{new}' already: {taken.id}. Choose another name.")
    target = Path(skill.path).parent / new
    if os.path.lexists(target) and target != Path(skill.path):
        raise SkillError(f"{target} exists already. Choose another name.")


def _name_span(skill: Skill) -> tuple[int, int]:
    """Return where the name key stands, in characters; an empty range where there is none."""
    entry = skill.front_matter.get("name") if skill.front_matter else None
    if entry is None:
        return (0, 0)
    start = len(skill.source[: entry.span.start].decode("utf-8", "surrogateescape"))
    end = len(skill.source[: entry.span.end].decode("utf-8", "surrogateescape"))
    return (start, end)


def _changed(
    text: TextFile, skill: Skill, skill_md: str, new: str, chosen: tuple[Reference, ...]
) -> FileChange | None:
    before = text.text.encode("utf-8", "surrogateescape")
    after = text.text
    for one in reversed([one for one in chosen if one.path == text.path]):
        after = after[: one.start] + new + after[one.end :]
    data = after.encode("utf-8", "surrogateescape")
    if text.path == skill_md and skill.front_matter is not None:
        edited = with_source(skill, data)
        if edited.front_matter is not None and edited.front_matter.get("name") is not None:
            data = set_front_matter(edited, "name", new)
    return FileChange(text.path, before, data) if data != before else None


def apply_rename(plan: RenamePlan) -> None:
    """Change the files and rename the folder; when anything fails, put all back as it was.

    Raises:
        FileProblem: a file changed since it was read, or the disk refuses; nothing is changed.
    """
    _carry_out(
        Path(plan.root),
        [(one.path, one.before, one.after) for one in plan.files],
        lambda root: _move(root, plan.folder, plan.new_folder),
    )


def undo_rename(plan: RenamePlan) -> None:
    """Take a rename back that was applied; refuses when a file was changed since.

    Raises:
        FileProblem: a file is not as the rename left it, or the disk refuses; nothing is changed.
    """
    files = [
        (_moved(one.path, plan.folder, plan.new_folder), one.after, one.before)
        for one in plan.files
    ]
    _carry_out(Path(plan.root), files, lambda root: _move(root, plan.new_folder, plan.folder))


def _moved(path: str, folder: str, new_folder: str) -> str:
    inside = f"{path}/".startswith(f"{folder}/")
    return f"{new_folder}{path[len(folder) :]}" if inside else path


def _move(root: Path, folder: str, new_folder: str) -> None:
    source, target = confined(root, folder), confined(root, new_folder)
    if source == target:
        return
    if os.path.lexists(target):
        raise FileProblem(f"{target} exists already. Nothing was renamed.")
    try:
        source.rename(target)
    except OSError as problem:
        raise FileProblem(f"{source} cannot be renamed: {problem.strerror}.") from problem


def _carry_out(
    root: Path, files: list[tuple[str, bytes, bytes]], move: Callable[[Path], None]
) -> None:
    written: list[tuple[Path, bytes, bytes]] = []
    try:
        for path, before, after in files:
            place = confined(root, path)
            write_atomic(place, after, expected=sha256(before))
            written.append((place, before, after))
        move(root)
    except BaseException as problem:
        lost = _put_back(written)
        if lost:
            names = ", ".join(map(str, lost))
            raise FileProblem(
                f"{problem} These files could not be put back: {names}. Look at them."
            ) from problem
        raise


def _put_back(written: list[tuple[Path, bytes, bytes]]) -> list[Path]:
    lost: list[Path] = []
    for place, before, after in reversed(written):
        done = False
        with contextlib.suppress(FileProblem):
            write_atomic(place, before, expected=sha256(after))
            done = True
        if not done:
            lost.append(place)
    return lost
