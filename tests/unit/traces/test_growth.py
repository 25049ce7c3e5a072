"""Following an open trace whose file goes on, is replaced, or disappears."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.traces.claude_records import Session, call, text, usage
from workbench.domain.trajectory import Trajectory
from workbench.traces.importer import TraceError
from workbench.traces.index.sight import open_end
from workbench.traces.index.tail import LiveTail
from workbench.traces.open import OpenTrace, open_traces


def turns(count: int) -> Session:
    session = Session()
    for turn in range(count):
        session.prompt(f"Prompt {turn}")
        session.says(text("a"), call(f"r{turn}", "Read", file_path="/a"), message=f"m{turn}")
        session.says(
            call(f"b{turn}", "Bash", command="x"), message=f"m{turn}", usage=usage(5, 7, read=turn)
        )
        session.result(f"b{turn}", "second")
        session.result(f"r{turn}", "first", error=turn % 2 == 0)
        session.says(text("done"))
        session.put("odd-kind", content="what is this?")
    return session


def follow(path: Path) -> tuple[LiveTail, OpenTrace]:
    (trace,) = open_traces(path)
    return LiveTail(trace), trace


def same(one: Trajectory, other: Trajectory) -> None:
    """Check that a trace that was followed is the one that is read as a whole."""
    assert one.steps == other.steps
    assert one.skill_events == other.skill_events
    assert one.totals == other.totals
    assert (one.messages, one.tool_calls, one.errors) == (
        other.messages,
        other.tool_calls,
        other.errors,
    )
    assert sorted(one.loss.ignored, key=str) == sorted(other.loss.ignored, key=str)
    assert (one.loss.mapped, one.loss.attached, one.loss.lines) == (
        other.loss.mapped,
        other.loss.attached,
        other.loss.lines,
    )
    assert (one.started, one.ended, one.title) == (other.started, other.ended, other.title)


def test_only_what_is_new_is_read(tmp_path: Path) -> None:
    session = turns(30)
    path = session.write(tmp_path)
    tail, before = follow(path)
    assert tail.refresh().outcome == "unchanged"
    session.prompt("More?")
    path.write_bytes(session.data() + b'{"torn')
    made = tail.refresh()
    (trace,) = made.traces
    assert made.outcome == "grown"
    assert made.first == 120
    assert [step.preview for step in trace.trajectory.steps[120:]] == ["More?"]
    assert made.read_bytes < path.stat().st_size / 10
    assert trace.body(120).text == "More?"
    assert before.body(0).text == "Prompt 0"
    session.says(call("late", "Bash", command="slow"))
    path.write_bytes(session.data())
    assert tail.refresh().first == 121
    session.result("late", "oh", error=True)
    path.write_bytes(session.data())
    made = tail.refresh()
    assert (made.first, len(made.traces[0].trajectory.steps)) == (121, 122)
    assert made.traces[0].trajectory.steps[121].tool_calls[0].status == "error"
    with open_traces(path)[0] as whole:
        same(made.traces[0].trajectory, whole.trajectory)


@settings(max_examples=60, deadline=None)
@given(cuts=st.lists(st.integers(0, 24_000), max_size=8))
def test_a_log_caught_at_any_byte_ends_up_as_read_at_once(
    tmp_path_factory: pytest.TempPathFactory, cuts: list[int]
) -> None:
    data = turns(6).data()
    path = tmp_path_factory.mktemp("log") / "x.jsonl"
    first = data.find(b"\n") + 1
    path.write_bytes(data[:first])
    tail, _ = follow(path)
    for cut in (*sorted(cut for cut in cuts if cut > first), len(data)):
        with path.open("r+b") as file:
            file.seek(0, os.SEEK_END)
            file.write(data[file.tell() : cut])
        assert tail.refresh().outcome in ("grown", "unchanged")
    with open_traces(path)[0] as whole:
        same(tail.trace.trajectory, whole.trajectory)


def test_a_file_that_is_cut_is_read_anew_and_old_places_are_refused(tmp_path: Path) -> None:
    path = turns(30).write(tmp_path)
    tail, before = follow(path)
    path.write_bytes(turns(2).data())
    made = tail.refresh()
    assert (made.outcome, made.first, len(made.traces[0].trajectory.steps)) == ("replaced", 0, 8)
    step = before.trajectory.steps[60]
    for read in (lambda: before.body(60), lambda: before.raw(step.raw[0])):
        with pytest.raises(TraceError, match="cut or rewritten"):
            read()
    with pytest.raises(TraceError, match="cut or rewritten"):
        before.locate(60, "done")


def test_another_file_of_that_name_is_read_anew(tmp_path: Path) -> None:
    path = turns(3).write(tmp_path)
    tail, before = follow(path)
    other = Session()
    for number in range(40):
        other.prompt(f"Quite another session {number}")
    (tmp_path / "new").write_bytes(other.data())
    (tmp_path / "new").replace(path)
    made = tail.refresh()
    assert made.outcome == "replaced"
    assert made.traces[0].trajectory.steps[0].preview == "Quite another session 0"
    # The old trace reads the bytes its places were made for, never those of the new file.
    assert before.body(0).text == "Prompt 0"


def test_a_rewrite_of_the_same_length_is_noticed(tmp_path: Path) -> None:
    path = turns(3).write(tmp_path)
    tail, _ = follow(path)
    path.write_bytes(path.read_bytes().replace(b"Prompt 0", b"Prompt 9"))
    os.utime(path, ns=(1, 1))
    made = tail.refresh()
    assert made.outcome in ("grown", "replaced")
    assert made.first == 0
    assert made.traces[0].trajectory.steps[0].preview == "Prompt 9"


def test_a_folder_that_disappears_is_told_and_what_comes_back_is_read(tmp_path: Path) -> None:
    folder = tmp_path / "project"
    folder.mkdir()
    session = turns(3)
    path = session.write(folder)
    tail, before = follow(path)
    path.unlink()
    folder.rmdir()
    made = tail.refresh()
    assert (made.outcome, made.traces) == ("gone", ())
    assert "not there any more" in made.problem
    assert len(before.trajectory.steps) == 12
    folder.mkdir()
    session.prompt("I am back")
    session.write(folder)
    made = tail.refresh()
    assert made.traces[0].trajectory.steps[-1].preview == "I am back"


def test_a_file_that_becomes_garbage_is_told(tmp_path: Path) -> None:
    path = turns(3).write(tmp_path)
    tail, _ = follow(path)
    path.write_bytes(b"\x00\x01\x02")
    made = tail.refresh()
    assert made.outcome == "gone"
    assert "no trace of a known format" in made.problem


def test_documents_are_followed_by_reading_them_again(tmp_path: Path) -> None:
    path = tmp_path / "chat.json"
    path.write_text('{"messages":[{"role":"user","content":"a"}]}')
    tail, _ = follow(path)
    path.write_text('{"messages":[{"role":"user","content":"a"},{"role":"user","content":"b"}]}')
    made = tail.refresh()
    assert (made.outcome, made.first) == ("grown", 1)
    assert [step.preview for step in made.traces[0].trajectory.steps] == ["a", "b"]


def test_subagents_in_the_log_are_followed_too(tmp_path: Path) -> None:
    session = turns(2)
    path = session.write(tmp_path)
    tail, _ = follow(path)
    session.says(call("t", "Task", prompt="look", description="d"))
    session.prompt("look", isSidechain=True, parent=None)
    path.write_bytes(session.data())
    (trace,) = tail.refresh().traces
    assert [len(child.steps) for child in trace.trajectory.children] == [1]


def test_the_end_of_a_long_log_is_read_alone(tmp_path: Path) -> None:
    session = turns(60)
    path = session.write(tmp_path)
    whole = open_traces(path)[0].trajectory
    part = open_end(path, 4000)
    assert part is not None
    one = part.trajectory
    assert not one.complete
    assert 0 < path.stat().st_size - 4000 <= one.skipped < path.stat().st_size
    uids = [step.uid for step in whole.steps]
    place = uids.index(one.steps[-1].uid) - len(one.steps) + 1
    assert [step.uid for step in one.steps][-5:] == uids[-5:]
    assert place > 200
    assert [step.index for step in one.steps] == list(range(len(one.steps)))
    for step in one.steps[-5:]:
        assert step.raw == whole.steps[uids.index(step.uid)].raw
    assert "done" in part.body(one.steps[-2].index).text
    tail = LiveTail(part)
    session.prompt("And now?")
    path.write_bytes(session.data())
    made = tail.refresh()
    assert (made.outcome, made.first) == ("grown", len(one.steps))
    assert made.traces[0].trajectory.steps[-1].preview == "And now?"
    assert made.traces[0].body(len(one.steps)).text == "And now?"


def test_the_end_of_a_short_log_is_all_of_it(tmp_path: Path) -> None:
    path = turns(2).write(tmp_path)
    part = open_end(path)
    whole = open_traces(path)[0].trajectory
    assert part is not None
    assert part.trajectory == whole
