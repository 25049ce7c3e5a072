"""A file of a foreign format, opened through the JSON lines that a plugin made of it."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from workbench.traces.importer import Progress, TraceError
from workbench.traces.open import OpenTrace, SharedSources
from workbench.traces.registry import importer_of
from workbench.traces.source import SourceBytes

_OURS: Final = "skill-workbench"


def open_converted(
    original: Path, lines: Path, progress: Progress | None = None
) -> tuple[OpenTrace, ...]:
    """Open the trajectories of a foreign file.

    The original is the first source of each: its path is the trace's, and where the lines say which
    bytes of it a step was made of, the step leads there.

    Raises:
        TraceError: one of the files cannot be read, or the lines hold no trajectory.
    """
    importer = importer_of(_OURS)
    sources = [SourceBytes(original)]
    try:
        sources.append(SourceBytes(lines))
        found = tuple(importer.skeleton(sources, progress))
        if not found:
            raise TraceError(f"What a plugin made of {original} holds no trace.")
    except BaseException:
        for source in sources:
            source.close()
        raise
    shared = SharedSources(sources)
    return tuple(OpenTrace(one, importer, shared) for one in found)
