"""The bytes of one trace file: mapped, not read, and unpacked when it is zstd."""

from __future__ import annotations

import errno
import mmap
import os
import stat
import tempfile
import threading
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from types import TracebackType
from typing import IO, Final

from backports import zstd

from workbench.domain.trajectory import TraceSource
from workbench.traces.probe import Probe, TraceError

Buffer = bytes | mmap.mmap

ZSTD_MAGIC: Final = b"\x28\xb5\x2f\xfd"
#: An unpacked file may not grow beyond this: a few KB of zstd can hold terabytes of zeros.
MAX_UNPACKED: Final = 8 << 30
#: What detection looks at; one line can be far longer (384 KB and 961 KB were seen).
PROBE_BYTES: Final = 256 << 10
PROBE_LINES: Final = 20
#: A line that is longer is never held in memory, nor shown.
LONGEST_LINE: Final = 256 << 20
_BLOCK: Final = 1 << 20
_MARK: Final = 4096
_BOM: Final = b"\xef\xbb\xbf"


class SourceBytes:
    """One file of a trace, opened for reading alone.

    ``data`` is a map of the file (or plain bytes), with ``find`` and slices; offsets are 64 bit.
    ``whole`` is False when a limit cut it.
    ``read`` takes single ranges through the file itself, which stays safe while another program
    shortens the file. What is read is always what the offsets were made for: ``read`` raises when
    the file was cut or rewritten since.
    """

    #: The path of the file around it, None for a file of its own.
    container: str | None = None

    def __init__(
        self, path: Path, *, limit: int | None = None, content: bytes | None = None
    ) -> None:
        """Open ``path``; with ``limit``, only its first ``limit`` bytes, up to a line end.

        With ``content`` no file is opened: the source is those bytes, and ``path`` its name.

        Raises:
            TraceError: it is no regular file, cannot be read, or is no valid zstd.
        """
        self.path = path
        self.compressed = False
        self.whole = True
        self.data: Buffer = content or b""
        self.length = len(self.data)
        self._lock = threading.Lock()
        self._users = 0
        self._marks = (0, 0)
        self._line_marks = (0, (0, 0))
        self._file: IO[bytes] | None = None
        self._info = TraceSource(path=str(path), size=self.length, mtime_ns=0, inode=0)
        if content is None:
            self._file = _open(path)
            try:
                self._load(self._file, limit)
            except BaseException:
                self._file.close()
                raise

    def _load(self, file: IO[bytes], limit: int | None) -> None:
        status = os.fstat(file.fileno())
        self._info = TraceSource(
            path=str(self.path),
            size=status.st_size,
            mtime_ns=status.st_mtime_ns,
            inode=status.st_ino,
        )
        self.compressed = file.read(4) == ZSTD_MAGIC
        if self.compressed:
            unpacked = _unpack(file, self.path, limit)
            file.close()
            self._file = file = unpacked
        self.length = os.fstat(file.fileno()).st_size
        if limit is not None and limit < self.length:
            self.whole = False
            self.length = limit
        self.data = self._map(file)
        if not self.whole:
            self.length = _last_line_end(self.data, self.length)
            self.data = self.data[: self.length]
        self._marks = self._sample(file, self.length)
        lines = self.data.rfind(b"\n", max(0, self.length - _BLOCK)) + 1 or self.length
        self._line_marks = (lines, self._sample(file, lines))

    @classmethod
    def of_bytes(cls, data: bytes, path: str = "") -> SourceBytes:
        """Return a source over bytes in memory, for text that never was a file."""
        return cls(Path(path), content=data)

    @property
    def is_file(self) -> bool:
        """Whether its bytes can be read again from its path, also after it was closed."""
        return self._file is not None

    @property
    def closed(self) -> bool:
        """Whether it was given back."""
        return self._file is not None and self._file.closed

    def info(self) -> TraceSource:
        """Return path, size, time and inode as they were when it was opened."""
        return self._info

    def read(self, offset: int, length: int) -> bytes:
        """Return ``length`` bytes from ``offset``.

        Raises:
            TraceError: the range lies outside, or the file is not what it was.
        """
        if offset < 0 or length < 0 or offset + length > self.length:
            raise TraceError(
                f"{self.path} has no bytes {offset} to {offset + length}: the reference belongs to "
                "another version of the file. Open the trace again."
            )
        if self._file is None:
            return bytes(self.data[offset : offset + length])
        with self._lock:
            if self._file.closed:
                raise TraceError(f"{self.path} was closed. Open the trace again.")
            self._file.seek(offset)
            found = _read_full(self._file, length)
        if len(found) != length:
            raise self._replaced()
        return found

    def line_blocks(
        self, left_out: Callable[[int, int], object], start: int = 0, size: int = 64 << 10
    ) -> Iterator[tuple[int, bytes]]:
        """Yield (offset, bytes) of one block of whole lines after the other, to the end.

        Read through the file, not the map: memory stays small, and a file that is cut meanwhile
        gives an error, where the map would end the program. Blocks have about ``size`` bytes (more
        than 64 KB would be taken from the system anew each time); a longer line makes one longer.
        The last line may be torn. ``left_out(offset, length)`` is told of a line that is too long
        for the memory.

        Raises:
            TraceError: the file was cut meanwhile.
        """
        while start < self.length:
            wanted = size
            while True:
                wanted = min(wanted, self.length - start)
                block = self.read(start, wanted)
                end = wanted if start + wanted == self.length else block.rfind(b"\n") + 1
                if end or wanted >= LONGEST_LINE:
                    break
                wanted *= 4
            if end and len(block) <= LONGEST_LINE:
                yield start, block if end == wanted else block[:end]
                start += end
            else:
                del block
                after = self._after_line(start)
                left_out(start, after - start)
                start = after

    def _after_line(self, start: int) -> int:
        while start < self.length:
            block = self.read(start, min(_BLOCK, self.length - start))
            end = block.find(b"\n") + 1
            if end:
                return start + end
            start += len(block)
        return self.length

    def check(self) -> None:
        """Raise TraceError when the open file was cut or rewritten; growth is fine."""
        if self._file is None or self.compressed:
            return
        status = os.fstat(self._file.fileno())
        if status.st_mtime_ns == self._info.mtime_ns and status.st_size == self._info.size:
            return
        if status.st_size < self.length or self._sample(self._file, self.length) != self._marks:
            raise self._replaced()

    def continues(self, earlier: SourceBytes) -> bool:
        """Whether this is the file that ``earlier`` was opened on, lines added or as it was.

        A torn last line may be another one by now.
        """
        length, marks = earlier._line_marks
        return (
            self._file is not None
            and self._info.inode == earlier.info().inode
            and self.length >= length
            and self._sample(self._file, length) == marks
        )

    def changed(self) -> bool:
        """Whether the file at the path is another one, or has other bytes, than when opened."""
        if self._file is None:
            return False
        try:
            status = os.stat(self.path)  # noqa: PTH116 - one call serves all three fields
        except OSError:
            return True
        was = self._info
        return (status.st_ino, status.st_size, status.st_mtime_ns) != (
            was.inode,
            was.size,
            was.mtime_ns,
        )

    def hold(self) -> None:
        """Count one more trace that uses it."""
        with self._lock:
            self._users += 1

    def let_go(self) -> None:
        """Count one less; the last one closes it."""
        with self._lock:
            self._users -= 1
            last = self._users <= 0
        if last:
            self.close()

    def close(self) -> None:
        """Give the map and the file back."""
        data, self.data = self.data, b""
        if isinstance(data, mmap.mmap):
            data.close()
        if self._file is not None:
            self._file.close()

    def __del__(self) -> None:
        # A trace that was read anew is dropped while threads may still read a step of it: the
        # files close with the last of them.
        if getattr(self, "_file", None) is not None:
            self.close()

    def __enter__(self) -> SourceBytes:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        problem: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _map(self, file: IO[bytes]) -> Buffer:
        if self.length == 0:
            return b""
        try:
            return mmap.mmap(file.fileno(), self.length, access=mmap.ACCESS_READ)
        except (OSError, ValueError) as problem:
            raise TraceError(f"Cannot read {self.path}: {problem}.") from problem

    def _sample(self, file: IO[bytes], length: int) -> tuple[int, int]:
        """Checksums of the first and last of ``length`` bytes: a rewrite in place shows here."""
        with self._lock:
            file.seek(0)
            head = zlib.crc32(_read_full(file, min(_MARK, length)))
            file.seek(max(0, length - _MARK))
            return head, zlib.crc32(_read_full(file, min(_MARK, length)))

    def _replaced(self) -> TraceError:
        return TraceError(
            f"{self.path} was cut or rewritten by another program since it was opened. "
            "Open the trace again."
        )


def probe_file(path: Path) -> Probe:
    """Read the beginning of a file for detection (unpacked, when it is zstd).

    Raises:
        TraceError: it is no regular file or cannot be read.
    """
    with _open(path) as stream:
        size = os.fstat(stream.fileno()).st_size
        head = _read_full(stream, PROBE_BYTES + 1)
        if head.startswith(ZSTD_MAGIC):
            head = _unpack_head(head, path)
    return probe_bytes(head, path=str(path), size=size)


def probe_bytes(data: bytes, *, path: str = "", size: int | None = None) -> Probe:
    """Make a probe of bytes: at most the first ``PROBE_BYTES`` of them count."""
    head = data[:PROBE_BYTES].removeprefix(_BOM)
    lines = [line for line in (part.strip() for part in head.split(b"\n")) if line]
    return Probe(
        path=path,
        head=head,
        lines=tuple(lines[:PROBE_LINES]),
        size=len(data) if size is None else size,
        whole=len(data) <= PROBE_BYTES,
    )


def _open(path: Path) -> IO[bytes]:
    try:
        # A pipe of that name must not make the program wait: NONBLOCK, then look what it is.
        number = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0))
    except OSError as problem:
        raise _cannot(path, problem) from problem
    except ValueError as problem:
        raise TraceError(f"{str(path)!r} is no file name. Check the path.") from problem
    if not stat.S_ISREG(os.fstat(number).st_mode):
        os.close(number)
        raise TraceError(f"{path} is no regular file. Give the path of a trace file.")
    # No buffer: it would keep old bytes of a file that is rewritten under us.
    return os.fdopen(number, "rb", buffering=0)


def _cannot(path: Path, problem: OSError) -> TraceError:
    if problem.errno == errno.ENOENT:
        return TraceError(f"{path} does not exist. Check the path.")
    return TraceError(f"Cannot read {path}: {problem.strerror}. Check its permissions.")


def _unpack_head(packed: bytes, path: Path) -> bytes:
    try:
        return zstd.ZstdDecompressor().decompress(packed, max_length=PROBE_BYTES + 1)
    except zstd.ZstdError as problem:
        raise TraceError(f"{path} is damaged zstd: {problem}.") from problem


def _unpack(stream: IO[bytes], path: Path, limit: int | None) -> IO[bytes]:
    """Unpack into a nameless temporary file, so that memory stays small.

    What could be unpacked before damage or a cut end is kept: the rest of a session is worth it.
    """
    stream.seek(0)
    target = tempfile.TemporaryFile(prefix="skill-workbench-")  # noqa: SIM115 - the caller closes
    cap = MAX_UNPACKED if limit is None else limit + 1
    written = 0
    try:
        for block in _unpacked_blocks(stream):
            target.write(block[: cap - written])
            written += len(block)
            if written >= cap:
                break
    except zstd.ZstdError as problem:
        if not written:
            target.close()
            raise TraceError(f"{path} is damaged zstd: {problem}.") from problem
    except OSError as problem:
        target.close()
        raise TraceError(f"Cannot unpack {path}: {problem.strerror}.") from problem
    if limit is None and written >= MAX_UNPACKED:
        target.close()
        raise TraceError(f"{path} unpacks to more than {MAX_UNPACKED >> 30} GiB: not opened.")
    target.flush()
    return target


def unpacked_blocks(path: Path) -> Iterator[bytes]:
    """Yield what a zstd file unpacks to, block by block, nothing kept; nothing for other files.

    Raises:
        TraceError: it cannot be read, or is damaged from there on.
    """
    with _open(path) as stream:
        packed = stream.read(4) == ZSTD_MAGIC
        stream.seek(0)
        try:
            yield from _unpacked_blocks(stream) if packed else ()
        except zstd.ZstdError as problem:
            raise TraceError(f"{path} is damaged zstd: {problem}.") from problem


def _unpacked_blocks(stream: IO[bytes]) -> Iterator[bytes]:
    """Yield what the file unpacks to, frame after frame, in blocks of bounded size."""
    decompressor = zstd.ZstdDecompressor()
    packed = stream.read(_BLOCK)
    while packed or not decompressor.needs_input:
        block = decompressor.decompress(packed, max_length=_BLOCK)
        if block:
            yield block
        packed = b""
        if decompressor.eof:
            packed = decompressor.unused_data or stream.read(_BLOCK)
            if not packed.startswith(ZSTD_MAGIC):
                return
            decompressor = zstd.ZstdDecompressor()
        elif decompressor.needs_input:
            packed = stream.read(_BLOCK)


def _read_full(file: IO[bytes], length: int) -> bytes:
    """Read ``length`` bytes, or all there are; a single read may give less."""
    first = file.read(length)
    if len(first) == length or not first:
        return first
    parts = [first]
    length -= len(first)
    while length > 0 and (part := file.read(length)):
        parts.append(part)
        length -= len(part)
    return b"".join(parts)


def _last_line_end(data: Buffer, limit: int) -> int:
    """Return the offset after the last complete line before ``limit`` (``limit`` with none)."""
    return data.rfind(b"\n", 0, limit) + 1 or limit
