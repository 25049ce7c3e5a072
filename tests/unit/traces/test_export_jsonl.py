"""Our own JSON lines: what is written is read back as the same trajectory."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.unit.plugin.schema_subset import problems
from tests.unit.traces.opening import every_text_is_found, format_of, lines, opened, opened_all
from tests.unit.traces.same_trajectory import told
from tests.unit.traces.test_export_atif import CODEX
from workbench.domain.trace_lines import (
    TraceCall,
    TraceHeader,
    TraceLoss,
    TraceSkillEvent,
    TraceStep,
    TraceUnparsed,
)
from workbench.domain.trajectory import LossEntry, Metrics, Score
from workbench.evolution.trace_lines import write_trace
from workbench.resources import bundled
from workbench.traces.export_jsonl import export_jsonl
from workbench.traces.importer import TraceError
from workbench.traces.open import OpenTrace, open_traces, trace_files
from workbench.traces.redact.files import redact_file
from workbench.traces.redact.redactor import Redactor

HEADER: dict[str, Any] = {
    "id": "t",
    "format": "goose",
    "agent": "goose",
    "model": None,
    "task": None,
    "title": "",
    "outcome": "unknown",
    "reward": None,
    "schema": "skill-workbench/trajectory/1",
}


def step(index: int, kind: str = "user", text: str = "Hi", **fields: Any) -> dict[str, Any]:
    return {"index": index, "uid": f"u{index}", "kind": kind, "text": text, **fields}


def call(name: str = "shell", **fields: Any) -> dict[str, Any]:
    base = {"id": "c", "name": name, "argument": "ls", "arguments": '{"command":"ls"}'}
    return {**base, "status": "ok", "exit_code": 0, "observation": "a\nb", **fields}


def again(trace: OpenTrace, folder: Path) -> dict[str, Any]:
    """Export a trace, open the file, and return what it says."""
    out = folder / "again.jsonl"
    assert export_jsonl(trace, out)
    (read,) = open_traces(out)
    with read:
        assert read.trajectory.format == "skill-workbench"
        was = trace.trajectory
        assert read.trajectory.converted_from == (was.converted_from or was.format)
        return told(read)


def test_a_session_read_back_is_the_same(tmp_path: Path) -> None:
    with opened(tmp_path, lines(*CODEX)) as trace:
        assert again(trace, tmp_path) == told(trace)


@pytest.mark.parametrize("path", trace_files(bundled("resources") / "example" / "traces"))
def test_an_example_read_back_is_the_same(path: Path, tmp_path: Path) -> None:
    for trace in open_traces(path):
        with trace:
            assert again(trace, tmp_path) == told(trace)


@pytest.mark.corpus
def test_every_sample_read_back_is_the_same(corpus: Path, tmp_path: Path) -> None:
    compared = 0
    for path in trace_files(corpus / "traces"):
        try:
            traces = open_traces(path)
        except TraceError:
            continue  # a record without a step
        for trace in traces:
            with trace:
                assert again(trace, tmp_path) == told(trace), path
                compared += 1
    assert compared > 300


_texts = st.text(max_size=40)
_maybe = st.none() | _texts
_counts = st.none() | st.integers(0, 2**40)
_metrics = st.builds(
    Metrics, input=_counts, output=_counts, cached=_counts, cost_usd=st.none() | st.floats(0, 1e9)
)
_calls = st.builds(
    TraceCall,
    id=_texts,
    name=_texts,
    argument=_texts,
    arguments=_texts,
    status=st.sampled_from(["ok", "error", "missing", "running", "rejected", "cancelled"]),
    exit_code=st.none() | st.integers(-255, 255),
    observation=_maybe,
    duration_s=st.none() | st.floats(0, 1e6),
    sub=_maybe,
    files=st.lists(_texts, max_size=2).map(tuple),
    media=st.lists(_texts, max_size=2).map(tuple),
)
_events = st.builds(
    TraceSkillEvent,
    skill=_texts,
    kind=st.sampled_from(["listed", "loaded", "load_failed", "edited"]),
    trigger=st.sampled_from(["model", "slash", "unknown"]),
    confidence=st.sampled_from(["explicit", "strong", "weak"]),
    path=_maybe,
    detail=_texts,
    quote=_texts,
)
_steps = st.builds(
    TraceStep,
    index=st.integers(0, 9),
    uid=_texts,
    kind=st.sampled_from(["user", "agent", "system", "context", "event"]),
    text=_texts,
    turn=st.integers(0, 9),
    time=_maybe,
    calls=st.lists(_calls, max_size=3).map(tuple),
    flags=st.lists(st.sampled_from(["copied", "injected", "sidechain"]), max_size=2).map(tuple),
    reasoning=_texts,
    preview=_maybe,
    label=_texts,
    model=_maybe,
    parent=_maybe,
    metrics=st.none() | _metrics,
    media=st.lists(_texts, max_size=2).map(tuple),
    notes=st.lists(_texts, max_size=2).map(tuple),
    skill_events=st.lists(_events, max_size=2).map(tuple),
)
_losses = st.builds(
    TraceLoss,
    lines=st.integers(0, 99),
    mapped=st.integers(0, 99),
    ignored=st.lists(st.builds(LossEntry, kind=_texts, count=st.integers(1, 9)), max_size=2).map(
        tuple
    ),
    unparsed=st.lists(st.builds(TraceUnparsed, text=_texts), max_size=2).map(tuple),
)
_headers = st.builds(
    TraceHeader,
    id=_texts,
    format=st.sampled_from(["goose", "aider", "x"]),
    agent=_maybe,
    model=_maybe,
    task=st.none(),
    title=_texts,
    outcome=st.sampled_from(["pass", "fail", "unknown"]),
    reward=st.none() | st.floats(-10, 10),
    depth=st.integers(0, 3),
    session=_maybe,
    parent=_maybe,
    cwd=_maybe,
    started=_maybe,
    complete=st.booleans(),
    messages=st.none() | st.integers(0, 99),
    errors=st.none() | st.integers(0, 99),
    totals=st.none() | _metrics,
    tests_passed=_counts,
    tests_total=_counts,
    outcome_reason=_texts,
    scores=st.lists(
        st.builds(Score, name=_texts, value=st.none() | st.floats(-9, 9), text=_texts), max_size=2
    ).map(tuple),
    skipped=st.integers(0, 9),
    loss=st.none() | _losses,
)


@given(st.lists(st.tuples(_headers, st.lists(_steps, max_size=4)), min_size=1, max_size=5))
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_any_trajectory_read_back_is_the_same(
    tmp_path_factory: pytest.TempPathFactory, made: list[tuple[TraceHeader, list[TraceStep]]]
) -> None:
    folder = tmp_path_factory.mktemp("own")
    records = [one for header, steps in made for one in (header, *steps)]
    data = b"".join(msgspec.json.encode(record) + b"\n" for record in records)
    with opened_all(folder, data) as traces:
        assert len(traces) == 1 + sum(header.depth == 0 for header, _ in made[1:])
        for trace in traces:
            assert again(trace, folder) == told(trace)


def test_a_few_lines_of_another_program_are_a_trajectory(tmp_path: Path) -> None:
    data = lines(
        HEADER,
        step(0, time="2026-05-01T10:00:00Z", extra_field=1),
        step(1, "agent", "I look.", calls=[call()], metrics={"input": 5, "output": 2}),
        step(2, "agent", calls=[call(status="error", exit_code=1), call(observation=None)]),
    )
    with opened(tmp_path, data) as trace:
        found = trace.trajectory
        assert (found.title, found.started) == ("Hi", "2026-05-01T10:00:00Z")
        assert (found.messages, found.tool_calls, found.errors) == (3, 3, 1)
        assert (found.totals.input, found.totals.output) == (5, 2)
        assert [step.parent_uid for step in found.steps] == [None, "u0", "u1"]
        ids = [call.id for step in found.steps for call in step.tool_calls]
        assert len(set(ids)) == 3
        first = found.steps[1].tool_calls[0]
        assert [trace.text(span) for span in first.result] == ['"a\\nb"']
        assert found.steps[2].tool_calls[1].result == ()
        assert every_text_is_found(trace) == 8
        assert found.complete


def test_subagents_follow_their_parents(tmp_path: Path) -> None:
    def run(name: str, depth: int) -> list[dict[str, Any]]:
        return [{**HEADER, "id": name, "depth": depth}, step(0, text=name)]

    data = lines(*run("a", 0), *run("a1", 1), *run("a11", 2), *run("a2", 9), *run("b", 0))
    with opened_all(tmp_path, data) as (first, second):
        assert [child.trajectory.id for child in first.children] == ["a1"]
        below = first.children[0]
        assert [child.trajectory.id for child in below.children] == ["a11"]
        assert below.children[0].children[0].trajectory.parent == "a11"
        assert below.children[0].children[0].body(0).text == "a2"
        assert second.trajectory.id == "b"


def test_nesting_without_end_is_cut(tmp_path: Path) -> None:
    data = lines(
        *(
            record
            for depth in range(300)
            for record in ({**HEADER, "id": f"a{depth}", "depth": depth}, step(0))
        )
    )
    with opened(tmp_path, data) as trace:
        said = told(trace)
        assert again(trace, tmp_path) == said
        assert str(said).count("'index': 0") >= 300


def test_lines_of_another_shape_are_shown_and_counted(tmp_path: Path) -> None:
    data = lines(HEADER, step(0), {"x": 1}, step(1, "poem"), b"noise", step(2)) + b'{"index":3,"ui'
    with opened(tmp_path, data) as trace:
        found = trace.trajectory
        assert [step.kind for step in found.steps] == ["user", "event", "event", "user"]
        assert trace.body(1).text == '{"x": 1}'
        assert found.loss.mapped == 2
        assert {entry.kind for entry in found.loss.ignored} == {
            "a line of another shape",
            "kind poem",
        }
        assert [trace.text(span) for span in found.loss.unparsed] == ["noise", '{"index":3,"ui']
        assert not found.complete


def test_evidence_of_skills_leads_to_its_words(tmp_path: Path) -> None:
    event = {"skill": "pdf", "kind": "loaded", "quote": 'Base "directory"'}
    with opened(tmp_path, lines(HEADER, step(0, skill_events=[event]))) as trace:
        (found,) = trace.trajectory.skill_events
        assert trace.text(found.evidence) == 'Base "directory"'


def test_detection_goes_by_the_schema() -> None:
    assert format_of(lines(HEADER, step(0))) == "skill-workbench"
    assert format_of(lines({**HEADER, "schema": "other/1"}, step(0))) != "skill-workbench"


def test_every_line_fits_the_published_schemas(tmp_path: Path) -> None:
    folder = bundled("resources") / "schemas"
    schemas = [
        json.loads((folder / f"plugin-trace-{name}.json").read_text())
        for name in ("header", "step")
    ]
    out = tmp_path / "out.jsonl"
    with opened(tmp_path, lines(*CODEX)) as trace:
        export_jsonl(trace, out)
    header, *steps = map(json.loads, out.read_text().splitlines())
    assert header["schema"] == "skill-workbench/trajectory/1"
    assert problems(header, schemas[0]) == []
    assert [problems(one, schemas[1]) for one in steps] == [[] for _ in steps]
    assert problems({"index": 0}, schemas[1]) != []


def test_what_plugins_are_given_is_the_same_format(tmp_path: Path) -> None:
    given = tmp_path / "given.jsonl"
    with opened(tmp_path, lines(HEADER, step(0, text="x" * 100_000), step(1))) as trace:
        write_trace(trace, "trace#1", given)
    (read,) = open_traces(given)
    with read:
        assert (read.trajectory.id, read.trajectory.converted_from) == ("trace#1", "goose")
        assert [one.flags for one in read.trajectory.steps] == [("truncated",), ()]
        assert "characters left out" in read.body(0).text


def test_a_redacted_copy_opens_with_the_same_steps(tmp_path: Path) -> None:
    data = lines(HEADER, step(0, text="to ann@firm.org", calls=[call(observation="ann@firm.org")]))
    with opened(tmp_path, data):
        redact_file(tmp_path / "trace", tmp_path / "copy", Redactor())
    (copy,) = open_traces(tmp_path / "copy")
    with copy:
        assert copy.trajectory.format == "skill-workbench"
        assert copy.body(0).text == "to REDACTED_MAIL_1"
        assert copy.body(0).tool_calls[0].observation == "REDACTED_MAIL_1"


def test_an_export_that_is_stopped_leaves_the_old_file(tmp_path: Path) -> None:
    out = tmp_path / "out.jsonl"
    out.write_text("old")
    with opened(tmp_path, lines(HEADER, step(0), step(1))) as trace:
        fractions: list[float] = []
        assert not export_jsonl(
            trace, out, stopped=lambda: bool(fractions), progress=fractions.append
        )
        assert out.read_text() == "old"
        assert export_jsonl(trace, out, progress=fractions.append)
    assert fractions == [0.5, 0.5, 1.0]
    assert sorted(file.name for file in tmp_path.iterdir()) == ["out.jsonl", "trace"]
    assert [json.loads(line).get("index") for line in out.read_text().splitlines()] == [None, 0, 1]


def test_an_export_that_cannot_be_written_says_so(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with (
        opened(tmp_path, lines(HEADER, step(0))) as trace,
        pytest.raises(TraceError, match="Cannot write"),
    ):
        export_jsonl(trace, tmp_path / "file" / "out.jsonl")
