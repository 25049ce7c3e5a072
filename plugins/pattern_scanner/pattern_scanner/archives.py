"""Archives and documents that are archives: members are read in memory, never written out."""

from __future__ import annotations

import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path, PurePosixPath

from pattern_scanner import limits
from pattern_scanner.model import Inventory, Sighting

_DOCUMENTS = frozenset(
    {".docx", ".xlsx", ".pptx", ".odt", ".ods", ".odp", ".docm", ".xlsm", ".epub"}
)
_SCRIPTS = frozenset(
    {".sh", ".py", ".js", ".vbs", ".ps1", ".bat", ".cmd", ".exe", ".dll", ".scpt", ".command",
     ".hta", ".jar", ".lnk", ".mjs", ".cjs", ".rb", ".pl", ".php", ".so", ".dylib", ".pyc"}
)  # fmt: skip
_READ = _SCRIPTS | {".md", ".txt", ".json", ".yaml", ".yml", ".toml", ".html", ""}

TakeText = Callable[[str, bytes, Inventory, str], None]


def look_into(
    relative: str, path: Path, magic: str, inventory: Inventory, take_text: TakeText
) -> None:
    """Read the text members of an archive, within caps; coverage is partial at best."""
    inventory.partial[relative] = "archive; its text members were read"
    try:
        if magic == "zip":
            _zip(relative, path, inventory, take_text)
        else:
            _tar(relative, path, inventory, take_text)
    except (OSError, EOFError, ValueError, RuntimeError) as problem:
        _opaque(relative, inventory, f"archive that cannot be read: {problem}")
    except (zipfile.BadZipFile, tarfile.TarError) as problem:
        _opaque(relative, inventory, f"damaged archive: {problem}")
    except Exception as problem:
        _opaque(relative, inventory, f"damaged archive: {problem}")


def _opaque(relative: str, inventory: Inventory, reason: str) -> None:
    inventory.partial.pop(relative, None)
    inventory.opaque[relative] = reason


def _zip(relative: str, path: Path, inventory: Inventory, take_text: TakeText) -> None:
    document = PurePosixPath(relative).suffix.lower() in _DOCUMENTS
    budget = limits.MAX_ARCHIVE_BYTES
    with zipfile.ZipFile(path) as archive:
        for info in archive.infolist()[: limits.MAX_MEMBERS]:
            place = f"{relative}!/{info.filename}"
            if _escapes(info.filename):
                _note(inventory, "archive-escape", relative, place)
            if info.flag_bits & 0x1:
                _note(inventory, "encrypted-archive", relative, place)
                _opaque(relative, inventory, "encrypted archive")
                return
            suffix = PurePosixPath(info.filename).suffix.lower()
            if document and (suffix in _SCRIPTS or info.filename.endswith("vbaProject.bin")):
                _note(inventory, "script-in-document", relative, place)
            if info.file_size > limits.MAX_RATIO * max(info.compress_size, 1024):
                inventory.partial[relative] = "archive with members that unpack enormously"
                _note(inventory, "archive-bomb", relative, place)
                continue
            if suffix in _READ and not info.is_dir() and budget > 0:
                with archive.open(info) as member:
                    data = member.read(min(limits.MAX_MEMBER_BYTES, budget))
                budget -= len(data)
                if b"\0" not in data[:4096]:
                    take_text(place, data, inventory, relative)


def _tar(relative: str, path: Path, inventory: Inventory, take_text: TakeText) -> None:
    budget = limits.MAX_ARCHIVE_BYTES
    with tarfile.open(path, "r|*") as archive:
        for count, info in enumerate(archive):
            if count >= limits.MAX_MEMBERS or info.offset > 8 * limits.MAX_ARCHIVE_BYTES:
                return
            place = f"{relative}!/{info.name}"
            if _escapes(info.name) or info.isdev() or (info.issym() and _escapes(info.linkname)):
                _note(inventory, "archive-escape", relative, place)
            suffix = PurePosixPath(info.name).suffix.lower()
            if info.isreg() and suffix in _READ and budget > 0:
                member = archive.extractfile(info)
                data = member.read(min(limits.MAX_MEMBER_BYTES, budget)) if member else b""
                budget -= len(data)
                if b"\0" not in data[:4096]:
                    take_text(place, data, inventory, relative)


def _escapes(name: str) -> bool:
    plain = name.replace("\\", "/")
    return plain.startswith("/") or ".." in plain.split("/") or plain[1:2] == ":"


def _note(inventory: Inventory, rule: str, relative: str, evidence: str) -> None:
    inventory.sightings.append(Sighting(rule, relative, 1, 1, evidence))
