"""Open traces as the JSON lines a plugin reads: our own, each trajectory in a file, texts cut."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path, PurePath

import msgspec
from msgspec.structs import replace

from workbench.domain.job import TraceLabel
from workbench.files import sha256
from workbench.traces.export_jsonl import header_of, step_lines
from workbench.traces.open import OpenTrace

#: Longer texts are cut in the middle; errors stand at the beginning or the end.
KEPT_HEAD = 20_000
KEPT_TAIL = 20_000
_encoder = msgspec.json.Encoder()


def with_children(traces: Sequence[OpenTrace]) -> tuple[OpenTrace, ...]:
    """Return the traces and all their subagents'; the children are to be closed by the caller."""
    found: list[OpenTrace] = []
    pending = list(traces)
    while pending:
        trace = pending.pop(0)
        found.append(trace)
        pending += trace.children
    return tuple(found)


def trace_ids(traces: Sequence[OpenTrace]) -> list[str]:
    """Return an id for each trace: its file's name and its own id, the same in any order.

    Folders are put before the name as far as needed to tell files apart.
    """
    paths = sorted({str(trace.path) for trace in traces})
    names = _shortest_names(paths)
    ids = [f"{names[str(trace.path)]}#{trace.trajectory.id}" for trace in traces]
    twins = {one for one, count in Counter(ids).items() if count > 1}
    if not twins:
        return ids
    # Two trajectories of one id in one file: their first step tells them apart.
    return [
        f"{one}~{sha256(_encoder.encode(trace.trajectory.steps[:1]))[:6]}" if one in twins else one
        for one, trace in zip(ids, traces, strict=True)
    ]


def write_trace(
    trace: OpenTrace,
    trace_id: str,
    path: Path,
    cancelled: Callable[[], bool] = lambda: False,
    judged: TraceLabel | None = None,
) -> None:
    """Write one trace; ``judged`` is what a person said of how it ended, in place of the recorded.

    Raises:
        TraceError: the trace cannot be read any more.
        OSError: the file cannot be written.
    """
    with path.open("wb") as stream:
        header = header_of(trace, trace_id)
        if judged is not None and judged.outcome is not None:
            header = replace(header, outcome=judged.outcome, reward=judged.score)
        stream.write(_encoder.encode(header) + b"\n")
        for step in step_lines(trace, shortened):
            if cancelled():
                return
            stream.write(_encoder.encode(step) + b"\n")


def shortened(text: str) -> tuple[str, bool]:
    """Cut the middle out of a long text; the line that says so is no part of the original."""
    if len(text) <= KEPT_HEAD + KEPT_TAIL:
        return text, False
    left_out = len(text) - KEPT_HEAD - KEPT_TAIL
    middle = f"\n[... {left_out} characters left out ...]\n"
    return text[:KEPT_HEAD] + middle + text[-KEPT_TAIL:], True


def _shortest_names(paths: Sequence[str]) -> dict[str, str]:
    """Return for each path the shortest end that no other one has."""
    names: dict[str, str] = {}
    pending = {path: PurePath(path).parts for path in paths}
    count = 1
    while pending:
        ends = {path: parts[-count:] for path, parts in pending.items()}
        seen = Counter(PurePath(path).parts[-count:] for path in paths)
        for path, end in ends.items():
            if seen[end] == 1 or count >= len(pending[path]):
                names[path] = "/".join(end).replace("//", "/")
        pending = {path: parts for path, parts in pending.items() if path not in names}
        count += 1
    return names
