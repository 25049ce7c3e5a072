"""Outcomes people attached, in lists and counts of indexed sessions."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.unit.traces.claude_records import Session, text
from workbench.store.annotations import AnnotationStore
from workbench.traces.index.facets import facet_groups
from workbench.traces.index.query import Query, count, query
from workbench.traces.index.trace_index import TraceIndex
from workbench.traces.open import open_traces
from workbench.usage.annotated import anchor_of
from workbench.usage.indexed_outcomes import judged_query, said_of
from workbench.usage.outcomes import AttachedOutcomes

NOW = "2026-03-01T10:00:00Z"


@pytest.fixture
def index(tmp_path: Path) -> Iterator[TraceIndex]:
    folder = tmp_path / "traces"
    folder.mkdir()
    for word in ("one", "two", "three"):
        made = Session()
        made.prompt(f"Find {word}")
        made.says(text("Done."))
        for record in made.records:
            record["sessionId"] = f"session-{word}"
        made.write(folder, f"{word}.jsonl")
    with TraceIndex(tmp_path / "index.db") as made_index:
        made_index.watch(folder)
        made_index.sync()
        yield made_index


def attached(index: TraceIndex, tmp_path: Path, **given: str) -> AttachedOutcomes:
    store = AnnotationStore(tmp_path / "annotations.jsonl")
    for word, outcome in given.items():
        with open_traces(tmp_path / "traces" / f"{word}.jsonl")[0] as trace:
            store.attach(anchor_of(trace), NOW, "", outcome=outcome, score=None, note="", author="")
    return AttachedOutcomes(store.all())


def outcomes(index: TraceIndex, wanted: Query) -> dict[str, int]:
    group = next(one for one in facet_groups(index, wanted) if one.dimension == "outcome")
    return {one.value: one.count for one in group.choices}


def test_attached_outcomes_are_counted_filtered_and_sorted_by(
    index: TraceIndex, tmp_path: Path
) -> None:
    said = attached(index, tmp_path, one="pass", two="fail")
    wanted = judged_query(index, Query(), said)
    assert outcomes(index, Query()) == {"unknown": 3}
    assert outcomes(index, wanted) == {"fail": 1, "pass": 1, "unknown": 1}
    passed = judged_query(index, Query(outcomes=("pass",)), said)
    assert [Path(row.path).name for row in query(index, passed)] == ["one.jsonl"]
    assert count(index, judged_query(index, Query(outcomes=("unknown",)), said)) == 1
    # A choice leaves its own group as it is.
    assert outcomes(index, passed) == {"fail": 1, "pass": 1, "unknown": 1}
    order = judged_query(index, Query(order="outcome", descending=False), said)
    names = [Path(row.path).stem for row in query(index, order)]
    assert names == ["two", "one", "three"]


def test_an_outcome_of_another_file_with_the_same_id_is_not_taken(
    index: TraceIndex, tmp_path: Path
) -> None:
    said = attached(index, tmp_path, one="pass")
    ((row, outcome),) = said_of(index, said)
    (found,) = query(index, Query(named="one.jsonl"))
    assert (row, outcome) == (found.id, "pass")


def test_nothing_attached_asks_as_before(index: TraceIndex) -> None:
    assert judged_query(index, Query(), AttachedOutcomes()) == Query()
