"""What this user's program did to libraries: every apply and revert, and those under way.

Kept in the user's data folder, one folder a library; nothing of ours is written into the library.
Of a library without git both sides of every file are kept too. A store of proposals may come from
someone else; that a receipt in it is true is known from here alone.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Mapping
from pathlib import Path

import msgspec
from msgspec import Struct

from workbench.domain.proposal import Receipt, ReceiptFile
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

    def begin(self, receipt: Receipt) -> None:
        """Note what is about to be done to a library.

        Raises:
            FileProblem: it cannot be written.
        """
        write_atomic(self._pending(receipt), msgspec.json.encode(receipt))

    def begun(self, receipt: Receipt) -> bool:
        """Say whether this program began exactly that and did not come to its end."""
        try:
            noted = msgspec.json.decode(self._pending(receipt).read_bytes(), type=Receipt)
        except (OSError, msgspec.MsgspecError, UnicodeDecodeError):
            return False
        return noted == msgspec.structs.replace(receipt, state=noted.state)

    def end(self, receipt: Receipt) -> None:
        """Forget that it was begun."""
        with contextlib.suppress(OSError):
            self._pending(receipt).unlink(missing_ok=True)

    def did(self, receipt: Receipt) -> bool:
        """Say whether this program made that apply."""
        return any(
            (entry.action, entry.proposal, entry.files)
            == ("apply", receipt.proposal, receipt.files)
            for entry in self.entries(Path(receipt.library))
        )

    def _pending(self, receipt: Receipt) -> Path:
        name = sha256("\0".join((receipt.proposal, receipt.content_hash, receipt.time)).encode())
        return self._place(receipt.library) / "pending" / f"{name[:32]}.json"

    def _place(self, library: str) -> Path:
        name = os.path.realpath(library)
        return self.folder / sha256(os.fsencode(name))[:20]
