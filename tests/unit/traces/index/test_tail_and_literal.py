"""Following a trace that is being written, and searching files that are not indexed."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.traces.claude_records import Session, call, text
from workbench.traces.importer import TraceError
from workbench.traces.index import literal
from workbench.traces.index.literal import literal_hits, step_at
from workbench.traces.index.parts import Position, parts
from workbench.traces.index.tail import LiveTail
from workbench.traces.open import open_traces
from workbench.traces.registry import importer_of
from workbench.traces.source import SourceBytes


def _turns(count: int) -> Session:
    session = Session()
    for turn in range(count):
        session.prompt(f"Prompt {turn}")
        session.says(text("a"), call(f"r{turn}", "Read", file_path="/a"), message=f"m{turn}")
        session.says(call(f"b{turn}", "Bash", command="x"), message=f"m{turn}")
        session.result(f"b{turn}", "second")
        session.result(f"r{turn}", "first", error=turn % 2 == 0)
        session.says(text("done"))
    return session


def test_only_what_is_new_is_given(tmp_path: Path) -> None:
    session = _turns(30)
    path = session.write(tmp_path)
    tail = LiveTail(path)
    assert tail.steps == 90
    assert tail.refresh().outcome == "unchanged"
    session.prompt("More?")
    path.write_bytes(session.data() + b'{"torn')
    made = tail.refresh()
    assert (made.outcome, [step.preview for step in made.new]) == ("grown", ["More?"])
    assert made.new[0].index == 90
    assert made.read_bytes < path.stat().st_size / 5
    session.says(call("late", "Bash", command="slow"))
    path.write_bytes(session.data())
    assert [step.preview for step in tail.refresh().new] == ["Bash slow"]
    session.result("late", "oh", error=True)
    path.write_bytes(session.data())
    made = tail.refresh()
    assert made.new == ()
    assert [(step.index, step.tool_calls[0].status) for step in made.changed] == [(91, "error")]
    with open_traces(path)[0] as trace:
        assert trace.trajectory.steps[91].tool_calls == made.changed[0].tool_calls


def test_a_file_that_is_cut_or_another_one_is_told(tmp_path: Path) -> None:
    path = _turns(30).write(tmp_path)
    tail = LiveTail(path)
    path.write_bytes(_turns(2).data())
    made = tail.refresh()
    assert (made.outcome, len(made.new), tail.steps) == ("replaced", 6, 6)
    path.unlink()
    assert tail.refresh().outcome == "gone"


def test_documents_are_followed_as_well(tmp_path: Path) -> None:
    path = tmp_path / "chat.json"
    path.write_text('{"messages":[{"role":"user","content":"a"}]}')
    tail = LiveTail(path)
    path.write_text('{"messages":[{"role":"user","content":"a"},{"role":"user","content":"b"}]}')
    made = tail.refresh()
    assert [step.preview for step in made.new] == ["b"]
    with pytest.raises(TraceError, match="no trace"):
        LiveTail(_written(tmp_path / "notes.txt", b"hello"))


def _written(path: Path, data: bytes) -> Path:
    path.write_bytes(data)
    return path


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 12), st.integers(50, 6000))
def test_parts_of_any_size_give_the_same_steps(turns: int, size: int) -> None:
    source = SourceBytes.of_bytes(_turns(turns).data(), "x.jsonl")
    importer = importer_of("claude-code")
    (whole,) = importer.skeleton([source])
    steps: list[object] = []
    for part in parts(importer, source, Position(), size):
        assert part is not None
        del steps[part.start.steps :]
        steps += part.steps
    assert steps == list(whole.steps)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(0, 20_000), max_size=8))
def test_a_log_that_is_caught_at_any_byte_ends_up_the_same(
    tmp_path_factory: pytest.TempPathFactory, cuts: list[int]
) -> None:
    data = _turns(5).data()
    path = tmp_path_factory.mktemp("log") / "x.jsonl"
    path.write_bytes(data[: data.find(b"\n") + 1])
    tail = LiveTail(path)
    with open_traces(path)[0] as trace:
        steps = list(trace.trajectory.steps)
    for cut in (*sorted(cut for cut in cuts if cut > data.find(b"\n")), len(data)):
        path.write_bytes(data[:cut])
        made = tail.refresh()
        for step in made.changed:
            steps[step.index] = step
        steps += made.new
    with open_traces(path)[0] as trace:
        assert steps == list(trace.trajectory.steps)


def test_a_text_is_found_before_anything_is_indexed(tmp_path: Path) -> None:
    session = _turns(3)
    session.prompt('He said "Grüße\naus" Berlin')
    path = session.write(tmp_path)
    (hit,) = literal_hits([tmp_path / "absent", path], "grüße\nAUS")
    assert hit.path == str(path)
    assert "Grüße aus" in hit.excerpt
    with open_traces(path)[0] as trace:
        step = step_at(trace.trajectory, hit.offset)
        assert step == 9
        assert trace.trajectory.steps[step].preview.startswith("He said")
    assert path.read_bytes()[hit.line : hit.line + 2] == b'{"'
    assert len(list(literal_hits([path], "prompt", limit=2))) == 2
    assert list(literal_hits([path], "")) == []
    assert list(literal_hits([path], "prompt", stopped=lambda: True)) == []


@settings(max_examples=60, deadline=None)
@given(st.binary(max_size=300), st.text("ab\nB", min_size=1, max_size=3), st.integers(1, 40))
def test_every_line_with_the_text_is_found_once(data: bytes, wanted: str, block: int) -> None:
    source = SourceBytes.of_bytes(data, "x")
    forms = list(literal.forms(wanted))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(literal, "_BLOCK", block)
        found = {hit.line for hit in literal._in_file(source, forms, lambda: False)}
    lower = data.lower()
    expected = {
        lower.rfind(b"\n", 0, at) + 1
        for form in forms
        for at in range(len(lower))
        if lower.startswith(form, at)
    }
    if "\n" not in wanted:
        assert found == expected
    assert found <= expected
