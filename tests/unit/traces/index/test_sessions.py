"""The list of sessions: titles given late, replayed sessions, choices with counts."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.unit.traces.claude_records import Session, call, text, usage
from workbench.traces.importer import TraceError
from workbench.traces.index.facets import (
    COSTS,
    STEPS,
    Days,
    facet_groups,
    with_cost,
    with_days,
    with_steps,
)
from workbench.traces.index.query import Query, count, query, query_ids, rows_of
from workbench.traces.index.search import search
from workbench.traces.index.trace_index import TraceIndex
from workbench.traces.prices import Price, PriceTable


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "traces"
    made.mkdir()
    return made


@pytest.fixture
def index(tmp_path: Path, folder: Path) -> Iterator[TraceIndex]:
    prices = PriceTable([Price(("claude-example-1",), 1_000_000, 0)], "2026-01-01", 7)
    with TraceIndex(tmp_path / "cache" / "traces.db", prices) as made:
        made.watch(folder)
        yield made


def session(word: str = "zebra", *, error: bool = False, skill: str = "") -> Session:
    made = Session()
    made.prompt(f"Please find the {word}")
    made.says(text("Looking."), call("t1", "Bash", command="make"), usage=usage(10, 5, 20))
    made.result("t1", "boom" if error else "found", error=error)
    if skill:
        made.says(call("t2", "Skill", skill=skill))
        made.result("t2", "Launching")
    made.says(text("All done."))
    return made


def append(path: Path, **record: str) -> None:
    with path.open("a") as stream:
        stream.write(json.dumps(record) + "\n")


def titles(index: TraceIndex) -> list[str]:
    return [row.title for row in query(index, Query())]


def test_a_title_written_late_is_taken_over(index: TraceIndex, folder: Path) -> None:
    path = session().write(folder)
    index.sync()
    assert titles(index) == ["Please find the zebra"]
    append(path, type="ai-title", aiTitle="Zebra hunt", sessionId="s")
    made = index.refresh(path)
    assert (made.outcome, titles(index)) == ("grown", ["Zebra hunt"])
    assert made.read_bytes < path.stat().st_size
    append(path, type="custom-title", customTitle="My zebra", sessionId="s")
    index.refresh(path)
    append(path, type="ai-title", aiTitle="Zebra hunt, the second", sessionId="s")
    index.refresh(path)
    assert titles(index) == ["My zebra"]


def test_a_title_in_the_head_does_not_come_back(index: TraceIndex, folder: Path) -> None:
    log = session()
    path = folder / "a.jsonl"
    path.write_bytes(b'{"type":"ai-title","aiTitle":"Before","sessionId":"s"}\n' + log.data())
    index.sync()
    assert titles(index) == ["Before"]
    append(path, type="ai-title", aiTitle="After", sessionId="s")
    index.refresh(path)
    more = session("lion")
    for number, record in enumerate(more.records):
        record["uuid"] = f"more-{number}"
        record["parentUuid"] = f"more-{number - 1}" if number else log.last
    with path.open("ab") as stream:
        stream.write(more.data())
    index.refresh(path)
    assert titles(index) == ["After"]


def resumed(log: Session) -> Session:
    """A session that replays all records of another one, with more."""
    made = Session()
    made.records, made.last = [dict(record) for record in log.records], log.last
    made.prompt("Now the okapi")
    made.says(text("Okapi found."), usage=usage(100, 7, 0))
    return made


def test_steps_of_a_resumed_session_count_once(index: TraceIndex, folder: Path) -> None:
    log = session(error=True)
    first = log.write(folder, "first.jsonl")
    again = resumed(log).write(folder, "again.jsonl")
    index.sync()
    rows = {row.path: row for row in query(index, Query())}
    assert (rows[str(first)].steps, rows[str(first)].errors, rows[str(first)].copied) == (3, 1, 0)
    late = rows[str(again)]
    assert (late.steps, late.errors, late.copied, late.input) == (2, 0, 3, 100)
    assert (late.estimate_usd, rows[str(first)].estimate_usd) == (100, 30)
    assert [hit.path for hit in search(index, "zebra")] == [str(first)]
    assert [hit.path for hit in search(index, "okapi")] == [str(again)] * 2
    first.unlink()
    index.sync()
    (late,) = query(index, Query())
    assert (late.steps, late.copied) == (5, 0)
    assert [hit.path for hit in search(index, "zebra")] == [str(again)]


def test_a_session_without_a_step_of_its_own_is_shown_when_it_has_one(
    index: TraceIndex, folder: Path
) -> None:
    log = session()
    first = log.write(folder, "first.jsonl")
    again = folder / "again.jsonl"
    shutil.copy(first, again)
    index.sync()
    assert (count(index, Query()), count(index, Query(copies=True))) == (1, 2)
    copied = next(row.path for row in query(index, Query(copies=True)) if row.copied)
    Path(copied).write_bytes(resumed(log).data())
    index.refresh(Path(copied))
    rows = {row.path: row for row in query(index, Query())}
    assert len(rows) == 2
    assert (rows[copied].steps, rows[copied].copied) == (2, 3)
    index.refresh(Path(copied))
    assert {row.path: row for row in query(index, Query())} == rows


def test_sessions_that_only_look_alike_are_two(index: TraceIndex, folder: Path) -> None:
    session("a").write(folder, "a.jsonl")
    session("b").write(folder, "b.jsonl")
    index.sync()
    assert [row.copied for row in query(index, Query())] == [0, 0]


def test_choices_count_what_they_would_show(index: TraceIndex, folder: Path) -> None:
    session("a", error=True, skill="pdf").write(folder, "a.jsonl")
    session("b", skill="csv").write(folder, "b.jsonl")
    long = session("c")
    for turn in range(30):
        long.prompt(f"again {turn}")
    long.write(folder, "c.jsonl")
    index.sync()
    days = (Days("February", "2026-02-01", "2026-03-01"), Days("March", "2026-03-01", ""))

    def counted(wanted: Query) -> dict[str, dict[str, int]]:
        return {
            group.dimension: {one.value: one.count for one in group.choices}
            for group in facet_groups(index, wanted, days)
        }

    every = counted(Query())
    assert every["agent"] == {"claude-code": 3}
    assert every["skill"] == {"pdf": 1, "csv": 1}
    assert every["errors"] == {"yes": 1, "no": 2}
    assert every["cost"] == {"$10 and more": 3}
    assert every["steps"] == {"Under 10 steps": 2, "10 to 49": 1}
    assert every["date"] == {"February": 3}
    assert counted(Query(errors=True))["errors"] == {"yes": 1, "no": 2}
    assert counted(Query(errors=True))["skill"] == {"pdf": 1}
    assert counted(Query(models=("x",)))["model"] == {"claude-example-1": 3}
    for dimension, wanted in (
        ("steps", with_steps(Query(), STEPS[1])),
        ("cost", with_cost(Query(), COSTS[3])),
        ("date", with_days(Query(), days[0])),
    ):
        asked = sum(every[dimension].values()) if dimension != "steps" else 1
        assert count(index, wanted) == asked


def test_rows_are_filtered_by_what_names_them(index: TraceIndex, folder: Path) -> None:
    session("100% a_b").write(folder, "one.jsonl")
    session("other").write(folder, "two.jsonl")
    index.sync()
    for words, found in (
        ("100% A_B", 1),
        ("PLEASE claude-example", 2),
        ("a%b", 0),
        ("axb", 0),
        ("two.jsonl other", 1),
    ):
        assert count(index, Query(named=words)) == found, words
    ids = query_ids(index, Query(order="title", descending=False))
    assert [row.title[16:] for row in rows_of(index, ids[::-1])] == ["other", "100% a_b"]
    assert rows_of(index, [999]) == ()


def test_folders_are_followed_and_missing_ones_are_named(
    index: TraceIndex, folder: Path, tmp_path: Path
) -> None:
    other = tmp_path / "other"
    other.mkdir()
    session("a").write(folder)
    session("b").write(other)
    index.follow([folder, other])
    index.sync()
    assert (count(index, Query()), index.missing) == (2, ())
    other.rename(tmp_path / "away")
    index.sync()
    assert (count(index, Query()), index.missing) == (2, (str(other),))
    index.follow([folder])
    assert (count(index, Query()), index.folders, index.missing) == (1, (str(folder),), ())


def test_a_reader_asks_an_index_that_another_keeps(index: TraceIndex, folder: Path) -> None:
    with pytest.raises(TraceError, match="no index"):
        TraceIndex(folder / "none.db", reading=True)
    with TraceIndex(index.path, reading=True) as reader:
        session().write(folder)
        index.sync()
        assert count(reader, Query()) == 1


def test_a_log_with_subagents_inside_is_read_as_a_whole(index: TraceIndex, folder: Path) -> None:
    log = session()
    log.put(
        "user",
        None,
        message={"role": "user", "content": "count the okapis"},
        isSidechain=True,
        agentId="a1",
    )
    path = log.write(folder)
    assert index.refresh(path).outcome == "new"
    assert [row.subagents for row in query(index, Query())] == [1]
    assert len(search(index, "count the okapis")) == 1


def test_what_waits_is_told_before_it_is_read(index: TraceIndex, folder: Path) -> None:
    path = session().write(folder)
    told: list[tuple[int, int]] = []
    index.sync(looked=lambda files, size: told.append((files, size)))
    size = path.stat().st_size
    append(path, type="ai-title", aiTitle="x", sessionId="s")
    index.sync(looked=lambda files, size: told.append((files, size)))
    assert told == [(1, size), (1, path.stat().st_size - size)]
