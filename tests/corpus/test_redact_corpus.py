"""Redacted copies of every published trace open as their originals do."""

from __future__ import annotations

from pathlib import Path

import pytest

from workbench.traces.importer import TraceError
from workbench.traces.open import detect, open_traces, trace_files
from workbench.traces.redact.files import redact_file
from workbench.traces.redact.redactor import Redactor
from workbench.traces.registry import importer_of

pytestmark = pytest.mark.corpus


@pytest.mark.slow
@pytest.mark.timeout(240)
def test_copies_open_with_the_same_steps(corpus: Path, tmp_path: Path) -> None:
    copied = 0
    for number, path in enumerate(trace_files(corpus / "traces")):
        out = tmp_path / str(number)
        if b"\0" in path.read_bytes()[:8192] or _has_companions(path):
            continue
        made = redact_file(path, out, Redactor())
        copied += 1
        again = redact_file(out, tmp_path / f"{number}.again", Redactor())
        assert again.hits == (), path
        assert detect(out) == detect(path)
        before, after = _shape(path), _shape(out)
        assert after == before, path
        assert made.lines == again.lines
        out.unlink()
    assert copied > 200


def _shape(path: Path) -> list[tuple[str, int, int]]:
    try:
        traces = open_traces(path)
    except TraceError:
        return []
    shape = []
    for trace in traces:
        with trace:
            one = trace.trajectory
            shape.append((one.format, one.tool_calls, one.errors))
            shape += [(step.kind, len(step.tool_calls), 0) for step in one.steps]
            shape[-1] = (*shape[-1][:2], len(one.loss.unparsed))
    return shape


def _has_companions(path: Path) -> bool:
    """Whether a copy of this file alone is not all of the trace."""
    format_id = detect(path)
    return format_id is not None and bool(importer_of(format_id).companions(path))
