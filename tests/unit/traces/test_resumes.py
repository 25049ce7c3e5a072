"""A resumed session replays an earlier one; each step counts once."""

from __future__ import annotations

from pathlib import Path

from tests.unit.traces.claude_records import Session, call, text, usage
from workbench.domain.trajectory import Trajectory
from workbench.traces.open import open_traces
from workbench.traces.resumes import copied_steps, copies_marked


def _open(path: Path) -> Trajectory:
    (trace,) = open_traces(path)
    with trace:
        return trace.trajectory


def _pair(tmp_path: Path) -> tuple[Trajectory, Trajectory]:
    session = Session()
    session.prompt("First")
    session.says(call("t1", "Bash", command="ls"), usage=usage(5, 7))
    session.result("t1", "no", error=True)
    earlier = session.write(tmp_path, "earlier.jsonl")
    for record in session.records:
        record["sessionId"] = "resumed"
    session.prompt("Second")
    session.says(text("Done"), usage=usage(10, 20))
    return _open(earlier), _open(session.write(tmp_path, "later.jsonl"))


def test_the_replayed_part_is_marked_and_not_counted(tmp_path: Path) -> None:
    earlier, later = _pair(tmp_path)
    assert (later.messages, later.tool_calls, later.errors, later.totals.output) == (5, 1, 1, 27)
    second, first = copies_marked([later, earlier])
    assert first == earlier
    assert copied_steps(second) == 2
    assert [step.flags for step in second.steps] == [("copied",), ("copied",), (), ()]
    assert (second.messages, second.tool_calls, second.errors) == (2, 0, 0)
    assert (second.totals.input, second.totals.output) == (10, 20)
    assert [step.index for step in second.steps] == [0, 1, 2, 3]


def test_one_trajectory_is_never_a_copy_of_itself(tmp_path: Path) -> None:
    earlier, _ = _pair(tmp_path)
    assert copies_marked([earlier]) == (earlier,)


def test_steps_without_time_are_no_copies(tmp_path: Path) -> None:
    session = Session()
    session.prompt("Hi")
    del session.records[0]["timestamp"]
    one, two = _open(session.write(tmp_path, "a.jsonl")), _open(session.write(tmp_path, "b.jsonl"))
    assert [copied_steps(made) for made in copies_marked([one, two])] == [0, 0]
