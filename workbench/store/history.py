"""Versions of libraries that lie in no git repository: both sides of every apply and revert.

Kept in the user's data folder, one folder a library; nothing of ours is written into the library.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from msgspec import Struct

from workbench.domain.proposal import ReceiptFile
from workbench.files import FileProblem, sha256, write_atomic
from workbench.store.lines import append_line, read_lines


class HistoryEntry(Struct, frozen=True):
    """One change of a library's files. ``time`` is ISO 8601."""

    library: str
    action: str
    proposal: str
    title: str
    files: tuple[ReceiptFile, ...]
    reviewer: str
    time: str


class LocalHistory:
    """The histories of all libraries below one folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def record(self, entry: HistoryEntry, blobs: Mapping[str, bytes]) -> None:
        """Keep the bytes of both sides, then the entry; the same entry twice is kept once.

        Raises:
            FileProblem: it cannot be written.
        """
        place = self._place(entry.library)
        for digest, data in blobs.items():
            path = place / "blobs" / digest
            if not path.is_file():
                write_atomic(path, data)
        if entry not in self.entries(Path(entry.library)):
            append_line(place / "log.jsonl", entry)

    def entries(self, library: Path) -> tuple[HistoryEntry, ...]:
        """Return what happened to a library, oldest first."""
        return read_lines(self._place(str(library)) / "log.jsonl", HistoryEntry)[0]

    def file(self, library: Path, digest: str) -> bytes:
        """Return the bytes of a version by their SHA-256.

        Raises:
            FileProblem: they are missing or damaged.
        """
        path = self._place(str(library)) / "blobs" / digest
        try:
            data = path.read_bytes()
        except OSError as problem:
            raise FileProblem(f"Cannot read {path}: {problem.strerror}.") from problem
        if sha256(data) != digest:
            raise FileProblem(f"{path} is damaged: its content has not the hash of its name.")
        return data

    def _place(self, library: str) -> Path:
        name = os.path.realpath(library)
        return self.folder / sha256(os.fsencode(name))[:20]
