"""Published Claude Code traces open, add up, and lead back to their bytes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from workbench.domain.trajectory import Trajectory
from workbench.traces.importer import TraceError
from workbench.traces.index.sight import first_screen
from workbench.traces.open import OpenTrace, detect, open_traces, trace_files

pytestmark = pytest.mark.corpus

#: Quotes tried in each text of a step.
_QUOTES = 12


def _claude_files(corpus: Path) -> list[Path]:
    files = [path for path in sorted((corpus / "traces").rglob("*")) if path.is_file()]
    return [path for path in files if (detect(path) or "").startswith("claude-code")]


def _family(trace: OpenTrace) -> Iterator[OpenTrace]:
    yield trace
    for child in trace.children:
        yield from _family(child)


def _sane(found: Trajectory) -> None:
    loss = found.loss
    ignored = sum(entry.count for entry in loss.ignored)
    assert loss.lines == loss.mapped + loss.attached + loss.duplicate + ignored + len(loss.unparsed)
    assert len({step.uid for step in found.steps}) == len(found.steps)
    assert found.tool_calls == sum(len(step.tool_calls) for step in found.steps)
    assert found.messages <= loss.lines
    for step in found.steps:
        assert step.raw
        for call in step.tool_calls:
            assert (call.status == "missing") == (call.result == ())


def _quotes(texts: list[str]) -> Iterator[str]:
    for text in texts:
        lines = [line for line in text.splitlines() if line]
        for line in lines[:: max(1, len(lines) // _QUOTES)]:
            yield line
            yield line[len(line) // 3 :]


def test_every_sample_opens_and_adds_up(corpus: Path) -> None:
    opened = 0
    refused: list[str] = []
    for path in _claude_files(corpus):
        try:
            traces = open_traces(path)
        except TraceError as problem:
            refused.append(str(problem))
            continue
        for trace in traces:
            with trace:
                for one in _family(trace):
                    _sane(one.trajectory)
        first_screen(path)
        opened += 1
    assert opened > 100
    # Samples of single metadata records hold no step.
    assert all("holds no step" in problem for problem in refused)
    assert len(refused) < 10


def test_every_text_of_every_step_is_found_in_the_file(corpus: Path) -> None:
    tried = 0
    for path in _claude_files(corpus):
        try:
            traces = open_traces(path)
        except TraceError:
            continue
        for trace in traces:
            with trace:
                for one in _family(trace):
                    tried += _locate_all(one)
    assert tried > 4000


def _locate_all(trace: OpenTrace) -> int:
    tried = 0
    for step in trace.trajectory.steps:
        body = trace.body(step.index)
        texts = [body.text, body.reasoning]
        for call in body.tool_calls:
            texts += [call.arguments, call.observation or ""]
        for quote in _quotes(texts):
            span = trace.locate(step.index, quote)
            assert span is not None, (trace.path, step.index, quote)
            assert trace.text(span) == quote
            data = trace.path.read_bytes()
            assert data[span.offset : span.offset + span.length] == trace.raw(span)
            tried += 1
    return tried


def test_known_figures_of_the_edge_cases(corpus: Path) -> None:
    folder = corpus / "traces" / "agentpile-fixtures" / "claude_code"
    expected = {  # steps, calls, subagents, errors
        "api_error": (3, 0, 0, 1),
        "compaction": (5, 0, 0, 0),
        "duplicates": (4, 2, 0, 0),
        "early_result": (2, 1, 0, 0),
        "edit_branch": (4, 0, 0, 0),
        "split_interleaved": (2, 2, 0, 0),
        "subagents": (2, 4, 5, 0),
        "unpaired": (4, 1, 0, 0),
    }
    found = {}
    for name in expected:
        (trace,) = open_traces(folder / f"{name}.jsonl")
        with trace:
            one = trace.trajectory
            found[name] = (len(one.steps), one.tool_calls, len(one.children), one.errors)
    assert found == expected


def test_subagent_files_are_not_listed_as_traces_of_their_own(corpus: Path) -> None:
    found = trace_files(corpus / "traces" / "agentpile-fixtures" / "claude_code")
    assert not [path for path in found if path.name.startswith("agent-")]
    assert len(found) == 11
