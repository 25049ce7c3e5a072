"""Members of a zip archive, found through its central directory, unpacked one at a time.

``zipfile`` of Python before 3.14 refuses zstd (method 93), which Inspect writes since 0.3.206; so
the bytes are taken from the file and unpacked here. Nothing is ever written to disk.
"""

from __future__ import annotations

import struct
import zipfile
import zlib
from pathlib import Path
from typing import Final

from backports import zstd

from workbench.traces.importer import TraceError

ZIP_MAGIC: Final = b"PK\x03\x04"
#: A member may not unpack to more: the largest sample ever reported had 963 MB.
MAX_MEMBER: Final = 2 << 30
_LOCAL: Final = struct.Struct("<4s5H3L2H")
_STORED, _DEFLATED, _ZSTD = 0, 8, 93


class Archive:
    """The directory of an archive; members are read by name."""

    def __init__(self, path: Path) -> None:
        """Read the central directory.

        Raises:
            TraceError: it is no archive, or cut before its directory.
        """
        self.path = path
        try:
            with zipfile.ZipFile(path) as archive:
                self._members = {
                    entry.filename: entry for entry in archive.infolist() if not entry.is_dir()
                }
        except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError) as problem:
            raise TraceError(
                f"{path} is a damaged or unfinished archive: {problem}. Its directory stands at "
                "the end; copy the whole file again."
            ) from problem

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
