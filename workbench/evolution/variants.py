"""Versions of the library that tasks run on: with changes applied, with skills left out.

Made from the copy an engine worked on, in the run folder; the library itself is never touched.
"""

from __future__ import annotations

import shutil
import threading
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from workbench.domain.proposal import Change
from workbench.evaluation.evaluator import Variant
from workbench.evolution.change_paths import new_skill_folders
from workbench.evolution.resolve import ChangeResolver
from workbench.evolution.snapshot import LibrarySnapshot
from workbench.files import FileProblem, confined, sha256


class VariantProblem(Exception):  # noqa: N818 - a problem for a person or an engine, in words
    """A version cannot be made; the message says which change or skill stands in the way."""


class Variants:
    """Makes versions of one snapshot in a folder of its own, each once; thread-safe."""

    def __init__(
        self,
        snapshot: LibrarySnapshot,
        folder: Path,
        blob: Callable[[str], bytes | None] = lambda _: None,
    ) -> None:
        self._snapshot = snapshot
        self._folder = folder
        self._blob = blob
        self._lock = threading.Lock()
        self._made: dict[str, Variant] = {}

    def base(self) -> Variant:
        """Return the library as the engine saw it."""
        return self.of(())

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
            files = self._files(changes, without)
            version = self._hash_of(files)
            with self._lock:
                if version not in self._made:
                    self._made[version] = self._write(version, files, without)
                return self._made[version]
        except (FileProblem, OSError) as problem:
            raise VariantProblem(f"A version of the library cannot be made: {problem}") from problem

    def _files(
        self, changes: Sequence[Change], without: Sequence[str]
    ) -> dict[str, tuple[bytes | None, str | None]]:
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
        files: dict[str, tuple[bytes | None, str | None]] = {
            path: (None, base.mode) for path, base in self._snapshot.files.items()
        }
        for path, (data, mode) in resolver.results().items():
            files.pop(path, None)
            if data is not None:
                files[path] = (data, mode)
        return {path: one for path, one in files.items() if not _is_below(path, without)}

    def _hash_of(self, files: dict[str, tuple[bytes | None, str | None]]) -> str:
        """Hash paths, modes and contents; those of the snapshot have their hash already."""
        lines = []
        for path, (data, mode) in sorted(files.items()):
            known = self._snapshot.files.get(path)
            digest = sha256(data) if data is not None else (known.sha256 if known else None)
            lines.append(f"{mode or '100644'} {digest} {path}\0")
        return sha256("".join(lines).encode("utf-8", "surrogateescape"))

    def _write(
        self,
        version: str,
        files: dict[str, tuple[bytes | None, str | None]],
        without: Sequence[str],
    ) -> Variant:
        home = self._folder / version[:16]
        half = self._folder / f"{version[:16]}.part"
        shutil.rmtree(half, ignore_errors=True)
        half.mkdir(parents=True)
        for path, (data, mode) in files.items():
            target = confined(half, path)
            target.parent.mkdir(parents=True, exist_ok=True)
            if data is None:
                shutil.copyfile(confined(Path(self._snapshot.copy), path), target)
            else:
                target.write_bytes(data)
            target.chmod(0o755 if mode == "100755" else 0o644)
        if not home.exists():
            half.rename(home)
        present = {Path(path).parent.as_posix() for path in files if _is_skill_file(path)}
        left = frozenset(without)
        return Variant(home, version, tuple(sorted(present - left)))


def _is_skill_file(path: str) -> bool:
    return Path(path).name.lower() == "skill.md"


def _is_below(path: str, folders: Iterable[str]) -> bool:
    return any(folder == "." or path.startswith(f"{folder}/") for folder in folders)
