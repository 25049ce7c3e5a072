"""The index of watched folders: what it knows, and that it stays true while files change."""

from __future__ import annotations

import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.unit.traces.claude_records import Session, call, text, usage
from workbench.traces.index import trace_index
from workbench.traces.index.query import Query, count, query
from workbench.traces.index.search import excerpt, search
from workbench.traces.index.trace_index import TraceIndex
from workbench.traces.open import open_traces
from workbench.traces.prices import Price, PriceTable


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "traces"
    made.mkdir()
    return made


@pytest.fixture
def index(tmp_path: Path, folder: Path) -> Iterator[TraceIndex]:
    with TraceIndex(tmp_path / "cache" / "traces.db") as made:
        made.watch(folder)
        yield made


def _session(word: str = "zebra", *, error: bool = False, skill: str = "") -> Session:
    session = Session()
    session.prompt(f"Please find the {word}")
    session.says(text("Looking."), call("t1", "Bash", command="make"), usage=usage(10, 5, 20))
    session.result("t1", "boom" if error else f"found café_{word}", error=error)
    if skill:
        session.says(call("t2", "Skill", skill=skill))
        session.result("t2", "Launching")
    session.says(text("All done."))
    return session


def _long(session: Session, turns: int, word: str = "filler") -> Session:
    for turn in range(turns):
        session.prompt(f"Go on {turn} {word}")
        session.says(text(f"turn {turn}"), call(f"c{turn}", "Bash", command=f"echo {turn}"))
        session.result(f"c{turn}", f"out {turn}")
    return session


def _figures(index: TraceIndex) -> list[tuple[object, ...]]:
    return [
        (Path(row.path).name, row.steps, row.tool_calls, row.errors, row.input, row.output)
        for row in query(index, Query(order="title", descending=False))
    ]


def test_figures_are_those_of_the_opened_trace(index: TraceIndex, folder: Path) -> None:
    path = _session(error=True, skill="pdf").write(folder)
    report = index.sync()
    assert (report.files, report.new, report.failed) == (1, 1, 0)
    (row,) = query(index, Query())
    (trace,) = open_traces(path)
    with trace:
        one = trace.trajectory
    assert (row.path, row.trajectory, row.agent, row.model) == (
        str(path),
        one.id,
        one.agent,
        one.model,
    )
    assert (row.steps, row.tool_calls, row.errors) == (len(one.steps), one.tool_calls, one.errors)
    assert (row.input, row.output, row.cost_usd) == (30, 5, None)
    assert (row.title, row.started, row.ended) == (one.title, one.started, one.ended)
    assert (row.skills, row.complete, row.subagents) == (("pdf",), True, 0)


def test_steps_are_found_by_their_words(index: TraceIndex, folder: Path) -> None:
    path = _session().write(folder)
    _session("lion").write(folder, "other.jsonl")
    index.sync()
    hits = search(index, "cafe zeb")
    assert [(hit.path, hit.step, hit.kind) for hit in hits] == [(str(path), 1, "agent")]
    with open_traces(path)[0] as trace:
        assert trace.trajectory.steps[1].uid == hits[0].uid
    assert "found café_zebra" in excerpt(hits[0], "cafe zeb")
    path.unlink()
    assert excerpt(hits[0], "cafe zeb") == ""
    assert len(search(index, "LOOKING")) == 2
    assert search(index, "zebra looking") == ()
    assert search(index, '"*') == ()
    assert [row.path for row in query(index, Query(text="zebra"))] == [str(path)]
    assert query(index, Query(text="***")) == ()


def test_questions_filter(index: TraceIndex, folder: Path) -> None:
    _session("a", error=True, skill="pdf").write(folder, "a.jsonl")
    _session("b", skill="csv").write(folder, "b.jsonl")
    _session("c").write(folder, "c.jsonl")
    index.sync()
    names = {
        wanted: [Path(row.path).stem for row in query(index, wanted)]
        for wanted in (
            Query(skills=("pdf",)),
            Query(errors=True),
            Query(errors=False, order="title", descending=False),
            Query(agents=("codex",)),
            Query(min_steps=4, skills=("csv",)),
            Query(max_steps=3),
            Query(min_cost=0.1),
            Query(until="2026-01-01"),
            Query(since="2026-01-01", limit=1, offset=2),
            Query(folders=(str(folder / "x"),)),
        )
    }
    assert list(names.values())[:8] == [["a"], ["a"], ["b", "c"], [], ["b"], ["c"], [], []]
    assert len(names[Query(since="2026-01-01", limit=1, offset=2)]) == 1
    assert names[Query(folders=(str(folder / "x"),))] == []
    assert count(index, Query(folders=(str(folder),))) == 3


def test_growth_costs_what_was_added(index: TraceIndex, folder: Path) -> None:
    session = _long(_session(), 200)
    path = session.write(folder)
    index.sync()
    before = path.stat().st_size
    new = Session()
    new.records, new.last = [], session.last
    new.prompt("And the giraffe?")
    new.says(text("Here it is."), message="another")
    for number, record in enumerate(new.records):
        record["uuid"] = f"more-{number}"
    new.records[1]["parentUuid"] = "more-0"
    added = new.data()
    with path.open("ab") as stream:
        stream.write(added[:-20])
    first = index.refresh(path)
    with path.open("ab") as stream:
        stream.write(added[-20:])
    second = index.refresh(path)
    assert (first.outcome, second.outcome) == ("grown", "grown")
    assert [step.preview for step in (*first.steps, *second.steps)] == [
        "And the giraffe?",
        "Here it is.",
    ]
    assert first.read_bytes + second.read_bytes < before / 10
    assert [hit.step for hit in search(index, "giraffe")] == [session_steps(path) - 2]
    (row,) = query(index, Query())
    assert row.steps == session_steps(path)
    assert index.refresh(path).outcome == "unchanged"


def session_steps(path: Path) -> int:
    (trace,) = open_traces(path)
    with trace:
        return len(trace.trajectory.steps)


def test_a_result_that_comes_later_is_put_to_its_call(index: TraceIndex, folder: Path) -> None:
    session = _session()
    session.says(call("late", "Bash", command="slow"))
    path = session.write(folder)
    index.sync()
    session.result("late", "sudden wombat", error=True)
    path.write_bytes(session.data())
    os.utime(path, ns=(1, 1))
    made = index.refresh(path)
    assert (made.outcome, made.steps) == ("grown", ())
    assert [hit.step for hit in search(index, "wombat")] == [3]
    assert query(index, Query())[0].errors == 1


def test_what_is_cut_or_replaced_is_read_anew(index: TraceIndex, folder: Path) -> None:
    path = _long(_session("zebra"), 30).write(folder)
    index.sync()
    path.write_bytes(_session("lion").data())
    assert index.sync().changed == 1
    assert search(index, "zebra") == ()
    assert len(search(index, "lion")) == 2
    other = folder / "tmp"
    _long(_session("okapi"), 90).write(folder, "tmp")
    other.replace(path)
    assert index.refresh(path).outcome == "replaced"
    assert search(index, "lion") == ()
    assert query(index, Query())[0].steps == session_steps(path)


def test_what_is_deleted_is_forgotten_but_not_with_its_whole_folder(
    index: TraceIndex, folder: Path, tmp_path: Path
) -> None:
    one = _session("a").write(folder, "a.jsonl")
    _session("b").write(folder, "b.jsonl")
    index.sync()
    one.unlink()
    assert index.sync().gone == 1
    assert [row[0] for row in _figures(index)] == ["b.jsonl"]
    folder.rename(tmp_path / "unplugged")
    assert index.sync().gone == 0
    assert len(query(index, Query())) == 1
    (tmp_path / "unplugged").rename(folder)
    assert index.sync().read_bytes == 0
    index.unwatch(folder)
    assert (query(index, Query()), index.folders) == ((), ())


def test_subagents_count_with_their_session(index: TraceIndex, folder: Path) -> None:
    session = _session()
    session.says(call("task", "Task", prompt="Count them", subagent_type="x"))
    session.result("task", "done", toolUseResult={"agentId": "a1"})
    path = session.write(folder, "main.jsonl")
    agent = Session()
    agent.prompt("Count them", isSidechain=True, agentId="a1")
    agent.says(call("s1", "Bash", command="ls"), isSidechain=True, agentId="a1")
    agent.result("s1", "no such capybara", error=True, isSidechain=True, agentId="a1")
    below = folder / "main" / "subagents"
    below.mkdir(parents=True)
    child = agent.write(below, "agent-a1.jsonl")
    index.sync()
    (row,) = query(index, Query())
    assert (row.path, row.subagents, row.errors, row.tool_calls) == (str(path), 1, 1, 3)
    (hit,) = search(index, "capybara")
    assert (hit.path, hit.owner, hit.step) == (str(child), str(path), 1)
    assert len(query(index, Query(text="capybara"))) == 1
    agent.says(text("quokka"), isSidechain=True, agentId="a1")
    agent.write(below, "agent-a1.jsonl")
    index.sync()
    assert [hit.owner for hit in search(index, "quokka")] == [str(path)]


def test_documents_are_read_as_a_whole(index: TraceIndex, folder: Path) -> None:
    path = folder / "chat.json"
    path.write_text('{"messages":[{"role":"user","content":"axolotl"}]}')
    (folder / "notes.txt").write_text("nothing")
    (folder / "empty.jsonl").write_text("")
    assert index.sync().new == 1
    assert len(search(index, "axolotl")) == 1
    path.write_text(
        '{"messages":[{"role":"user","content":"gecko"},{"role":"user","content":"b"}]}'
    )
    assert index.sync().changed == 1
    assert search(index, "axolotl") == ()
    assert query(index, Query())[0].steps == 2
    assert index.sync().read_bytes == 0


def test_a_file_that_becomes_unreadable_is_told(index: TraceIndex, folder: Path) -> None:
    path = folder / "chat.json"
    path.write_text('{"messages":[{"role":"user","content":"axolotl"}]}')
    index.sync()
    path.write_text('{"messages":[]}')
    made = index.refresh(path)
    assert made.outcome == "failed"
    assert "no trace of a known format" in made.problem
    assert query(index, Query()) == ()


def test_pictures_are_no_words(index: TraceIndex, folder: Path) -> None:
    session = Session()
    session.prompt("picture " + "iVBORw0KGgo" * 40 + " after")
    session.write(folder)
    index.sync()
    assert len(search(index, "picture after")) == 1
    assert search(index, "iVBORw0KGgo") == ()


def test_of_a_long_log_the_end_is_found_first(
    index: TraceIndex, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = _session("zebra")
    _long(session, 300)
    session.prompt("the last word is platypus")
    path = session.write(folder)
    monkeypatch.setattr(trace_index, "LONG", 20_000)
    monkeypatch.setattr(trace_index, "PART", 16_000)
    monkeypatch.setattr(trace_index, "TAIL", 4_000)
    monkeypatch.setattr(trace_index, "_FIRST", 4_000)
    first = index.refresh(path)
    assert first.pending > path.stat().st_size / 2
    (hit,) = search(index, "platypus")
    assert hit.step is None
    assert search(index, "turn 150") == ()
    (row,) = query(index, Query())
    assert (row.complete, row.title) == (False, "Please find the zebra")
    passes = 0
    while index.refresh(path).pending:
        passes += 1
    assert passes > 3
    (hit,) = search(index, "platypus")
    assert hit.step == session_steps(path) - 1
    assert len(search(index, "turn 150")) == 1
    (row,) = query(index, Query())
    assert (row.complete, row.steps) == (True, session_steps(path))


def test_sync_can_be_stopped_and_goes_on(index: TraceIndex, folder: Path) -> None:
    for number in range(5):
        path = _session(f"w{number}").write(folder, f"{number}.jsonl")
        os.utime(path, ns=(number, number))
    done: list[float] = []
    report = index.sync(stopped=lambda: len(done) >= 2, progress=done.append)
    assert (report.new, report.left) == (2, 3)
    assert {Path(row.path).name for row in query(index, Query())} == {"3.jsonl", "4.jsonl"}
    assert index.sync().new == 3


@pytest.mark.parametrize("damage", [b"not a database at all", b""])
def test_an_index_that_is_damaged_or_of_another_version_is_made_anew(
    tmp_path: Path, folder: Path, damage: bytes
) -> None:
    path = tmp_path / "x.db"
    _session().write(folder)
    with TraceIndex(path) as made:
        made.watch(folder)
        made.sync()
    if damage:
        path.write_bytes(damage * 500)
        Path(f"{path}-wal").unlink(missing_ok=True)
    else:
        with sqlite3.connect(path) as raw:
            raw.execute("PRAGMA user_version = 99")
        raw.close()
    with TraceIndex(path) as made:
        assert made.folders == ()
        made.watch(folder)
        assert made.sync().new == 1


_KILLED = """
import sys
from pathlib import Path
from workbench.traces.index.trace_index import TraceIndex
index = TraceIndex(Path(sys.argv[1]))
index.watch(Path(sys.argv[2]))
print("go", flush=True)
while True:
    index.sync()
    with index.connection: index.connection.execute("DELETE FROM files")
"""


@pytest.mark.slow
def test_a_killed_program_leaves_an_index_that_goes_on(tmp_path: Path, folder: Path) -> None:
    for number in range(12):
        _long(_session(f"w{number}"), 30).write(folder, f"{number}.jsonl")
    path = tmp_path / "x.db"
    for pause in (0.02, 0.11, 0.23):
        child = subprocess.Popen(
            [sys.executable, "-c", _KILLED, str(path), str(folder)], stdout=subprocess.PIPE
        )
        assert child.stdout is not None
        child.stdout.readline()
        time.sleep(pause)
        child.send_signal(signal.SIGKILL)
        child.wait()
        child.stdout.close()
    with TraceIndex(path) as made:
        made.watch(folder)
        made.sync()
        (sound,) = made.connection.execute("PRAGMA integrity_check").fetchone()
        assert sound == "ok"
        assert len(query(made, Query())) == 12
        assert {row.steps for row in query(made, Query())} == {session_steps(folder / "0.jsonl")}
        assert len(search(made, "w7")) == 2


def test_costs_are_estimated_and_made_anew_with_other_prices(tmp_path: Path, folder: Path) -> None:
    _session().write(folder)

    def costs(dollars: float) -> list[float | None]:
        row = Price(("claude-example-1",), dollars, 0)
        with TraceIndex(tmp_path / "x.db", PriceTable([row], key=int(dollars))) as made:
            made.watch(folder)
            made.sync()
            assert query(made, Query(min_cost=1000)) == ()
            assert len(query(made, Query(min_cost=1e-6))) == 1
            return [row.estimate_usd for row in query(made, Query(order="cost_usd"))]

    assert costs(10) == [pytest.approx(30 * 10 / 1e6)]
    assert costs(20) == [pytest.approx(30 * 20 / 1e6)]


def test_two_programs_share_an_index(tmp_path: Path, folder: Path) -> None:
    path = _session().write(folder)
    with TraceIndex(tmp_path / "x.db") as one, TraceIndex(tmp_path / "x.db") as two:
        one.watch(folder)
        one.sync()
        assert len(search(two, "zebra")) == 2
        shutil.copy(path, folder / "second.jsonl")
        two.sync()
        assert count(one, Query(copies=True)) == 2
        assert one.sync().read_bytes == 0


def test_an_index_that_cannot_be_kept_says_so(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(trace_index.TraceError, match="Cannot keep the index"):
        TraceIndex(tmp_path / "file" / "x.db")
