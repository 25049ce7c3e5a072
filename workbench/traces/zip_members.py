"""Members of a zip archive, found through its central directory, unpacked one at a time.

An archive without a directory (still being written, or cut in a crash) is walked header by header
instead: every member that is whole is found, and ``whole`` is False.
``zipfile`` of Python before 3.14 refuses zstd (method 93), which Inspect writes since 0.3.206; so
the bytes are taken from the file and unpacked here. Nothing is ever written to disk.
"""

from __future__ import annotations

import struct
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Final

from backports import zstd

from workbench.traces.importer import TraceError

ZIP_MAGIC: Final = b"PK\x03\x04"
#: A member may not unpack to more: the largest sample ever reported had 963 MB.
MAX_MEMBER: Final = 2 << 30
_LOCAL: Final = struct.Struct("<4s5H3L2H")
_EXTRA: Final = struct.Struct("<2H")
_SIZES: Final = struct.Struct("<2Q")
_DESCRIPTOR: Final = 8  # flag: the sizes stand after the data
_ZIP64: Final = 0xFFFFFFFF
_MAX_MEMBERS: Final = 1_000_000
_STORED, _DEFLATED, _ZSTD = 0, 8, 93


class Archive:
    """The directory of an archive; members are read by name."""

    def __init__(self, path: Path) -> None:
        """Read the central directory; without one, the header of each member.

        Raises:
            TraceError: it is no archive, or cut before its first member ends.
        """
        self.path = path
        self.whole = True
        try:
            with zipfile.ZipFile(path) as archive:
                entries = archive.infolist()
        except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError) as problem:
            self.whole = False
            entries = list(_walked(path))
            if not entries:
                raise TraceError(
                    f"{path} is a damaged or unfinished archive: {problem}. Its directory stands "
                    "at the end; copy the whole file again."
                ) from problem
        self._members = {entry.filename: entry for entry in entries if not entry.is_dir()}

    def names(self) -> list[str]:
        """Return the members' names in the order of the directory."""
        return list(self._members)

    def read(self, name: str) -> bytes:
        """Unpack one member.

        Raises:
            TraceError: it is not there, damaged, too large, or packed in an unknown way.
        """
        entry = self._members.get(name)
        if entry is None:
            raise TraceError(f"{self.path} has no member {name}.")
        if entry.file_size > MAX_MEMBER or entry.flag_bits & 1:
            why = "is encrypted" if entry.flag_bits & 1 else f"is over {MAX_MEMBER >> 30} GiB"
            raise TraceError(f"{name} in {self.path} {why}: not opened.")
        try:
            data = _unpacked(entry, self._packed(entry))
        except (zlib.error, zstd.ZstdError, struct.error, OSError) as problem:
            raise TraceError(f"{name} in {self.path} is damaged: {problem}.") from problem
        if len(data) != entry.file_size or zlib.crc32(data) != entry.CRC:
            raise TraceError(f"{name} in {self.path} is damaged: its checksum is wrong.")
        return data

    def _packed(self, entry: zipfile.ZipInfo) -> bytes:
        with self.path.open("rb") as file:
            file.seek(entry.header_offset)
            header = _LOCAL.unpack(file.read(_LOCAL.size))
            if header[0] != ZIP_MAGIC:
                raise struct.error("the directory leads to no member")
            file.seek(header[-2] + header[-1], 1)
            return file.read(entry.compress_size)


def _walked(path: Path) -> Iterator[zipfile.ZipInfo]:
    """Yield the members that are whole, as their own headers tell of them."""
    try:
        with path.open("rb") as file:
            size = file.seek(0, 2)
            at: int | None = 0
            for _ in range(_MAX_MEMBERS):
                entry, at = _local_entry(file, at or 0, size)
                if entry is None:
                    return
                yield entry
    except (OSError, struct.error, ValueError):
        return


def _local_entry(file: IO[bytes], at: int, size: int) -> tuple[zipfile.ZipInfo | None, int | None]:
    """Return the member whose header stands at an offset, and where the next one begins."""
    file.seek(at)
    header = file.read(_LOCAL.size)
    if len(header) < _LOCAL.size or header[:4] != ZIP_MAGIC:
        return None, None
    _, _, flags, method, _, _, crc, packed, unpacked, name_length, extra_length = _LOCAL.unpack(
        header
    )
    name = file.read(name_length)
    extra = file.read(extra_length)
    if flags & _DESCRIPTOR or flags & 1:
        return None, None  # its end is not told; Inspect writes none of these
    if _ZIP64 in (packed, unpacked):
        unpacked, packed = _long_sizes(extra)
    after = at + _LOCAL.size + name_length + extra_length + packed
    if after > size:
        return None, None
    entry = zipfile.ZipInfo(name.decode("utf-8", "replace"))
    entry.header_offset, entry.CRC, entry.flag_bits = at, crc, flags
    entry.compress_type, entry.compress_size, entry.file_size = method, packed, unpacked
    return entry, after


def _long_sizes(extra: bytes) -> tuple[int, int]:
    """Return unpacked and packed size of a member over 4 GiB."""
    at = 0
    while at + _EXTRA.size <= len(extra):
        kind, length = _EXTRA.unpack_from(extra, at)
        if kind == 1:
            unpacked, packed = _SIZES.unpack_from(extra, at + _EXTRA.size)
            return unpacked, packed
        at += _EXTRA.size + length
    raise ValueError("a member does not tell its size")


def _unpacked(entry: zipfile.ZipInfo, packed: bytes) -> bytes:
    limit = entry.file_size + 1
    if entry.compress_type == _STORED:
        return packed
    if entry.compress_type == _DEFLATED:
        return zlib.decompressobj(-15).decompress(packed, limit)
    if entry.compress_type == _ZSTD:
        return _unzstd(packed, limit)
    raise OSError(f"packed by method {entry.compress_type}, which is not supported")


def _unzstd(packed: bytes, limit: int) -> bytes:
    """Unpack one or more frames, never to more than the directory says."""
    parts: list[bytes] = []
    while packed and limit > 0:
        decompressor = zstd.ZstdDecompressor()
        part = decompressor.decompress(packed, max_length=limit)
        parts.append(part)
        limit -= len(part)
        if not decompressor.eof:
            break
        packed = decompressor.unused_data
    return b"".join(parts)
