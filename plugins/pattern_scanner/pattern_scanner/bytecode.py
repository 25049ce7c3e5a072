"""Compiled Python beside its source: compared by its header, never loaded."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from pattern_scanner.model import Sighting

_CACHED = re.compile(r"^(.+?)(?:\.(?:cpython|pypy)-?[\w.-]+?)?(?:\.opt-\d)?\.py[co]$")
_TELLING = re.compile(
    rb"\b(urlopen|urllib|requests|socket|subprocess|environ|b64decode|system|popen|exec|eval)\b"
)


def compare_bytecode(path: Path, relative: str, data: bytes) -> Iterator[Sighting]:
    """Yield a sighting when bytecode has no source, or does not match it.

    The header (PEP 552) holds the size of the source; the names the code uses are in it as text.
    """
    source = _source_of(path)
    if source is None:
        yield Sighting(
            "bytecode-without-source", relative, 1, 1, f"{relative}: compiled code, no source"
        )
        return
    try:
        text = source.read_bytes()[: 4 * 1024 * 1024]
    except OSError:
        return
    names = {match.group(1) for match in _TELLING.finditer(data)}
    new = sorted(name.decode() for name in names if name not in text)
    flags = int.from_bytes(data[4:8], "little")
    size = int.from_bytes(data[12:16], "little")
    if new:
        evidence = f"{relative} uses {', '.join(new)}; {source.name} does not"
        yield Sighting("bytecode-differs", relative, 1, 1, evidence, severity="high")
    elif len(data) >= 16 and flags == 0 and size != len(text) & 0xFFFFFFFF:
        evidence = f"{relative} was compiled from {size} bytes; {source.name} has {len(text)}"
        yield Sighting("bytecode-differs", relative, 1, 1, evidence)


def _source_of(path: Path) -> Path | None:
    named = _CACHED.match(path.name)
    if named is None:
        return None
    folder = path.parent.parent if path.parent.name == "__pycache__" else path.parent
    source = folder / f"{named.group(1)}.py"
    return source if source.is_file() and not source.is_symlink() else None
