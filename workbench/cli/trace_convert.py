"""Traces written in another format."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Final

import msgspec

from workbench.cli.console import UsageProblem
from workbench.files import FileProblem, sha256_file, write_atomic
from workbench.traces.export_atif import to_atif
from workbench.traces.importer import TraceError
from workbench.traces.open import OpenTrace

_UNSAFE: Final = re.compile(r"[^A-Za-z0-9._-]+")


def write_atif(traces: Iterable[OpenTrace], out: Path | None) -> int:
    """Write each trace as an ATIF document; return how many could not be expressed.

    With no ``out``, documents go to stdout, one a line. ``out`` is a file when it ends in .json or
    .jsonl (the latter takes any number of traces, one a line), else a folder with a file a trace.

    Raises:
        UsageProblem: several traces for one .json file, a target that exists, or no room to write.
    """
    documents: list[tuple[str, bytes]] = []
    failed = 0
    for trace in traces:
        try:
            data = msgspec.json.encode(to_atif(trace))
        except TraceError as problem:
            print(f"skill-workbench trace: {problem}", file=sys.stderr)
            failed += 1
            continue
        if out is None:
            sys.stdout.write(data.decode("utf-8", "replace") + "\n")
        documents.append((_file_name(trace, {name for name, _ in documents}), data))
    if out is not None and documents:
        _save(documents, out)
    return failed


def _save(documents: list[tuple[str, bytes]], out: Path) -> None:
    if out.suffix == ".jsonl":
        _write(out, b"".join(data + b"\n" for _, data in documents))
    elif out.suffix == ".json":
        if len(documents) > 1:
            raise UsageProblem(
                f"{len(documents)} traces do not fit in the one document {out}. "
                "Give a .jsonl file, a folder, or one trace with --trace."
            )
        _write(out, msgspec.json.format(documents[0][1], indent=2) + b"\n")
    else:
        for name, data in documents:
            _write(out / name, msgspec.json.format(data, indent=2) + b"\n")


def _write(path: Path, data: bytes) -> None:
    try:
        if sha256_file(path) is not None:
            raise UsageProblem(f"{path} exists and is not overwritten. Give another --out.")
        write_atomic(path, data, expected=None)
    except FileProblem as problem:
        raise UsageProblem(str(problem)) from problem
    print(path)


def _file_name(trace: OpenTrace, taken: set[str]) -> str:
    """Return a name made of the file's and, where that is taken, the trace's id and a number."""
    stem = _UNSAFE.sub("-", trace.path.stem).strip(".-") or "trace"
    identity = _UNSAFE.sub("-", trace.trajectory.id)[:80].strip(".-")
    name, number = f"{stem}.atif.json", 1
    while name in taken:
        name = f"{stem}-{identity}{f'-{number}' if number > 1 else ''}.atif.json"
        number += 1
    return name
