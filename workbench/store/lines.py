"""Append-only files of JSON lines that survive a torn write."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path
from typing import TypeVar

import msgspec

from workbench.files import FileProblem

with contextlib.suppress(ImportError):  # absent on Windows
    import fcntl

Value = TypeVar("Value")


def append_line(path: Path, value: object) -> None:
    """Append ``value`` as one JSON line and wait until it is on the disk.

    A torn last line (the power went) is ended first, so that it costs itself alone. Other programs
    that append wait until this line is whole.

    Raises:
        FileProblem: it cannot be written; what was there stays as it was.
    """
    line = msgspec.json.encode(value) + b"\n"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("ab+") as stream:
            # Given back when the file is closed.
            with contextlib.suppress(NameError):
                fcntl.flock(stream, fcntl.LOCK_EX)
            size = stream.seek(0, os.SEEK_END)
            if size:
                stream.seek(size - 1)
                if stream.read(1) != b"\n":
                    line = b"\n" + line
            try:
                stream.write(line)
                stream.flush()
                os.fsync(stream.fileno())
            except OSError:
                os.ftruncate(stream.fileno(), size)
                raise
    except OSError as problem:
        raise FileProblem(
            f"Cannot add to {path}: {problem.strerror}. Free some room or change its permissions."
        ) from problem


def read_lines(path: Path, kind: type[Value]) -> tuple[tuple[Value, ...], tuple[str, ...]]:
    """Return the values and, for each line that is none, a message.

    Raises:
        FileProblem: the file is there and cannot be read.
    """
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        return (), ()
    except OSError as problem:
        raise FileProblem(f"Cannot read {path}: {problem.strerror}.") from problem
    values: list[Value] = []
    problems: list[str] = []
    for number, line in enumerate(data.split(b"\n"), 1):
        if not line.strip():
            continue
        try:
            values.append(msgspec.json.decode(line, type=kind))
        except (msgspec.MsgspecError, UnicodeDecodeError) as problem:
            problems.append(f"{path} line {number} is not readable ({problem}); it was left out.")
    return tuple(values), tuple(problems)
