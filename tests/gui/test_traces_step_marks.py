"""Marks, times, filters and words of steps; and what the lists say of traces."""

from __future__ import annotations

import pytest

from workbench.domain.trajectory import (
    ByteSpan,
    Loss,
    Metrics,
    SkillEvent,
    Step,
    ToolCall,
    TraceSource,
    Trajectory,
)
from workbench.gui.traces.step_marks import Mark, StepFilter, listed_steps, marks_of, seconds_of
from workbench.gui.traces.words import clock, count, step_row
from workbench.traces.times import duration_words

SPAN = (ByteSpan(0, 0, 1),)


def call(name: str, status: str = "ok", **more: object) -> ToolCall:
    return ToolCall("c", name, "main argument", status, **more)  # type: ignore[arg-type]


def trajectory(*steps: Step, events: tuple[SkillEvent, ...] = ()) -> Trajectory:
    return Trajectory(
        "t",
        "claude-code",
        None,
        "agent",
        "model",
        (TraceSource("/x.jsonl", 1, 1, 1),),
        steps,
        Metrics(),
        Loss(),
        skill_events=events,
    )


@pytest.fixture
def mixed() -> Trajectory:
    return trajectory(
        Step(0, "0", "user", "go", SPAN, turn=1, time="2026-01-01T10:00:00Z"),
        Step(1, "1", "agent", "", SPAN, turn=1, tool_calls=(call("Bash", "error"),)),
        Step(2, "2", "agent", "", SPAN, turn=1, tool_calls=(call("Edit"), call("Task", sub="s"))),
        Step(3, "3", "context", "", SPAN, turn=1, flags=("compaction",)),
        Step(4, "4", "user", "more", SPAN, turn=2, time="2026-01-01T10:01:30Z"),
        Step(5, "5", "agent", "done", SPAN, turn=2, time="2026-01-01T10:01:00Z"),
        events=(
            SkillEvent("alpha", "listed", "unknown", 0, SPAN[0], "explicit"),
            SkillEvent("alpha", "loaded", "model", 2, SPAN[0], "explicit"),
        ),
    )


def test_marks_say_what_a_step_is(mixed: Trajectory) -> None:
    index = marks_of(mixed)
    assert index.marks[1] == Mark.TOOL | Mark.ERROR
    assert index.marks[2] == Mark.TOOL | Mark.EDIT | Mark.SUBAGENT | Mark.SKILL
    assert index.marks[3] == Mark.CONTEXT | Mark.COMPACTION
    assert index.marks[5] == Mark.ANSWER
    assert not index.marks[0] & Mark.SKILL, "a listing is no use"


def test_times_never_go_back(mixed: Trajectory) -> None:
    assert list(marks_of(mixed).seconds) == [0, 0, 0, 0, 90, 90]


def test_jumps_go_round(mixed: Trajectory) -> None:
    index = marks_of(mixed)
    assert index.next_of(Mark.PROMPT, 0) == 4
    assert index.next_of(Mark.PROMPT, 4) == 0
    assert index.next_of(Mark.PROMPT, 0, -1) == 4
    assert index.next_of(Mark.ERROR, -1) == 1
    assert marks_of(trajectory()).next_of(Mark.ERROR, 0) is None


def test_filters_and_folds(mixed: Trajectory) -> None:
    index = marks_of(mixed)
    none: frozenset[int] = frozenset()
    assert list(listed_steps(index, StepFilter(), none)) == [0, 1, 2, 3, 4, 5]
    assert list(listed_steps(index, StepFilter(), frozenset({1}))) == [0, 4, 5]
    assert list(listed_steps(index, StepFilter(Mark.PROMPT), none)) == [0, 4]
    found = StepFilter(Mark.TOOL, frozenset({2, 5}))
    assert list(listed_steps(index, found, frozenset({1}))) == [2]


@pytest.mark.parametrize("time", ["", None, "yesterday", "99999-01-01T00:00:00Z", "2026-13-01"])
def test_what_is_no_time_is_none(time: str | None) -> None:
    assert seconds_of(time) is None


def test_rows_say_what_happened(mixed: Trajectory) -> None:
    index = marks_of(mixed)
    row = step_row(index, 1)
    assert (row.title, row.text, row.failed, row.icon) == ("Bash", "main argument", True, "error")
    row = step_row(index, 2)
    assert row.title == "Edit, Task"
    assert row.skill == "alpha loaded"
    assert "alpha loaded" in row.words
    assert step_row(index, 4).time == "1:30"


def test_figures_are_short() -> None:
    assert [count(n) for n in (None, 0, 9_999, 12_345, 123_456, 7_654_321)] == [
        "–",
        "0",
        "9,999",
        "12.3k",
        "123k",
        "7.7M",
    ]
    assert [clock(n) for n in (0, 75, 3_675)] == ["0:00", "1:15", "1:01:15"]
    assert [duration_words(n) for n in (0.25, 4.2, 60, 190, 7_500, 90_000 * 3)] == [
        "250 ms",
        "4.2 s",
        "1 min",
        "3 min 10 s",
        "2 h 5 min",
        "3 d 3 h",
    ]
