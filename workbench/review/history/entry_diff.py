"""What one change of a skill did to its files, as hunks: the same as in a review."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path, PurePosixPath
from typing import Final

from msgspec import Struct

from workbench.domain.proposal import BaseFile, Change, Engine, Hunk, Proposal, ProposalDraft
from workbench.files import FileProblem, sha256
from workbench.review.disk import look
from workbench.review.history.timeline import EntryFile, TimelineEntry
from workbench.review.hunks import hunks_of
from workbench.review.plan import ReviewProblem
from workbench.review.text_diff.diff import decoded
from workbench.store.file_history import blobs
from workbench.store.folder_log import sizes
from workbench.store.git import GitMissing, Repository
from workbench.store.history import LocalHistory

#: Larger files are named and not shown.
MOST_BYTES: Final = 2_000_000
_MODES: Final = ("100644", "100755")


class EntryDiff(Struct, frozen=True):
    """The hunks of a change, the files before it by path, and what could not be shown, and why."""

    hunks: tuple[Hunk, ...]
    before: Mapping[str, bytes]
    left_out: tuple[str, ...] = ()


class _Sides(Struct, frozen=True):
    """Both sides of a file; None is no file."""

    file: EntryFile
    before: bytes | None
    after: bytes | None


def entry_diff(library: Path, entry: TimelineEntry, history: LocalHistory) -> EntryDiff:
    """Return what a change did.

    Raises:
        GitMissing, GitProblem: git cannot be asked.
    """
    try:
        repository = Repository.find(library)
    except GitMissing:
        if entry.commit:
            raise
        repository = None
    read = _of_git(repository, library, entry) if repository else _of_history(library, history)
    hunks: list[Hunk] = []
    before: dict[str, bytes] = {}
    left_out: list[str] = []
    for file in entry.files:
        try:
            sides = _Sides(file, *read(file))
            hunks += _hunks(sides)
        except (FileProblem, ReviewProblem) as problem:
            left_out.append(f"{file.path}: {problem}")
            continue
        if sides.before is not None:
            before[file.old_path or file.path] = sides.before
    return EntryDiff(tuple(hunks), before, tuple(left_out))


def _of_history(
    library: Path, history: LocalHistory
) -> Callable[[EntryFile], tuple[bytes | None, bytes | None]]:
    def read(file: EntryFile) -> tuple[bytes | None, bytes | None]:
        before = history.file(library, file.before) if file.before else None
        if file.on_disk:
            return before, look(library, file.path).data
        return before, history.file(library, file.after) if file.after else None

    return read


def _of_git(
    repository: Repository, library: Path, entry: TimelineEntry
) -> Callable[[EntryFile], tuple[bytes | None, bytes | None]]:
    names = [name for file in entry.files if not file.on_disk for name in (file.before, file.after)]
    size = sizes(repository, (name for name in names if name))
    texts = blobs(repository, (name for name in size if size[name] <= MOST_BYTES))
    base = PurePosixPath(repository.relative(library))

    def of(name: str, path: str) -> bytes | None:
        if not name:
            return None
        if name not in size:
            raise FileProblem(f"its bytes ({name[:10]}) are not in this clone.")
        if name not in texts:
            raise FileProblem(f"larger than {MOST_BYTES // 1_000_000} MB ({path}).")
        return texts[name]

    def read(file: EntryFile) -> tuple[bytes | None, bytes | None]:
        if file.on_disk:
            old = repository.file_at("HEAD", (base / file.path).as_posix())
            return old, look(library, file.path).data
        return of(file.before, file.path), of(file.after, file.path)

    return read


def _hunks(sides: _Sides) -> tuple[Hunk, ...]:
    file = sides.file
    for mode in (file.before_mode, file.after_mode):
        if mode and mode not in _MODES:
            raise FileProblem("a link or another repository; it is not followed.")
    for side in (sides.before, sides.after):
        if side is not None and len(side) > MOST_BYTES:
            raise FileProblem(f"larger than {MOST_BYTES // 1_000_000} MB.")
    changes, stored = _changes(sides)
    origin = file.old_path or file.path
    digest = None if sides.before is None else sha256(sides.before)
    made = Proposal(
        id="change",
        engine=Engine("history", ""),
        library="",
        base=(BaseFile(origin, digest, file.before_mode or None),),
        draft=ProposalDraft("edit", "", "", changes),
        checks=(),
        created="",
    )
    return hunks_of(made, lambda _path: sides.before, stored.__getitem__)


def _changes(sides: _Sides) -> tuple[tuple[Change, ...], dict[str, bytes]]:
    """Return the change as operations, and the bytes that are no text by their hash."""
    file = sides.file
    if sides.after is None:
        return (Change("c", file.path, "delete"),), {}
    mode = file.after_mode if file.before_mode and file.before_mode != file.after_mode else None
    if sides.before is None and file.after_mode == "100755":
        mode = file.after_mode
    made: list[Change] = []
    if file.old_path:
        made.append(Change("c", file.old_path, "rename", new_path=file.path))
    stored: dict[str, bytes] = {}
    if sides.after != sides.before:
        text = decoded(sides.after)
        blob = None
        if text is None:
            blob = sha256(sides.after)
            stored[blob] = sides.after
        made.append(Change("c", file.path, "write", text, blob=blob, mode=mode))
    elif mode is not None:
        made.append(Change("c", file.path, "mode", mode=mode))
    return tuple(made), stored
