"""What is in a skill folder: walked without following links, read as bytes, nothing opened twice.

Whatever cannot be read as text is listed as opaque, whatever was cut as partial, each with why.
"""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterator
from itertools import islice
from pathlib import Path, PurePosixPath
from typing import Literal

from pattern_scanner import limits
from pattern_scanner.archives import look_into
from pattern_scanner.bytecode import compare_bytecode
from pattern_scanner.model import Inventory, Role, Sighting, TextFile

_KINDS: dict[str, str] = {
    ".md": "markdown", ".markdown": "markdown", ".mdx": "markdown", ".mdc": "markdown",
    ".rst": "markdown", ".txt": "markdown", ".adoc": "markdown",
    ".py": "python", ".pyw": "python", ".pyi": "python", ".pth": "python",
    ".sh": "shell", ".bash": "shell", ".zsh": "shell", ".command": "shell", ".ksh": "shell",
    ".js": "javascript", ".mjs": "javascript", ".cjs": "javascript", ".ts": "javascript",
    ".tsx": "javascript", ".jsx": "javascript",
    ".ps1": "code", ".psm1": "code", ".bat": "code", ".cmd": "code", ".vbs": "code",
    ".rb": "code", ".pl": "code", ".php": "code", ".go": "code", ".rs": "code", ".lua": "code",
    ".java": "code", ".applescript": "code", ".scpt": "code", ".c": "code", ".cs": "code",
    ".json": "json", ".jsonc": "json",
}  # fmt: skip
_FIXTURE_PARTS = frozenset(
    {"tests", "test", "__tests__", "fixtures", "fixture", "testdata", "evals", "eval", "samples",
     "test_data", "test-data", "benchmarks"}
)  # fmt: skip
_MAGIC: tuple[tuple[bytes, str], ...] = (
    (b"\x7fELF", "program"), (b"MZ", "program"), (b"\xcf\xfa\xed\xfe", "program"),
    (b"\xca\xfe\xba\xbe", "program"), (b"\xfe\xed\xfa\xce", "program"),
    (b"\xfe\xed\xfa\xcf", "program"), (b"\xce\xfa\xed\xfe", "program"), (b"\0asm", "program"),
    (b"PK\x03\x04", "zip"), (b"PK\x05\x06", "zip"), (b"\x1f\x8b", "tar"), (b"BZh", "tar"),
    (b"\xfd7zXZ\0", "tar"), (b"7z\xbc\xaf\x27\x1c", "archive"), (b"Rar!", "archive"),
    (b"\x89PNG", "image"), (b"\xff\xd8\xff", "image"), (b"GIF8", "image"), (b"RIFF", "media"),
    (b"%PDF", "pdf"), (b"\x80\x04\x95", "pickle"), (b"\x80\x03", "pickle"),
    (b"\xd0\xcf\x11\xe0", "old Office document"),
)  # fmt: skip
_SHEBANG = re.compile(
    rb"^#![^\n]{0,80}?\b(bash|sh|zsh|python[\d.]*|node|deno|bun|ruby|perl|pwsh)\b"
)
_SHELLS = {b"bash", b"sh", b"zsh"}
_JS = {b"node", b"deno", b"bun"}


def take_inventory(folder: Path, others: frozenset[Path], max_file_bytes: int) -> Inventory:
    """Read a skill folder. ``others`` are folders of other skills inside it: they are left out."""
    inventory = Inventory()
    found = list(islice(_walk(folder, others, inventory), 50 * limits.MAX_FILES))
    total = 0
    for count, (path, relative, status) in enumerate(sorted(found, key=_order)):
        if count >= limits.MAX_FILES or total >= limits.MAX_TOTAL_BYTES:
            inventory.opaque[relative] = "not read: the skill has more than is read of one"
        else:
            total += _take(path, relative, status, inventory, max_file_bytes)
    return inventory


def _order(item: tuple[Path, str, os.stat_result]) -> tuple[int, int, str]:
    """Sort SKILL.md and scripts first and large files last: padding must not crowd them out."""
    _, relative, status = item
    suffix = PurePosixPath(relative).suffix.lower()
    if relative.lower() == "skill.md":
        rank = 0
    else:
        rank = 1 if _KINDS.get(suffix) in (None, "python", "shell", "javascript", "code") else 2
    return (rank, status.st_size, relative)


def _walk(
    folder: Path, others: frozenset[Path], inventory: Inventory
) -> Iterator[tuple[Path, str, os.stat_result]]:
    pending: list[tuple[Path, int]] = [(folder, 0)]
    while pending:
        current, depth = pending.pop()
        try:
            entries = sorted(os.scandir(current), key=lambda entry: entry.name)
        except OSError as problem:
            inventory.opaque[_relative(current, folder)] = f"cannot be read: {problem.strerror}"
            continue
        for entry in entries:
            path = Path(entry.path)
            relative = _relative(path, folder)
            try:
                status = entry.stat(follow_symlinks=False)
            except OSError as problem:
                inventory.opaque[relative] = f"cannot be read: {problem.strerror}"
                continue
            if stat.S_ISLNK(status.st_mode):
                _note_link(path, relative, folder, inventory)
            elif stat.S_ISDIR(status.st_mode):
                if entry.name == ".git":
                    inventory.opaque[relative] = "version history"
                elif path in others:
                    continue
                elif depth >= limits.MAX_DEPTH:
                    inventory.opaque[relative] = "nested too deeply"
                else:
                    pending.append((path, depth + 1))
            elif stat.S_ISREG(status.st_mode):
                yield path, relative, status
            else:
                inventory.opaque[relative] = "no regular file (pipe, socket or device)"


def _relative(path: Path, folder: Path) -> str:
    return path.relative_to(folder).as_posix().encode("utf-8", "replace").decode()


def _note_link(path: Path, relative: str, folder: Path, inventory: Inventory) -> None:
    try:
        target = os.readlink(path)  # noqa: PTH115 - the text of the link, unresolved
    except OSError:
        target = ""
    inventory.opaque[relative] = f"link to {target}; links are not followed"
    joined = os.path.normpath(Path(relative).parent / target)
    if target.startswith(("/", "~")) or joined.startswith(".."):
        inventory.sightings.append(
            Sighting("link-outside", relative, 1, 1, f"{relative} -> {target}")
        )


def _take(path: Path, relative: str, status: os.stat_result, inventory: Inventory, cap: int) -> int:
    try:
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0))
        with os.fdopen(descriptor, "rb") as stream:
            data = stream.read(cap)
    except OSError as problem:
        inventory.opaque[relative] = f"cannot be read: {problem.strerror}"
        return 0
    cut = status.st_size > cap
    magic = next((kind for head, kind in _MAGIC if data.startswith(head)), "")
    if relative.endswith((".pyc", ".pyo")):
        inventory.opaque[relative] = "compiled Python"
        inventory.sightings.extend(compare_bytecode(path, relative, data))
    elif magic in ("zip", "tar"):
        look_into(relative, path, magic, inventory, take_text)
    elif magic:
        _note_binary(relative, magic, inventory)
    elif b"\0" in data[:8192] and not data.startswith((b"\xff\xfe", b"\xfe\xff")):
        _note_binary(relative, "binary", inventory)
    else:
        take_text(relative, data, inventory, "")
        if cut:
            inventory.partial[relative] = f"larger than {cap // 1024} KiB; its start was read"
        else:
            inventory.inspected.add(relative)
    return len(data)


def _note_binary(relative: str, magic: str, inventory: Inventory) -> None:
    inventory.opaque[relative] = magic
    if magic == "program":
        inventory.sightings.append(
            Sighting("bundled-program", relative, 1, 1, f"{relative}: compiled program")
        )
    elif magic == "pickle":
        inventory.sightings.append(
            Sighting("bundled-pickle", relative, 1, 1, f"{relative}: pickled Python objects")
        )
    elif magic == "archive":
        inventory.sightings.append(
            Sighting("opaque-archive", relative, 1, 1, f"{relative}: cannot be looked into")
        )


def take_text(relative: str, data: bytes, inventory: Inventory, inside: str) -> None:
    """Add a text to the inventory; ``inside`` names the archive it comes from."""
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        text = data.decode("utf-16", "replace")
    else:
        text = data.decode("utf-8-sig", "replace")
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    kind = kind_of(relative, data)
    inventory.texts.append(TextFile(relative, text, kind, _role_of_place(relative), inside))


def kind_of(
    relative: str, data: bytes
) -> Literal["markdown", "python", "shell", "javascript", "code", "json", "text"]:
    """Return how the text is read: by its suffix, else by its first line."""
    known = _KINDS.get(PurePosixPath(relative).suffix.lower())
    if known is None:
        shebang = _SHEBANG.match(data)
        if shebang is None:
            return "text"
        program = shebang.group(1)
        if program.startswith(b"python"):
            known = "python"
        else:
            known = "shell" if program in _SHELLS else "javascript" if program in _JS else "code"
    return known  # type: ignore[return-value]


def _role_of_place(relative: str) -> Role:
    parts = [part.lower() for part in PurePosixPath(relative).parts[:-1]]
    name = PurePosixPath(relative).name.lower()
    fixture = bool(_FIXTURE_PARTS & set(parts)) or name.startswith(("test_", "test-"))
    return Role.CAUTION if fixture else Role.INSTRUCTION
