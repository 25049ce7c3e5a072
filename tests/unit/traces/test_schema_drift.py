"""Formats change without notice: every importer meets keys, kinds and types it never saw."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.unit.traces.opening import format_of
from tests.unit.traces.smallest import SMALLEST, UNKNOWN, Lines, written
from workbench.domain.trajectory import Trajectory
from workbench.traces.importer import TraceError
from workbench.traces.open import open_traces
from workbench.traces.registry import importers

#: A benchmark's folder and dialects of formats that are here, with tests of their own.
_ELSEWHERE = {"harbor-trial", "gemini-telemetry", "iflow", "qwen-code"}
#: Of traces of spans those are shown that say something; the others are counted alone.
_SPANS = {"langfuse", "langsmith", "otlp"}
_EACH = pytest.mark.parametrize("format_id", SMALLEST)


def test_every_format_is_here() -> None:
    assert {one.id for one in importers()} - _ELSEWHERE == set(SMALLEST) == set(UNKNOWN)


def _read(path: Path, value: Any) -> tuple[Trajectory, ...] | None:
    """Read a file and every body of it; None when its format is not known any more."""
    data = written(value)
    if format_of(data) is None:
        return None
    path.write_bytes(data)
    traces = open_traces(path)
    try:
        for trace in traces:
            for step in trace.trajectory.steps:
                trace.body(step.index)
                for span in step.raw:
                    assert trace.raw(span)
    finally:
        for trace in traces:
            trace.close()
    return tuple(trace.trajectory for trace in traces)


def _steps(traces: tuple[Trajectory, ...] | None) -> int:
    assert traces is not None
    return sum(len(one.steps) + _steps(one.children) for one in traces)


def _ignored(traces: tuple[Trajectory, ...] | None) -> int:
    assert traces is not None
    return sum(
        sum(entry.count for entry in (*one.loss.ignored, *one.loss.lost_fields))
        + _ignored(one.children)
        for one in traces
    )


def _objects(value: Any) -> Iterator[dict[str, Any]]:
    if isinstance(value, dict):
        yield value
        for inner in list(value.values()):
            yield from _objects(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _objects(inner)


@_EACH
def test_the_smallest_trace_is_told_by_its_content_and_read(format_id: str, tmp_path: Path) -> None:
    assert format_of(written(SMALLEST[format_id])) == format_id
    assert _steps(_read(tmp_path / "trace", SMALLEST[format_id])) > 0


@_EACH
def test_unknown_keys_everywhere_change_nothing(format_id: str, tmp_path: Path) -> None:
    value = copy.deepcopy(SMALLEST[format_id])
    for found in list(_objects(value)):
        if "key" not in found:  # pairs of OpenTelemetry are no objects of keys
            found["xNew9"] = {"deep": [1, None, {"er": "x"}]}
    before = _read(tmp_path / "before", SMALLEST[format_id])
    after = _read(tmp_path / "after", value)
    assert before is not None
    assert after is not None
    shown = [[(s.kind, s.label, s.turn) for s in one.steps] for one in before]
    assert [[(s.kind, s.label, s.turn) for s in one.steps] for one in after] == shown


@_EACH
def test_a_record_of_an_unknown_kind_is_shown_and_counted(format_id: str, tmp_path: Path) -> None:
    value = copy.deepcopy(SMALLEST[format_id])
    UNKNOWN[format_id](value)
    before = _read(tmp_path / "before", SMALLEST[format_id])
    after = _read(tmp_path / "after", value)
    assert _steps(after) > _steps(before) - (format_id in _SPANS)
    assert _ignored(after) > _ignored(before)


@_EACH
def test_any_optional_key_may_be_absent(format_id: str, tmp_path: Path) -> None:
    whole = SMALLEST[format_id]
    count = 0
    for number, found in enumerate(_objects(whole)):
        for key in found:
            value = copy.deepcopy(whole)
            del list(_objects(value))[number][key]
            _stands(tmp_path / "trace", value)
            count += 1
            if count > 250:
                return


_OTHERS: tuple[Callable[[Any], Any], ...] = (
    lambda old: None,
    lambda old: [old],
    lambda old: {"value": old},
    lambda old: 7.5 if isinstance(old, str) else str(old),
    lambda old: True,
    lambda old: -(10**30),
)


@_EACH
@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(data=st.data())
def test_values_of_other_types_never_make_it_fail(
    format_id: str, tmp_path: Path, data: st.DataObject
) -> None:
    value = copy.deepcopy(SMALLEST[format_id])
    for _ in range(data.draw(st.integers(1, 4))):
        objects = [one for one in _objects(value) if one]
        if not objects:
            break
        found = objects[data.draw(st.integers(0, len(objects) - 1))]
        key = data.draw(st.sampled_from(sorted(found)))
        found[key] = data.draw(st.sampled_from(_OTHERS))(found[key])
    _stands(tmp_path / "trace", value)


@_EACH
@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(data=st.data())
def test_bytes_changed_anywhere_never_make_it_fail(
    format_id: str, tmp_path: Path, data: st.DataObject
) -> None:
    whole = bytearray(written(SMALLEST[format_id]))
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(whole) - 1))
        whole[at : at + data.draw(st.integers(0, 40))] = data.draw(st.binary(max_size=3))
        if not whole:
            return
    path = tmp_path / "trace"
    path.write_bytes(bytes(whole))
    try:
        traces = open_traces(path)
    except TraceError:
        return
    for trace in traces:
        with trace:
            for step in trace.trajectory.steps:
                trace.body(step.index)


def _stands(path: Path, value: Any) -> None:
    """Read a value that drifted: it may be known no more, or hold no step; nothing else."""
    said = ""
    try:
        _read(path, value if isinstance(value, (Lines, list, dict)) else [value])
    except TraceError as problem:
        said = str(problem)
    assert not said or "holds no step" in said
