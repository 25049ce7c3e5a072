"""Versions of the library that tasks run on: with changes applied, with skills left out.

Made from the copy an engine worked on, in the run folder; the library itself is never touched.
"""

from __future__ import annotations

import os
import shutil
import threading
from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from pathlib import Path

from workbench.domain.proposal import Change
from workbench.domain.skill import Library
from workbench.evaluation.evaluator import Variant
from workbench.evolution.change_paths import new_skill_folders
from workbench.evolution.resolve import ChangeResolver
from workbench.evolution.snapshot import MAX_COPIED, LibrarySnapshot
from workbench.files import FileProblem, confined, sha256
from workbench.skills.copying import copy_skills

#: The bytes of a file and its git mode.
FileState = tuple[bytes | None, str | None]


class VariantProblem(Exception):  # noqa: N818 - a problem for a person or an engine, in words
    """A version cannot be made; the message says which change or skill stands in the way."""


class Variants:
    """Makes versions of one snapshot in a folder of its own, each once; thread-safe."""

    def __init__(
        self,
        snapshot: LibrarySnapshot,
        folder: Path,
        blob: Callable[[str], bytes | None] = lambda _: None,
        others: LibrarySnapshot | None = None,
    ) -> None:
        """Build it; ``others`` are skills the engine was not given: tasks run with them too."""
        self._snapshot = snapshot
        self._others = others
        self._folder = folder
        self._blob = blob
        self._lock = threading.Lock()
        self._made: dict[str, Variant] = {}
        self._marks: dict[str, frozenset[tuple[object, ...]]] = {}

    def base(self) -> Variant:
        """Return the library as the engine saw it."""
        return self.of(())

    def is_intact(self, variant: Variant) -> bool:
        """Whether nobody wrote to a version since it was made; the engine's process could."""
        marks = self._marks.get(variant.hash)
        return variant.folder is None or marks == _marks_of(variant.folder)

    def version(self) -> str:
        """Return the hash of the library as the engine saw it, without writing it out."""
        return self._hash_of(self._files((), ()))

    def size_of(self, path: str) -> int:
        """Return the size of a file of the library as it was, in bytes; 0 when it was not there."""
        return len(self._snapshot.read(path) or b"")

    def of(self, changes: Sequence[Change], without: Sequence[str] = ()) -> Variant:
        """Return the library with changes applied and skills left out.

        Raises:
            VariantProblem: a change may not be, a skill is not there, or there is no room.
        """
        unknown = [skill for skill in without if skill not in self._snapshot.skills]
        if unknown:
            raise VariantProblem(f"There is no skill '{unknown[0]}' to leave out.")
        try:
            return self._written(self._files(changes, without), without)
        except (FileProblem, OSError) as problem:
            raise VariantProblem(f"A version of the library cannot be made: {problem}") from problem

    def with_files(self, results: Mapping[str, FileState], *, write: bool = True) -> Variant:
        """Return the library with these files: bytes and mode, None for one that is gone.

        A mode of None leaves the one there is. Without ``write`` it has a hash and no folder: what
        was run on it before can be looked up.

        Raises:
            VariantProblem: there is no room, or a path leads out of the library.
        """
        try:
            files = self._files((), ())
            for path, (data, mode) in results.items():
                before = files.pop(path, None)
                if data is not None:
                    own = self._holder(path).read(path) if before is not None else None
                    kept = mode or (before[1] if before is not None else None)
                    files[path] = (None if own == data else data, kept)
            if not write:
                return Variant(None, self._hash_of(files))
            return self._written(files, ())
        except (FileProblem, OSError) as problem:
            raise VariantProblem(f"A version of the library cannot be made: {problem}") from problem

    def _written(self, files: dict[str, FileState], without: Sequence[str]) -> Variant:
        """Return the version of these files, written once."""
        version = self._hash_of(files)
        with self._lock:
            made = self._made.get(version)
            if made is None or not self.is_intact(made):
                made = self._write(version, files, without)
                self._made[version] = made
            return made

    def _files(self, changes: Sequence[Change], without: Sequence[str]) -> dict[str, FileState]:
        """Return every file of the version by path: None stands for the bytes of the snapshot."""
        warnings: list[str] = []
        resolver = ChangeResolver(
            Path(self._snapshot.root),
            self._snapshot,
            new_skill_folders(changes),
            self._blob,
            warnings,
        )
        taken = resolver.resolve(changes)
        if len(taken) < len(changes):
            raise VariantProblem(" ".join(warnings) or "A change cannot be applied.")
        files: dict[str, FileState] = {
            path: (None, base.mode)
            for one in (self._others, self._snapshot)
            if one is not None
            for path, base in one.files.items()
        }
        for path, (data, mode) in resolver.results().items():
            files.pop(path, None)
            if data is not None:
                files[path] = (data, mode)
        return {path: one for path, one in files.items() if not _is_below(path, without)}

    def _holder(self, path: str) -> LibrarySnapshot:
        """Return the snapshot that a file is in."""
        if self._others is not None and path not in self._snapshot.files:
            return self._others
        return self._snapshot

    def _hash_of(self, files: dict[str, FileState]) -> str:
        """Hash paths, modes and contents; those of the snapshot have their hash already."""
        lines = []
        for path, (data, mode) in sorted(files.items()):
            digest = sha256(data) if data is not None else self._holder(path).base(path).sha256
            lines.append(f"{mode or '100644'} {digest} {path}\0")
        return sha256("".join(lines).encode("utf-8", "surrogateescape"))

    def _write(
        self,
        version: str,
        files: dict[str, FileState],
        without: Sequence[str],
    ) -> Variant:
        home = self._folder / version[:16]
        half = self._folder / f"{version[:16]}.part"
        shutil.rmtree(half, ignore_errors=True)
        half.mkdir(parents=True)
        for path, (data, mode) in files.items():
            target = confined(half, path)
            target.parent.mkdir(parents=True, exist_ok=True)
            # The snapshot's bytes have the hash that this version is named by.
            target.write_bytes(self._holder(path).read(path) or b"" if data is None else data)
            target.chmod(0o755 if mode == "100755" else 0o644)
        shutil.rmtree(home, ignore_errors=True)
        half.rename(home)
        self._marks[version] = _marks_of(home)
        present = {Path(path).parent.as_posix() for path in files if _is_skill_file(path)}
        left = frozenset(without)
        return Variant(home, version, tuple(sorted(present - left)))


def rest_of(library: Library, given: Container[str], folder: Path) -> LibrarySnapshot:
    """Copy the skills an engine was not given: an agent has the whole library, not the one skill.

    Raises:
        VariantProblem: they cannot be copied.
    """
    rest = [skill for skill in library.skills if skill.id not in given]
    try:
        copied = copy_skills(rest, folder, most=MAX_COPIED)
    except OSError as problem:
        raise VariantProblem(
            f"The other skills cannot be copied to {folder}: {problem.strerror}. Free some room."
        ) from problem
    skills = tuple(one.id for one in copied.inputs)
    return LibrarySnapshot(library.root, str(folder), skills, copied.files, copied.links)


def _marks_of(folder: Path) -> frozenset[tuple[object, ...]]:
    """Return what tells of every write: the time of change of a file cannot be set back.

    Folders do not count: they change when an agent's Python leaves its compiled files there.
    """
    found: set[tuple[object, ...]] = set()
    waiting = [str(folder)]
    while waiting:
        with os.scandir(waiting.pop()) as entries:
            for entry in entries:
                if not entry.is_dir(follow_symlinks=False):
                    one = entry.stat(follow_symlinks=False)
                    mark = (one.st_mode, one.st_size, one.st_ino, one.st_ctime_ns)
                    found.add((entry.path, *mark))
                elif entry.name != "__pycache__":
                    waiting.append(entry.path)
    return frozenset(found)


def _is_skill_file(path: str) -> bool:
    return Path(path).name.lower() == "skill.md"


def _is_below(path: str, folders: Iterable[str]) -> bool:
    return any(folder == "." or path.startswith(f"{folder}/") for folder in folders)
