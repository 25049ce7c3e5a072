"""Logs whose later records reach back, followed: always the trace that is read at once."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from tests.unit.traces.growing_logs import LOGS, written
from workbench.domain.trajectory import Trajectory
from workbench.traces.index.tail import LiveTail
from workbench.traces.open import detect, open_traces


def whole_until(data: bytes, cut: int) -> int:
    """Return the end of the records that are whole before a cut."""
    start = data.rfind(b"\n", 0, cut) + 1
    try:
        return cut if isinstance(json.loads(data[start:cut]), dict) else start
    except ValueError:
        return start


def placeless(one: Trajectory) -> Trajectory:
    """Return a trajectory without where and how large its file is."""
    return replace(one, sources=(), children=tuple(placeless(child) for child in one.children))


def read(path: Path, data: bytes) -> list[Trajectory]:
    path.write_bytes(data)
    return [placeless(trace.trajectory) for trace in open_traces(path)]


@pytest.mark.parametrize("name", LOGS)
def test_the_records_are_those_of_the_format(name: str, tmp_path: Path) -> None:
    head, pool = LOGS[name]
    path = tmp_path / "x.jsonl"
    path.write_bytes(b"".join(map(written, [*head, *pool])))
    assert detect(path) == name
    path.write_bytes(b"".join(map(written, head)))
    assert detect(path) == name


@pytest.mark.parametrize("name", LOGS)
@settings(max_examples=60, deadline=None)
@given(drawn=st.data())
def test_a_log_caught_at_any_bytes_is_the_one_read_at_once(
    name: str, drawn: st.DataObject, tmp_path_factory: pytest.TempPathFactory
) -> None:
    head, pool = LOGS[name]
    runs = st.lists(st.tuples(st.sampled_from(range(len(pool))), st.integers(1, 4)), max_size=12)
    picked = [one for at, count in drawn.draw(runs) for one in pool[at : at + count]]
    begin = b"".join(map(written, head))
    data = begin + b"".join(map(written, picked))
    cuts = drawn.draw(st.lists(st.integers(len(begin), len(data)), max_size=8))
    folder = tmp_path_factory.mktemp("log")
    path, other = folder / "x.jsonl", folder / "y.jsonl"
    path.write_bytes(begin)
    tail = LiveTail(open_traces(path)[0])
    size = len(begin)
    for cut in (*sorted(cuts), len(data)):
        with path.open("ab") as file:
            file.write(data[size:cut])
        size = cut
        made = tail.refresh()
        assert made.outcome in ("grown", "unchanged")
        wanted = read(other, data[: whole_until(data, cut)])
        if made.traces:
            assert [placeless(one.trajectory) for one in made.traces] == wanted
        else:
            assert placeless(tail.trace.trajectory) in wanted


@settings(max_examples=60, deadline=None)
@given(drawn=st.data())
def test_a_folder_of_events_is_the_conversation_read_at_once(
    drawn: st.DataObject, tmp_path_factory: pytest.TempPathFactory
) -> None:
    head, pool = LOGS["openhands-v1"]
    picked = drawn.draw(st.lists(st.sampled_from(pool), min_size=1, max_size=14))
    folder = tmp_path_factory.mktemp("conversation") / "events"
    folder.mkdir()
    first = folder / "event-00000-a.json"
    first.write_text(json.dumps(head[0]))
    tail = LiveTail(open_traces(first)[0])
    for at, record in enumerate(picked, 1):
        path, text = folder / f"event-{at:05}-a.json", json.dumps(record, indent=2)
        if drawn.draw(st.booleans()):
            path.write_text(text[: len(text) // 2])
            tail.refresh()
        path.write_text(text)
        if drawn.draw(st.booleans()):
            status = drawn.draw(st.sampled_from(("error", "stuck", "finished")))
            skills = drawn.draw(st.lists(st.sampled_from(("pdf", "xlsx")), max_size=2))
            state = {"agent": {}, "execution_status": status, "activated_knowledge_skills": skills}
            (folder.parent / "base_state.json").write_text(json.dumps(state))
        assert tail.refresh().outcome == "grown"
        (wanted,) = (trace.trajectory for trace in open_traces(first))
        assert tail.trace.trajectory == wanted


def follow(path: Path, data: bytes) -> LiveTail:
    path.write_bytes(data)
    return LiveTail(open_traces(path)[0])


def test_what_a_rewound_message_answered_waits_again(tmp_path: Path) -> None:
    head, pool = LOGS["gemini-cli"]
    asks, answers, rewinds = pool[2:5]
    path = tmp_path / "x.jsonl"
    tail = follow(path, b"".join(map(written, [*head, asks])))
    states = []
    for record in (answers, rewinds):
        with path.open("ab") as file:
            file.write(written(record))
        tail.refresh()
        states.append(tail.trace.trajectory.steps[-1].tool_calls[0].status)
    assert states == ["error", "running"]


def test_an_event_costs_what_it_says_however_many_files_there_are(tmp_path: Path) -> None:
    head, pool = LOGS["openhands-v1"]
    for at in range(200):
        (tmp_path / f"event-{at:05}-a.json").write_text(json.dumps((head + pool)[at % 9]))
    tail = LiveTail(open_traces(tmp_path / "event-00000-a.json")[0])
    costs, opened = [], []
    for at in range(200, 203):
        (tmp_path / f"event-{at:05}-a.json").write_text(json.dumps(pool[0]))
        before = set(tail.trace.files)
        costs.append(tail.refresh().read_bytes)
        opened.append(len(set(tail.trace.files) - before))
    assert costs[1:] == [len(json.dumps(pool[0]))] * 2
    assert opened == [1, 1, 1]
    assert tail.trace.body(len(tail.trace.trajectory.steps) - 1).text == "More"


@pytest.mark.parametrize("name", LOGS)
def test_what_is_added_is_read_once_and_old_steps_stay_the_same_values(
    name: str, tmp_path: Path
) -> None:
    head, _ = LOGS[name]
    path = tmp_path / "x.jsonl"
    data = b"".join(map(written, head * 50))
    tail = follow(path, data)
    for _ in range(2):  # the first time all of it is read once more
        with path.open("ab") as file:
            file.write(written(head[-1]))
        before = tail.trace
        made = tail.refresh()
    assert made.read_bytes == len(written(head[-1]))
    steps, old = tail.trace.trajectory.steps, before.trajectory.steps
    if name != "otlp":
        assert sum(one is two for one, two in zip(old, steps, strict=False)) >= len(old) - 1
    assert tail.trace.body(len(steps) - 1) == open_traces(path)[0].body(len(steps) - 1)


@pytest.mark.parametrize("name", LOGS)
def test_a_file_that_is_cut_or_replaced_is_another_one(name: str, tmp_path: Path) -> None:
    head, pool = LOGS[name]
    path = tmp_path / "x.jsonl"
    whole = b"".join(map(written, [*head, *pool]))
    tail = follow(path, whole)
    with path.open("ab") as file:
        file.write(written(pool[0]))
    assert tail.refresh().outcome == "grown"
    for data in (b"".join(map(written, head)), whole.replace(b"Begin", b"Anew!") + whole):
        other = tmp_path / "other"
        if len(data) > len(whole):
            other.write_bytes(data)
            other.replace(path)
        else:
            path.write_bytes(data)
        made = tail.refresh()
        assert (made.outcome, made.first) == ("replaced", 0)
        assert [placeless(one.trajectory) for one in made.traces] == read(tmp_path / "y", data)


def test_a_log_shows_later_of_which_format_it_is(tmp_path: Path) -> None:
    (prompt, answer), pool = LOGS["iflow"]
    path = tmp_path / "x.jsonl"
    tail = follow(path, written(prompt))
    assert tail.trace.trajectory.format == "claude-code"
    for record in (answer, *pool):
        with path.open("ab") as file:
            file.write(written(record))
        made = tail.refresh()
    assert made.read_bytes == len(written(pool[-1]))
    (wanted,) = (trace.trajectory for trace in open_traces(path))
    assert (tail.trace.trajectory, wanted.format) == (wanted, "iflow")
