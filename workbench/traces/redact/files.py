"""Redacted copies of files and folders; what is copied from is only read."""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Final, cast

import msgspec
from backports import zstd
from msgspec import Struct

from workbench.traces.importer import Progress, TraceError
from workbench.traces.redact.containers import is_container, redact_container
from workbench.traces.redact.redactor import Hit, Redactor
from workbench.traces.registry import best_importer
from workbench.traces.source import Buffer, SourceBytes, probe_file

_BLOCK: Final = 4 << 20
_HEAD: Final = 8192
_raw: Final = msgspec.json.Decoder(msgspec.Raw)


class RedactedFile(Struct, frozen=True):
    """One copy. ``offset`` and ``line`` of its hits are those in the (unpacked) source.

    ``left`` tells what a database or an archive holds that was not looked at or not copied.
    """

    source: str
    out: str
    lines: int
    counts: dict[str, int]
    hits: tuple[Hit, ...]
    left: tuple[str, ...] = ()


class Redaction(Struct, frozen=True):
    """All copies made, and the files that hold no text and were left out, with the reason."""

    files: tuple[RedactedFile, ...]
    left_out: tuple[tuple[str, str], ...]

    @property
    def counts(self) -> dict[str, int]:
        """How many places of each kind were replaced."""
        total: Counter[str] = Counter()
        for file in self.files:
            total.update(file.counts)
        return dict(sorted(total.items()))


def redact_file(
    path: Path, out: Path, redactor: Redactor, progress: Progress | None = None
) -> RedactedFile:
    """Write a redacted copy of a file; a zstd file stays one, as do a database and an archive.

    Raises:
        TraceError: it cannot be read, holds no text, the copy exists or cannot be written, or a
            record would not stay valid JSON (then nothing is written).
    """
    with SourceBytes(path) as source:
        head = bytes(source.data[:_HEAD])
        if is_container(head):
            return _copy_container(source, head, out, redactor)
        _refuse_binary(source.data, path)
        redactor.learn(bytes(source.data[: 64 << 20]))
        return _copy(source, out, redactor, progress)


def redact_session(
    path: Path, out: Path, redactor: Redactor, progress: Progress | None = None
) -> Redaction:
    """Write redacted copies of a trace and of the files that belong to it beside it.

    A session's subagents and kept results lie in a folder of its name: their copies lie in one of
    the copy's name, so that the copy is opened with them. Names of home folders that any of them
    tells count in all.

    Raises:
        TraceError: as ``redact_file``, for the trace itself.
    """
    belonging = _belonging(path, out)
    left_out: list[tuple[str, str]] = []
    texts: list[tuple[Path, Path, str]] = []
    for file, beside, name in belonging:
        try:
            with SourceBytes(file) as source:
                _refuse_binary(source.data, file)
                redactor.learn(bytes(source.data[: 64 << 20]))
            texts.append((file, beside, name))
        except TraceError as problem:
            left_out.append((str(file), str(problem)))
    made = [redact_file(path, out, redactor, progress)]
    for file, beside, name in texts:
        with SourceBytes(file) as source:
            target = beside / os.fsdecode(redactor.redact(os.fsencode(name))[0])
            made.append(_copy(source, target, redactor, None))
    return Redaction(tuple(made), tuple(left_out))


def _belonging(path: Path, out: Path) -> list[tuple[Path, Path, str]]:
    """Return each file that belongs to a trace, the folder of its copy, and its name there.

    Raises:
        TraceError: that folder exists.
    """
    importer = best_importer(probe_file(path))
    own = [] if importer is None else [one for one in importer.companions(path) if one.is_file()]
    folder, beside = path.with_suffix(""), out.with_suffix("")
    inside = any(one.is_relative_to(folder) for one in own) and not folder.is_symlink()
    if inside and beside.exists():
        raise TraceError(f"{beside} exists and is not written into. Give another --out.")
    below = list(_files_below(folder)) if inside else []
    found = [(one, beside, one.relative_to(folder).as_posix()) for one in below]
    near = [one for one in own if one not in below and one.parent == path.parent]
    return [*found, *((one, out.parent, one.name) for one in near)]


def redact_folder(
    folder: Path, out: Path, redactor: Redactor, progress: Progress | None = None
) -> Redaction:
    """Write redacted copies of all text files of a folder, under redacted names.

    Links are not followed. Names of home folders that any file tells count in all of them.

    Raises:
        TraceError: ``out`` exists or lies within the folder, or as ``redact_file``.
    """
    if out.exists():
        raise TraceError(f"{out} exists and is not written into. Give another --out.")
    if out.resolve().is_relative_to(folder.resolve()):
        raise TraceError(f"{out} lies within {folder}. Give a folder outside of it.")
    texts: list[Path] = []
    left_out: list[tuple[str, str]] = []
    for path in _files_below(folder):
        try:
            with SourceBytes(path) as source:
                if not is_container(bytes(source.data[:_HEAD])):
                    _refuse_binary(source.data, path)
                    redactor.learn(bytes(source.data[: 64 << 20]))
            if not _is_journal(path):
                texts.append(path)
        except TraceError as problem:
            left_out.append((str(path), str(problem)))
    made: list[RedactedFile] = []
    for number, path in enumerate(texts):
        name = os.fsencode(path.relative_to(folder).as_posix())
        target = out / os.fsdecode(redactor.redact(name)[0])
        with SourceBytes(path) as source:
            head = bytes(source.data[:_HEAD])
            if is_container(head):
                made.append(_copy_container(source, head, target, redactor))
            else:
                made.append(_copy(source, target, redactor, None))
        if progress is not None:
            progress((number + 1) / len(texts))
    return Redaction(tuple(made), tuple(left_out))


def _is_journal(path: Path) -> bool:
    """Whether it is what a database keeps beside it: what counts of it is in the copy."""
    name, _, end = path.name.rpartition("-")
    return end in ("wal", "shm", "journal") and path.with_name(name).is_file()


def _copy_container(
    source: SourceBytes, head: bytes, out: Path, redactor: Redactor
) -> RedactedFile:
    def check(before: bytes, after: bytes, place: str) -> None:
        if before[:1] in (b"{", b"[") and _valid(before):
            _check(before, after, Path(f"{source.path}!{place}"), 1, document=True)
        else:
            _check(before, after, Path(f"{source.path}!{place}"), 1, document=False)

    with _new_file(out, compressed=False) as target:
        hits, left = redact_container(source.path, head, target, redactor, check)
    counts = Counter(hit.kind for hit in hits)
    return RedactedFile(
        str(source.path), str(out), 0, dict(sorted(counts.items())), tuple(hits), tuple(left)
    )


def _copy(
    source: SourceBytes, out: Path, redactor: Redactor, progress: Progress | None
) -> RedactedFile:
    hits: list[Hit] = []
    lines = 0
    document = _is_document(source.data)
    with _new_file(out, compressed=source.compressed) as target:
        for start, end in _blocks(source.data, whole=document):
            block = source.read(start, end - start)
            made, found = redactor.redact(block, start, lines + 1)
            if found:
                _check(block, made, source.path, lines + 1, document=document)
            target.write(made)
            hits += found
            lines += block.count(b"\n")
            if progress is not None:
                progress(end / max(1, source.length))
    if source.length and source.data[source.length - 1] != 0x0A:
        lines += 1
    counts = Counter(hit.kind for hit in hits)
    return RedactedFile(
        str(source.path), str(out), lines, dict(sorted(counts.items())), tuple(hits)
    )


def _blocks(data: Buffer, *, whole: bool) -> Iterator[tuple[int, int]]:
    """Yield ranges of whole lines; a document of one JSON value is one range."""
    start, length = 0, len(data)
    while start < length:
        end = length
        if not whole and start + _BLOCK < length:
            at = data.find(b"\n", start + _BLOCK)
            end = at + 1 if at >= 0 else length
        yield start, end
        start = end


def _is_document(data: Buffer) -> bool:
    """Whether the file is one JSON value over several lines."""
    end = data.find(b"\n")
    first = bytes(data[: end if end >= 0 else len(data)]).strip()
    return first[:1] in (b"{", b"[") and not _valid(first)


def _check(before: bytes, after: bytes, path: Path, line: int, *, document: bool) -> None:
    """See that what was JSON is JSON still, record by record."""
    if document:
        pairs = [(before, after)]
    else:
        pairs = list(zip(before.split(b"\n"), after.split(b"\n"), strict=True))
    for number, (old, new) in enumerate(pairs):
        if old != new and old[:1] in (b"{", b"[") and _valid(old) and not _valid(new):
            raise TraceError(
                f"{path} line {line + number}: a place cannot be replaced without breaking the "
                "record. No copy was made; please report the shape of that record."
            )


def _valid(data: bytes) -> bool:
    try:
        _raw.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return False
    return True


def _refuse_binary(data: Buffer, path: Path) -> None:
    if b"\0" in data[:_HEAD]:
        raise TraceError(
            f"{path} is no text file, its places cannot be replaced safely. Write its traces as "
            "text first: skill-workbench trace convert --to atif."
        )


@contextlib.contextmanager
def _new_file(out: Path, *, compressed: bool) -> Iterator[IO[bytes]]:
    """Give a file to write; it gets its name when all went well, and never takes another's."""
    handle, name = -1, ""
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(prefix=f".{out.name[:100]}.", suffix=".tmp", dir=out.parent)
        with os.fdopen(handle, "wb") as plain:
            if compressed:
                with zstd.ZstdFile(plain, "wb") as packed:
                    yield cast("IO[bytes]", packed)
            else:
                yield plain
            plain.flush()
            os.fsync(plain.fileno())
        Path(name).chmod(0o600)
        os.link(name, out)
    except FileExistsError as problem:
        raise TraceError(f"{out} exists and is not overwritten. Give another --out.") from problem
    except OSError as problem:
        raise TraceError(
            f"Cannot write {out}: {problem.strerror}. Give another --out."
        ) from problem
    finally:
        if name:
            Path(name).unlink(missing_ok=True)


def _files_below(folder: Path) -> Iterator[Path]:
    try:
        entries = sorted(folder.iterdir())
    except OSError as problem:
        raise TraceError(f"Cannot read {folder}: {problem.strerror}.") from problem
    for entry in entries:
        if entry.is_symlink():
            continue
        if entry.is_dir():
            yield from _files_below(entry)
        elif entry.is_file():
            yield entry
