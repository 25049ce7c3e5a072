"""The folders whose sessions the user wants to see: a file of the user's configuration.

The index is made from it and can be deleted at any time; this list is the user's own.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import msgspec
from msgspec import Struct

from workbench.files import FileProblem, write_atomic


class _Kept(Struct, frozen=True):
    version: int = 1
    folders: tuple[str, ...] = ()


class TraceFolders:
    """The list in a file, read anew each time: another program may have changed it."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def read(self) -> tuple[Path, ...]:
        """Return the folders in the order they were added.

        Raises:
            FileProblem: the file is there and cannot be understood; it is left as it is.
        """
        try:
            kept = msgspec.json.decode(self.path.read_bytes(), type=_Kept)
        except FileNotFoundError:
            return ()
        except OSError as problem:
            raise FileProblem(f"Cannot read {self.path}: {problem.strerror}.") from problem
        except msgspec.DecodeError as problem:
            raise FileProblem(
                f"{self.path} is no list of watched folders ({problem}). Correct it, or delete it "
                "and add the folders again."
            ) from problem
        return tuple(Path(one) for one in kept.folders)

    def add(self, folder: Path) -> tuple[Path, ...]:
        """Put a folder at the end; return the list.

        Raises:
            FileProblem: the file cannot be read or written.
        """
        folders = self.read()
        folder = folder.expanduser().absolute()
        return folders if folder in folders else self._write((*folders, folder))

    def remove(self, folder: Path) -> tuple[Path, ...]:
        """Take a folder off; return the list.

        Raises:
            FileProblem: the file cannot be read or written.
        """
        folders = self.read()
        folder = folder.expanduser().absolute()
        return self._write([one for one in folders if one != folder])

    def _write(self, folders: Sequence[Path]) -> tuple[Path, ...]:
        kept = _Kept(folders=tuple(str(one) for one in folders))
        text = msgspec.json.format(msgspec.json.encode(kept), indent=2) + b"\n"
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as problem:
            raise FileProblem(f"Cannot write {self.path}: {problem.strerror}.") from problem
        write_atomic(self.path, text)
        return tuple(folders)
