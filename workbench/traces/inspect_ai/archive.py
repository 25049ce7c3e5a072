"""The members of an ``.eval`` archive, sample by sample.

A sample is one member ``samples/<id>_epoch_<n>.json``, or a folder of chunks (inspect-ai 0.3.285
``convert-chunked``): ``sample.json``, ``messages|events|attachments/<first index>.json``. One log
may mix both. A log that is still written, or crashed, has no ``header.json`` but its journal; one
that was cut has no directory either, and opens with the samples that are whole.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from workbench.traces.importer import TraceError
from workbench.traces.inner import Held, InnerBytes
from workbench.traces.source import SourceBytes
from workbench.traces.zip_members import ZIP_MAGIC, Archive

HEADER: Final = "header.json"
START: Final = "_journal/start.json"
_WHOLE: Final = re.compile(r"samples/(.+)\.json")
_CHUNK: Final = re.compile(
    r"samples/(.+)/(sample|metadata|(?:messages|events|attachments)/\d{1,18})\.json"
)


def is_archive(source: SourceBytes) -> bool:
    """Whether the bytes are a zip archive."""
    return source.data[:4] == ZIP_MAGIC


def is_log(path: Path) -> bool:
    """Whether an archive is a log of Inspect; False for one that cannot be read."""
    try:
        archive = Archive(path)
    except TraceError:
        return False
    names = archive.names()
    known = HEADER in names or START in names
    return known or (not archive.whole and any(_sample_of(name) for name in names))


def members_inside(source: SourceBytes) -> list[InnerBytes]:
    """Return the header (or the journal's beginning) and the members of all samples.

    Raises:
        TraceError: the archive is damaged.
    """
    archive = Archive(source.path)
    names = archive.names()
    head = [name for name in (HEADER, START) if name in names][:1]
    samples = [name for name in names if _sample_of(name)]
    held = Held()
    return [
        InnerBytes(source, name, functools.partial(archive.read, name), held)
        for name in (*head, *samples)
    ]


def samples_of(sources: Sequence[SourceBytes]) -> dict[str, list[tuple[int, InnerBytes]]]:
    """Return the members of each sample with their place in ``sources``, by the sample's name."""
    found: dict[str, list[tuple[int, InnerBytes]]] = {}
    for at, source in enumerate(sources):
        name = _sample_of(source.name) if isinstance(source, InnerBytes) else None
        if name is not None and isinstance(source, InnerBytes):
            found.setdefault(name, []).append((at, source))
    return {
        name: members
        for name, members in found.items()
        if any(_is_body(member.name) for _, member in members)
    }


def chunk_of(name: str) -> tuple[str, int]:
    """Return kind and first index of a chunk, ``("events", 1000)``; ``sample`` for a whole one."""
    chunk = _CHUNK.fullmatch(name)
    if chunk is None:
        return "sample", 0
    kind, _, first = chunk.group(2).partition("/")
    return kind, int(first or 0)


def _sample_of(name: str) -> str | None:
    chunk = _CHUNK.fullmatch(name)
    if chunk is not None:
        return chunk.group(1)
    whole = _WHOLE.fullmatch(name)
    return whole.group(1) if whole is not None and "/" not in whole.group(1) else None


def _is_body(name: str) -> bool:
    return chunk_of(name)[0] == "sample"
