"""Copies of unsaved text in the user's state folder: after a crash it is offered again.

No Qt here. A copy carries the hash of the file it was typed over, so that the person is told when
that file has changed since.
"""

from __future__ import annotations

import json
import logging
from dataclasses import dataclass
from pathlib import Path

from workbench.files import FileProblem, sha256, write_atomic

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class RecoveryCopy:
    """Unsaved text of a file. ``base_sha`` is the SHA-256 of the file it was typed over."""

    path: Path
    text: str
    base_sha: str


class RecoveryFolder:
    """The copies below one folder, one file each."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def keep(self, copy: RecoveryCopy) -> bool:
        """Write a copy; False (and a line in the log) when the disk refuses."""
        table = {"path": str(copy.path), "base_sha": copy.base_sha, "text": copy.text}
        try:
            # Lone surrogates cannot be in the text: such files are read-only.
            write_atomic(self._file(copy.path), json.dumps(table).encode(), mode=0o600)
        except FileProblem as problem:
            _log.warning("Unsaved text of %s was not kept: %s", copy.path, problem)
            return False
        return True

    def find(self, path: Path) -> RecoveryCopy | None:
        """Return the copy of a file; one that cannot be read counts as none."""
        try:
            table = json.loads(self._file(path).read_bytes())
            if table["path"] != str(path):
                return None
            return RecoveryCopy(path, str(table["text"]), str(table["base_sha"]))
        except FileNotFoundError:
            return None
        except (OSError, ValueError, KeyError, TypeError) as problem:
            _log.warning("The recovery copy of %s cannot be read: %s", path, problem)
            return None

    def drop(self, path: Path) -> None:
        """Remove the copy of a file, when it is saved or given up."""
        try:
            self._file(path).unlink(missing_ok=True)
        except OSError as problem:
            _log.warning("The recovery copy of %s stays: %s", path, problem)

    def _file(self, path: Path) -> Path:
        return self.folder / f"{sha256(str(path).encode('utf-8', 'surrogateescape'))[:32]}.json"
