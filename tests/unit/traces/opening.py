"""What the tests of the formats share: fixtures written to a file and opened whole."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from workbench.traces.open import OpenTrace, open_traces
from workbench.traces.registry import best_importer
from workbench.traces.source import probe_bytes


def lines(*records: Any) -> bytes:
    """Return records as JSON lines; bytes stay as they are."""
    return b"".join(
        (one if isinstance(one, bytes) else json.dumps(one).encode()) + b"\n" for one in records
    )


def format_of(data: bytes) -> str | None:
    """Return the id of the format detection chooses."""
    importer = best_importer(probe_bytes(data))
    return importer.id if importer else None


@contextmanager
def opened(folder: Path, data: bytes | object, name: str = "trace") -> Iterator[OpenTrace]:
    """Write a file and open its only trajectory."""
    with opened_all(folder, data, name) as traces:
        (trace,) = traces
        yield trace


@contextmanager
def opened_all(
    folder: Path, data: bytes | object, name: str = "trace"
) -> Iterator[Sequence[OpenTrace]]:
    """Write a file and open all its trajectories."""
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data if isinstance(data, bytes) else json.dumps(data).encode())
    traces = open_traces(path)
    try:
        yield traces
    finally:
        for trace in traces:
            trace.close()


def kinds(trace: OpenTrace) -> list[str]:
    """Return the kind of each step."""
    return [step.kind for step in trace.trajectory.steps]


def ignored(trace: OpenTrace) -> dict[str, int]:
    """Return the ledger's records that were left out or shown raw."""
    return {entry.kind: entry.count for entry in trace.trajectory.loss.ignored}


def every_text_is_found(trace: OpenTrace) -> int:
    """Check that each text of each step leads to bytes that decode to it; return how many."""
    tried = 0
    for step in trace.trajectory.steps:
        body = trace.body(step.index)
        texts = [*body.text.split("\n\n"), *body.reasoning.split("\n\n")]
        for call in body.tool_calls:
            texts += [call.arguments, *(call.observation or "").split("\n\n")]
        for text in filter(None, texts):
            span = trace.locate(step.index, text)
            assert span is not None, (step.index, text)
            assert trace.text(span) == text
            tried += 1
    return tried
