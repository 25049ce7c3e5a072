"""The index over every published trace: its figures are those of the traces, part by part too."""

from __future__ import annotations

from pathlib import Path
from unittest.mock import ANY

import pytest

from workbench.traces.importer import TraceError
from workbench.traces.index.parts import APPENDABLE, Position, parts
from workbench.traces.index.query import Query, count, query
from workbench.traces.index.search import excerpt, search
from workbench.traces.index.trace_index import TraceIndex
from workbench.traces.open import detect, open_traces, trace_files
from workbench.traces.registry import importer_of
from workbench.traces.source import SourceBytes

pytestmark = pytest.mark.corpus


@pytest.mark.parametrize("size", [700, 2_000, 20_000])
def test_parts_are_the_whole(corpus: Path, size: int) -> None:
    tried = 0
    for path in trace_files(corpus / "traces"):
        format_id = detect(path)
        if format_id not in APPENDABLE:
            continue
        importer = importer_of(format_id)
        with SourceBytes(path) as source:
            whole = list(importer.skeleton([source]))
            steps: list[object] = []
            for part in parts(importer, source, Position(), size):
                if part is None:
                    break
                del steps[part.start.steps :]
                steps += part.steps
            else:
                tried += 1
                assert _without_links(steps) == _without_links(whole[0].steps), path
    assert tried > 60


def _without_links(steps: object) -> list[tuple[object, ...]]:
    """Return what the index keeps of steps; a parent can be out of sight of a part."""
    return [
        (
            *(step.index, step.uid, step.kind, step.turn, step.raw, step.metrics),
            [(call.id, call.status, call.result) for call in step.tool_calls],
        )
        for step in steps  # type: ignore[attr-defined]
    ]


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_every_trace_is_in_the_index_with_its_figures(corpus: Path, tmp_path: Path) -> None:
    folder = corpus / "traces"
    with TraceIndex(tmp_path / "traces.db") as index:
        index.watch(folder)
        report = index.sync()
        assert report.left == 0
        assert index.sync().read_bytes == 0
        rows = {
            (row.path, row.trajectory): row
            for row in query(index, Query(limit=100_000, copies=True))
        }
        assert count(index, Query(copies=True)) == len(rows)
        checked = 0
        for path in trace_files(folder):
            try:
                traces = open_traces(path)
            except TraceError:
                continue
            for trace in traces:
                with trace:
                    one = trace.trajectory
                    row = rows.get((str(path), one.id))
                    assert row is not None, (path, one.id)
                    if one.children:
                        assert row.steps >= len(one.steps)
                    else:
                        own = [step for step in one.steps if "copied" not in step.flags]
                        assert (row.steps, row.tool_calls) == (
                            len(own) - row.copied,
                            sum(len(step.tool_calls) for step in own) if not row.copied else ANY,
                        ), path
                    checked += 1
        assert checked == len(rows) > 250
        hits = search(index, "error", limit=500)
        assert len(hits) > 100
        said = [excerpt(hit, "error") for hit in hits[:100]]
        assert sum(bool(text) for text in said) > 80
