"""Reading a log in parts, and searching files that are not indexed."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.traces.claude_records import Session, call, text
from workbench.traces.index import literal
from workbench.traces.index.literal import literal_hits, step_at
from workbench.traces.index.parts import Position, parts
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
