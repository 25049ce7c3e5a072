"""What a person chose for the runs of each library, kept in the user's state."""

from __future__ import annotations

import contextlib
from pathlib import Path

import msgspec
from msgspec import Struct

from workbench.files import FileProblem, write_atomic

_FILE = "evolution.json"


class Remembered(Struct, frozen=True):
    """The choices of one library; paths are absolute, "" is none, 0 is no cap.

    ``endpoints`` are names of profiles by role. ``allowed`` are hashes of task sets whose commands
    may run without a sandbox.
    """

    engine: str = ""
    tasks: str = ""
    runner: str = "none"
    command: str = ""
    traces_pattern: str = ""
    results: str = ""
    documents: tuple[str, ...] = ()
    endpoints: dict[str, str] = {}
    scheduler: str = ""
    network: bool = False
    allowed: tuple[str, ...] = ()
    labels: bool = False
    tokens: int = 0
    usd: float = 0.0
    task_runs: int = 0
    seconds: int = 0
    proposals: int = 0
    rule: str = ""
    runs: int = 1
    seed: int = 0


class _File(Struct):
    libraries: dict[str, Remembered] = {}
    version: int = 1


def remembered(state: Path, library: str) -> Remembered:
    """Return what was chosen for a library; the defaults where nothing was, or cannot be read."""
    return _read(state).libraries.get(library, Remembered())


def remember(state: Path, library: str, choices: Remembered) -> None:
    """Keep what was chosen; a disk that cannot be written only forgets it."""
    kept = _read(state)
    if kept.libraries.get(library) == choices:
        return
    kept.libraries[library] = choices
    with contextlib.suppress(FileProblem, OSError):
        state.mkdir(parents=True, exist_ok=True)
        write_atomic(state / _FILE, msgspec.json.format(msgspec.json.encode(kept)) + b"\n")


def _read(state: Path) -> _File:
    try:
        return msgspec.json.decode((state / _FILE).read_bytes(), type=_File)
    except (OSError, msgspec.MsgspecError):
        return _File()
