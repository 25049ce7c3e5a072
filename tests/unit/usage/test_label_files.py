"""Files of labels and outcomes that others wrote: read, or refused in words."""

from __future__ import annotations

import contextlib
import json
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from workbench.domain.trajectory import Loss, Metrics, TraceSource, Trajectory
from workbench.files import FileProblem
from workbench.usage.label_sets import read_label_set
from workbench.usage.outcome_files import match_outcomes, read_outcomes

_ANY = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)


@_ANY
@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "file"
    path.write_bytes(data)
    for read in (read_label_set, read_outcomes):
        with contextlib.suppress(FileProblem):
            assert isinstance(read(path), tuple)


_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["session", "outcome", "score", "outcomes", "note", "x"]),
            inner,
            max_size=4,
        )
    ),
    max_leaves=8,
)


@_ANY
@given(_VALUES)
def test_any_json_is_read_or_refused(tmp_path: Path, value: object) -> None:
    path = tmp_path / "file"
    path.write_text(json.dumps(value))
    try:
        rows = read_outcomes(path)
    except FileProblem:
        return
    assert all(row.key and row.status for row in rows)


def _trace(path: Path, name: str, session: str | None = None) -> Trajectory:
    source = TraceSource(str(path), 0, 0, 0)
    return Trajectory(
        name, "f", None, None, None, (source,), (), Metrics(), Loss(), session=session
    )


@pytest.mark.parametrize(
    ("key", "wanted"),
    [
        ("a/run.json", [0]),
        ("s2", [1]),
        ("b/run.json", [1]),
        ("run.json", []),
        ("run", []),
        ("x", []),
    ],
)
def test_a_row_means_one_trace_or_none(tmp_path: Path, key: str, wanted: list[int]) -> None:
    traces = [
        _trace(tmp_path / "a" / "run.json", "run"),
        _trace(tmp_path / "b" / "run.json", "run", "s2"),
    ]
    file = tmp_path / "outcomes.csv"
    file.write_text(f"path,outcome\n{key},pass\n")
    matched, problems = match_outcomes(read_outcomes(file), traces, tmp_path)
    assert [traces.index(one.trajectory) for one in matched] == wanted
    assert len(problems) == 1 - len(wanted)
