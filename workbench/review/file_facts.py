"""What to say of files that have no lines to show: binary ones, renames, modes."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import PurePosixPath

from workbench.domain.proposal import Hunk, Proposal
from workbench.files import sha256
from workbench.review.plan import FilePlan, ReadBase, ReadBlob, plans_of

#: Facts before and after, a line each.
Facts = dict[str, tuple[tuple[str, ...], tuple[str, ...]]]

#: How files begin: libmagic's entries for the same types say the same.
_MAGIC: tuple[tuple[bytes, str], ...] = (
    (b"\x89PNG\r\n\x1a\n", "PNG picture"),
    (b"\xff\xd8\xff", "JPEG picture"),
    (b"GIF87a", "GIF picture"),
    (b"GIF89a", "GIF picture"),
    (b"%PDF-", "PDF document"),
    (b"PK\x03\x04", "ZIP archive (also Office documents)"),
    (b"\x1f\x8b", "gzip archive"),
    (b"\x7fELF", "program for Linux (ELF)"),
    (b"MZ", "program for Windows"),
    (b"\xcf\xfa\xed\xfe", "program for macOS (Mach-O)"),
    (b"\xfe\xed\xfa\xcf", "program for macOS (Mach-O)"),
    (b"\xca\xfe\xba\xbe", "program for macOS or Java class"),
    (b"\x00asm", "WebAssembly program"),
    (b"SQLite format 3\x00", "SQLite database"),
    (b"wOFF", "web font"),
    (b"wOF2", "web font"),
)
_MODES = {"100644": "100644 (not executable)", "100755": "100755 (executable)"}


def file_facts(
    hunks: Sequence[Hunk], proposal: Proposal, read_base: ReadBase, read_blob: ReadBlob
) -> Facts:
    """Return facts for each hunk without lines, by its id.

    Raises:
        ReviewProblem: a file of the proposal cannot be read.
    """
    wanted = [
        one for one in hunks if one.kind != "text" and not one.base_lines and not one.new_lines
    ]
    if not wanted:
        return {}
    plans = {plan.path: plan for plan in plans_of(proposal, read_base, read_blob)}
    return {hunk.id: _facts(hunk, plans[hunk.path]) for hunk in wanted if hunk.path in plans}


def type_of(data: bytes) -> str:
    """Return what kind of file it is by its first bytes."""
    for begin, name in _MAGIC:
        if data.startswith(begin):
            return name
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "WebP picture"
    return "text" if b"\0" not in data and _is_utf8(data) else "binary file"


def picture_size(data: bytes) -> tuple[int, int] | None:
    """Return width and height that a PNG or GIF says it has."""
    if data.startswith(_MAGIC[0][0]) and len(data) >= 24:
        return int.from_bytes(data[16:20], "big"), int.from_bytes(data[20:24], "big")
    if data[:6] in (b"GIF87a", b"GIF89a") and len(data) >= 10:
        return int.from_bytes(data[6:8], "little"), int.from_bytes(data[8:10], "little")
    return None


def _facts(hunk: Hunk, plan: FilePlan) -> tuple[tuple[str, ...], tuple[str, ...]]:
    if hunk.kind == "rename":
        return (plan.path,), (plan.new_path,)
    if hunk.kind == "mode":
        return (_mode(plan.base_mode),), (_mode(plan.new_mode),)
    return _described(plan.base, plan.path), _described(plan.new, plan.new_path)


def _described(data: bytes | None, path: str) -> tuple[str, ...]:
    if data is None:
        return ()
    kind = type_of(data)
    size = picture_size(data)
    parts = [kind, f"{len(data):,} bytes"]
    if size is not None:
        parts.insert(1, f"{size[0]:,} × {size[1]:,} pixels")
    if kind == "binary file" and PurePosixPath(path).suffix:
        parts[0] = f"binary file ({PurePosixPath(path).suffix})"
    return (" · ".join(parts), f"SHA-256 {sha256(data)}")


def _mode(mode: str | None) -> str:
    return _MODES.get(mode or "", mode or "as the system gives it")


def _is_utf8(data: bytes) -> bool:
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True
