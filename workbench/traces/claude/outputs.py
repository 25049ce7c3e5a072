"""Outputs too large for the session file: ``<session>/tool-results/<name>``.

The record of such a result keeps a preview and the file's path ("Full output saved to: …"). The
file is added to the call's result, so that the whole output is shown and found.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from msgspec.structs import replace

from workbench.domain.trajectory import ByteSpan, Trajectory
from workbench.traces.source import SourceBytes

FOLDER: Final = "tool-results"
_NAMED: Final = re.compile(rb"tool-results(?:/|\\\\+)([\w.+-]{1,200})")
_MAX_FILES: Final = 10_000


def output_files(session: Path) -> list[Path]:
    """Return the outputs kept beside a session; links are not followed."""
    folder = session.with_suffix("") / FOLDER
    try:
        if folder.is_symlink() or folder.parent.is_symlink() or not folder.is_dir():
            return []
        found = [one for one in folder.iterdir() if one.is_file() and not one.is_symlink()]
    except OSError:
        return []
    return sorted(found)[:_MAX_FILES]


def is_output(source: SourceBytes) -> bool:
    """Whether a source is such an output and no session."""
    return source.path.parent.name == FOLDER


def with_outputs(
    made: Trajectory, sessions: Sequence[SourceBytes], outputs: Sequence[SourceBytes]
) -> Trajectory:
    """Return the trajectory, and its subagents, with the outputs their results name."""
    by_name = {output.path.name.encode(): output for output in outputs}
    children = tuple(with_outputs(child, sessions, outputs) for child in made.children)
    source = next((one for one in sessions if str(one.path) == made.sources[0].path), None)
    found = _named_in(made, source, by_name) if source is not None else {}
    if not found:
        return replace(made, children=children) if children else made
    used = list(dict.fromkeys(name for names in found.values() for name in names))
    places = {
        name: ByteSpan(len(made.sources) + at, 0, by_name[name].length)
        for at, name in enumerate(used)
    }
    steps = list(made.steps)
    for (step, call), names in found.items():
        calls = list(steps[step].tool_calls)
        kept = calls[call]
        more = tuple(places[name] for name in names)
        calls[call] = replace(kept, result=(*kept.result, *more))
        steps[step] = replace(steps[step], tool_calls=tuple(calls))
    infos = tuple(by_name[name].info() for name in used)
    return replace(made, steps=tuple(steps), sources=(*made.sources, *infos), children=children)


def _named_in(
    made: Trajectory, source: SourceBytes, by_name: dict[bytes, SourceBytes]
) -> dict[tuple[int, int], list[bytes]]:
    """Return the names of outputs in the results of each call, by places of step and call."""
    results = sorted(
        (span.offset, span.offset + span.length, step.index, at)
        for step in made.steps
        for at, call in enumerate(step.tool_calls)
        for span in call.result
    )
    starts = [start for start, *_ in results]
    found: dict[tuple[int, int], list[bytes]] = {}
    for match in _NAMED.finditer(source.data):
        name = match.group(1)
        at = bisect_right(starts, match.start()) - 1
        if name not in by_name or at < 0 or match.end() > results[at][1]:
            continue
        names = found.setdefault(results[at][2:], [])
        if name not in names:
            names.append(name)
    return found
