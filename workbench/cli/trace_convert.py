"""Traces written in another format."""

from __future__ import annotations

import contextlib
import re
import sys
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Final

import msgspec

from workbench.cli.console import UsageProblem, one_line
from workbench.files import FileProblem, sha256_file, write_atomic
from workbench.traces.export_atif import to_atif
from workbench.traces.export_file import new_file
from workbench.traces.export_html import html_parts
from workbench.traces.export_jsonl import json_lines
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
        documents.append((_file_name(trace, {name for name, _ in documents}, "atif.json"), data))
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


def write_jsonl(traces: Iterable[OpenTrace], out: Path | None) -> int:
    """Write traces as our own JSON lines; return how many could not be written.

    With no ``out``, lines go to stdout. A ``.jsonl`` file takes any number of traces; else ``out``
    is a folder with a file a trace.

    Raises:
        UsageProblem: a target that exists, or no room to write.
    """
    if out is not None and out.suffix == ".jsonl":
        with _to_people(), new_file(out, replace=False) as file:
            failed = _each(traces, lambda trace: file.writelines(json_lines(trace)))
        print(out)
        return failed
    return _write_each(traces, out, json_lines, "trace.jsonl")


def write_html(traces: Iterable[OpenTrace], out: Path | None) -> int:
    """Write each trace as a page of its own; return how many could not be written.

    With no ``out``, pages go to stdout. ``out`` is a file when it ends in .html or .htm, else a
    folder with a file a trace.

    Raises:
        UsageProblem: several traces for one file, a target that exists, or no room to write.
    """

    def page(trace: OpenTrace) -> Iterator[bytes]:
        return (part.encode() for part in html_parts(trace))

    if out is not None and out.suffix in (".html", ".htm"):
        written: list[OpenTrace] = []

        def alone(trace: OpenTrace) -> None:
            if written:
                raise UsageProblem(
                    f"More than one trace does not fit in {out}. Give a folder, or one trace with "
                    "--trace."
                )
            written.append(trace)
            _write_parts(out, page(trace))

        return _each(traces, alone)
    return _write_each(traces, out, page, "html")


def _write_each(
    traces: Iterable[OpenTrace],
    out: Path | None,
    parts: Callable[[OpenTrace], Iterable[bytes]],
    suffix: str,
) -> int:
    taken: set[str] = set()

    def write(trace: OpenTrace) -> None:
        if out is None:
            for part in parts(trace):
                sys.stdout.write(part.decode())
            return
        name = _file_name(trace, taken, suffix)
        taken.add(name)
        _write_parts(out / name, parts(trace))

    return _each(traces, write)


def _each(traces: Iterable[OpenTrace], write: Callable[[OpenTrace], None]) -> int:
    """Write each trace; tell of one that changed on disk, and go on."""
    failed = 0
    for trace in traces:
        try:
            write(trace)
        except TraceError as problem:
            print(one_line(f"skill-workbench trace: {problem}"), file=sys.stderr)
            failed += 1
    return failed


def _write_parts(path: Path, parts: Iterable[bytes]) -> None:
    if path.exists():
        raise UsageProblem(f"{path} exists and is not overwritten. Give another --out.")
    with new_file(path, replace=False) as file:
        file.writelines(parts)
    print(path)


@contextlib.contextmanager
def _to_people() -> Iterator[None]:
    try:
        yield
    except TraceError as problem:
        raise UsageProblem(str(problem)) from problem


def _write(path: Path, data: bytes) -> None:
    try:
        if sha256_file(path) is not None:
            raise UsageProblem(f"{path} exists and is not overwritten. Give another --out.")
        write_atomic(path, data, expected=None)
    except FileProblem as problem:
        raise UsageProblem(str(problem)) from problem
    print(path)


def _file_name(trace: OpenTrace, taken: set[str], suffix: str) -> str:
    """Return a name made of the file's and, where that is taken, the trace's id and a number."""
    stem = _UNSAFE.sub("-", trace.path.stem).strip(".-") or "trace"
    identity = _UNSAFE.sub("-", trace.trajectory.id)[:80].strip(".-")
    name, number = f"{stem}.{suffix}", 1
    while name in taken:
        name = f"{stem}-{identity}{f'-{number}' if number > 1 else ''}.{suffix}"
        number += 1
    return name
