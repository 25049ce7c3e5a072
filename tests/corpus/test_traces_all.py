"""Every published file is either a trace that opens or is told to be none."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from workbench.traces.importer import TraceError
from workbench.traces.open import detect, open_traces

pytestmark = pytest.mark.corpus


def test_no_file_of_the_corpus_makes_the_reader_fail(corpus: Path) -> None:
    formats: Counter[str] = Counter()
    for path in sorted(corpus.rglob("*")):
        if not path.is_file() or "skills" in path.relative_to(corpus).parts[:1]:
            continue
        found = detect(path)
        if found is None:
            with pytest.raises(TraceError):
                open_traces(path)
            continue
        try:
            traces = open_traces(path)
        except TraceError:
            continue
        formats[found] += 1
        for trace in traces:
            with trace:
                for step in trace.trajectory.steps:
                    trace.body(step.index)
    assert formats["claude-code"] > 100


def test_no_skill_is_taken_for_a_trace(corpus: Path) -> None:
    taken = [
        path
        for path in sorted((corpus / "skills").rglob("*"))
        if path.is_file() and not path.is_symlink() and detect(path) is not None
    ]
    assert taken == []
