"""A small library on disk with its snapshot, and a trace file whose quotes can be located."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

from workbench.domain.proposal import BaseFile
from workbench.domain.trajectory import (
    ByteSpan,
    Loss,
    Metrics,
    Step,
    TraceSource,
    Trajectory,
)
from workbench.evolution.snapshot import LibrarySnapshot
from workbench.files import sha256
from workbench.traces.evidence import locate_quote

SKILL_MD = (
    "---\nname: pdf\ndescription: Reads PDF files\n---\n# PDF\n\n"
    "## Steps\n\nRun `pdftotext`.\n\n## Known pitfalls\n\n- first\n"
)


def make_library(folder: Path, files: dict[str, bytes] | None = None) -> Path:
    """Write a library; by default one skill ``pdf`` with a script."""
    chosen = files or {
        "pdf/SKILL.md": SKILL_MD.encode(),
        "pdf/scripts/run.sh": b"#!/bin/sh\necho run\n",
        "pdf/references/fields.md": b"# Fields\r\n\r\nText.\r\n",
    }
    for path, data in chosen.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(data)
    script = folder / "pdf/scripts/run.sh"
    if script.exists():
        script.chmod(0o755)
    return folder


def snapshot_of(library: Path, copy: Path) -> LibrarySnapshot:
    """Copy a library and return the snapshot, made here without the code under test."""
    shutil.copytree(library, copy)
    files = {
        file.relative_to(library).as_posix(): BaseFile(
            file.relative_to(library).as_posix(),
            sha256(file.read_bytes()),
            "100755" if file.stat().st_mode & 0o100 else "100644",
        )
        for file in sorted(library.rglob("*"))
        if file.is_file()
    }
    skills = tuple(path.removesuffix("/SKILL.md") for path in files if path.endswith("/SKILL.md"))
    return LibrarySnapshot(str(library), str(copy), skills, files)


class FileTrace:
    """A trace of JSON lines ``{"text": ..., "output": ...}``, one step a line."""

    def __init__(self, path: Path, steps: list[dict[str, str]]) -> None:
        path.write_text("".join(json.dumps(step) + "\n" for step in steps), encoding="utf-8")
        self.path = path
        spans = []
        offset = 0
        for line in path.read_bytes().splitlines(keepends=True):
            spans.append(ByteSpan(0, offset, len(line)))
            offset += len(line)
        status = path.stat()
        self.trajectory = Trajectory(
            id="t",
            format="test",
            format_version=None,
            agent=None,
            model=None,
            sources=(TraceSource(str(path), status.st_size, status.st_mtime_ns, status.st_ino),),
            steps=tuple(
                Step(number, f"uid-{number}", "agent", "", (span,), tool_calls=())
                for number, span in enumerate(spans)
            ),
            totals=Metrics(),
            loss=Loss(),
        )

    def locate(self, index: int, quote: str) -> ByteSpan | None:
        span = self.trajectory.steps[index].raw[0]
        data = self.path.read_bytes()[span.offset : span.offset + span.length]
        return locate_quote([(span, data)], quote)


__all__ = ["SKILL_MD", "FileTrace", "make_library", "snapshot_of"]
