"""Members of groups from the index: the same figures as of the traces themselves."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.traces.claude_records import Session, call, text, usage
from workbench.store.annotations import AnnotationStore
from workbench.traces.index.query import Query
from workbench.traces.index.trace_index import TraceIndex
from workbench.traces.open import open_traces
from workbench.traces.prices import PriceTable
from workbench.usage.annotated import anchor_of
from workbench.usage.cohorts import member_of, split, split_members
from workbench.usage.indexed_members import indexed_sessions
from workbench.usage.outcomes import AttachedOutcomes

PRICES = PriceTable.load()


@pytest.fixture
def files(tmp_path: Path) -> list[Path]:
    folder = tmp_path / "traces"
    folder.mkdir()
    made = []
    for number in range(6):
        one = Session()
        one.prompt(f"Find the animal of /repo/{number % 2}")
        model = ("claude-opus-4-5", "unheard-of-model")[number % 2]
        one.says(
            text("Looking."),
            call("t1", "Bash", command="make"),
            usage=usage(1000 * number, 500, 20),
            model=model,
        )
        one.result("t1", "boom", error=number % 3 == 0)
        if number % 2:
            one.says(call("t2", "Skill", skill="plug:pdf"))
            one.result("t2", "Launching skill: pdf")
            one.says(call("t3", "Task", prompt="look", description="d"))
            one.prompt("look", isSidechain=True, parent=None)
            one.says(text("I look"), isSidechain=True, usage=usage(7, 9, 0), model=model)
        for record in one.records:
            record["sessionId"] = f"session-{number}"
            record["uuid"] = f"{number}-{record['uuid']}"
            record["parentUuid"] = record["parentUuid"] and f"{number}-{record['parentUuid']}"
        made.append(one.write(folder, f"{number}.jsonl"))
    return made


@pytest.fixture
def index(tmp_path: Path, files: list[Path]) -> TraceIndex:
    made = TraceIndex(tmp_path / "index.db", PRICES)
    made.watch(files[0].parent)
    made.sync()
    return made


def test_figures_are_those_of_the_traces(index: TraceIndex, files: list[Path]) -> None:
    with index:
        found = {
            one.member.path: one for one in indexed_sessions(index, Query(), AttachedOutcomes())
        }
    assert set(found) == set(map(str, files))
    for path in files:
        with open_traces(path)[0] as trace:
            whole = member_of(trace.trajectory, PRICES)
        one = found[str(path)].member
        assert one.values == pytest.approx(whole.values)
        assert (one.task, one.model, one.started, one.outcome, one.estimated) == (
            whole.task,
            whole.model,
            whole.started,
            whole.outcome,
            whole.estimated,
        )
        assert found[str(path)].loaded == (frozenset({"pdf"}) if int(path.stem) % 2 else set())


def test_groups_of_the_index_are_compared_as_groups_of_traces(
    index: TraceIndex, files: list[Path]
) -> None:
    with index:
        sessions = indexed_sessions(index, Query(), AttachedOutcomes())
    having = {one.member.path for one in sessions if "pdf" in one.loaded}
    members = sorted((one.member for one in sessions), key=lambda one: one.path)
    ours = split_members(members, lambda one: one.path in having, "with", "without", PRICES.as_of)
    traces = [open_traces(path)[0] for path in files]
    theirs = split(
        [trace.trajectory for trace in traces],
        lambda one: one.sources[0].path in having,
        "with",
        "without",
        prices=PRICES,
    )
    for trace in traces:
        trace.close()
    assert ours.measures == theirs.measures
    assert ours.tasks == theirs.tasks
    assert ours.warnings == theirs.warnings
    assert any("estimate" in words for words in ours.warnings)


def test_choices_and_attached_outcomes_count(
    index: TraceIndex, files: list[Path], tmp_path: Path
) -> None:
    store = AnnotationStore(tmp_path / "annotations.jsonl")
    with open_traces(files[2])[0] as trace:
        store.attach(
            anchor_of(trace), "2026-03-01T10:00:00Z", "", outcome="pass", score=1.0, note=""
        )
    with index:
        said = AttachedOutcomes(store.all())
        some = indexed_sessions(index, Query(models=("claude-opus-4-5",), limit=1), said)
    assert len(some) == 3
    passed = {one.member.path: one.member.values["passed"] for one in some}
    assert passed == {str(files[2]): 1.0, str(files[0]): None, str(files[4]): None}


def test_it_can_be_stopped(index: TraceIndex) -> None:
    def stop(done: float) -> None:
        raise KeyboardInterrupt

    with index, pytest.raises(KeyboardInterrupt):
        indexed_sessions(index, Query(), AttachedOutcomes(), stop)
