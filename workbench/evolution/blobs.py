"""The binary content an engine handed over, in its run folder."""

from __future__ import annotations

import re
import stat
from collections.abc import Callable
from pathlib import Path

from workbench.evolution.resolve import MAX_BLOB_BYTES

_SHA = re.compile(r"[0-9a-f]{64}")


def blobs_of(run_dir: Path) -> Callable[[str], bytes | None]:
    """Return what reads the binary content an engine handed over, by its SHA-256."""

    def read(digest: str) -> bytes | None:
        if not _SHA.fullmatch(digest):
            return None
        path = run_dir / "blobs" / digest
        try:
            status = path.lstat()
            fits = stat.S_ISREG(status.st_mode) and status.st_size <= MAX_BLOB_BYTES
            return path.read_bytes() if fits else None
        except OSError:
            return None

    return read
