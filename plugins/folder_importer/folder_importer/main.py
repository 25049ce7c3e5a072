"""Entry point: the differences to another version, as one proposal a skill."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from folder_importer.changes import FileChange, file_changes
from folder_importer.folder_source import read_folder
from folder_importer.git_source import read_branch
from folder_importer.matching import Known, match_skills, name_of
from folder_importer.versions import SourceProblem, Version, VersionFile, files_by_skill
from workbench.plugin.api import (
    Change,
    Context,
    Finished,
    JobEvent,
    ProposalDraft,
    Request,
    Warning_,
)

_GIT = "git:"
_Yield = ProposalDraft | JobEvent


def import_versions(request: Request, context: Context) -> Iterator[_Yield]:
    """Compare the library with ``request.source`` and propose what the other version has."""
    try:
        theirs = _read_source(request)
    except SourceProblem as problem:
        yield Finished(status="failed", summary=str(problem))
        return
    ours = read_folder(Path(request.library))
    known = [Known(skill.id, skill.name) for skill in request.skills]
    our_files = files_by_skill(ours.files, tuple(skill.id for skill in known))
    their_files = files_by_skill(theirs.files, theirs.skill_folders())
    if not their_files:
        yield Finished(
            status="failed",
            summary=f"There is no SKILL.md in {theirs.label}. Name the folder of a skill or of a "
            "library, or a branch of the library's own repository.",
        )
        return
    for path, why in theirs.skipped:
        yield Warning_(text=f"{path} {why}; it was left out.")
    names = {folder: name_of(files) for folder, files in their_files.items()}
    matches = match_skills(known, names, theirs.name)
    for number, (folder, skill_id) in enumerate(sorted(matches.items())):
        context.check_cancelled()
        context.progress(number / len(matches), names[folder] or folder)
        files = their_files[folder]
        if skill_id is not None:
            yield from _changed(context, skill_id, our_files[skill_id], files, theirs)
        elif request.settings.get("new_skills", True):
            place = theirs.name if folder == "." else folder
            yield from _created(context, place, names[folder], files, ours=ours, theirs=theirs)
    yield from _removed(request, theirs, known, {skill for skill in matches.values() if skill})


def _read_source(request: Request) -> Version:
    source = request.source
    if not source:
        raise SourceProblem(
            "Nothing to compare with. Name a folder with another version, or 'git:<branch>'."
        )
    if not source.startswith(_GIT):
        return read_folder(Path(source))
    if not request.source_repository:
        raise SourceProblem(f"'{source}' names a branch, but of no repository. Open its folder.")
    return read_branch(Path(request.source_repository), source.removeprefix(_GIT))


def _changed(
    context: Context,
    skill_id: str,
    ours: dict[str, VersionFile],
    files: dict[str, VersionFile],
    theirs: Version,
) -> Iterator[_Yield]:
    prefix = "" if skill_id == "." else f"{skill_id}/"
    found = _differences(context, ours, files, prefix, theirs)
    yield from _left_out(found, prefix)
    changes = _changes(found)
    if changes:
        label = "the skill" if skill_id == "." else skill_id
        yield ProposalDraft(
            kind="edit",
            title=f"Take {label} from {theirs.short}",
            rationale=_rationale(theirs, found),
            changes=changes,
            skills=(skill_id,),
        )


def _created(
    context: Context,
    folder: str,
    name: str,
    files: dict[str, VersionFile],
    *,
    ours: Version,
    theirs: Version,
) -> Iterator[_Yield]:
    taken = [path for path in files if f"{folder}/{path}" in ours.files]
    if taken:
        yield Warning_(
            text=f"{folder} of the other version is a skill that this library does not have, but "
            f"its file {taken[0]} is there already; it was left out."
        )
        return
    found = _differences(context, {}, files, f"{folder}/", theirs)
    yield from _left_out(found, f"{folder}/")
    yield ProposalDraft(
        kind="create",
        title=f"Add {name or folder} from {theirs.short}",
        rationale=_rationale(theirs, found),
        changes=_changes(found),
        skills=(folder,),
    )


def _removed(
    request: Request, theirs: Version, known: list[Known], matched: set[str]
) -> Iterator[_Yield]:
    gone = [skill for skill in request.skills if skill.id not in matched]
    wanted = request.settings.get("removed_skills", "auto")
    if not gone:
        return
    if wanted == "no" or (wanted == "auto" and not theirs.is_whole):
        if len(known) > len(gone):
            yield Warning_(
                text=f"{len(gone)} skills of the library are not in {theirs.label}. They stay; set "
                "removed_skills to 'yes' to have their deletion proposed."
            )
        return
    for skill in gone:
        prefix = "" if skill.id == "." else f"{skill.id}/"
        paths = [prefix + path for path in sorted(skill.files)]
        yield ProposalDraft(
            kind="retire",
            title=f"Delete {skill.name or skill.id}, which {theirs.short} no longer has",
            rationale=f"No skill of {theirs.label} has its folder or its name.",
            changes=tuple(Change(path, path, "delete") for path in paths),
            skills=(skill.id,),
        )


def _differences(
    context: Context,
    ours: dict[str, VersionFile],
    files: dict[str, VersionFile],
    prefix: str,
    theirs: Version,
) -> list[FileChange]:
    return list(
        file_changes(
            ours,
            files,
            prefix=prefix,
            keep_blob=context.blob,
            is_checked_in=theirs.is_checked_in,
        )
    )


def _changes(found: list[FileChange]) -> tuple[Change, ...]:
    return tuple(one.change for one in found if one.change is not None)


def _left_out(found: list[FileChange], prefix: str) -> Iterator[Warning_]:
    for one in found:
        if one.change is None:
            yield Warning_(text=f"{prefix}{one.path} {one.words}.")


def _rationale(theirs: Version, found: list[FileChange]) -> str:
    lines = [f"- {one.path}: {one.words}" for one in found]
    return "\n".join([f"What differs in {theirs.label}:", "", *lines])
